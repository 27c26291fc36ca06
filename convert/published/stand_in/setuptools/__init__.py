"""Stands in for setuptools while pip downloads a source package, so that no `setup.py` is run."""
