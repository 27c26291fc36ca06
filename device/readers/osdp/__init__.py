"""OSDP readers, through libosdp, and what guards it."""
