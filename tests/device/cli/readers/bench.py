"""Readers to be watched and asked."""

CARD = "10010101000000000010001010"
HOUSE = '[[formats]]\nname = "house"\nlayout = "NNNNNNNNNNNNNNNNNNNNNNNNNN"\n'
