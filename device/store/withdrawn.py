"""What was taken from people and badges, in its order: revocations and erasures win over every restore.

Triggers write the list in the transaction that takes something (`withdrawn_schema`), and the store copies it to a
file beside the database before the change is acknowledged. It has no names: people, badges and references are there
by ids that were drawn, and mean nothing without a database that has them.
"""

import base64
import contextlib
import fcntl
import hmac
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from device.errors import BackupError
from device.files import flush_folder
from device.store.session import Session

SUFFIX = "-withdrawn"
_LINE = "lintel-revocations-1"
UID_LETTERS = 16
"""Of an id in a line to copy: 64 bits, where 100,000 badges collide once in 4 billion lists."""
_MOST_LINE = 4_000_000


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing that was taken, or given again. `detail` is a badge's generation, or counts of failed tries."""

    series: str
    id: int
    kind: str
    uid: str
    detail: int


@dataclass(frozen=True, slots=True)
class Position:
    """How far the list was when a copy of the database was made."""

    series: str
    last: int


def entries_after(session: Session, last: int) -> tuple[Entry, ...]:
    """The list behind an entry of that number."""
    rows = session.rows(
        "SELECT series, id, kind, uid, detail FROM withdrawn WHERE id > ? ORDER BY id", [last], can_change=False
    )
    return tuple(Entry(row["series"], row["id"], row["kind"], row["uid"], row["detail"]) for row in rows)


def position(session: Session) -> Position:
    """How far the list is."""
    series = session.rows("SELECT series FROM withdrawn_series ORDER BY id DESC LIMIT 1", can_change=False)
    last = session.rows("SELECT coalesce(max(id), 0) AS last FROM withdrawn", can_change=False)
    return Position(str(series[0]["series"]), int(last[0]["last"]))


def key_of(session: Session) -> bytes:
    """What the line to copy is signed with: the first key, which every backup of this store has."""
    return bytes(session.rows("SELECT key FROM withdrawn_series ORDER BY id LIMIT 1", can_change=False)[0]["key"])


class WithdrawnFile:
    """The list beside the database: one line an entry. Several processes may add to it."""

    def __init__(self, path: Path) -> None:
        """`path` is the database's."""
        self.path = path.with_name(f"{path.name}{SUFFIX}")
        self._last: int | None = None

    @property
    def last(self) -> int:
        """The number of the last entry, 0 for none. Raises `OSError`."""
        if self._last is None:
            self._last = max((entry.id for entry in self.read()), default=0)
        return self._last

    def read(self) -> tuple[Entry, ...]:
        """All entries; lines that a crash left unfinished are left out. Raises `OSError`."""
        try:
            return parsed(self.path.read_text("ascii", errors="replace"))
        except FileNotFoundError:
            return ()

    def add(self, entries: Sequence[Entry]) -> None:
        """Adds what is not there yet; on the disk when this returns. Raises `OSError`."""
        if not entries:
            return
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            there = file.read()
            known = {(one.series, one.id) for one in parsed(there.decode("ascii", errors="replace"))}
            missing = [entry for entry in entries if (entry.series, entry.id) not in known]
            start = b"\n" if there and not there.endswith(b"\n") else b""
            file.write(start + written(missing).encode())
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            flush_folder(self.path.parent)
        self._last = max(self.last, entries[-1].id)


def written(entries: Iterable[Entry]) -> str:
    """Entries as lines of a file."""
    return "".join(f"{one.series} {one.id} {one.kind} {one.uid} {one.detail}\n" for one in entries)


def parsed(text: str) -> tuple[Entry, ...]:
    """The entries of a file, by their numbers. A line without its end is none: nothing rests on it yet."""
    found = []
    for line in text.splitlines(keepends=True):
        words = line.split()
        if line.endswith("\n") and len(words) == 5:
            with contextlib.suppress(ValueError):
                found.append(Entry(words[0], int(words[1]), words[2], words[3], int(words[4])))
    return tuple(sorted(found, key=lambda entry: entry.id))


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """What a line holds: the list, and when the line was made, in ISO 8601."""

    at: str
    entries: tuple[Entry, ...]


def as_line(entries: Sequence[Entry], key: bytes, at: datetime) -> str:
    """The list in one line to copy, signed."""
    short = tuple(Entry(one.series, one.id, one.kind, one.uid[:UID_LETTERS], one.detail) for one in entries)
    listed = msgspec.msgpack.encode(Listed(at.isoformat(timespec="seconds"), short))
    packed = base64.urlsafe_b64encode(zlib.compress(listed, 9)).decode().rstrip("=")
    return f"{_LINE}.{packed}.{_mark(packed, key)}"


def from_line(line: str, key: bytes) -> Listed:
    """The list in a line. Raises `BackupError` for a line that was mistyped, or is another store's."""
    begin, _, rest = "".join(line.split()).partition(".")
    packed, _, mark = rest.partition(".")
    if begin != _LINE or not packed or len(packed) > _MOST_LINE:
        raise BackupError("Not a list of revocations.", hint=f"It begins with {_LINE}: `lintel backup revocations`.")
    if not hmac.compare_digest(mark.encode(), _mark(packed, key).encode()):
        raise BackupError(
            "The list of revocations was changed on the way, or belongs to another store.",
            hint="Copy the whole line, as `lintel backup revocations` prints it.",
        )
    opened = zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    return msgspec.msgpack.decode(opened, type=Listed)


def later(entries: Sequence[Entry], since: Position) -> tuple[Entry, ...] | None:
    """What the list has behind a position; None if it can't vouch for what came then, as entries are missing."""
    behind = sorted((entry for entry in entries if entry.id > since.last), key=lambda entry: entry.id)
    knows = since.last == 0 or any((entry.series, entry.id) == (since.series, since.last) for entry in entries)
    numbers = [entry.id for entry in behind]
    is_whole = numbers == list(range(since.last + 1, since.last + 1 + len(numbers)))
    return tuple(behind) if is_whole and knows else None


def _mark(packed: str, key: bytes) -> str:
    return hmac.digest(key, packed.encode(), "sha256")[:10].hex()
