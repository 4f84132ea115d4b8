"""What a batch looks like: its status, merged tables, the run report."""
