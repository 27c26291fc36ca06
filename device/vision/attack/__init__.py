"""Presentation attacks: whether what a camera sees is a person at the door, or a picture of one."""
