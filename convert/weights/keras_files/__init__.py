"""Keras's own files, which may be anybody's: `.keras`, `.h5` and the SavedModel, read without executing anything."""
