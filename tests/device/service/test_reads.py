"""Which reads of a reader the service serves, drops and counts."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.credentials import parse_badge
from device.records import (
    BadgeRead,
    Event,
    Image,
    Reason,
    Signal,
)
from device.unserved import Unserved
from device.vision.faces import FaceAnalyzer
from tests.device.service.world import EILEEN, UNKNOWN, Manager, World


def test_badges_presented_before_the_start_are_forgotten(world: World) -> None:
    world.reader.queued = [BadgeRead(EILEEN, 0.0, "reader")] * 3
    world.clock.sleep(0.1)
    world.run()
    assert (world.told, sum(int((fault or "").split()[0]) for fault in world.faults())) == ([], 3)


def test_badges_presented_during_the_look_are_forgotten(world: World) -> None:
    world.reader.comes(EILEEN)
    world.clock.at(0.05, lambda: world.reader.queued.extend([BadgeRead(EILEEN, 0.05, "reader")] * 2))
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH]
    assert world.faults() == ["2 badge reads dropped that came while the door was busy."]


def test_badge_taken_while_the_decision_is_written_is_forgotten(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """It was presented before there was an answer, and says nothing about who is there after it."""
    world.reader.comes(EILEEN)
    grant = world.door.grant

    def granting(**how: Any) -> bool:
        world.reader.queued = [BadgeRead(UNKNOWN, world.clock.monotonic(), "reader")]
        world.clock.sleep(0.1)
        return grant(**how)

    monkeypatch.setattr(world.door, "grant", granting)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH]
    assert world.faults() == ["1 badge read dropped that came while the door was busy."]


def test_a_badge_behind_noise_is_not_forgotten(world: World) -> None:
    world.reader.at_read[1] = lambda: world.reader.queued.append(BadgeRead(EILEEN, world.clock.monotonic(), "reader"))
    world.reader.comes(None)
    world.run()
    reasons = [told.decision.reason for told in world.told]
    assert (reasons, world.faults()) == ([Reason.BADGE_UNREADABLE, Reason.MATCH], [])


def test_badge_after_a_release_is_served(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.quiet = 5
    world.reader.at_read[6] = lambda: world.reader.comes(EILEEN)
    world.run()
    assert world.levels() == [False, True, False, True, False]


def test_somebody_may_badge_while_the_strike_is_released(world: World) -> None:
    world.reader.comes(EILEEN)
    world.reader.comes(UNKNOWN)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.MATCH, Reason.BADGE_UNKNOWN]
    assert world.levels() == [False, True, False]


@pytest.mark.parametrize(("age_s", "served"), [(1.0, 1), (1.1, 0)])
def test_old_read_is_dropped_and_said(world: World, age_s: float, served: int) -> None:
    world.reader.quiet = 4

    def come_late() -> None:
        taken_at = world.clock.monotonic() + 1.0
        world.reader.queued.append(BadgeRead(UNKNOWN, taken_at - age_s, "reader"))

    world.reader.at_read[3] = come_late
    world.run()
    assert (len(world.told), len(world.faults())) == (served, 1 - served)


def test_line_that_never_falls_silent_does_not_hang_the_door(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Each badge is a round of the door's loop, and the watchdog is fed in each."""
    fed = []

    def babble(_timeout_s: float) -> BadgeRead:
        world.clock.sleep(0.01)
        fed.append(world.manager.heard().count("WATCHDOG=1"))
        if len(fed) == 50:
            world.stop.set()
        return BadgeRead(UNKNOWN, world.clock.monotonic(), "reader")

    monkeypatch.setattr(world.reader, "read", babble)
    world.run()
    assert fed == [1] * 50


def test_on_a_desk_every_badge_gets_its_answer(
    tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], manager: Manager
) -> None:
    world = World(tmp_path / "state", analyzer, portraits, manager, in_turn=True)
    for credential in (UNKNOWN, EILEEN, None, None):
        world.reader.present(credential)
    world.run()
    world.store.close()
    assert len(world.told) == 4


def test_noise_on_the_line_is_one_row_and_its_count(world: World) -> None:
    for _ in range(500):
        world.reader.comes(None)
    world.run()
    assert [transaction.decision.reason for transaction in world.told] == [Reason.BADGE_UNREADABLE]
    assert world.events() == [Event.SERVICE_STARTED, Event.DECISION, Event.FAULT, Event.SERVICE_STOPPED]
    assert world.faults() == ["499 more unreadable badge reads within 60 s."]


@given(st.lists(st.tuples(st.floats(0.0, 50.0), st.booleans()), max_size=60))
def test_every_read_is_served_or_counted_noise_once_a_minute(
    arrivals: list[tuple[float, bool]],
) -> None:
    unserved, now, served, counted, rows_at = Unserved(), 0.0, 0, 0, []
    for pause_s, readable in arrivals:
        now += pause_s
        faults = list(unserved.due(now))
        if unserved.is_served(BadgeRead(UNKNOWN if readable else None, now), now):
            served += 1
            faults += [] if readable else ["told"]
        rows_at += [now] * len(faults)
        counted += sum(int(fault.split()[0]) for fault in faults if fault != "told")
    counted += sum(int(fault.split()[0]) for fault in unserved.due(math.inf))
    assert served + counted == len(arrivals)
    assert all(later - before >= 60.0 for before, later in pairwise(rows_at))


def test_count_that_cannot_be_written_is_kept() -> None:
    unserved = Unserved()
    unserved.late = 3
    next(unserved.due(0.0))
    assert list(unserved.due(0.0)) == ["3 badge reads dropped that came while the door was busy."]


def test_flood_of_unknown_badges_is_decided_at_once_with_few_rows(world: World) -> None:
    """The first ten are shown at once; the reader slows down then, which is for the showing alone."""
    flood = [parse_badge(f"18:{number}") for number in range(1200)]
    for credential in flood:
        world.reader.comes(credential)
    world.run()
    assert [transaction.credential for transaction in world.told] == flood
    assert {transaction.decision.reason for transaction in world.told} == {Reason.BADGE_UNKNOWN}
    assert world.reader.shown.count(Signal.DENIED) == 10
    assert len(world.events()) <= 30
    assert world.faults_of(Event.DENIALS_COUNTED) == ["1180 more within 0.0 s, first badge 18:20, last badge 18:1199"]


def test_good_badge_right_behind_a_flood_is_granted_at_once(world: World) -> None:
    for number in range(1200):
        world.reader.comes(parse_badge(f"18:{number}"))
    world.reader.comes(EILEEN)
    came = world.clock.monotonic()
    world.run()
    assert world.told[-1].decision.reason is Reason.MATCH
    released = [level.at for level in world.pins.history(17) if level.high]
    assert (len(world.told), len(released)) == (1201, 1)
    assert released[0] - came < 1.0
    assert (world.reader.shown.count(Signal.DENIED), world.reader.shown.count(Signal.GRANTED)) == (10, 1)


def test_flood_that_the_door_cannot_keep_up_with_is_a_row_a_minute() -> None:
    unserved = Unserved()
    rows: list[str] = []
    for second in range(600):
        unserved.is_served(BadgeRead(UNKNOWN, second - 5.0), float(second))
        rows += unserved.due(float(second))
    rows += unserved.due(math.inf)
    assert len(rows) <= 11
    assert sum(int(row.split()[0]) for row in rows) == 600
