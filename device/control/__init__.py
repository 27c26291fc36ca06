"""The operators' socket: what is asked, and who answers."""
