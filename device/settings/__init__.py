"""What the owner of a door may set: the tables, how a file is loaded, and what is refused."""
