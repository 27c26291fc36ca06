"""A badge is taken from a reader for an operator: it opens nothing, is no attempt, and is given to one person."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.administration import Administration
from device.control.desk import Caller
from device.control.messages import AddBadge, Alive, Awaited, BadgeAdded, Progress
from device.credentials import parse_badge
from device.errors import CredentialError, DoorError
from device.next_badge import NextBadge
from device.presented import PresentedBadges, ReadersOfDoor
from device.records import BadgeRead, Credential
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from tests.device.access.world import BADGE, world_in
from tests.device.control.bench import me
from tests.device.test_door_loop import GRACES, Entrance

NEW, OTHER = parse_badge("17:2001"), parse_badge("17:2002")


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def door() -> ReadersOfDoor:
    return ReadersOfDoor(NextBadge(), ("outside", "inside"))


@pytest.fixture
def store(tmp_path: Path, clock: SimulatedClock) -> Iterator[Store]:
    with Store(tmp_path) as opened:
        with opened.people() as people:
            ada = people.add("Ada", clock.utc())
            people.add("Bob", clock.utc())
            people.issue(OTHER, ada, clock.utc())
        yield opened


@pytest.fixture
def adding(door: ReadersOfDoor, store: Store, clock: SimulatedClock) -> Callable[..., Iterator[Progress]]:
    desk = PresentedBadges({"main": door}, store, clock)

    def add(name: str = "Bob", reader: str = "outside", *, is_waiting: bool = True) -> Iterator[Progress]:
        return desk.progress(AddBadge(name=name, reader=reader), Caller(me(), lambda: is_waiting))

    return add


def read(clock: SimulatedClock, credential: Credential | None = NEW, reader: str = "outside") -> BadgeRead:
    return BadgeRead(credential, clock.monotonic(), reader)


def test_next_badge_is_given_to_the_person(
    adding: Callable[..., Iterator[Progress]], door: ReadersOfDoor, store: Store, clock: SimulatedClock
) -> None:
    steps = adding()
    assert next(steps) == Awaited(within_s=30.0)
    clock.at(5.0, lambda: taken.append(door.next_badge.takes(read(clock))))
    taken: list[bool] = []
    assert list(steps)[-1] == BadgeAdded("Bob", "17:2001")
    assert taken == [True]
    assert Administration(store, clock).held(NEW).person.name == "Bob"


def test_badge_with_a_holder_is_refused_with_the_name(
    adding: Callable[..., Iterator[Progress]], door: ReadersOfDoor, clock: SimulatedClock
) -> None:
    steps = adding()
    next(steps)
    door.next_badge.takes(read(clock, OTHER))
    with pytest.raises(CredentialError, match="Ada"):
        list(steps)


def test_after_30_s_without_a_badge_it_ends(
    adding: Callable[..., Iterator[Progress]], door: ReadersOfDoor, clock: SimulatedClock
) -> None:
    steps, said = adding(), list[Progress]()
    with pytest.raises(DoorError, match="No badge was presented within 30 s"):
        said.extend(steps)
    assert clock.monotonic() == 30.0
    assert not door.next_badge.takes(read(clock))


def test_something_is_said_each_second(adding: Callable[..., Iterator[Progress]], clock: SimulatedClock) -> None:
    steps = adding()
    next(steps)
    assert [next(steps) for _ in range(3)] == [Alive()] * 3
    assert clock.monotonic() == 3.0


def test_second_operator_at_this_reader_is_refused(adding: Callable[..., Iterator[Progress]]) -> None:
    first = adding()
    next(first)
    with pytest.raises(DoorError, match="Another operator is waiting"):
        next(adding("Ada"))
    assert next(adding("Ada", "inside")) == Awaited(within_s=30.0)


def test_operator_who_has_gone_holds_nothing(
    adding: Callable[..., Iterator[Progress]], door: ReadersOfDoor, clock: SimulatedClock
) -> None:
    steps = adding(is_waiting=False)
    next(steps)
    with pytest.raises(DoorError, match="has gone"):
        next(steps)
    assert not door.next_badge.takes(read(clock))
    assert next(adding()) == Awaited(within_s=30.0)


def test_badge_presented_after_the_operator_has_gone_is_not_given(
    adding: Callable[..., Iterator[Progress]], door: ReadersOfDoor, store: Store, clock: SimulatedClock
) -> None:
    """Within the second until that is noticed."""
    steps = adding(is_waiting=False)
    next(steps)
    door.next_badge.takes(read(clock))
    with pytest.raises(DoorError, match="has gone"):
        list(steps)
    with store.people() as people:
        assert people.badge(NEW) is None


def test_unknown_reader_is_answered_with_those_there_are(adding: Callable[..., Iterator[Progress]]) -> None:
    with pytest.raises(DoorError) as refused:
        next(adding(reader="side"))
    assert refused.value.hint == "Name one with --at: outside, inside."


@pytest.mark.parametrize("case", ["elsewhere", "unreadable", "before", "second"])
def test_no_other_badge_is_taken(case: str, door: ReadersOfDoor, clock: SimulatedClock) -> None:
    clock.sleep(10.0)
    with door.next_badge.awaited(("outside",), clock.monotonic()) as slot:
        if case == "second":
            assert door.next_badge.takes(read(clock))
        other = {
            "elsewhere": read(clock, reader="inside"),
            "unreadable": read(clock, None),
            "before": BadgeRead(NEW, clock.monotonic() - 0.1, "outside"),
            "second": read(clock, OTHER),
        }[case]
        assert not door.next_badge.takes(other)
        assert slot.credential == (NEW if case == "second" else None)


def test_taken_badge_opens_nothing_and_the_next_one_does(tmp_path: Path) -> None:
    entrance = Entrance(world_in(tmp_path))
    next_badge, clock = entrance.world.doorway.next_badge, entrance.world.clock
    with next_badge.awaited(("outside",), clock.monotonic()) as slot:
        entrance.reader.put(BADGE, "outside")
        entrance.reader.put(GRACES, "outside")
        over = entrance.goes_on()
    entrance.loop.close()
    entrance.world.store.close()
    assert slot.credential == BADGE
    assert [transaction.credential for transaction in over] == [GRACES]
