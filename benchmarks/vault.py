"""Times the vault: one person's references opened, everyone's, a new enrollment.

    python benchmarks/vault.py [--people 100000] [--folder FOLDER]

100,000 people with three references each take half a minute to make and 300 MB; by default it is a tenth. The store is
in a folder that is deleted, unless one is named, which is then filled once and kept.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.records import Credential, Person
from device.store.store import Store
from device.store.vault.key_file import Kind

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MODEL = "ab" * 32
REFERENCES = 3
IN_ONE_GO = 1000
LIMIT_ONE_MS, LIMIT_ALL_S, LIMIT_MB = 1.0, 10.0, 500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep the store there, and use it again")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(measured((chosen.folder or Path(folder)) / "state", chosen.people))


def measured(folder: Path, people: int) -> int:
    made_s = seconds(lambda: fill(folder, people))
    with Store(folder) as store:
        size = sum(path.stat().st_size for path in folder.glob("*.db")) / 1e6
        print(f"vault: {people} people x {REFERENCES} references, {size:.0f} MB (made in {made_s:.0f} s)")
        one = one_person(store, people)
        print(f"  one person's references  median {one:.3f} ms")
        everyone_s = seconds(lambda: everyone(store, people))
        print(f"  everyone's references    {everyone_s:.2f} s")
        new = people + int(time.time())  # a kept store has those of earlier runs
        print(f"  one more person          {seconds(lambda: add(store, new, new + 1)) * 1000:.1f} ms")
    return int(one > LIMIT_ONE_MS or everyone_s > LIMIT_ALL_S or size > LIMIT_MB)


def one_person(store: Store, people: int) -> float:
    """Median milliseconds of rows read, key unwrapped and three references opened, as at each badge."""
    drawn = np.random.default_rng(7).integers(1, people, 500)
    waits = []
    with store.people() as known:
        for number in drawn:
            person = Person(int(number), "")
            waits.append(seconds(lambda person=person: known.references(person, MODEL)) * 1000)  # type: ignore[misc]
    return statistics.median(waits)


def everyone(store: Store, people: int) -> None:
    with store.people() as known:
        found = known.all_references(MODEL)
    assert len(found) >= people


def fill(folder: Path, people: int) -> None:
    with Store(folder) as store:
        with store.people() as known:
            there = known.named(f"Person {people - 1}") if (folder / "lintel.db").stat().st_size > 1e6 else None
        for first in range(0, 0 if there else people, IN_ONE_GO):
            add(store, first, min(first + IN_ONE_GO, people))


def add(store: Store, first: int, beyond: int) -> None:
    with store.people() as known:
        people = [known.add(f"Person {number}", NOON) for number in range(first, beyond)]
        store.vault.make_ready((person.id for person in people), Kind.FACE)
        for number, person in enumerate(people, first):
            known.issue(Credential("number", 0, number), person, NOON)
            known.add_references(person, vectors(number), MODEL, NOON)


def vectors(seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(REFERENCES, 128))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
