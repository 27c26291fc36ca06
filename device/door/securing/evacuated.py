"""Which doors stay released when no service runs: those whose memory says that they are evacuated."""

import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from device.door.mode import ModeFile
from device.door.securing.driven import last_driven
from device.files import text_of
from device.settings.lock import DEFAULT_FILE
from device.user_folders import own_state, unit_state

SERVICE_STATE = Path("/var/lib/lintel")
"""Where the unit has its state."""


def evacuated_doors(path: Path | None, doors: Iterable[str]) -> frozenset[str]:
    """The names of those that are evacuated; `path` is the settings file.

    Never raises: a door of which nothing can be read is secured.
    """
    folders = tuple(_folders(path))
    return frozenset(door for door in doors if _is_evacuated(door, folders))


def _is_evacuated(door: str, folders: tuple[Path, ...]) -> bool:
    """By the first folder that remembers the door."""
    for folder in folders:
        with suppress(Exception):
            memory = ModeFile(folder, door)
            if memory.exists:
                return memory.is_evacuated()
    return False


def _folders(path: Path | None) -> Iterator[Path]:
    """Where the service remembers: where it did so last, where the settings say, where the unit has it."""
    with suppress(Exception):
        if last := last_driven().state:
            yield Path(last)
    with suppress(Exception):
        said = tomllib.loads(text_of((path or DEFAULT_FILE).read_bytes()))
        yield Path(said["store"]["state_dir"])
    with suppress(Exception):
        if unit := unit_state():
            yield unit
    yield SERVICE_STATE
    with suppress(Exception):
        if own := own_state():
            yield own
