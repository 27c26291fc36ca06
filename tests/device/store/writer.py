"""A child that enrolls people one after the other and says each one's number once it is committed, until it is killed.

Arguments: the store's folder, and the largest size a file may have, in bytes (0: any).
"""

import resource
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import numpy as np

from device.errors import StoreError
from device.records import Credential, Event
from device.store.store import Store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def main(folder: Path, limit: int) -> None:
    with Store(folder) as store:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for number in count(1):
            with store.people() as people, store.audit() as audit:
                person = people.add(f"Person {number}", NOON)
                people.issue(Credential("number", 0, number), person, NOON)
                people.add_references(person, np.full((3, 128), number, np.float32), "ab" * 32, NOON)
                audit.note(Event.ENROLLED, NOON, person=person)
            print(person.id, flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except StoreError as error:
        print(error.hint)
