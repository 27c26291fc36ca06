"""What a link gets and costs: rows a second that wait for it, its memory, and a swipe at the door meanwhile.

python benchmarks/link.py [--rows 100000] [--rounds 5] [--seconds 3]

The store with its socket is this process, as in the service; the link is one of its own, with a wire that acknowledges
at once. A swipe is what access does with the store: a claim, and the claim again with the row in one transaction.
Rounds alternate between a link that drains from the first row on and none; each begins with the other one.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from device.clock import Stop
from device.control.audit_rows import AuditRows
from device.control.desk import door_desk
from device.control.server import ControlServer
from device.link.cursor import Cursor, Mark, Place
from device.link.events import LinkEvent
from device.link.process import Folders, Link
from device.link.wires import Integration
from device.records import AuditRow, Credential, DoorStatus, Event
from device.store.store import Store

AT_ONCE = 1000
MODEL = "ab" * 32
NAME = "null"
PAUSE_S = 0.02


class NullWire:
    """`Wire` that acknowledges at once."""

    def open(self) -> None: ...

    def deliver(self, events: Sequence[LinkEvent]) -> None: ...

    def show(self, doors: tuple[DoorStatus, ...]) -> None: ...

    def close(self) -> None: ...


def write(store: Store, count: int) -> None:
    for begin in range(0, count, AT_ONCE):
        with store.writing(), store.audit() as audit:
            for number in range(begin, min(begin + AT_ONCE, count)):
                audit.add(AuditRow(0, datetime.now(UTC), Event.FAULT, fault=f"row {number}", door="main"))


def swipe_ms(store: Store) -> float:
    began = time.perf_counter()
    with store.people() as people:
        people.claim(Credential("number", 0, 7), MODEL)
    with store.writing(), store.people() as people, store.audit() as audit:
        people.claim(Credential("number", 0, 7), MODEL)
        audit.add(AuditRow(0, datetime.now(UTC), Event.DECISION, fault="swipe"))
    return (time.perf_counter() - began) * 1000


def swipes_ms(store: Store, seconds: float) -> list[float]:
    took, deadline = [], time.monotonic() + seconds
    while time.monotonic() < deadline:
        took.append(swipe_ms(store))
        time.sleep(PAUSE_S)
    return took


def started(folder: Path) -> subprocess.Popen[bytes]:
    """A link behind which all rows wait."""
    for file in folder.glob("*.cursor"):
        file.unlink()
    Cursor(folder, NAME).write(Place((Mark(0),)))
    return subprocess.Popen([sys.executable, __file__, "--link", str(folder)])


def ended(link: subprocess.Popen[bytes]) -> None:
    link.kill()
    link.wait()


def row_of(folder: Path) -> int:
    newest = Cursor(folder, NAME).read().newest
    return 0 if newest is None else newest.row


def memory_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def drained(folder: Path, count: int) -> tuple[float, list[float]]:
    """Seconds from the first row to the last, and memory on the way in MB."""
    link, memory, began = started(folder), [], 0.0
    try:
        while (row := row_of(folder)) < count:
            began = began or (time.monotonic() if row else 0.0)
            time.sleep(0.2)
            memory.append(memory_mb(link.pid))
        return time.monotonic() - (began or time.monotonic() - 0.2), memory
    finally:
        ended(link)


def paired(store: Store, folder: Path, chosen: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Swipes without a link and beside one that drains."""
    alone: list[float] = []
    beside: list[float] = []
    for number in range(chosen.rounds):
        for has_link in (number % 2 == 0, number % 2 == 1):
            if not has_link:
                alone += swipes_ms(store, chosen.seconds)
                continue
            link = started(folder)
            while link.poll() is None and row_of(folder) == 0:
                time.sleep(0.05)
            beside += swipes_ms(store, chosen.seconds)
            ended(link)
    return alone, beside


def figures(took: list[float]) -> str:
    high = statistics.quantiles(took, n=100)[98]
    return f"median {statistics.median(took):.2f} ms, p99 {high:.1f} ms, most {max(took):.1f} ms, {len(took)} swipes"


def run_link(folder: Path) -> None:
    Link((Integration(NAME, NullWire()),), folder / "control.sock", Folders(folder, folder), print).run(Stop())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--link", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    if chosen.link:
        run_link(chosen.link)
        return
    with tempfile.TemporaryDirectory() as name, Store(Path(name) / "state") as store:
        folder = Path(name)
        write(store, chosen.rows)
        server = ControlServer(folder / "control.sock", door_desk({}, lambda _ordered: None), AuditRows(store))
        with closing(server):
            seconds, memory = drained(folder, chosen.rows)
            print(f"{chosen.rows} rows drained in {seconds:.1f} s: {chosen.rows / max(seconds, 0.001):.0f} a second")
            print(f"memory of the link: {memory[len(memory) // 10]:.0f} MB after a tenth, {max(memory):.0f} MB at most")
            alone, beside = paired(store, folder, chosen)
            print(f"a swipe without a link        {figures(alone)}")
            print(f"a swipe while a link drains   {figures(beside)}")


if __name__ == "__main__":
    main()
