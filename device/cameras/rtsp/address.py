"""A network camera's address, which holds its password: out of the relay's credential, and into no text."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from device.errors import CameraError
from device.failures import in_words

CREDENTIAL = "address"
MOST_BYTES = 2048
_HINT = (
    "Write one line rtsp://HOST/PATH into the file that `LoadCredential=address:` of the unit names, with USER, a "
    "colon, the password and @ before HOST, and characters such as @ and / in the password as %40 and %2F."
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the stream is, with user name and password."""

    url: str = field(repr=False)


def address_of_environment() -> Address:
    """What the service manager gave this process (systemd.exec(5), LoadCredential=). Raises `CameraError`."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise CameraError(
            "There is no address of a camera: the service manager gave no credential.",
            hint="Start the relay as a service: `sudo systemctl start lintel-rtsp@NAME`.",
        )
    try:
        with (Path(folder) / CREDENTIAL).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CameraError(
            f"There is no address of a camera: the credential `{CREDENTIAL}` can't be read ({in_words(error)}).",
            hint=_HINT,
        ) from None
    return parsed_address(content)


def parsed_address(content: bytes) -> Address:
    """Raises `CameraError`, which repeats nothing of it."""
    text = content.decode("utf-8-sig", "replace").strip()
    if len(content) > MOST_BYTES or not text.isascii() or not text.isprintable() or " " in text:
        raise _unusable(f"expected one line of at most {MOST_BYTES} letters, digits and signs")
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
        parts = urlsplit("")
    if parts.scheme not in ("rtsp", "rtsps") or not is_whole:
        raise _unusable("expected rtsp:// or rtsps:// with a host and at most one port")
    return Address(text)


def _unusable(expected: str) -> CameraError:
    return CameraError(f"The credential `{CREDENTIAL}` is not a camera's address: {expected}.", hint=_HINT)
