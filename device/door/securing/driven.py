"""Remembers what `lintel run` drives, so that `lintel door secure` finds it when the settings no longer say."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from device.door.wires.chip import Chip
from device.errors import DoorError
from device.failures import named
from device.files import runtime_dir, write_whole
from device.settings.lock import LockSettings, Name, Pin, lock_of

if TYPE_CHECKING:
    from device.settings.tables import DoorSettings

FILE_NAME, OUTPUTS_NAME = "relays.json", "outputs.json"
"""An earlier version wrote two files, a list each, and no chip."""


class DrivenOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wire that was driven besides a strike; `signal` is what it shows or sounds."""

    door: Name
    signal: str
    pin: Pin
    active_high: bool


class Driven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was driven, and on which chip: in one file, so that no relay is ever looked for on another chip."""

    relays: tuple[LockSettings, ...] = ()
    outputs: tuple[DrivenOutput, ...] = ()
    chip: Chip | None = None
    """None: on the one that the settings name."""
    state: str = ""
    """The folder in which the doors' modes are kept."""


def remember(
    doors: "Iterable[DoorSettings]",
    chip: Chip | None = None,
    *,
    state: Path | None = None,
) -> None:
    """Writes down which relays and other outputs are driven, and the folder of the doors' modes; call it before a pin
    is taken. Raises `DoorError`.
    """
    folder = runtime_dir()
    if folder is None:
        return
    known = tuple(doors)
    outputs = tuple(
        DrivenOutput(door.name, str(one.signal), one.pin, one.active_high) for door in known for one in door.outputs
    )
    relays = tuple(lock_of(door) for door in known)
    _write(folder / FILE_NAME, Driven(relays, outputs, chip, str(state.absolute()) if state else ""))


def last_driven() -> Driven:
    """What was driven last; nothing if that was not written down, or if it cannot be read, as then the settings are
    all there is to go by.
    """
    folder = runtime_dir()
    if folder is None:
        return Driven()
    found: Driven | tuple[LockSettings, ...] = _read(folder / FILE_NAME, Driven | tuple[LockSettings, ...], Driven())
    if isinstance(found, Driven):
        return found
    return Driven(found, _read(folder / OUTPUTS_NAME, tuple[DrivenOutput, ...], ()))


def _write(path: Path, driven: Driven) -> None:
    """Whole or not at all. A power cut needs none of it: the pins are no longer driven then."""
    with named(
        DoorError,
        f"Cannot write down which relays are driven, in {path}",
        hint="Make the folder writable for this user; otherwise the relays can't be secured after a crash.",
    ):
        write_whole(path, msgspec.json.encode(driven), durable=False)


def _read(path: Path, form: Any, otherwise: Any) -> Any:  # noqa: ANN401 - msgspec takes any form
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=form)
    return otherwise
