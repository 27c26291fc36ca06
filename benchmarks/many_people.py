"""Times a badge at a door with very many people: what the store says, the rules, the decision and its row; no vision.

    python benchmarks/many_people.py [--people 100000] [--rounds 200] [--starts 5] [--folder DIR]

Each person has a badge, a group, three references and a data key, in a folder that is deleted, or in `--folder`, which
is made once and used again. Timed are badges of people drawn at random: claim with opened references, the rules of an
office, the verdict on a match, and the commit of its row with its link in the chain. Then the start: how long a
process takes to open the store, and to claim a first badge; and how long the service takes from its start until its
doors are in operation, beside one whose store has two people.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.policy.decision import decide
from device.policy.rules import asked_of, ruling
from device.records import Claim, Credential, Evidence, Mode, Transaction
from device.store.store import Store

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
MODEL = "ab" * 32
REFERENCES, LENGTH = 3, 128
BATCH = 2000
ROOT = Path(__file__).parents[1]
IN_MEMORY = Path("/dev/shm")
BETWEEN_S = 0.02
"""Between two badges: a store that has just committed lets others go first for 5 ms."""
RULES = """
zone = "Europe/Berlin"

[[schedules]]
name = "office"
windows = ["Mon-Fri 06:00-20:00"]

[[rules]]
name = "staff"
action = "allow"
groups = ["staff"]
all_doors = true
schedule = "office"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200, help="badges that are timed")
    parser.add_argument("--starts", type=int, default=5, help="starts of the service that are timed")
    parser.add_argument("--folder", type=Path, help="where to keep the store for another time")
    parser.add_argument("--first-badge", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.first_badge:
        print(*first_badge_ms(chosen.folder))
        return
    with kept_or_made(chosen.folder) as folder:
        report(folder, chosen.people, chosen.rounds, chosen.starts)


@contextmanager
def kept_or_made(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def make(folder: Path, people: int) -> None:
    """The store, made in memory and copied: each person's key is synced to the disk before it is used."""
    if (folder / "state").exists():
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as quick:
        with Store(Path(quick) / "state") as store:
            fill(store, people)
        shutil.copytree(quick, folder, dirs_exist_ok=True)


def report(folder: Path, people: int, rounds: int, starts: int) -> None:
    state = folder / "state"
    began = time.perf_counter()
    make(folder, people)
    with Store(state) as store:
        print(f"{people} people with {REFERENCES} references each, made in {time.perf_counter() - began:.0f} s")
        print(f"  database and keys              {size_mb(folder):8.0f} MB")
        steps = [badge_ms(store, number) for number in drawn(people, rounds + 5)][5:]
        put("claim, references opened", [step[0] for step in steps])
        put("rules", [step[1] for step in steps])
        put("decision and its row", [step[2] for step in steps])
        put("badge to decision", [sum(step) for step in steps])
    opened, claimed = in_a_process(folder)
    print(f"  a new process opens the store  {opened:8.0f} ms, and has claimed a badge after {claimed:.0f} ms")
    many, two = zip(*((ready_s(state), ready_s(None)) for _ in range(starts)), strict=True)
    put("start to doors in operation", [one * 1000 for one in many])
    put("the same with two people", [one * 1000 for one in two])


def put(name: str, samples: Sequence[float]) -> None:
    print(f"  {name:30s} {statistics.median(samples):8.2f} ms median, {max(samples):.2f} ms at most")


def in_a_process(folder: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--first-badge", "--folder", str(folder)]
    opened, claimed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(opened), float(claimed)


def first_badge_ms(folder: Path) -> tuple[float, float]:
    began = time.perf_counter()
    with Store(folder / "state") as store:
        opened = time.perf_counter() - began
        with store.people() as people:
            people.claim(badge_of(0), MODEL)
        return opened * 1000, (time.perf_counter() - began) * 1000


def ready_s(state: Path | None) -> float:
    """Seconds from the start of the service to its word that it is ready, with a camera, a relay and readers that are
    files, as the rig's; without a `state`, with the rig's own two people.
    """
    sys.path.insert(0, str(ROOT))
    from tests.rig.rig import new_rig

    chosen = {} if state is None else {"state": state}
    with new_rig(people=state is None, **chosen) as rig:
        began = time.monotonic()
        ready = rig.start(ready_s=None).when_said("READY=1", within_s=60.0)
        assert ready is not None, rig.running.errors()
        return ready - began


def fill(store: Store, people: int) -> None:
    """Some people in each transaction."""
    with store.rules() as rules:
        rules.apply(RULES, NOON)
    for first in range(0, people, BATCH):
        some = range(first, min(people, first + BATCH))
        vectors = unit_vectors(len(some) * REFERENCES, first).reshape(len(some), REFERENCES, LENGTH)
        with store.people() as known:
            for number, references in zip(some, vectors, strict=True):
                person = known.add(f"Person {number}", NOON)
                known.groups.put(person, ["staff"])
                known.issue(badge_of(number), person, NOON)
                known.add_references(person, references, MODEL, NOON)


def badge_ms(store: Store, number: int) -> tuple[float, float, float]:
    """Milliseconds for claim, rules, and decision with its row."""
    time.sleep(BETWEEN_S)
    badge, began = badge_of(number), time.perf_counter()
    with store.people() as people:
        claim = people.claim(badge, MODEL)
    assert claim is not None
    assert len(claim.references) == REFERENCES
    claimed = time.perf_counter()
    mode = demanded(store, claim)
    ruled = time.perf_counter()
    record(store, claim, badge, mode)
    return (claimed - began) * 1000, (ruled - claimed) * 1000, (time.perf_counter() - ruled) * 1000


def demanded(store: Store, claim: Claim) -> Mode:
    with store.rules() as rules:
        found = ruling(rules.rules(), asked_of(claim, "main", NOON))
    assert found.mode is not None
    return found.mode


def record(store: Store, claim: Claim, badge: Credential, mode: Mode) -> None:
    decision = decide(Evidence(0.97, 0.93, 3, REFERENCES), mode)
    transaction = Transaction(NOON + timedelta(seconds=1), badge, claim.person, decision, 0.4, 3, door="main")
    with store.writing(), store.audit() as audit:
        audit.record(transaction)


def badge_of(number: int) -> Credential:
    return Credential("csn4", 0, 0x40000001 + 2 * number)


def drawn(people: int, count: int) -> list[int]:
    return [int(one) for one in np.random.default_rng(1).integers(0, people, count)]


def unit_vectors(count: int, seed: int) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).normal(size=(count, LENGTH)).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def size_mb(folder: Path) -> float:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6


if __name__ == "__main__":
    main()
