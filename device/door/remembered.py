"""Remembers what `lintel run` drives, so that `lintel door secure` finds it when the settings no longer say."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from device.door_settings import DoorSettings
from device.errors import DoorError

RUNTIME_DIR = Path("/run/lintel")
FILE_NAME = "relays.json"


def runtime_dir() -> Path | None:
    """The service's folder that lasts until it is stopped; None where Lintel is run by hand and there is none."""
    named = os.environ.get("RUNTIME_DIRECTORY")
    if named:
        return Path(named)
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else None


def remember(doors: Iterable[DoorSettings]) -> None:
    """Writes down which relays are driven, whole or not at all; call it before a pin is taken. Raises `DoorError`."""
    folder = runtime_dir()
    if folder is None:
        return
    path = folder / FILE_NAME
    try:
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(tuple(doors)))
        unfinished.replace(path)
    except OSError as error:
        raise DoorError(
            f"Cannot write down which relays are driven, in {path}: {error.strerror}.",
            hint="Make the folder writable for this user: nobody could secure the relays after a crash.",
        ) from None


def remembered() -> tuple[DoorSettings, ...]:
    """The relays that were driven last; none if nobody wrote them down, or if it cannot be read, as then the settings
    are all there is to go by.
    """
    folder = runtime_dir()
    if folder is None:
        return ()
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=tuple[DoorSettings, ...])
    return ()
