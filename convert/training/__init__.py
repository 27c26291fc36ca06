"""What `convert.train` is made of: plan, networks, chips by person, batches, checkpoints, people held out, log."""
