"""Attacks one store from two processes, and times decisions while another process lists everything.

    python benchmarks/store.py stress [--minutes 10] [--sync-ms 40] [--journal persist]
    python benchmarks/store.py listing [--rows 100000] [--people 3000] [--seconds 20]

`stress`: a door process (two threads that swipe without a pause, one that writes releases, one that asks for trouble)
and an operator who revokes and restores a badge, opening the store each time. Every sync of both takes `--sync-ms`
longer, as on an SD card (needs strace). The door is killed with `kill -9` after 5 to 15 s and started again, and both
are killed at the end. Nothing that was acknowledged may be lost.

`listing`: how long the store keeps a swipe (claim and audit row) waiting, alone and while another process lists all
people and all rows again and again.

By default both are short; the store is in a folder that is deleted.
"""

import argparse
import math
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from device.errors import LintelError
from device.records import AuditRow, Credential, Event, Person
from device.store.database import Journal, safest_journal
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MODEL = "ab" * 32
REFERENCES = 3


def main() -> None:
    chosen = arguments()
    if chosen.role:
        {"door": door, "operator": operator, "lister": lister, "swiper": swiper}[chosen.role](chosen)
        return
    with tempfile.TemporaryDirectory() as folder:
        chosen.folder = Path(folder) / "state"
        (stress if chosen.what == "stress" else listing)(chosen)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["stress", "listing"])
    parser.add_argument("--minutes", type=float, default=0.1, help="how long stress lasts")
    parser.add_argument("--sync-ms", type=int, default=40, help="what each sync takes longer in stress")
    parser.add_argument("--journal", type=Journal, choices=list(Journal), default=safest_journal())
    parser.add_argument("--rows", type=int, default=100_000, help="rows in the audit for listing")
    parser.add_argument("--people", type=int, default=3_000, help=f"people for listing, {REFERENCES} references each")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long swipes are timed, alone and beside a list")
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def stress(chosen: argparse.Namespace) -> None:
    fill(chosen, people=20, rows=0)
    with closing(sqlite3.connect(chosen.folder / "lintel.db")) as connection:
        connection.execute("DELETE FROM audit")
        connection.commit()
    lines: list[str] = []
    keeping = threading.Thread(target=lambda: lines.extend(kept_up(chosen, "operator", math.inf)))
    keeping.start()
    lines.extend(kept_up(chosen, "door", 5.0))
    keeping.join()
    report(chosen, [line.split() for line in lines if line.endswith("\n")])


def kept_up(chosen: argparse.Namespace, role: str, least_s: float) -> list[str]:
    """What a process says, and the next one when it is killed, after `least_s` to three times that."""
    lines, drawn, left = [], random.Random(role), chosen.minutes * 60
    while left > 0:
        child = started(chosen, role, slowed=chosen.sync_ms > 0)
        assert child.stdout is not None
        lines.append(child.stdout.readline())
        reader = threading.Thread(target=lines.extend, args=(child.stdout,))
        reader.start()
        lives_s = min(left, least_s * drawn.uniform(1, 3))
        time.sleep(lives_s)
        end(child)
        reader.join()
        left -= lives_s
    return lines


def report(chosen: argparse.Namespace, said: list[list[str]]) -> None:
    """Lines are `done WHO NAME SECONDS`, `failed WHO WHY ...` and `trouble WHAT ...`."""
    with closing(sqlite3.connect(chosen.folder / "lintel.db")) as connection:
        there = Counter(name for (name,) in connection.execute("SELECT fault FROM audit"))
        intact = connection.execute("PRAGMA integrity_check").fetchone()[0]
    done = [words for words in said if words[0] == "done"]
    lost = sum(there[name] != 1 for _, _, name, _ in done)
    print(
        f"stress: SQLite {sqlite3.sqlite_version}, journal {chosen.journal}, {chosen.sync_ms} ms more per sync, "
        f"{chosen.minutes:g} min"
    )
    print(f"  acknowledged rows {len(done)}, lost {lost}, integrity_check {intact}")
    for who in sorted({words[1] for words in done}):
        waits = [float(words[3]) * 1000 for words in done if words[1] == who]
        print(f"  {who:9} {len(waits):6} rows, {figures(waits)}")
    failed = Counter(" ".join(words[1:]) for words in said if words[0] == "failed")
    print(f"  refused {failed.total()}")
    for why, times in failed.most_common(5):
        print(f"    {times} x {why}")
    for what, times in Counter(" ".join(words[1:]) for words in said if words[0] == "trouble").most_common(5):
        print(f"  trouble {times} x {what}")
    sys.exit(lost > 0 or intact != "ok" or not done)


def door(chosen: argparse.Namespace) -> None:
    with Store(chosen.folder, opened=False, journal=chosen.journal) as store:
        workers = [threading.Thread(target=swipes, args=(store, f"door{index}")) for index in (1, 2)]
        workers.append(threading.Thread(target=releases, args=(store, "release")))
        for worker in workers:
            worker.start()
        while True:
            if found := store.trouble():
                say(f"trouble {found}")
            time.sleep(1.0)


def swipes(store: Store, who: str) -> None:
    drawn = random.Random(who)
    for number in count():
        name = f"{who}/{os.getpid()}/{number}"
        acknowledged(who, name, partial(swipe, store, Credential("number", 0, drawn.randrange(30)), name))


def swipe(store: Store, credential: Credential, name: str) -> None:
    """What access does with the store: the claim, and then the claim again with the row in one transaction."""
    with store.people() as people:
        people.claim(credential, MODEL)
    with store.writing(), store.people() as people, store.audit() as audit:
        people.claim(credential, MODEL)
        audit.add(AuditRow(0, NOON, Event.DECISION, fault=name))


def releases(store: Store, who: str) -> None:
    def release(name: str) -> None:
        with store.audit() as audit:
            audit.add(AuditRow(0, NOON, Event.DOOR_COMMANDED, fault=name))

    for number in count():
        name = f"{who}/{os.getpid()}/{number}"
        acknowledged(who, name, partial(release, name))
        time.sleep(0.2)


def operator(chosen: argparse.Namespace) -> None:
    def change(name: str) -> None:
        """As `lintel badges revoke`: a store of its own, opened for this."""
        with (
            Store(chosen.folder, journal=chosen.journal) as store,
            store.people() as people,
            store.audit() as audit,
        ):
            held = people.held(Credential("number", 0, 1))
            if held.revoked_at:
                people.restore(held.credential)
            else:
                people.revoke(held.credential, NOON)
            audit.add(AuditRow(0, NOON, Event.BADGE_REVOKED, fault=name))

    for number in count():
        name = f"operator/{os.getpid()}/{number}"
        acknowledged("operator", name, partial(change, name))
        time.sleep(0.5)


def acknowledged(who: str, name: str, write: Callable[[], None]) -> None:
    began = time.monotonic()
    try:
        write()
    except LintelError as error:
        say(f"failed {who} {error.message}")
    else:
        say(f"done {who} {name} {time.monotonic() - began:.4f}")


def say(line: str) -> None:
    """At once and whole, whichever thread says it."""
    os.write(1, f"{line}\n".encode())


def listing(chosen: argparse.Namespace) -> None:
    began = time.monotonic()
    fill(chosen, people=chosen.people, rows=chosen.rows)
    size = (chosen.folder / "lintel.db").stat().st_size / 1e6
    print(
        f"listing: SQLite {sqlite3.sqlite_version}, journal {chosen.journal}, {chosen.people} people x {REFERENCES} "
        f"references, {chosen.rows} rows, {size:.0f} MB (made in {time.monotonic() - began:.0f} s)"
    )
    alone, faults = timed_swipes(chosen)
    print(f"  a swipe alone           {figures(alone)}, {faults} store faults")
    other = started(chosen, "lister", slowed=False)
    beside, more_faults = timed_swipes(chosen)
    lists = [float(line) for line in iter_killed(other)]
    print(f"  a swipe beside a list   {figures(beside)}, {more_faults} store faults")
    print(f"  one list of everything  {statistics.median(lists):.2f} s, {len(lists)} times" if lists else "  no list")
    later = (p99(beside) - p99(alone)) if alone and beside else float("inf")
    print(f"  p99 later by {later:.1f} ms")
    sys.exit(bool(faults or more_faults or not lists))


def timed_swipes(chosen: argparse.Namespace) -> tuple[list[float], int]:
    """Milliseconds of each swipe, and how many failed."""
    command = [*as_role(chosen, "swiper"), "--seconds", str(chosen.seconds)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    waits = [float(line.split()[3]) * 1000 for line in said if line.startswith("done")]
    return waits, len(said) - len(waits)


def swiper(chosen: argparse.Namespace) -> None:
    deadline = time.monotonic() + chosen.seconds
    drawn = random.Random(7)
    with Store(chosen.folder, opened=False, journal=chosen.journal) as store:
        store.trouble()
        while time.monotonic() < deadline:
            badge = Credential("number", 0, drawn.randrange(chosen.people))
            acknowledged("door", "row", partial(swipe, store, badge, "row"))
            time.sleep(0.05)


def lister(chosen: argparse.Namespace) -> None:
    with Store(chosen.folder, journal=chosen.journal) as store:
        while True:
            began = time.monotonic()
            with store.people() as people, store.audit() as audit:
                rows = audit.newest(1_000_000)
                people.names(row.person_id for row in rows if row.person_id)
                people.everyone()
            say(f"{time.monotonic() - began:.3f}")


def fill(chosen: argparse.Namespace, *, people: int, rows: int) -> None:
    """People with a badge and references each, and rows in the audit."""
    drawn = np.random.default_rng(7).normal(size=(REFERENCES, 128)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    with Store(chosen.folder, journal=chosen.journal) as store, store.people() as known, store.audit() as audit:
        for number in range(people):
            person = known.add(f"Person {number}", NOON)
            known.issue(Credential("number", 0, number), person, NOON)
            known.add_references(person, vectors, MODEL, NOON)
        for number in range(rows):
            who = Person(number % people + 1, "")
            audit.note(Event.ENROLLED, NOON, person=who, badge=f"{number}")


def started(chosen: argparse.Namespace, role: str, *, slowed: bool) -> subprocess.Popen[str]:
    command = as_role(chosen, role)
    if slowed:
        if not shutil.which("strace"):
            sys.exit("stress slows syncs with strace; install it, or take --sync-ms 0")
        delay = f"inject=fsync,fdatasync:delay_exit={chosen.sync_ms * 1000}"
        trace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync", "-e", delay, "-o", "/dev/null"]
        command = [*trace, *command]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


def as_role(chosen: argparse.Namespace, role: str) -> list[str]:
    sizes = ["--people", str(chosen.people), "--journal", chosen.journal]
    return [sys.executable, __file__, chosen.what, "--role", role, "--folder", str(chosen.folder), *sizes]


def end(child: subprocess.Popen[str]) -> None:
    """Kills it with whatever it started: a traced process would outlive strace."""
    os.killpg(child.pid, 9)
    child.wait()


def iter_killed(child: subprocess.Popen[str]) -> list[str]:
    end(child)
    return [line for line in child.stdout or [] if line.endswith("\n")]


def figures(waits_ms: list[float]) -> str:
    if not waits_ms:
        return "none"
    return f"median {statistics.median(waits_ms):6.1f} ms, p99 {p99(waits_ms):6.1f} ms, max {max(waits_ms):6.1f} ms"


def p99(waits_ms: list[float]) -> float:
    return sorted(waits_ms)[int(len(waits_ms) * 0.99)]


if __name__ == "__main__":
    main()
