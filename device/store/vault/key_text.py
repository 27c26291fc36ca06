"""The file of a device key: one line of text, read and wiped without leaving copies where that can be helped."""

import base64
import errno
import os
import stat
from pathlib import Path

from device.store.vault.locks import PLAIN_HEAD
from device.store.vault.sealing import KEY_BYTES, Secret, overwrite

_MOST_BYTES = 8192
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_WRITTEN = 44
"""Letters of 32 bytes in base64, with the one that fills them up."""


def written(secret: Secret) -> bytes:
    """A key as it stands in its file: one line of text, which can be copied by hand."""
    return PLAIN_HEAD + base64.b64encode(secret) + b"\n"


def parsed(content: Secret) -> Secret:
    """The key of a line that nothing locks. Raises `ValueError` for anything else, without quoting it.

    The key is in no object of Python's but the two buffers: `base64` would leave a copy that no one can overwrite.
    """
    start, end = len(PLAIN_HEAD), len(PLAIN_HEAD) + _WRITTEN
    if content[:start] != PLAIN_HEAD or content[end - 1 : end] != b"=" or content[end:].strip():
        raise ValueError("holds no device key")
    secret, bits, count = Secret(KEY_BYTES), 0, 0
    for place in range(start, end - 1):
        bits, count = bits << 6 | _ALPHABET.find(content[place]), count + 6
        if bits < 0:
            raise ValueError("holds no device key")
        if count >= 8:
            count -= 8
            secret[((place - start + 1) * 6 - count) // 8 - 1] = bits >> count
            bits &= (1 << count) - 1
    if bits:
        raise ValueError("holds no device key")
    return secret


def content_of(path: Path) -> Secret:
    """What is in a key's file. Raises `OSError`, and `ValueError` for what is not a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return content_at(descriptor)
    finally:
        os.close(descriptor)


def content_at(descriptor: int) -> Secret:
    """The same of a file that is open."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError("is not a file")
    buffer = Secret(_MOST_BYTES)
    length = os.preadv(descriptor, [buffer], 0)
    content = buffer[:length]
    overwrite(buffer)
    return content


def wipe(path: Path) -> None:
    """Overwrites a file where it lies and removes it; a flash card may keep a copy elsewhere. Raises `OSError`.

    Root does this in a folder that is another user's: a link, a pipe and a file with a second name are only removed.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
    else:
        with os.fdopen(descriptor, "wb") as file:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                file.write(bytes(min(found.st_size, _MOST_BYTES)))
                file.flush()
                os.fsync(descriptor)
    path.unlink(missing_ok=True)
