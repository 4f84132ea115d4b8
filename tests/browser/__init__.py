"""The report as a browser shows it: `make test-browser`."""
