"""Remembers what `lintel run` drives, so that `lintel door secure` finds it when the settings no longer say."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from device.door_settings import DoorSettings, Name, Pin
from device.errors import DoorError
from device.files import runtime_dir

if TYPE_CHECKING:
    from device.config import OutputSettings

FILE_NAME, OUTPUTS_NAME = "relays.json", "outputs.json"


class DrivenOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wire that was driven besides a strike; `signal` is what it shows or sounds."""

    door: Name
    signal: str
    pin: Pin
    active_high: bool


def remember(doors: Iterable[DoorSettings], outputs: Iterable["OutputSettings"] = ()) -> None:
    """Writes down which relays and other outputs are driven; call it before a pin is taken. Raises `DoorError`."""
    folder = runtime_dir()
    if folder is None:
        return
    _write(folder / FILE_NAME, tuple(doors))
    _write(folder / OUTPUTS_NAME, tuple(DrivenOutput(o.door, str(o.signal), o.pin, o.active_high) for o in outputs))


def remembered() -> tuple[DoorSettings, ...]:
    """The relays that were driven last; none if nobody wrote them down, or if it cannot be read, as then the settings
    are all there is to go by.
    """
    found: tuple[DoorSettings, ...] = _read(FILE_NAME, tuple[DoorSettings, ...])
    return found


def remembered_outputs() -> tuple[DrivenOutput, ...]:
    """The outputs that were driven last; none if nobody wrote them down, or if it cannot be read."""
    found: tuple[DrivenOutput, ...] = _read(OUTPUTS_NAME, tuple[DrivenOutput, ...])
    return found


def _write(path: Path, driven: tuple[msgspec.Struct, ...]) -> None:
    """Whole or not at all."""
    try:
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes(msgspec.json.encode(driven))
        unfinished.replace(path)
    except OSError as error:
        raise DoorError(
            f"Cannot write down which relays are driven, in {path}: {error.strerror}.",
            hint="Make the folder writable for this user: nobody could secure the relays after a crash.",
        ) from None


def _read(name: str, form: Any) -> Any:  # noqa: ANN401 - msgspec takes any form
    folder = runtime_dir()
    if folder is None:
        return ()
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode((folder / name).read_bytes(), type=form)
    return ()
