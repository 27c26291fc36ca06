"""Readers that send a badge as characters: lines of text, and keyboards."""
