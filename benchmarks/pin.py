"""How long a PIN takes to compare, and whether the time says what came of it.

    python benchmarks/pin.py [--rounds 40]

Right, wrong and duress PINs, those of a person without a PIN, and an entry that is too short are compared in turn, as
at a door: read from a store, opened, hashed twice with the usual cost. Printed are the median and the spread of each.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from device.pin_checking import checked
from device.records import Person
from device.store.pins import hashed
from device.store.store import Store

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def main() -> None:
    """Prints a line for each kind of answer."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=40)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "state") as store:
        ann, ben = people_in(store)
        asked = {
            "right": (ann, "471147"),
            "wrong": (ann, "000000"),
            "duress": (ann, "926626"),
            "absent": (ben, "471147"),
            "too short": (ann, ""),
        }
        took = timed(store, asked, rounds)
    for name, times in took.items():
        low, *_, high = statistics.quantiles(times, n=20)
        print(f"{name:10} median {statistics.median(times):6.2f} ms, 5 to 95 % {low:6.2f} to {high:6.2f} ms")


def people_in(store: Store) -> tuple[Person, Person]:
    """One with PIN and duress PIN, and one without."""
    with store.people() as people, store.pins() as pins:
        ann, ben = people.add("Ann", NOON), people.add("Ben", NOON)
        pins.keep(ann, hashed("471147", pins.secret), NOON)
        pins.keep_duress(ann, hashed("926626", pins.secret))
    return ann, ben


def timed(store: Store, asked: dict[str, tuple[Person, str]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each, taken in turn so that a busy machine adds to all alike."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, (person, digits) in asked.items():
            began = time.perf_counter()
            checked(store, person, digits)
            took[name].append((time.perf_counter() - began) * 1000)
    return took


if __name__ == "__main__":
    main()
