"""People and badges for the tests of administration."""

import numpy as np

from device.credentials import parse_badge
from device.records import Person
from device.store.store import Store
from device.virtual.clock import SimulatedClock

MODEL = "ab" * 32
OLD, NEW, THIRD = parse_badge("17:1"), parse_badge("17:2"), parse_badge("csn:04A2B9C1")
REFERENCE = np.eye(1, 128, dtype=np.float32)


def enroll(store: Store, name: str) -> Person:
    with store.people() as people:
        person = people.add(name, SimulatedClock().utc())
        people.add_references(person, REFERENCE, MODEL, SimulatedClock().utc())
    return person
