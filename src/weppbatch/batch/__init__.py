"""One batch: its state, its watersheds, its run ids, what is done and what is not."""
