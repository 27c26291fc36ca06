"""A child with a store: enrolls, imports, decides, revokes, renames, erases; says after each what the store holds.

Arguments: what to do, and the folder around the store.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from device.policy.clock_state import ClockMark
from device.records import Credential, Decision, Event, Person, Reason, Transaction
from device.store.backup.container import Secret
from device.store.backup.restoring import Asked, restore
from device.store.backup.saving import Wanted, save
from device.store.store import Store
from tests.imported import import_one
from tests.power_loss.contents import contents, listed
from tests.power_loss.old_store import make_old_store

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
MODEL = "ab" * 32
LENGTH = 128
BACKUP, PASSPHRASE = "of-noon.backup", "a sentence to remember"


class Life:
    """One day of a store, a step at a time."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hour = 0

    def at(self) -> datetime:
        self.hour += 1
        return NOON + timedelta(hours=self.hour)

    def enroll(self, number: int) -> None:
        vectors = np.random.default_rng(number).standard_normal((3, LENGTH)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with self.store.people() as people, self.store.audit() as audit:
            person = people.add(f"Person {number}", self.at())
            people.issue(Credential("number", 0, number), person, self.at())
            people.add_references(person, vectors, MODEL, self.at())
            audit.note(Event.ENROLLED, self.at(), person=person, badge=f"{number}")

    def bring(self, number: int) -> None:
        with TemporaryDirectory() as elsewhere:
            done = import_one(self.store, f"Person {number}", number, Path(elsewhere))
        assert done.outcome == "new", done

    def decide(self, number: int) -> None:
        badge = Credential("number", 0, number)
        person = self.named(number)
        with self.store.writing(), self.store.people() as people, self.store.audit() as audit:
            people.claim(badge, MODEL)
            audit.record(Transaction(self.at(), badge, person, Decision(Reason.NON_MATCH), 1.5, 9, door="main"))

    def revoke(self, number: int) -> None:
        with self.store.people() as people, self.store.audit() as audit:
            people.revoke(Credential("number", 0, number), self.at())
            audit.note(Event.BADGE_REVOKED, self.at(), badge=f"{number}")

    def rename(self, number: int) -> None:
        with self.store.people() as people:
            people.rename(self.named(number), f"Renamed {number}")
            people.add(f"Person {number}", self.at())

    def erase(self, number: int) -> None:
        self.store.erase(self.named(number), self.at())

    def mark(self, number: int) -> None:
        with self.store.clock() as marks:
            marks.keep(ClockMark(self.at(), self.at(), float(number), "run"), 0)

    def rotate(self, number: int) -> None:  # noqa: ARG002
        self.store.vault.rotate()

    def named(self, number: int) -> Person:
        with self.store.people() as people:
            person = people.named(f"Person {number}")
        assert person is not None
        return person


DAY = (
    *(("enroll", number) for number in range(1, 5)),
    ("decide", 1),
    ("decide", 2),
    ("revoke", 2),
    ("mark", 1),
    ("rename", 3),
    ("erase", 2),
    ("decide", 1),
    ("enroll", 7),
    ("erase", 1),
    ("rotate", 1),
    ("decide", 4),
)
IMPORT = (("enroll", 1), *(("bring", number) for number in range(2, 8)))
STEPS = {"day": DAY, "import": IMPORT}


def say(what: str, store: Store) -> None:
    """What the store holds now, and how much the list beside it: in one call, so that it is one operation."""
    os.write(1, f"{what} {contents(store)} {listed(store)}\n".encode())


def restored(base: Path) -> None:
    """In the place of a store that is there."""
    with Store(base / "state") as store:
        say("before", store)
    restore(base / BACKUP, base / "state", Asked(Secret(PASSPHRASE), replace=True), NOON)
    with Store(base / "state") as store:
        say("restored", store)


def prepare(what: str, base: Path) -> None:
    """What is there before: a store of version 0.1.0 to be opened, or one to be replaced by a backup."""
    if what == "migrate":
        make_old_store(base / "state")
    if what == "restore":
        with Store(base / "state") as store:
            life = Life(store)
            for number in (1, 2, 3):
                life.enroll(number)
            save(store, base / BACKUP, Wanted("lintel 0.1.0", PASSPHRASE), NOON)
            life.erase(2)
            life.revoke(3)
            life.enroll(4)


def main(what: str, base: Path) -> None:
    """Opening alone migrates a store of before."""
    if what == "restore":
        restored(base)
        return
    with Store(base / "state") as store:
        say("opened", store)
        life = Life(store)
        for step, number in STEPS.get(what, ()):
            act: Callable[[int], None] = getattr(life, step)
            act(number)
            say(f"{step}-{number}", store)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
