"""Card formats as tables: those of the trade, those of the owner, and in which order a reader sends them."""
