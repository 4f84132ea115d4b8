"""Where elevations come from: files, folders of tiles, URLs, services; and the batch's cache of them."""
