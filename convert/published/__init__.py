"""Published files out of pinned packages: the table of them, the download, the cache."""
