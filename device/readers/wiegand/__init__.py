"""Readers on Wiegand's two data lines."""
