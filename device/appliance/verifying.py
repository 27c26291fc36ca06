"""Looks at all that is stored, as the nightly unit does: the database's file, the audit's chain, each reference."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from device.errors import KeyMissing, LintelError
from device.failures import in_words
from device.ports import Clock
from device.records import AuditRow, Event
from device.store.audit import broken_in
from device.store.checkup import found_in, room
from device.store.store import Store

PAUSE_S = 0.001
"""Pause between reads, so that the doors get the disk in between."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at: what is wrong with it, "" for nothing, and how much there was."""

    what: str
    wrong: str
    extent: str = ""


class _TooLargeError(Exception):
    """Not enough memory for a copy."""


def checked(store: Store, model_sha256: str, pause: Callable[[], None] = lambda: None) -> tuple[Checked, ...]:
    """Database, chain and references, whatever is wrong with the others. `pause` is called between reads."""
    return (
        _guarded("database", lambda: _database(store)),
        _guarded("chain", lambda: _chain(store, pause)),
        _guarded("references", lambda: _references(store, model_sha256, pause)),
    )


def write_down(store: Store, clock: Clock, found: tuple[Checked, ...]) -> None:
    """A row for what is wrong, which opens an alarm; none if nothing is. Raises `StoreError`."""
    wrong = [f"{one.what}: {one.wrong}" for one in found if one.wrong]
    if wrong:
        with store.audit() as audit:
            audit.add(AuditRow(0, clock.utc(), Event.FAULT, fault=f"the check of the store found: {'; '.join(wrong)}"))


def _guarded(what: str, look: Callable[[], Checked]) -> Checked:
    try:
        return look()
    except LintelError as error:
        return Checked(what, error.message.rstrip("."))
    except Exception as error:  # whatever a damaged file comes up with
        return Checked(what, in_words(error))


def _database(store: Store) -> Checked:
    most = room()

    def between_steps(pages: int) -> None:
        if pages * 4096 > most:
            raise _TooLargeError

    size = f"{store.path.stat().st_size / 1024**2:.1f} MiB"
    try:
        with closing(store.copied(between_steps)) as copy:
            return Checked("database", found_in(copy), size)
    except _TooLargeError:
        return Checked("database", "", f"{size}, too large to be copied into memory: not looked into")


def _chain(store: Store, pause: Callable[[], None]) -> Checked:
    *_, whole = broken_in(store.audit, pause)
    with store.audit() as audit:
        newest = audit.before_newest(0)
    return Checked("chain", whole, f"up to row {newest}")


def _references(store: Store, model_sha256: str, pause: Callable[[], None]) -> Checked:
    """Each is opened with the key, for its person and the model that made it."""
    opened, stale, broken = 0, 0, list[int]()
    with store.people() as people:
        everyone = people.everyone()
    for enrolled in everyone:
        pause()
        with store.people() as people:
            person = enrolled.person
            made_by = {one.model_sha256 for one in people.faces.of(person)}
            stale += bool(made_by) and model_sha256 not in made_by
            try:
                opened += sum(len(people.references(person, model)) for model in made_by)
            except KeyMissing:
                raise
            except LintelError:
                broken.append(person.id)
    return Checked("references", "; ".join(_wrong(broken, stale)), f"{opened} of {len(everyone)} people opened")


def _wrong(broken: list[int], stale: int) -> Iterator[str]:
    if broken:
        numbers = ", ".join(map(str, broken[:10]))
        yield f"those of {len(broken)} people can't be opened (number {numbers}): enroll again, or restore a backup"
    if stale:
        yield f"those of {stale} people were made by another model: `lintel people stale`"
