"""The operators' socket under attack: lockdown and evacuation answer all the same, and nothing is left behind."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device.control.client import Client
from device.control.messages import Row
from device.records import DoorCommand
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import Rig, new_rig
from tests.rig.unit import ROOT

CHECKS = Room("operators")
ANSWER_S = 0.1
GROWN_KB = 20_000
SETTLE_S = 5.0


class Attack:
    """Some attackers, each a process, against a rig's socket."""

    def __init__(self, rig: Rig, modes: tuple[str, ...], seconds: float) -> None:
        command = [sys.executable, "-m", "tests.attackers"]
        where = str(rig.folder / "run" / "control.sock")
        self._attackers = {
            mode: subprocess.Popen([*command, mode, where, str(seconds)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
            for mode in modes
        }
        self.counts: dict[str, int] = {}

    def is_under_way(self) -> bool:
        """Whether one of them still attacks; reads who has ended."""
        for mode, attacker in self._attackers.items():
            if mode not in self.counts and attacker.poll() is not None and attacker.stdout is not None:
                self.counts[mode] = int((attacker.stdout.read().split() or ["0"])[-1])
        return len(self.counts) < len(self._attackers)

    def end(self) -> None:
        """Ends those that are left."""
        for attacker in self._attackers.values():
            attacker.kill()
            attacker.wait()
            if attacker.stdout is not None:
                attacker.stdout.close()


@contextmanager
def attack(rig: Rig, modes: tuple[str, ...], seconds: float) -> Iterator[Attack]:
    """Attackers that are ended with the block."""
    under_way = Attack(rig, modes, seconds)
    try:
        yield under_way
    finally:
        under_way.end()


def kept(process: int) -> tuple[int, int, int]:
    """Files, threads and kilobytes of memory that a process has."""
    folder = Path(f"/proc/{process}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return len(list((folder / "fd").iterdir())), int(status["Threads"]), int(status["VmRSS"].split()[0])


def answered(rig: Rig, under_way: Attack) -> list[float]:
    """Locks down and clears again and again while the attack goes on: how long each answer took."""
    found = []
    while under_way.is_under_way():
        found.append(rig.command(DoorCommand.LOCKDOWN))
        found.append(rig.command(DoorCommand.CLEAR))
        time.sleep(0.02)
    return found


def attacked(seconds: int, modes: tuple[str, ...], *, rows: int = 0) -> Finding:
    """Attacks for so long, with so many rows in the audit."""
    figures = Figures()
    with new_rig() as rig:
        if rows:
            fill(rig, rows)
        rig.start()
        rig.command(DoorCommand.LOCKDOWN)
        time.sleep(SETTLE_S)
        before = kept(rig.running.process)
        with attack(rig, modes, seconds) as under_way:
            found = answered(rig, under_way)
        figures.note(", ".join(f"{mode} {count}" for mode, count in under_way.counts.items()))
        figures.most(f"lockdown and clear ({len(found)}) answered", found, ANSWER_S)
        time.sleep(SETTLE_S)
        files, threads, memory = (now - then for now, then in zip(kept(rig.running.process), before, strict=True))
        figures.true(
            f"files {files:+d}, threads {threads:+d}",
            f"files {files:+d}, threads {threads:+d}",
            kept=files <= 2 and threads <= 0,
        )
        figures.true(f"memory {memory / 1000:+.1f} MB", f"memory {memory / 1000:+.1f} MB", kept=memory < GROWN_KB)
        figures.count("restarts", len(rig.running.ended), 0)
    return figures.finding(seconds)


def fill(rig: Rig, rows: int) -> None:
    """Writes rows into the audit before the service starts."""
    from datetime import UTC, datetime

    from device.records import AuditRow, Event
    from device.store.store import Store

    with Store(rig.state) as store, store.audit() as audit:
        for number in range(rows):
            audit.add(AuditRow(0, datetime.now(UTC), Event.FAULT, fault=f"row {number}", door="main"))


@CHECKS.check(
    "a flood of questions, of half lines (10,000 connections), of garbage: lockdown",
    "answered within 0.1 s; nothing left behind",
    Size(small=3, full=30, unit="s"),
)
def flooded(seconds: int) -> Finding:
    return attacked(seconds, ("questions", "hangs-up", "garbage"))


@CHECKS.check(
    "as many open connections as there may be files: lockdown",
    "answered within 0.1 s; nothing left behind",
    Size(small=3, full=30, unit="s"),
)
def held(seconds: int) -> Finding:
    return attacked(seconds, ("holds",))


@CHECKS.check(
    "a byte a second, lines of 2 MB, releases that nobody waits for: lockdown",
    "answered within 0.1 s; nothing left behind",
    Size(small=3, full=30, unit="s"),
)
def slow_and_large(seconds: int) -> Finding:
    return attacked(seconds, ("slow", "oversize", "releases"))


@CHECKS.check(
    "commands without end, and as many that hang up once they are admitted: lockdown",
    "answered within 0.1 s; nothing left behind",
    Size(small=5, full=30, unit="s"),
)
def administered(seconds: int) -> Finding:
    return attacked(seconds, ("commands", "admitted"))


@CHECKS.check(
    "50 subscribers read 20,000 rows again and again, 14 more read nothing: lockdown",
    "answered within 0.1 s; nothing left behind",
    Size(small=3, full=30, unit="s"),
)
def subscribed(seconds: int) -> Finding:
    return attacked(seconds, ("subscribers", "deaf"), rows=20_000)


@CHECKS.check(
    "kill -9 of the service, and of a subscriber: rows",
    "each once, in order",
    Size(small=1, full=10),
    in_suite=True,
)
def killed(times: int) -> Finding:
    figures = Figures()
    with new_rig() as rig:
        rig.start()
        path = rig.folder / "run" / "control.sock"
        updates = Client(path).subscribe(1)
        found: list[int] = []
        for life in range(times):
            victim = subprocess.Popen(
                [sys.executable, "-m", "tests.attackers", "subscribers", str(path), "60"],
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
            )
            rig.command(DoorCommand.LOCKDOWN)
            rig.command(DoorCommand.CLEAR)
            victim.kill()
            victim.wait()
            rig.running.kill()
            rig.running.when_lives(life + 2)
        rig.command(DoorCommand.LOCKDOWN)
        time.sleep(1.0)
        last = int(str(rig.rows()[-1][0]))
        while not found or found[-1] < last:
            update = next(updates)
            if isinstance(update, Row):
                found.append(update.id)
        figures.true(f"{last} rows, each once, in order", f"rows {found}", kept=found == list(range(1, last + 1)))
    return figures.finding(times)
