"""A folder for PYTHONPATH: what lies in it takes setuptools' place while pip looks at a source package."""
