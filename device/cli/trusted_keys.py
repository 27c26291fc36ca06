"""Public keys as an auditor writes them: hexadecimal digits, or a file with them."""

from contextlib import suppress
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_DIGITS = 64


def public_key(written: str) -> Ed25519PublicKey:
    """The key. Raises `click.BadParameter` for what is none."""
    text = written.strip()
    if len(text) != KEY_DIGITS:
        try:
            text = Path(written).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            text = ""
    with suppress(ValueError):
        if len(text) == KEY_DIGITS:
            return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    raise click.BadParameter(
        f"{written!r} is not a public key: expected {KEY_DIGITS} hexadecimal digits, or a file with them.",
        param_hint="'--public-key'",
    )
