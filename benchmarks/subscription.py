"""What a subscriber to the audit costs and gets: how long a page is read, rows a second, and how late a row comes.

python benchmarks/subscription.py [--rows 100000]
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from device.control.audit_rows import AuditRows
from device.control.client import Client, Lost
from device.control.desk import door_desk
from device.control.feed import PAGE_ROWS
from device.control.messages import Row, Update
from device.control.server import ControlServer
from device.records import AuditRow, Event
from device.store.store import Store

LATER = 50


def write(store: Store, count: int) -> None:
    with store.audit() as audit:
        for number in range(count):
            audit.add(AuditRow(0, datetime.now(UTC), Event.FAULT, fault=f"row {number}", door="main", reader="front"))


def pages_ms(rows: AuditRows, count: int) -> list[float]:
    took = []
    for after in range(0, count, max(1, count // 200)):
        began = time.perf_counter()
        rows.after(after, PAGE_ROWS)
        took.append((time.perf_counter() - began) * 1000)
    return took


def drained_s(updates: Iterator[Update | Lost], count: int) -> float:
    began, left = time.perf_counter(), count
    while left:
        left -= isinstance(next(updates), Row)
    return time.perf_counter() - began


def late_ms(updates: Iterator[Update | Lost], store: Store) -> list[float]:
    """From a commit in another thread to the row at the subscriber."""
    committed: list[float] = []

    def commit() -> None:
        for _ in range(LATER):
            time.sleep(0.02)
            write(store, 1)
            committed.append(time.perf_counter())

    writer = threading.Thread(target=commit)
    writer.start()
    came: list[float] = []
    while len(came) < LATER:
        if isinstance(next(updates), Row):
            came.append(time.perf_counter())
    writer.join()
    return [(then - at) * 1000 for then, at in zip(came, committed, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "state") as store:
        write(store, count)
        rows = AuditRows(store)
        took = pages_ms(rows, count)
        print(f"page of {PAGE_ROWS} rows: median {statistics.median(took):.1f} ms, most {max(took):.1f} ms")
        server = ControlServer(Path(folder) / "control.sock", door_desk({}, lambda _ordered: None), rows)
        updates = Client(Path(folder) / "control.sock").subscribe(1)
        seconds = drained_s(updates, count)
        print(f"{count} rows in {seconds:.1f} s: {count / seconds:.0f} a second")
        late = late_ms(updates, store)
        print(f"commit to subscriber: median {statistics.median(late):.0f} ms, most {max(late):.0f} ms")
        updates.close()  # type: ignore[attr-defined]
        server.close()


if __name__ == "__main__":
    main()
