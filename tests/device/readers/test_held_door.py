"""Cards that are presented while the door is busy: none is held back that got no answer."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from device.errors import ReaderError
from device.readers.part import Member, Part
from device.readers.recovery import Recovered
from device.records import BadgeRead, Credential, Image, Notice, ReaderEvent
from device.virtual.clock import SimulatedClock
from device.virtual.reader import SimulatedReader
from device.vision.faces import FaceAnalyzer
from tests.device.readers.held import Held, HeldDoor, door_at

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)


class Flickering(SimulatedReader):
    """Gives a badge each time it is opened, and then is gone."""

    def read(self, timeout_s: float) -> ReaderEvent:
        if event := super().read(timeout_s):
            return event
        raise ReaderError("The badge reader is gone: it hung up.", hint="Connect the reader.")


def test_card_at_a_reader_that_says_much_is_presented_once() -> None:
    reader = SimulatedReader(SimulatedClock(), "front")

    def show() -> None:
        for _ in range(4):
            reader.notice(Notice.RESTORED)
        reader.present(EILEEN)

    assert Held(reader, "front").presented([show] * 5, 0.9) == [EILEEN]


def test_card_at_a_reader_that_comes_and_goes_is_presented_once() -> None:
    held = Held(SimulatedReader(SimulatedClock()), "front")

    def reopen() -> Flickering:
        reader = Flickering(held.clock, "front")
        reader.present(EILEEN)
        return reader

    recovered = Recovered(reopen, None, name="front", clock=held.clock)
    part = Part(Member(recovered, "front", 3.0), held.mailbox, held.clock, dropped=lambda _: None)
    events: list[ReaderEvent] = []
    while held.clock.monotonic() < 2.9:
        part.step()
        while event := held.mailbox.take():
            events.append(event)
    badges = [event for event in events if isinstance(event, BadgeRead)]
    assert ([read.credential for read in badges], len(events) - len(badges)) == ([EILEEN], 3)


@pytest.fixture
def at_reader() -> SimulatedReader:
    return SimulatedReader(SimulatedClock(), "front")


@pytest.fixture
def door(
    at_reader: SimulatedReader, tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]
) -> Iterator[HeldDoor]:
    door = door_at(Held(at_reader, "front"), tmp_path / "door", analyzer, portraits)
    door.enroll(EILEEN, "eileen-collins")
    door.enroll(GRACE, "grace-hopper")
    yield door
    door.store.close()


def test_card_dropped_while_the_door_looked_is_served(door: HeldDoor, at_reader: SimulatedReader) -> None:
    """Twenty sightings a second, so that the second card comes while the first one's face is looked at."""
    served = door.served([partial(at_reader.present, EILEEN), partial(at_reader.present, GRACE)] * 100, 0.05)
    assert [transaction.credential for transaction in served] == [EILEEN, GRACE]


def test_person_who_was_refused_is_served_after_the_look(door: HeldDoor, at_reader: SimulatedReader) -> None:
    served = door.served([partial(at_reader.present, GRACE)] * 3, 9.5)
    assert [transaction.decision.granted for transaction in served] == [False] * 3
