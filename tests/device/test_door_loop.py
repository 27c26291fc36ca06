"""One door's loop with somebody at a reader: who is served beside them, and what becomes of other badges there."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from device.clock import Stop
from device.credentials import parse_badge
from device.door_loop import DoorLoop
from device.errors import ReaderEnded, ReaderError
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Credential,
    Frame,
    KeyPress,
    ReaderEvent,
    Reason,
    Signal,
    Transaction,
)
from device.store.audit import Audit
from tests.device.access.world import BADGE, MODEL, World, probe, world_in
from tests.waiting import PATIENCE_S

HOLDER = probe(0.95)
UNKNOWN, GRACES = parse_badge("17:9999"), parse_badge("17:1002")


class Taken:
    """A reader of what a test puts into it, which remembers what was handed back to it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.events: deque[ReaderEvent] = deque()
        self.failure: ReaderError | None = None
        self.handed_back: list[BadgeRead] = []
        self.shown: list[Signal] = []

    def put(self, credential: Credential | None, reader: str, *, ago_s: float = 0.0) -> None:
        self.events.append(BadgeRead(credential, self._world.clock.monotonic() - ago_s, reader))

    def read(self, timeout_s: float) -> ReaderEvent | None:
        if self.events:
            return self.events.popleft()
        if self.failure:
            raise self.failure
        self._world.clock.sleep(timeout_s)
        return None

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)

    def unserved(self, read: BadgeRead) -> None:
        self.handed_back.append(read)

    def close(self) -> None:
        pass


class Entrance:
    """A loop with a reader and its world."""

    def __init__(self, world: World, *, in_turn: bool = False) -> None:
        self.world, self.reader, self.stop = world, Taken(world), Stop()
        self.loop = DoorLoop(world.doorway, world.settings, self.reader, in_turn=in_turn, log=world.log)
        world.clock.sleep(10.0)
        self.loop.begin()

    def goes_on(self, seconds: float = 8.0) -> list[Transaction]:
        """What comes to its end meanwhile."""
        end, over = self.world.clock.monotonic() + seconds, list[Transaction]()
        while self.world.clock.monotonic() < end:
            over += self.loop.serve_once(self.stop, 1.0)
        return over

    def later(self, after_s: float, action: Callable[[], object]) -> None:
        self.world.clock.at(self.world.clock.monotonic() + after_s, lambda: (action(), None)[1])

    def faults(self) -> list[str | None]:
        self.loop.write_down(finally_=True)
        with self.world.store.audit() as audit:
            return [row.fault for row in audit if row.fault]


@pytest.fixture
def entrance(tmp_path: Path) -> Iterator[Callable[..., Entrance]]:
    made: list[Entrance] = []

    def make(*found: object, in_turn: bool = False) -> Entrance:
        world = world_in(tmp_path / str(len(made)), *found)  # type: ignore[arg-type]
        made.append(Entrance(world, in_turn=in_turn))
        return made[-1]

    yield make
    for one in made:
        one.loop.close()
        one.world.store.close()


def reasons(over: list[Transaction]) -> list[tuple[str, Reason]]:
    return [(one.reader, one.decision.reason) for one in over]


def test_badge_at_another_reader_is_decided_on_first(entrance: Callable[..., Entrance]) -> None:
    door = entrance(Reason.NO_FACE)
    door.reader.put(BADGE, "front")
    door.later(0.5, lambda: door.reader.put(UNKNOWN, "side"))
    assert reasons(door.goes_on()) == [("side", Reason.BADGE_UNKNOWN), ("front", Reason.NO_FACE)]
    assert door.faults() == []


def test_badge_at_a_busy_reader_is_handed_back_after_the_look(
    entrance: Callable[..., Entrance],
) -> None:
    door = entrance(Reason.NO_FACE)
    door.reader.put(BADGE, "front")
    door.later(0.5, lambda: door.reader.put(UNKNOWN, "front"))
    door.later(3.0, lambda: door.reader.put(None, "front"))
    early = door.goes_on(5.0)
    assert (early, door.reader.handed_back) == ([], [])
    assert reasons(door.goes_on(3.0)) == [("front", Reason.NO_FACE)]
    assert [read.credential for read in door.reader.handed_back] == [UNKNOWN, None]
    assert sum(int((fault or "").split()[0]) for fault in door.faults()) == 2


def test_badge_at_a_reader_whose_person_did_not_match_is_served(entrance: Callable[..., Entrance]) -> None:
    """The wrong badge, then the own one: no wait for the time-out of the first."""
    door = entrance(probe(0.3), probe(0.3), probe(0.3), probe(0.3), HOLDER)
    with door.world.store.people() as people:
        grace = people.add("Grace", door.world.clock.utc())
        people.issue(GRACES, grace, door.world.clock.utc())
        people.add_references(grace, np.array([[0.0, 1.0]], np.float32), MODEL, door.world.clock.utc())
    door.reader.put(BADGE, "front")
    door.later(0.35, lambda: door.reader.put(GRACES, "front"))
    over = door.goes_on(0.5)
    assert reasons(over) == [("front", Reason.NON_MATCH)]
    assert door.reader.shown[-2:] == [Signal.DENIED, Signal.LOOK]
    door.world.analyzer.found = [probe(0.0)]
    assert reasons(door.goes_on(1.0)) == [("front", Reason.MATCH)]
    assert door.reader.handed_back == []


def test_badge_that_opens_nothing_is_answered_after_a_non_match(entrance: Callable[..., Entrance]) -> None:
    door = entrance(probe(0.3))
    door.reader.put(BADGE, "front")
    door.later(0.35, lambda: door.reader.put(UNKNOWN, "front"))
    assert reasons(door.goes_on(1.0)) == [("front", Reason.NON_MATCH), ("front", Reason.BADGE_UNKNOWN)]


def test_only_the_first_of_several_badges_is_served_after_a_non_match(entrance: Callable[..., Entrance]) -> None:
    door = entrance(probe(0.3))
    door.reader.put(BADGE, "front")
    door.goes_on(0.35)
    for credential in (UNKNOWN, GRACES):
        door.loop.attend(BadgeRead(credential, door.world.clock.monotonic(), "front"), door.stop)
    assert reasons(door.goes_on(0.1)) == [("front", Reason.NON_MATCH), ("front", Reason.BADGE_UNKNOWN)]
    assert [read.credential for read in door.reader.handed_back] == [GRACES]


def test_loop_that_begins_again_serves_no_badge_that_was_next(entrance: Callable[..., Entrance]) -> None:
    door = entrance(probe(0.3))
    door.reader.put(BADGE, "front")
    door.goes_on(0.35)
    door.loop.attend(BadgeRead(UNKNOWN, door.world.clock.monotonic(), "front"), door.stop)
    door.loop.begin()
    door.reader.put(BADGE, "front")
    assert (reasons(door.goes_on(6.0)), len(door.reader.handed_back)) == ([("front", Reason.NON_MATCH)], 1)


def test_badges_beyond_64_are_not_kept_until_the_end_of_the_look(entrance: Callable[..., Entrance]) -> None:
    door = entrance(Reason.NO_FACE)
    door.reader.put(BADGE, "front")
    door.goes_on(0.1)
    for _ in range(70):
        door.loop.attend(BadgeRead(UNKNOWN, door.world.clock.monotonic(), "front"), door.stop)
    assert len(door.reader.handed_back) == 6


def test_badge_before_the_answer_is_dropped_one_after_it_served(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front")
    assert reasons(door.goes_on(0.25)) == [("front", Reason.MATCH)]
    door.reader.put(UNKNOWN, "front", ago_s=0.1)
    door.reader.put(UNKNOWN, "side", ago_s=0.1)
    door.reader.put(UNKNOWN, "front")
    assert reasons(door.goes_on(0.1)) == [("side", Reason.BADGE_UNKNOWN), ("front", Reason.BADGE_UNKNOWN)]


def test_badge_from_before_the_loop_began_is_dropped(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front", ago_s=0.1)
    assert (door.goes_on(), len(door.reader.handed_back)) == ([], 1)


def test_loop_that_begins_again_forgets_who_was_there(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front")
    door.loop.attend(there_is(door.reader), door.stop)
    door.loop.attend(BadgeRead(UNKNOWN, door.world.clock.monotonic(), "front"), door.stop)
    assert door.loop.is_busy
    door.loop.begin()
    assert len(door.reader.handed_back) == 1
    assert (door.loop.is_busy, door.goes_on(), door.world.releases) == (False, [], 0)


def there_is(reader: Taken) -> ReaderEvent:
    return reader.events.popleft()


@pytest.mark.parametrize("error", [ReaderEnded, ReaderError])
def test_end_of_the_readers_waits_for_who_is_there(entrance: Callable[..., Entrance], error: type[ReaderError]) -> None:
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front")
    door.reader.failure = error("It is over.", hint="None.")
    assert door.loop.attend(there_is(door.reader), door.stop) is None
    over: list[Transaction] = []
    while door.loop.is_busy:
        over += door.loop.serve_once(door.stop, 1.0)
    assert reasons(over) == [("front", Reason.MATCH)]
    with pytest.raises(error, match="over"):
        door.loop.serve_once(door.stop, 1.0)


def test_on_a_desk_each_badge_has_its_turn(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER, in_turn=True)
    for credential in (BADGE, UNKNOWN, BADGE, None):
        door.loop.attend(BadgeRead(credential, door.world.clock.monotonic(), "front"), door.stop)
    assert reasons(door.goes_on()) == [
        ("front", Reason.MATCH),
        ("front", Reason.BADGE_UNKNOWN),
        ("front", Reason.MATCH),
        ("front", Reason.BADGE_UNREADABLE),
    ]


def test_keys_and_a_card_taken_away_change_no_verdict(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front")
    door.reader.events.append(KeyPress("1234#", door.world.clock.monotonic(), "front"))
    door.reader.events.append(BadgeRemoved(door.world.clock.monotonic(), "front"))
    assert reasons(door.goes_on()) == [("front", Reason.MATCH)]


def test_person_is_asked_to_look_before_the_store_is(
    entrance: Callable[..., Entrance], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, shown = entrance(HOLDER), list[Signal]()
    people = door.world.store.people

    def asked() -> object:
        shown.extend(door.reader.shown)
        return people()

    monkeypatch.setattr(door.world.store, "people", asked)
    door.reader.put(BADGE, "front")
    door.goes_on(0.1)
    assert shown[:1] == [Signal.LOOK]


def test_request_to_stop_ends_the_look_with_its_reason(entrance: Callable[..., Entrance]) -> None:
    door = entrance(Reason.NO_FACE)
    door.reader.put(BADGE, "front")
    door.goes_on(1.0)
    door.stop.set()
    assert reasons(list(door.loop.advance(door.stop))) == [("front", Reason.STOPPING)]


def test_badge_taken_while_noise_is_written_down_is_served(
    entrance: Callable[..., Entrance], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, record = entrance(HOLDER), Audit.record

    def slowly(audit: Audit, transaction: Transaction) -> int:
        door.world.clock.sleep(0.1)
        return record(audit, transaction)

    monkeypatch.setattr(Audit, "record", slowly)
    door.reader.put(None, "front")
    door.later(0.05, lambda: door.reader.put(BADGE, "front"))
    assert reasons(door.goes_on(3.0)) == [("front", Reason.BADGE_UNREADABLE), ("front", Reason.MATCH)]


class Group(Taken):
    """Two readers whose `read` can be woken, which remembers for how long it was waited for."""

    names = ("front", "side")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.waits_s: list[float] = []

    def read(self, timeout_s: float) -> ReaderEvent | None:
        self.waits_s.append(timeout_s)
        return super().read(timeout_s)

    def show_at(self, name: str, signal: Signal) -> None:
        assert name in self.names
        self.shown.append(signal)

    def wake(self) -> None:
        pass


class Blind:
    """A camera that never gives anything, for as long as the test lasts."""

    def __init__(self) -> None:
        self.ends = threading.Event()

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002
        self.ends.wait(PATIENCE_S)
        return None

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


def test_camera_that_hangs_keeps_neither_the_loop_nor_the_verdict(entrance: Callable[..., Entrance]) -> None:
    """It is looked through beside the loop, which comes round each 0.25 s and at the deadline."""
    door, camera, threads = entrance(HOLDER), Blind(), set(threading.enumerate())
    group, world = Group(door.world), door.world
    loop = DoorLoop(replace(world.doorway, camera=camera), world.settings, group, log=world.log)
    loop.begin()
    group.put(BADGE, "front")
    began, over = world.clock.monotonic(), list[Transaction]()
    while not over:
        over += loop.serve_once(door.stop, 1.0)
    assert (over[0].decision.reason, round(over[0].waited_s, 6)) == (Reason.CAMERA_FAULT, 6.0)
    assert world.clock.monotonic() - began == pytest.approx(6.0)
    assert max(group.waits_s[1:]) == 0.25
    (looking,) = (one for one in set(threading.enumerate()) - threads if one.name == "look")
    loop.close()
    camera.ends.set()
    looking.join(PATIENCE_S)
    assert not looking.is_alive()


@pytest.mark.parametrize(("after_s", "wait_s"), [(1.0, 0.25), (5.9, 0.1), (6.1, 0.0)])
def test_readers_are_waited_for_until_the_deadline_at_most(
    entrance: Callable[..., Entrance], after_s: float, wait_s: float
) -> None:
    door = entrance(HOLDER)
    group, world, camera = Group(door.world), door.world, Blind()
    camera.ends.set()
    loop = DoorLoop(replace(world.doorway, camera=camera), world.settings, group, log=world.log)
    loop.begin()
    group.put(BADGE, "front")
    loop.attend(there_is(group), door.stop)
    world.clock.sleep(after_s)
    loop.serve_once(door.stop, 1.0)
    loop.close()
    assert [round(waited_s, 6) for waited_s in group.waits_s] == [wait_s]


def test_readers_that_ended_are_asked_20_times_a_second(entrance: Callable[..., Entrance]) -> None:
    """While somebody is still there: no busy wait, and no long one either."""
    door = entrance(HOLDER)
    group, world, camera = Group(door.world), door.world, Blind()
    camera.ends.set()
    loop = DoorLoop(replace(world.doorway, camera=camera), world.settings, group, log=world.log)
    loop.begin()
    group.put(BADGE, "front")
    loop.attend(there_is(group), door.stop)
    group.failure = ReaderEnded("It is over.", hint="None.")
    began = world.clock.monotonic()
    for _ in range(4):
        loop.serve_once(door.stop, 1.0)
    loop.close()
    assert world.clock.monotonic() - began == pytest.approx(0.2)


def test_badge_read_too_long_ago_is_shown_as_denied(entrance: Callable[..., Entrance]) -> None:
    door = entrance(HOLDER)
    door.world.clock.sleep(10.0)
    door.reader.put(BADGE, "front", ago_s=2.0)
    assert (door.goes_on(1.0), [one for one in door.reader.shown if one in (Signal.GRANTED, Signal.DENIED)]) == (
        [],
        [Signal.DENIED],
    )
    assert len(door.reader.handed_back) == 1


def test_badge_from_before_a_restart_of_the_loop_gets_no_answer(entrance: Callable[..., Entrance]) -> None:
    """Also where its reader has had a verdict before."""
    door = entrance(HOLDER)
    door.reader.put(BADGE, "front")
    assert [transaction.decision.granted for transaction in door.goes_on(5.0)] == [True]
    door.reader.put(BADGE, "front", ago_s=0.5)
    door.loop.begin()
    assert door.goes_on(5.0) == []
    assert [read.reader for read in door.reader.handed_back] == ["front"]
