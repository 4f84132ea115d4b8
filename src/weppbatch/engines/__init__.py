"""Engines: programs that turn a watershed's inputs into the same result tables."""

EMBEDDED_VERSION = "1.2"  # raised when the embedded engine gives other figures for the same inputs
