"""WEPP's text files as typed values: slopes, soils, managements, climates and CLIGEN's station files.

Each module reads and writes one kind of file and holds its dataclass; nothing here computes or knows tasks.
"""
