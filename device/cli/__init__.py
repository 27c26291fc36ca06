"""The commands: each opens, calls one function, and prints."""
