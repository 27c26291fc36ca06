"""Remembers which pin `lintel run` drives, so that `lintel door secure` finds it when the settings no longer say."""

import contextlib
import os
from pathlib import Path

import msgspec

from device.config import DoorSettings
from device.errors import DoorError

RUNTIME_DIR = Path("/run/lintel")
FILE_NAME = "relay.json"


def runtime_dir() -> Path | None:
    """The service's folder that lasts until it is stopped; None where Lintel is run by hand and there is none."""
    named = os.environ.get("RUNTIME_DIRECTORY")
    if named:
        return Path(named)
    return RUNTIME_DIR if RUNTIME_DIR.is_dir() else None


def remember(settings: DoorSettings) -> None:
    """Writes down which relay is driven, whole or not at all; call it before the pin is taken. Raises `DoorError`."""
    folder = runtime_dir()
    if folder is None:
        return
    path = folder / FILE_NAME
    try:
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(settings))
        unfinished.replace(path)
    except OSError as error:
        raise DoorError(
            f"Cannot write down which relay is driven, in {path}: {error.strerror}.",
            hint="Make the folder writable for this user: nobody could secure the relay after a crash.",
        ) from None


def remembered() -> DoorSettings | None:
    """The relay that was driven last; None if nobody wrote it down, or if it cannot be read, as then the settings are
    all there is to go by.
    """
    folder = runtime_dir()
    if folder is None:
        return None
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=DoorSettings)
    return None
