"""Published weights files: bytes in, frozen records out, every tensor accounted for."""
