"""What an installer does on site: goes through the wires, reads the readers, gives keys."""
