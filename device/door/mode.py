"""Keeps on the disk what outlasts a restart of a door, so that a lockdown survives a crash, a power cut, a full disk.

A door has two small files, its slots, made at their full size while the disk has room and then overwritten in place in
turn: a write that is cut short damages one slot, and the other one still has the record before. Once a new mode is in
one slot it goes into the other one too, so that a slot that rots later costs nothing.

That is why a mode isn't replaced by `device.files.write_whole`, which only makes the slots: a file that is replaced
needs room on the disk, a new file name and a free descriptor at the very moment of the lockdown.
"""

import errno
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from device.door.lasting import Lasting, Mode, Order, Standing, Windows
from device.errors import DoorError
from device.failures import in_words, named
from device.files import make_private, write_whole

SLOT_BYTES = 512
"""The size of a slot: a sector, so that most disks write it whole or not at all."""
MAX_BYTES = 4096
"""A longer file of the previous format is not one of ours."""
UNREADABLE = Lasting(Mode(ordered=Order.LOCKDOWN))
"""The safe reading of what cannot be read: secure, until an operator has had a look and clears it."""
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MAGIC = b"lintel1 "
_CHECKED_FROM = len(_MAGIC) + 9


class ModeMemory(Protocol):
    """Where it is kept."""

    def read(self) -> tuple[Lasting, str]:
        """What was written last, and what kept it from being read, in words; empty if nothing did.

        What was never written is `Lasting()`; what cannot be read is `UNREADABLE`.
        """

    def write(self, lasting: Lasting) -> None:
        """Keeps it, whole or not at all, before it returns. Raises `DoorError`."""


class ForgetfulMemory:
    """`ModeMemory` of a virtual door: nothing outlasts it."""

    def read(self) -> tuple[Lasting, str]:
        """Nothing."""
        return Lasting(), ""

    def write(self, lasting: Lasting) -> None:
        """Forgets it."""


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the previous format. Nothing has a default: half a file is not a file."""

    ordered: Order
    switched: bool
    fire: bool


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a slot; the slot with the higher sequence number counts."""

    sequence: int
    ordered: Order
    switched: bool
    fire: bool
    standing: Standing
    boot: str
    """The kernel's boot in which it was written."""
    led: str = ""
    secured: str = ""

    @property
    def lasting(self) -> Lasting:
        return Lasting(Mode(self.ordered, self.switched, self.fire), self.standing, Windows(self.led, self.secured))


class ModeFile:
    """`ModeMemory` in a folder that is for the service alone. One process writes, any may read."""

    def __init__(self, folder: Path, door: str) -> None:
        self.previous = folder / f"door-{door}.json"
        """Where versions before 0.2 keep the mode. While it is there it counts: such a version wrote it later."""
        self.slots = tuple(_Slot(folder / f"door-{door}.mode-{side}") for side in "ab")

    def read(self) -> tuple[Lasting, str]:
        """What is in the newer sound slot; nothing if there are no files."""
        try:
            if (previous := self._previous()) is not None:
                return previous, ""
            newest = self._newest()
            return (Lasting() if newest is None else newest.lasting), ""
        except OSError as error:
            return UNREADABLE, f"{error.filename or self.slots[0].path} cannot be read: {in_words(error)}"
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return UNREADABLE, f"{self.slots[0].path.with_suffix('')} is damaged: {error}"

    def is_evacuated(self) -> bool:
        """Whether the door is to stay released while no service reads its fire input.

        An order holds until it is cleared; a fire that was read before a power cut does not.
        """
        with suppress(OSError, ValueError, RecursionError):
            if (previous := self._previous()) is not None:
                return previous.mode.ordered is Order.EVACUATION
            if (newest := self._newest()) is not None:
                return newest.ordered is Order.EVACUATION or (newest.fire and newest.boot == _boot())
        return False

    @property
    def exists(self) -> bool:
        """Whether anything was ever written here."""
        return self.previous.exists() or any(slot.path.exists() for slot in self.slots)

    def write(self, lasting: Lasting) -> None:
        """On the disk when it returns, whatever happens after that."""
        file = self.slots[0].path
        with named(
            DoorError,
            f"Cannot store in {file.parent} whether {file.stem} is in lockdown or evacuation",
            hint="Make room on the disk and make the folder writable for this user; Lintel keeps retrying.",
        ):
            self._write(lasting)

    def close(self) -> None:
        """Gives the files back; harmless when repeated."""
        for slot in self.slots:
            slot.close()

    def _write(self, lasting: Lasting) -> None:
        """Into the older slot first; into the other one only if it has another mode."""
        make_private(self.previous.parent)
        older, newer = sorted(self.slots, key=lambda slot: slot.sequence())
        sequence = max(0, newer.sequence())
        older.write(_record(lasting, sequence + 1))
        if newer.mode() != lasting.mode:
            newer.write(_record(lasting, sequence + 2))
        for path in (self.previous, self.previous.with_suffix(".new")):
            path.unlink(missing_ok=True)

    def _previous(self) -> Lasting | None:
        """What a file of the previous format says. Raises `OSError`, `ValueError`."""
        try:
            with self.previous.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        if len(content) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes in {self.previous.name}")
        written = msgspec.json.decode(content, type=_Written)
        return Lasting(Mode(written.ordered, written.switched, written.fire))

    def _newest(self) -> _Record | None:
        """None if there are no slots. Raises `OSError`, `ValueError` if none of them is sound."""
        records, errors = list[_Record](), list[OSError | ValueError | RecursionError]()
        for slot in self.slots:
            try:
                if (record := slot.read()) is not None:
                    records.append(record)
            except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
                errors.append(error)
        if not records and errors:
            raise errors[0]
        return max(records, key=lambda record: record.sequence, default=None)


class _Slot:
    """One file with one record. It stays open once it was written, as later there may be too many open files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._known: _Record | None = None
        """What this process has written, or found before it wrote. A write that fails changes nothing here, so that
        the next one tries the same slot again.
        """

    def read(self) -> _Record | None:
        """The record; None if there is no file. Raises `OSError`, `ValueError` if it is damaged."""
        try:
            with self.path.open("rb") as file:
                content = file.read(SLOT_BYTES + 1)
        except FileNotFoundError:
            return None
        return _decoded(content)

    def sequence(self) -> int:
        """The number of its record; -1 if it has none that is sound. Raises `OSError` if it cannot be read."""
        record = self._found()
        return -1 if record is None else record.sequence

    def mode(self) -> Mode | None:
        """The mode in its record, if it has a sound one. Raises `OSError` if it cannot be read."""
        record = self._found()
        return None if record is None else record.lasting.mode

    def write(self, record: _Record) -> None:
        """In place, or as a new file if there is none. Raises `OSError`."""
        content = _encoded(record)
        if not self._is_open_still():
            self.close()
            self._descriptor = self._opened(content)
        assert self._descriptor is not None
        self._put(self._descriptor, content)
        if os.fstat(self._descriptor).st_size > len(content):
            os.ftruncate(self._descriptor, len(content))
        os.fdatasync(self._descriptor)
        self._known = record

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _found(self) -> _Record | None:
        if self._known is None:
            with suppress(ValueError, RecursionError):
                self._known = self.read()
        return self._known

    def _is_open_still(self) -> bool:
        """Whether the open file is the one of that name."""
        with suppress(OSError):
            return self._descriptor is not None and os.path.samestat(os.fstat(self._descriptor), self.path.lstat())
        return False

    def _put(self, descriptor: int, content: bytes) -> None:
        if os.pwrite(descriptor, content, 0) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _opened(self, content: bytes) -> int:
        """The file, which takes all of its room at once if it has to be made."""
        flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return os.open(self.path, flags)
        except FileNotFoundError:
            write_whole(self.path, content, durable=True, mode=0o600)
            return os.open(self.path, flags)


def _record(lasting: Lasting, sequence: int) -> _Record:
    mode, windows = lasting.mode, lasting.windows
    return _Record(
        sequence, mode.ordered, mode.switched, mode.fire, lasting.standing, _boot(), windows.led, windows.secured
    )


def _encoded(record: _Record) -> bytes:
    """The record in JSON, filled up to the slot's size, behind the checksum of all that."""
    body = (msgspec.json.encode(record) + b"\n").ljust(SLOT_BYTES - _CHECKED_FROM)
    return b"%s%08x %s" % (_MAGIC, zlib.crc32(body), body)


def _decoded(content: bytes) -> _Record:
    """Raises `ValueError`."""
    body = content[_CHECKED_FROM:]
    if len(content) != SLOT_BYTES:
        raise ValueError(f"{len(content)} bytes instead of {SLOT_BYTES}")
    if content[:_CHECKED_FROM] != b"%s%08x " % (_MAGIC, zlib.crc32(body)):
        raise ValueError("its checksum is wrong")
    return msgspec.json.decode(body, type=_Record)


def _boot() -> str:
    """The kernel's number of this boot; empty where it has none."""
    with suppress(OSError):
        return BOOT_ID.read_text(encoding="ascii").strip()
    return ""
