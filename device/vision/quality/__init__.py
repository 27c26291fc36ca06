"""Judges whether a face's picture is good enough to compare: measures, one table of limits, and what is wrong."""
