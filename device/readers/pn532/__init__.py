"""PN532 NFC modules on a serial line."""
