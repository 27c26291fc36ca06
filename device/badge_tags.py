"""A badge in the journal: its format and a keyed tag, so that who reads or forwards the journal can't copy the badge.

The same badge has the same tag as long as the key stays, which is a file of the state folder. An operator who may read
that folder finds the holder by the tag (`lintel people find`). Without the key a tag says nothing, however few badges
there are; a part of the number would leave a few to try.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from device.files import write_whole
from device.records import Credential

KEY_FILE = "journal.key"
KEY_BYTES = 32
TAG_DIGITS = 8


def tag_of(credential: Credential, key: bytes) -> str:
    """The badge as the journal has it: `h10301#3fa9c17e`."""
    written = f"{credential.format}\0{credential.facility}\0{credential.number}".encode()
    digest = hmac.new(key, written, hashlib.sha256).hexdigest()
    return f"{credential.format}#{digest[:TAG_DIGITS]}"


def journal_key(folder: Path) -> bytes:
    """The service's key, made if there is none yet.

    A folder that can't be written to keeps no door from being served: then the key, and the tags, last until the
    service is stopped.
    """
    return known_key(folder) or _made(folder)


def known_key(folder: Path) -> bytes | None:
    """The key that the service has made, None if there is none, or none that this user can read."""
    with suppress(OSError):
        descriptor = os.open(folder / KEY_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            key = file.read(KEY_BYTES + 1)
        return key if len(key) == KEY_BYTES else None
    return None


def _made(folder: Path) -> bytes:
    """The whole file or none of it, readable by the service's user alone."""
    key = secrets.token_bytes(KEY_BYTES)
    with suppress(OSError):
        write_whole(folder / KEY_FILE, key, durable=True, mode=0o600)
    return key
