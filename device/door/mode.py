"""Keeps a door's mode on the disk: a lockdown outlasts a crash and a power cut, and holds before anybody is let in."""

import os
from pathlib import Path
from typing import Protocol

import msgspec

from device.door.controller import Mode, Order
from device.errors import DoorError

MAX_BYTES = 4096
"""A longer file is none of ours."""
UNREADABLE = Mode(ordered=Order.LOCKDOWN)
"""The safe reading of what cannot be read: secure, until an operator has had a look and clears it."""


class ModeMemory(Protocol):
    """Where a door's mode is kept."""

    def read(self) -> tuple[Mode, str]:
        """The mode that was written last, and what kept it from being read, in words; empty if nothing did.

        What was never written is no mode; what cannot be read is `UNREADABLE`.
        """

    def write(self, mode: Mode) -> None:
        """Keeps `mode`, whole or not at all, before it returns. Raises `DoorError`."""


class ForgetfulMemory:
    """`ModeMemory` of a virtual door: nothing outlasts it."""

    def read(self) -> tuple[Mode, str]:
        """No mode."""
        return Mode(), ""

    def write(self, mode: Mode) -> None:
        """Forgets it."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the file. Nothing has a default: half a file is no file."""

    ordered: Order
    switched: bool
    fire: bool


class ModeFile:
    """`ModeMemory` in a folder that is for the service alone, a small file for each door."""

    def __init__(self, folder: Path, door: str) -> None:
        self.path = folder / f"door-{door}.json"

    def read(self) -> tuple[Mode, str]:
        """The mode in the file; none if there is no file."""
        try:
            with self.path.open("rb") as file:
                written = _decoded(file.read(MAX_BYTES + 1))
        except FileNotFoundError:
            return Mode(), ""
        except OSError as error:
            return UNREADABLE, f"{self.path} cannot be read: {error.strerror}"
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return UNREADABLE, f"{self.path} is damaged: {error}"
        return Mode(written.ordered, written.switched, written.fire), ""

    def write(self, mode: Mode) -> None:
        """On the disk when it returns, whatever happens after that."""
        content = msgspec.json.encode(_Written(mode.ordered, mode.switched, mode.fire))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(self.path, content)
        except OSError as error:
            raise DoorError(
                f"Cannot write down in {self.path} that the door is in lockdown or evacuation or in neither: "
                f"{error.strerror}.",
                hint="Make room on the disk, and the folder writable for this user; it is tried again until then.",
            ) from None


def _decoded(content: bytes) -> _Written:
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    return msgspec.json.decode(content, type=_Written)


def _replace(path: Path, content: bytes) -> None:
    """The file is the old one or the new one at any moment, also if the power fails."""
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
