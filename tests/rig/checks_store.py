"""Two processes on one store, foreign locks, and kills: each acknowledged row is there, and nobody waits for long."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from functools import partial

from device.control.client import ask_doors
from device.errors import DoorError
from device.records import DoorCommand
from tests.processes import output_of
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_exits import EXIT_S, exits
from tests.rig.rig import AGAIN_S, BADGES, UNKNOWN, Rig, Wanted, new_rig
from tests.rig.strace import failing_calls, slow_syncs

CHECKS = Room("store")
OPERATOR = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from device.errors import StoreError
from device.records import Event
from device.store.store import Store

ends = time.monotonic() + float(sys.argv[2])
while time.monotonic() < ends:
    try:
        with Store(Path(sys.argv[1])) as store:
            for _ in range(5):
                with store.audit() as audit:
                    badge = f"1:{time.monotonic_ns() % 65536}"
                    number = audit.note(Event.BADGE_RESTORED, datetime.now(UTC), badge=badge)
                print(number, flush=True)
                time.sleep(0.05)
    except StoreError as error:
        print(error.message, file=sys.stderr, flush=True)
"""


class Releases:
    """An operator who releases the door over and over through the service, and counts what was acknowledged."""

    def __init__(self, rig: Rig) -> None:
        self.acknowledged = self.refused = 0
        self._rig = rig
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Releases":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(40.0)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                answered = ask_doors(self._rig.folder / "run" / "control.sock", DoorCommand.RELEASE, timeout_s=30.0)
                self.acknowledged += bool(answered)
            except DoorError:
                self.refused += 1
            self._ends.wait(0.2)


@CHECKS.check(
    "two processes on one store, 40 ms more a sync, releases and swipes at once",
    "0 acknowledged rows lost, `integrity_check` ok",
    Size(small=10, full=600, unit="s"),
)
def two_processes(seconds: int) -> Finding:
    figures = Figures()
    with new_rig(strike_time_s=0.1) as rig:
        rig.start(prefix=slow_syncs(0.04), ready_s=60.0)
        operator = subprocess.Popen(
            [*slow_syncs(0.04), sys.executable, "-c", OPERATOR, str(rig.state), str(seconds)],
            env={**os.environ, "PYTHONPATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with Releases(rig) as releases:
            ends, number = time.monotonic() + seconds, 0
            while time.monotonic() < ends:
                number += 1
                rig.swipe(f"17:{2000 + number % 500}")
                time.sleep(0.15)
        out, errors = operator.communicate(timeout=60)
        time.sleep(1.0)
        answered = [line for line in rig.answers() if "store-fault" not in line]
        faults = len(rig.answers()) - len(answered)
        rig.stop()
        rows = rig.rows()
        there = [int(str(row[0])) for row in rows if row[1] == "badge-restored"]
        decided = sum(row[1] == "decision" for row in rows)
        released = sum(row[1] == "door-commanded" for row in rows)
        acknowledged = [int(line) for line in out.split()]
        lost = len(set(acknowledged) - set(there))
        figures.count(f"of the operator's {len(acknowledged)} rows lost", lost, 0)
        figures.count(f"of {releases.acknowledged} releases lost", max(0, releases.acknowledged - released), 0)
        figures.count(f"of {len(answered)} decisions lost", max(0, len(answered) - decided), 0)
        figures.note(f"{faults} store-faults, {releases.refused} releases and {errors.count('Cannot')} writes refused")
        well = rig.integrity()
        figures.true("integrity ok", f"integrity: {well[:80]}", kept=well == "ok")
    return figures.finding(seconds)


@CHECKS.check("kill -9 at random moments of swipes", "each grant has its row; the strike is secured", Size(2, 20))
def random_kills(times: int) -> Finding:
    figures, chance, unsecured, lost = Figures(), random.Random(1), 0, 0
    with new_rig(strike_time_s=1.0) as rig:
        unit = rig.start()
        rig.camera.shows(EILEEN)
        for life in range(times):
            unit.when_lives(life + 1)
            time.sleep(1.5)
            rig.swipe(BADGES[EILEEN])
            rig.swipe(UNKNOWN, "inside")
            time.sleep(chance.uniform(0.0, 1.2))
            (rig.folder / "run" / "starts").unlink(missing_ok=True)  # single kills, not a crash loop that backs off
            killed = unit.kill()
            time.sleep(0.1)
            if rig.board.is_released():
                unsecured += rig.board.when(high=False, since=killed, within_s=1.5) is None
            with suppress(sqlite3.Error):
                granted = sum(row[2] == "granted" for row in rig.rows())
                lost = max(lost, sum("GRANTED" in answer for answer in rig.answers()) - granted)
        figures.count("strikes unsecured", unsecured, 0)
        figures.count(f"of {sum('GRANTED' in answer for answer in rig.answers())} grants without a row", lost, 0)
        granted = sum(row[2] == "granted" for row in rig.rows())
        releases = len(rig.board.released_since(0))
        figures.true("each release has its row", f"{releases} releases, {granted} rows", kept=releases <= granted)
        rig.stop()
        well = rig.integrity()
        figures.true("integrity ok", f"integrity: {well[:80]}", kept=well == "ok")
    return figures.finding(times)


def _held_open(rig: Rig, statement: str) -> subprocess.Popen[str]:
    """Another program's connection with an open transaction, in a process of its own."""
    script = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute(sys.argv[2])\nc.execute('SELECT count(*) FROM sqlite_master').fetchall()\n"
        "print('open', flush=True)\ntime.sleep(600)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", script, str(rig.state / "lintel.db"), statement], stdout=subprocess.PIPE, text=True
    )
    output_of(program).readline()
    return program


def foreign(times: int, statement: str) -> Finding:
    """Another program holds a lock while people come and go."""
    figures, pressed, named, denied, evacuations = Figures(), [], 0, 0, []
    with new_rig() as rig:
        unit = rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(1.5)
        for _ in range(times):
            program = _held_open(rig, statement)
            try:
                answer = rig.swiped(BADGES[EILEEN], within_s=15.0)[1]
                denied += "DENIED" in answer
                pressed += exits(rig, 2)
                wanted = Wanted("the program", lambda s, n=str(program.pid): any(n in one for one in s.troubles))
                named += rig.when_status(wanted, 4.0) is not None
                at, connection = rig.order(DoorCommand.EVACUATE)
                level = rig.board.when(high=True, since=at - 0.002, within_s=6.0)
                evacuations.append(None if level is None else max(0.0, level - at))
                connection.close()
            finally:
                program.kill()
                program.wait()
                output_of(program).close()
            time.sleep(0.5)
            rig.command(DoorCommand.CLEAR)
        time.sleep(1.5)
        figures.note(f"{denied} of {times} badges denied")
        figures.most("exit button to pin", pressed, EXIT_S)
        figures.most("evacuate to pin", evacuations, 0.1)
        figures.count(f"of {times} named with their process in the status", named, times)
        figures.count("of 1 granted after", int("GRANTED" in rig.swiped(BADGES[EILEEN])[1]), 1)
        figures.count("restarts", len(unit.ended), 0)
    return figures.finding(times)


CHECKS.check(
    "another program holds the store for writing",
    "exit button within 0.2 s, evacuation under 0.1 s; the program is named; granted after",
    Size(full=3),
)(partial(foreign, statement="BEGIN EXCLUSIVE"))
CHECKS.check(
    "another program reads the store and does not end",
    "exit button within 0.2 s, evacuation under 0.1 s; the program is named; granted after",
    Size(full=3),
)(partial(foreign, statement="BEGIN"))


@CHECKS.check(
    "40 ms more a sync, 20 unknown badges a second: `lintel people time`, `lintel badges revoke`",
    "each succeeds within 5 s",
    Size(small=2, full=15),
)
def revoked_in_a_flood(times: int) -> Finding:
    figures, took, ends = Figures(), [], threading.Event()
    with new_rig() as rig:
        rig.start(prefix=slow_syncs(0.04), ready_s=60.0)

        def flood() -> None:
            number = 0
            while not ends.is_set():
                number += 1
                with suppress(OSError):
                    rig.swipe(f"18:{number % 60000}")
                ends.wait(0.05)

        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        time.sleep(2.0)
        for number in range(times):
            answer = rig.lintel("people", "time", EILEEN, "usual" if number % 2 else "extended")
            took.append(answer.took_s if answer.code == 0 else None)
        answer = rig.lintel("badges", "revoke", BADGES[GRACE])
        took.append(answer.took_s if answer.code == 0 else None)
        ends.set()
        thread.join(10.0)
        figures.most("operator's commands", took, 5.0)
        figures.count("restarts", len(rig.running.ended), 0)
    return figures.finding(times)


def broken_calls(times: int, calls: str, error: str) -> Finding:
    """Some system calls of the service fail from the second second on, at random."""
    figures, pressed = Figures(), []
    with new_rig(strike_time_s=0.2) as rig:
        unit = rig.start(prefix=failing_calls(calls, error, when="20+7"), ready_s=60.0)
        rig.camera.shows(EILEEN)
        for _ in range(times):
            time.sleep(AGAIN_S)
            rig.swiped(BADGES[EILEEN])
            pressed += exits(rig, 1, pause_s=0.3)
        answers, restarts = rig.answers(), len(unit.ended)
        rig.stop()
        decided = sum(row[1] == "decision" for row in rig.rows())
        written = [line for line in answers if "store-fault" not in line]
        figures.note(f"{len(answers) - len(written)} of {times} denied as store-fault")
        figures.count(f"of {len(written)} rows lost", max(0, len(written) - decided), 0)
        figures.most("exit button to pin", pressed, EXIT_S)
        figures.count("restarts", restarts, 0)
        well = rig.integrity()
        figures.true("integrity ok", f"integrity: {well[:80]}", kept=well == "ok")
    return figures.finding(times)


for _calls, _error in (("fsync,fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("pread64", "EIO")):
    CHECKS.check(
        f"each seventh {_calls} of the service fails with {_error}",
        "0 acknowledged rows lost, `integrity_check` ok, exit button within 0.2 s, 0 restarts",
        Size(small=2, full=10),
    )(partial(broken_calls, calls=_calls, error=_error))


@CHECKS.check(
    "another process lists 3,000 people with 3 references each, over and over",
    "swipe to pin at most 0.5 s more than without, 0 store-faults",
    Size(small=2, full=10),
)
def listing(times: int) -> Finding:
    figures, ends = Figures(), threading.Event()
    with new_rig() as rig:
        _many_people(rig, 3000)
        rig.start()
        rig.camera.shows(EILEEN)
        time.sleep(1.5)

        idle = [_to_pin(rig) or 8.0 for _ in range(times)]

        def lists() -> None:
            while not ends.is_set():
                rig.lintel("people", "list", within_s=120.0)

        thread = threading.Thread(target=lists, daemon=True)
        thread.start()
        time.sleep(1.0)
        waited = [_to_pin(rig) for _ in range(times)]
        ends.set()
        thread.join(130.0)
        figures.note(f"without, swipe to pin {max(idle) * 1000:.0f} ms at most")
        figures.most("swipe to pin", waited, max(idle) + 0.5)
        figures.count("store-faults", sum("store-fault" in line for line in rig.answers()), 0)
    return figures.finding(times)


def _to_pin(rig: Rig) -> float | None:
    """From a swipe to the level on the pin, seconds; None if there was none."""
    at = rig.swipe(BADGES[EILEEN])
    released = rig.board.when(high=True, since=at, within_s=8.0)
    time.sleep(AGAIN_S)
    return None if released is None else released - at


def _many_people(rig: Rig, count: int) -> None:
    """People with references, copied from one who is enrolled."""
    with closing(sqlite3.connect(rig.state / "lintel.db")) as database:
        database.row_factory = sqlite3.Row
        person = dict(database.execute("SELECT * FROM people LIMIT 1").fetchone())
        reference = dict(
            database.execute("SELECT * FROM face_references WHERE person_id = ?", [person["id"]]).fetchone()
        )
        for number in range(count):
            made = person | {"id": 1000 + number, "name": f"person {number}"}
            _insert(database, "people", made)
            for one in range(3):
                _insert(
                    database,
                    "face_references",
                    reference | {"id": 10000 + 3 * number + one, "person_id": made["id"]},
                )
        database.commit()


def _insert(database: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))
