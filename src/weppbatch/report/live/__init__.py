"""The report live: a read-only server on loopback over a batch's files."""
