"""The strike and its relay."""
