"""Backups: the store and what belongs to it in one encrypted file, and the way back."""
