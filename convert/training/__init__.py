"""What `convert.train` is made of: chips by person, batches, the people held out, the log."""
