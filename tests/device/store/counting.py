"""A child that counts failed faces and PINs with one badge, each with its row in the audit, until it is killed.

Argument: the store's folder. It prints the counts once they are committed.
"""

import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from device.records import AuditRow, Credential, Event, Factor
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BADGE = Credential("h10301", 17, 1001)


def main(folder: Path) -> None:
    with Store(folder) as store:
        with store.people() as people:
            people.issue(BADGE, people.add("Eileen Collins", NOON), NOON)
        for number in count():
            factor = Factor.FACE if number % 3 else Factor.PIN
            with store.writing(), store.counters() as counters, store.audit() as audit:
                audit.add(AuditRow(0, NOON, Event.FAULT, fault=factor))
                _, after = counters.decided(BADGE, failed=frozenset({factor}))
            print(after.face, after.pin, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
