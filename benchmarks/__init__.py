"""Measurements of the whole or of a part, each with its own command; none of them is a test."""
