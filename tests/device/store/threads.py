"""A child whose threads share one store: random commits and rollbacks until it is killed.

Arguments: the store's folder, the journal, a name for this child that is also its seed, the number of threads. It
prints the name of each row once it is committed. Rows that are taken back have names that begin with "undone".
"""

import os
import random
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from device.errors import StoreError
from device.records import AuditRow, Event
from device.store.database import Journal
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class TakeBackError(Exception):
    """Ends a transaction that is not to be."""


def add(store: Store, name: str) -> None:
    with store.audit() as audit:
        audit.add(AuditRow(0, NOON, Event.FAULT, fault=name))


def commit(store: Store, name: str) -> None:
    """A row, read before and after, and a part inside that is taken back alone."""
    with store.people() as people, store.audit() as audit:
        people.named("Nobody")
        audit.add(AuditRow(0, NOON, Event.FAULT, fault=name))
        with suppress(TakeBackError), store.audit() as inner:
            inner.add(AuditRow(0, NOON, Event.FAULT, fault=f"undone within {name}"))
            raise TakeBackError
    os.write(1, f"{name}\n".encode())


def take_back(store: Store, name: str) -> None:
    with suppress(TakeBackError), store.audit() as audit:
        audit.add(AuditRow(0, NOON, Event.FAULT, fault=f"undone {name}"))
        add(store, f"undone too {name}")
        raise TakeBackError


def look(store: Store, _name: str) -> None:
    """What drops a lock if anybody but SQLite opens the file."""
    with Store(store.path.parent, journal=Journal(sys.argv[2])) as other:
        other.trouble()


def work(store: Store, name: str) -> None:
    drawn = random.Random(name)
    for number in count():
        do = drawn.choices([commit, take_back, look], weights=[6, 3, 1])[0]
        with suppress(StoreError):  # not acknowledged, and so not there
            do(store, f"{name}/{number}")


def main(folder: Path, journal: Journal, name: str, threads: int) -> None:
    with Store(folder, journal=journal) as store:
        workers = [threading.Thread(target=work, args=(store, f"{name}/{index}")) for index in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Journal(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
