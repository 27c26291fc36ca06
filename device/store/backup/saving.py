"""Writes a backup while the doors are in operation: each database as it is at one moment, in memory until encrypted."""

import contextlib
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from sqlite_utils import Database

from device.errors import BackupError
from device.failures import in_words
from device.files import flush_folder, keys_folder
from device.records import Event
from device.store.backup.container import MAGIC, Writer
from device.store.backup.manifest import DATA_KEYS, DATABASE, KEYS, LIST, SETTINGS, THRESHOLDS, Manifest, part_of
from device.store.store import Store
from device.store.withdrawn import Position, written

COPY_WITHIN_S = 30.0
"""A copy starts over after each write of another program; after this time writers wait until it is made."""
NAME = "lintel-%Y%m%dT%H%M%SZ.backup"
PATTERN = "lintel-*.backup"


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup that was written."""

    path: Path
    size: int
    parts: tuple[str, ...]
    kept_until: datetime
    deleted: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a backup is to be made. `keep_days` is how long it is kept, by whom it is deleted then."""

    version: str
    passphrase: str = ""
    recipient: str = ""
    keep_days: int = 30
    settings: Path | None = None


def save(store: Store, target: Path, wanted: Wanted, now: datetime) -> Saved:
    """Writes the backup of a store to a file, or into a folder under a name of the time. On the disk when this
    returns, whole or not at all; noted in the audit.

    Raises `BackupError`, `StoreError`.
    """
    path = target / now.strftime(NAME) if target.is_dir() else target
    parts, at = _contents(store, wanted)
    manifest = Manifest(
        now.isoformat(timespec="seconds"),
        wanted.version,
        at.series,
        at.last,
        tuple(part_of(name, content) for name, content in parts.items()),
    )
    with _written_whole(path) as unfinished, unfinished.open("xb") as file:
        writer = Writer(file, passphrase=wanted.passphrase, recipient=wanted.recipient)
        described = msgspec.json.encode(manifest)
        writer.write(struct.pack(">I", len(described)) + described)
        for content in parts.values():
            writer.write(content)
        writer.close()
    until = now + timedelta(days=wanted.keep_days)
    with store.audit() as audit:
        audit.note(Event.BACKUP_MADE, now, fault=f"kept until {until:%Y-%m-%d}")
    return Saved(path, path.stat().st_size, tuple(parts), until)


def delete_old(folder: Path, keep_days: int, now: datetime) -> tuple[Path, ...]:
    """Deletes the backups in a folder that are older, the newest excepted. Raises `BackupError`."""
    found = sorted(path for path in folder.glob(PATTERN) if _is_backup(path))
    oldest = now - timedelta(days=keep_days)
    old = [path for path in found[:-1] if (made := _made_at(path)) is not None and made < oldest]
    try:
        for path in old:
            path.unlink()
        if old:
            flush_folder(folder)
    except OSError as error:
        raise BackupError(f"Cannot delete an old backup in {folder}: {in_words(error)}.", hint=_WRITABLE) from None
    return tuple(old)


def _contents(store: Store, wanted: Wanted) -> tuple[dict[str, bytes], Position]:
    """The database first and its keys later: a key without rows does no harm, rows without a key are lost."""
    state = store.path.parent
    with contextlib.closing(_copied(store)) as copy:
        ((series, last),) = copy.execute(
            "SELECT (SELECT series FROM withdrawn_series ORDER BY id DESC LIMIT 1), "
            "(SELECT coalesce(max(id), 0) FROM withdrawn)"
        ).fetchall()
        parts = {DATABASE: copy.conn.serialize()}
    if store.vault.file.exists:
        with contextlib.closing(store.vault.file.copy_in_memory(lambda _pages: None)) as keys:
            parts[DATA_KEYS] = keys.conn.serialize()
    try:
        parts |= _files(keys_folder(state), KEYS) | _files(state / "pad", THRESHOLDS)
        if wanted.settings is not None and wanted.settings.is_file():
            parts[SETTINGS] = wanted.settings.read_bytes()
    except OSError as error:
        raise BackupError(f"Cannot read {error.filename}: {in_words(error)}.", hint=_AS_SERVICE) from None
    parts[LIST] = written(store.withdrawn()).encode()
    return parts, Position(str(series), int(last))


def _files(folder: Path, begin: str) -> dict[str, bytes]:
    """The files that lie in a folder, by their names in the backup. Raises `OSError`."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {f"{begin}{path.name}": path.read_bytes() for path in found if path.is_file() and not path.is_symlink()}


def _copied(store: Store) -> Database:
    """The database as it is at one moment. Raises `StoreError`."""
    deadline = time.monotonic() + COPY_WITHIN_S
    try:
        return store.copied(lambda _pages: _refuse_late(deadline))
    except _LateError:
        with store.writing():
            return store.copied(lambda _pages: None)


class _LateError(Exception):
    """The copy was started over too often."""


def _refuse_late(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise _LateError


@contextlib.contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """A file beside the place; moved there once it is on the disk, removed if anything fails."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        yield unfinished
        unfinished.chmod(0o600)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise BackupError(f"Cannot write the backup {path}: {in_words(error)}.", hint=_WRITABLE) from None
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _is_backup(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _made_at(path: Path) -> datetime | None:
    """By its name: a copy keeps that, and not always its time."""
    try:
        return datetime.strptime(path.name, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


_WRITABLE = "Name a file or a folder that this user may write, on a disk with room."
_AS_SERVICE = "Run the command as the user the store belongs to, or with sudo."
