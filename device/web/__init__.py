"""The page in a browser: what it is sent and what it may ask, its files, and who may speak to it."""
