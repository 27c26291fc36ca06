"""Finds which other programs hold a lock on the database, so that an error names them and not the disk."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")
_WAL_WRITERS = range(120, 123)
"""Bytes of the `-shm` file that a writer, a checkpoint and a recovery lock; the others block no one."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A program that holds a lock."""

    process: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.process})" if self.command else f"process {self.process}"


@dataclass(frozen=True, slots=True)
class _Lock:
    """One line of /proc/locks."""

    writes: bool
    process: int
    device: str
    inode: int
    start: int


def holders(path: Path) -> tuple[Holder, ...]:
    """The other processes whose lock on the database at `path` blocks others; empty if that is unknown.

    With a write-ahead log every reader holds a lock on the file itself that blocks no one.
    """
    shared = path.with_name(f"{path.name}-shm")
    if shared.exists():
        found = [lock for lock in _locks_on(shared) if lock.writes and lock.start in _WAL_WRITERS]
        found += [lock for lock in _locks_on(path) if lock.writes]
    else:
        found = list(_locks_on(path))
    processes = sorted({lock.process for lock in found} - {os.getpid()})
    return tuple(Holder(process, _command(process)) for process in processes)


def _locks_on(path: Path) -> Iterator[_Lock]:
    """A file system may number its device otherwise than stat(2) does (btrfs): then the inode alone has to do."""
    try:
        status = path.stat()
        locks = [lock for lock in _locks((PROCESSES / "locks").read_text()) if lock.inode == status.st_ino]
    except OSError:
        return
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    yield from [lock for lock in locks if lock.device == device] or locks


def _locks(table: str) -> Iterator[_Lock]:
    """Of proc_locks(5): `1: POSIX  ADVISORY  WRITE 1234 fe:01:56789 1073741825 1073741825`.

    Left out: those who wait for a lock (`->`), and locks of no process (-1) or of one out of sight (0).
    """
    for line in table.splitlines():
        match line.split():
            case [_, "POSIX", _, mode, process, place, start, _] if int(process) > 0:
                device, _, inode = place.rpartition(":")
                yield _Lock(mode == "WRITE", int(process), device, int(inode), int(start))


def _command(process: int) -> str:
    """The program's name, without whatever a name can hold that a terminal would obey; "" if it cannot be read."""
    try:
        name = (PROCESSES / str(process) / "comm").read_text(errors="replace")
    except OSError:
        return ""
    return "".join(letter for letter in name if letter.isprintable())
