"""Locks the doors when no service does."""
