"""What `lintel-convert quantize` does beyond one file: runs it everywhere, measures its cost, reports, installs."""
