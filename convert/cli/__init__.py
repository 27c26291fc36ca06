"""The commands of `lintel-convert`: one file a command, each imports what it needs when it runs."""
