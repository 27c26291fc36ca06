"""Makes a store of a backup, on a new device or in the place of another: what was taken since wins over the copy."""

import contextlib
import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from device.errors import BackupError, StoreError
from device.failures import in_words
from device.files import keys_folder
from device.records import AuditRow, Credential, Event, Failures
from device.store.backup.container import Reader, Secret
from device.store.backup.installing import clear_stage, commit, stage_of
from device.store.backup.manifest import DATABASE, KEYS, LIST, SETTINGS, Manifest, Part, read_manifest
from device.store.chain import witness
from device.store.database import open_database, safest_journal
from device.store.faults import store_errors
from device.store.store import Store
from device.store.withdrawn import Entry, Listed, Position, WithdrawnFile, from_line, key_of, later
from device.store.withdrawn_again import take_again

_MOST_MANIFEST = 1 << 20
_DAMAGED = "Take another copy of it, or an older backup."


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a backup. `suspended` counts the badges that no list vouched for; `listed_at` is when the list to
    copy was made, "" where the one beside the store was taken, or none.
    """

    made_at: datetime
    version: str
    applied: int
    suspended: int
    is_vouched_for: bool
    listed_at: str = ""
    settings: str = ""
    """Where the settings of the backup lie now, to be looked at: they are not put in the place of any."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a backup is to be restored. `line` is the list of revocations as it was copied, "" for none."""

    secret: Secret
    line: str = ""
    replace: bool = False


def manifest_of(file: Path, secret: Secret) -> Manifest:
    """What a backup holds. Raises `BackupError`; the whole file is read, so that it is known to be whole."""
    with _opened(file) as opened:
        reader = Reader(opened, secret)
        manifest = _read_manifest(reader)
        for part in manifest.parts:
            _check(part, reader, None)
        reader.finish()
    return manifest


def restore(file: Path, state: Path, asked: Asked, now: datetime) -> Restored:
    """Puts the store of a backup into a state folder, whole or not at all. Where no list can vouch for what was taken
    since the backup, all its badges are suspended.

    Raises `BackupError` for a store that is there, a wrong secret or a damaged file, `StoreError` for a newer one.
    """
    there = (state / DATABASE).exists()
    if there and not asked.replace:
        raise BackupError(
            f"There is a store in {state} already.",
            hint="To put the backup in its place, which deletes it, add --replace; or name another --state-dir.",
        )
    before = _before(state) if there else _Before()
    try:
        clear_stage(state)
        manifest = _unpack(file, asked.secret, state)
        restored = _prepare(state, manifest, asked, before, now)
        commit(state)
    except OSError as error:
        raise BackupError(f"Cannot restore into {state}: {in_words(error)}.", hint=_ROOM) from None
    finally:
        with contextlib.suppress(OSError):
            if not (stage_of(state) / "ready").exists():
                clear_stage(state)
    return restored


@dataclass(frozen=True, slots=True)
class _Before:
    """What is known of the store that is replaced; `row` is the number of its last row."""

    tried: Mapping[Credential, Failures] | None = None
    withdrawn: tuple[Entry, ...] | None = None
    row: int = 0


def _before(state: Path) -> _Before:
    """A store that can't be read any more is one reason to restore."""
    row = _witnessed(keys_folder(state))
    try:
        with Store(state) as store, store.counters() as counters, store.audit() as audit:
            return _Before(counters.all(), store.withdrawn(), max(row, audit.before_newest(0)))
    except StoreError:
        return _Before(row=row)


def _prepare(state: Path, manifest: Manifest, asked: Asked, before: _Before, now: datetime) -> Restored:
    """Says in the copy's audit what it is, and applies the list to it."""
    stage, file = stage_of(state), WithdrawnFile(state / DATABASE)
    known = max(before.row, _forget_witness(stage))
    beside = _merged(before.withdrawn or (), file.read())
    has_list = bool(asked.line) or before.withdrawn is not None or file.path.exists()
    with Store(stage) as store:
        with store.session() as session:
            key = key_of(session)
        listed = from_line(asked.line, key) if asked.line else Listed("", beside)
        at = Position(manifest.series, manifest.last)
        entries = later(_merged(beside, listed.entries), at) if has_list else None
        applied = entries if entries is not None else _denying(listed.entries, at)
        with store.people() as people, store.audit() as audit, store.counters() as counters:
            counters.raise_to(before.tried or {})
            suspended = people.suspend_all(now) if entries is None else 0
            words = _words(manifest, len(applied), suspended, entries is not None)
            audit.add_restored(AuditRow(0, now, Event.STORE_RESTORED, fault=words), known)
        take_again(store, applied, now)
    return Restored(
        datetime.fromisoformat(manifest.made_at),
        manifest.version,
        len(applied),
        suspended,
        entries is not None,
        listed.at,
        str(state / SETTINGS) if manifest.part(SETTINGS) else "",
    )


def _denying(entries: Sequence[Entry], at: Position) -> tuple[Entry, ...]:
    """Of a list that can't vouch for the badges, what takes something: it gives nothing back."""
    return tuple(entry for entry in entries if entry.id > at.last and entry.kind != "valid")


def _witnessed(folder: Path) -> int:
    """The last row that the witness in a folder has seen, 0 without one."""
    try:
        seen = witness.read(folder)
    except (OSError, ValueError):
        return 0
    return seen.row if seen else 0


def _forget_witness(stage: Path) -> int:
    """The witness of a backup may have seen more than the copy beside it, and the copy says itself what it is. How far
    the witness had seen. Raises `OSError`.
    """
    folder = keys_folder(stage)
    row = _witnessed(folder)
    (folder / witness.FILE_NAME).unlink(missing_ok=True)
    with store_errors(stage / DATABASE), contextlib.closing(open_database(stage / DATABASE, safest_journal())) as copy:
        copy.execute("UPDATE audit_head SET witnessed = 0")
    return row


def _merged(beside: tuple[Entry, ...], copied: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The list beside the store has whole ids; where it ends, the one that was copied goes on."""
    known = {(entry.series, entry.id) for entry in beside}
    return (*beside, *(entry for entry in copied if (entry.series, entry.id) not in known))


def _words(manifest: Manifest, applied: int, suspended: int, vouched: bool) -> str:
    begin = f"restored from the backup of {manifest.made_at}"
    if vouched:
        return f"{begin}; {applied} later entries of the list of revocations applied"
    return f"{begin}; without a list of revocations that vouches for it, so {suspended} badges are suspended"


def _unpack(file: Path, secret: Secret, state: Path) -> Manifest:
    stage = stage_of(state)
    stage.mkdir(mode=0o700, parents=True)
    with _opened(file) as opened:
        reader = Reader(opened, secret)
        manifest = _read_manifest(reader)
        for part in manifest.parts:
            place = _place(part.name, stage)
            if part.name == LIST:
                _check(part, reader, None)
                continue
            place.parent.mkdir(mode=0o700, exist_ok=True)
            with place.open("xb") as written:
                place.chmod(0o600)
                _check(part, reader, written)
        reader.finish()
    return manifest


def _place(name: str, stage: Path) -> Path:
    return keys_folder(stage) / name.removeprefix(KEYS) if name.startswith(KEYS) else stage / name


def _read_manifest(reader: Reader) -> Manifest:
    (count,) = struct.unpack(">I", reader.read(4))
    if count > _MOST_MANIFEST:
        raise BackupError("The manifest of the backup is too large.", hint=_DAMAGED)
    return read_manifest(reader.read(count))


def _check(part: Part, reader: Reader, target: BinaryIO | None) -> None:
    """Reads a part, and writes it where there is a target. Raises `BackupError` if it is not what the manifest says."""
    digest = hashlib.sha256()
    for piece in reader.pieces(part.size):
        digest.update(piece)
        if target is not None:
            target.write(piece)
    if digest.hexdigest() != part.sha256:
        raise BackupError(f"The file {part.name} in the backup is not what its manifest says.", hint=_DAMAGED)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        with file.open("rb") as opened:
            yield opened
    except OSError as error:
        if error.filename != str(file):
            raise
        raise BackupError(f"Cannot read the backup {file}: {in_words(error)}.", hint="Name its file.") from None


_ROOM = "Make room on the disk, or name another folder with --state-dir; nothing was changed."
