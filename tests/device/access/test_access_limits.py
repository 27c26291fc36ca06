"""How long one round of the way in waits for cameras, when they rest, and what a door that lets no one in asks."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from device.access import Access
from device.clock import Stop
from device.looking import Look, Wanted
from device.records import DoorState, Frame, Reason, Signal
from device.store.people import People
from tests.device.access.world import World, probe, put_into

FRONT, SIDE = "front", "side"


class Eyes:
    """Sees nothing, and remembers how many cameras it was to look through at each round."""

    last_beat = 7.0

    def __init__(self) -> None:
        self.wanted: list[int] = []
        self.is_closed = False

    def looks(self, wanted: Wanted, within_s: float) -> Iterable[Look]:  # noqa: ARG002
        self.wanted.append(len(wanted))
        return iter(())

    def close(self) -> None:
        self.is_closed = True


def watched(world: World) -> tuple[Access, Eyes]:
    """The way in of a world, and what it looks through cameras with."""
    eyes = Eyes()
    world.access._looking = eyes
    return world.access, eyes


@pytest.mark.parametrize(("after_s", "waits_s"), [(1.0, [0.25]), (5.9, [0.1]), (6.0, [0.0]), (6.5, [0.0])])
def test_camera_is_waited_for_until_the_deadline_at_most(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, after_s: float, waits_s: list[float]
) -> None:
    world, waited_s = world_of(), list[float]()

    def read(timeout_s: float) -> Frame | None:
        waited_s.append(round(timeout_s, 6))
        return None

    monkeypatch.setattr(world.camera, "read", read)
    world.clock.sleep(100.0)
    world.access.present(world.read(reader=FRONT), Stop())
    world.clock.sleep(after_s)
    world.access.advance(Stop(), 0.25)
    assert waited_s == waits_s


def test_cameras_rest_once_nobody_is_there(world_of: Callable[..., World]) -> None:
    world = world_of()
    access, eyes = watched(world)
    access.present(world.read(reader=FRONT), Stop())
    access.advance(Stop(), 0.25)
    assert eyes.wanted == [1]
    world.clock.sleep(6.0)
    (over,) = access.advance(Stop(), 0.25)
    assert (over.decision.reason, eyes.wanted[-1]) == (Reason.CAMERA_FAULT, 0)


def test_cameras_rest_when_everyone_is_forgotten(world_of: Callable[..., World]) -> None:
    world = world_of()
    access, eyes = watched(world)
    access.present(world.read(reader=FRONT), Stop())
    access.advance(Stop(), 0.25)
    access.forget()
    assert (eyes.wanted, access.busy) == ([1, 0], frozenset())


def test_closed_way_in_looks_no_more(world_of: Callable[..., World]) -> None:
    access, eyes = watched(world_of())
    beat = access.last_beat
    access.close()
    assert (beat, eyes.is_closed) == (7.0, True)


def test_request_to_stop_comes_before_a_look(world_of: Callable[..., World]) -> None:
    """A camera may take a quarter of a second, which a service that ends has no use for."""
    world, stop = world_of(), Stop()
    world.access.present(world.read(reader=FRONT), stop)
    stop.set()
    (over,) = world.access.advance(stop, 0.25)
    assert (over.decision.reason, world.camera.given, world.clock.monotonic()) == (Reason.STOPPING, [], 0.0)


def test_request_to_stop_during_a_look_counts_in_that_round(world_of: Callable[..., World]) -> None:
    world, stop = world_of(Reason.NO_FACE), Stop()
    world.access.present(world.read(reader=FRONT), stop)
    world.clock.at(0.05, stop.set)
    (over,) = world.access.advance(stop, 0.25)
    assert (over.decision.reason, round(over.waited_s, 6)) == (Reason.STOPPING, 0.1)


@pytest.mark.parametrize(
    ("state", "reason"), [(DoorState.LOCKDOWN, Reason.DOOR_LOCKDOWN), (DoorState.FAULT, Reason.DOOR_FAULT)]
)
def test_door_that_lets_no_one_in_looks_no_badge_up(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch, state: DoorState, reason: Reason
) -> None:
    """The store is used once, for the row of the denial."""
    world, asked = world_of(), list[str]()
    people = world.store.people

    def counted() -> AbstractContextManager[People]:
        asked.append("people")
        return people()

    monkeypatch.setattr(world.store, "people", counted)
    put_into(world, state)
    assert (world.swipe().decision.reason, asked) == (reason, ["people"])


def test_everyone_at_a_reader_is_asked_to_look(world_of: Callable[..., World]) -> None:
    world = world_of()
    assert (world.access.prompts, world.access.deadline) == ({}, float("inf"))
    for reader in (FRONT, SIDE):
        world.access.present(world.read(reader=reader), Stop())
    assert world.access.prompts == {FRONT: Signal.LOOK, SIDE: Signal.LOOK}


def test_way_in_without_a_log_of_others_writes_its_own(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    access = Access(world.doorway, world.settings)
    access.present(world.read(reader=FRONT), Stop())
    over = [one for _ in range(5) for one in access.advance(Stop(), 0.25)]
    assert ([one.decision.reason for one in over], world.last_row().reason) == ([Reason.MATCH], Reason.MATCH)


def test_camera_of_another_reader_says_nothing_about_who_is_here(world_of: Callable[..., World]) -> None:
    world = world_of(probe(0.95))
    blind = replace(world.camera, given=[], ages_s=[60.0] * 1000)
    access = world.access_with(replace(world.doorway, cameras={FRONT: blind}))
    world.clock.sleep(100.0)
    for reader in (FRONT, SIDE):
        access.present(world.read(reader=reader), Stop())
    over = {one.reader: one.decision.reason for _ in range(60) for one in access.advance(Stop(), 0.25)}
    assert over == {FRONT: Reason.CAMERA_FAULT, SIDE: Reason.MATCH}
