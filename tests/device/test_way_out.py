"""The way out: a badge alone opens it within a second, whatever is missing, and nothing else about it is weaker."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from device.clock import Stop
from device.credentials import parse_badge
from device.door_log import DoorLog
from device.errors import StoreError
from device.records import (
    AuditRow,
    BadgeRead,
    Credential,
    DoorCommand,
    DoorInput,
    DoorState,
    Line,
    Outcome,
    Reason,
    Transaction,
)
from device.settings.tables import DoorSettings, InputSettings, ReaderSettings, Settings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.way_out import BadgeLookup, WayOut
from tests.device.doors import open_door, releases
from tests.there import there
from tests.waiting import PATIENCE_S

EILEEN, UNKNOWN = parse_badge("17:1001"), parse_badge("17:9999")
SWITCH = InputSettings(signal=DoorInput.DPS, channel=0)
SETTINGS = Settings(
    doors=(
        DoorSettings(
            pin=17,
            strike_time_s=3.0,
            readers=(ReaderSettings(name="inside", direction="exit"),),
            inputs=(SWITCH,),
        ),
    ),
)


class World:
    """A door with Eileen enrolled, and somebody who wants to leave."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.stop = SimulatedClock(), Stop()
        self.pins = SimulatedPins(self.clock)
        self.pins.set_line(SWITCH, Line.QUIET)
        self.store = Store(folder)
        with self.store.people() as people:
            people.issue(EILEEN, people.add("Eileen Collins", self.clock.utc()), self.clock.utc())
        self.door = open_door(SETTINGS, self.pins, self.clock)
        self.log = DoorLog(self.door, self.store, self.clock)
        self.way_out = WayOut(self.door, BadgeLookup(self.store), self.log, self.clock)

    def leaves(self, credential: Credential | None = EILEEN) -> Transaction:
        """The transaction, and the real time that it took in seconds."""
        before = time.monotonic()
        told = self.way_out.swipe(BadgeRead(credential, self.clock.monotonic(), "inside"), self.stop)
        self.took_s = time.monotonic() - before
        return told

    @property
    def releases(self) -> int:
        return len(releases(self.pins, SETTINGS.doors[0]))

    def rows(self) -> list[AuditRow]:
        self.log.write_down()
        with self.store.audit() as audit:
            return [row for row in audit.newest(100) if row.outcome is not None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state")
    yield made
    made.way_out.close()
    made.store.close()


def test_enrolled_badge_alone_opens_the_way_out(world: World) -> None:
    assert world.leaves().decision.reason is Reason.EXIT
    assert world.releases == 1


def test_leaving_is_in_the_audit(world: World) -> None:
    world.leaves()
    (row,) = world.rows()
    assert (row.badge, row.outcome, row.reason, row.reader) == ("17:1001", Outcome.GRANTED, Reason.EXIT, "inside")


@pytest.mark.parametrize("credential", [EILEEN, UNKNOWN])
def test_row_is_on_the_disk_before_the_answer(world: World, credential: Credential) -> None:
    """Found by killing the real process: a badge was answered, and its row was lost."""
    world.leaves(credential)
    with closing(sqlite3.connect(world.store.path)) as other:
        ((count,),) = other.execute("SELECT count(*) FROM audit WHERE event = 'decision'").fetchall()
    assert count == 1


def test_writer_that_hangs_delays_nobody_who_leaves(world: World) -> None:
    world.log.has_writer = True
    world.leaves()
    assert world.took_s < 4.0


def test_random_number_opens_it_only_for_a_holder_of_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = parse_badge("csn:08A2B9C1")
    assert (world.leaves(phone).decision.reason, world.releases) == (Reason.BADGE_RANDOM, 0)
    monkeypatch.setattr("device.store.badges.refuse_random", lambda _credential: None)
    with world.store.people() as people:
        people.issue(phone, people.add("Grace Hopper", world.clock.utc()), world.clock.utc())
    assert (world.leaves(phone).decision.reason, world.releases) == (Reason.EXIT, 1)


@pytest.mark.parametrize(("credential", "reason"), [(UNKNOWN, Reason.BADGE_UNKNOWN), (None, Reason.BADGE_UNREADABLE)])
def test_other_badges_do_not_open_it(world: World, credential: Credential | None, reason: Reason) -> None:
    assert world.leaves(credential).decision.reason is reason
    assert world.releases == 0


def test_revoked_badge_does_not_open_it(world: World) -> None:
    with world.store.people() as people:
        people.revoke(EILEEN, world.clock.utc())
    assert (world.leaves().decision.reason, world.releases) == (Reason.BADGE_REVOKED, 0)


def test_suspended_badge_lets_its_holder_out(world: World) -> None:
    """A restore without the list of what was taken since suspends every badge, also of those who are inside."""
    with world.store.people() as people:
        people.suspend(EILEEN, world.clock.utc())
    assert (world.leaves().decision.reason, world.releases) == (Reason.EXIT, 1)


@pytest.mark.parametrize("state", [DoorState.LOCKDOWN, DoorState.FAULT])
def test_way_out_is_open_in_lockdown_and_fault(world: World, state: DoorState) -> None:
    if state is DoorState.LOCKDOWN:
        world.door.command(DoorCommand.LOCKDOWN)
    else:
        world.pins.set_line(SWITCH, Line.CUT)
        world.clock.sleep(1.0)
    assert world.door.state is state
    assert world.leaves().decision.granted
    assert world.releases == 1


def test_release_ends_after_the_strike_time(world: World) -> None:
    world.leaves()
    world.clock.sleep(10.0)
    ((began, ended),) = releases(world.pins, SETTINGS.doors[0])
    assert there(ended) - began == pytest.approx(3.0, abs=0.01)


def test_locked_store_delays_nobody_who_leaves(world: World) -> None:
    with closing(sqlite3.connect(world.store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        first = world.leaves()
        first_s = world.took_s
        second = world.leaves()
        other.execute("ROLLBACK")
    assert (first.decision.reason, second.decision.reason, world.releases) == (Reason.EXIT, Reason.EXIT, 1)
    assert first_s < 4.0
    assert world.took_s < 4.0


def test_row_of_leaving_is_written_when_the_store_is_back(world: World) -> None:
    with closing(sqlite3.connect(world.store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        world.leaves()
        other.execute("ROLLBACK")
    (row,) = world.rows()
    assert "Released without a look-up" in there(row.fault)


def test_store_that_hangs_delays_nobody_who_leaves(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    comes_back = threading.Event()

    def hang() -> NoReturn:
        comes_back.wait(PATIENCE_S)
        raise StoreError("The disk is gone.", hint="Look at it.")

    monkeypatch.setattr(world.store, "people", hang)
    assert world.leaves().decision.reason is Reason.EXIT
    assert world.took_s < 4.0
    comes_back.set()


def test_after_a_request_to_stop_nothing_is_released(world: World) -> None:
    world.stop.set()
    assert world.leaves().decision.reason is Reason.STOPPING
    assert world.releases == 0


def test_relay_that_is_broken_is_the_reason(world: World) -> None:
    world.pins.broken_pins.add(17)
    told = world.leaves()
    world.pins.broken_pins.clear()
    assert told.decision.reason is Reason.DOOR_FAULT


def test_system_without_a_thread_to_spare_delays_nobody_who_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    told = world.leaves()
    assert (told.decision.reason, told.fault) == (
        Reason.EXIT,
        "Released without a look-up: no thread could be started to look it up.",
    )
    monkeypatch.undo()
    assert world.leaves(UNKNOWN).decision.reason is Reason.BADGE_UNKNOWN


def test_closed_way_out_leaves_no_thread(world: World) -> None:
    before = set(threading.enumerate())
    world.leaves()
    (lookup,) = set(threading.enumerate()) - before
    world.way_out.close()
    lookup.join(PATIENCE_S)
    assert (lookup.name, lookup.daemon, lookup.is_alive()) == ("exit-lookup", True, False)


def test_time_of_leaving_is_counted_from_the_badge(world: World) -> None:
    world.clock.sleep(100.0)
    told = world.way_out.swipe(BadgeRead(EILEEN, 99.75, "inside"), world.stop)
    assert (told.decision.reason, told.waited_s) == (Reason.EXIT, 0.25)


def test_store_with_a_question_open_is_not_asked_another(world: World) -> None:
    with closing(sqlite3.connect(world.store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        faults = [world.leaves().fault for _ in range(2)]
        other.execute("ROLLBACK")
    assert faults == [
        "Released without a look-up: the store did not answer within 0.4 s.",
        "Released without a look-up: the store has not answered the last question yet.",
    ]


def test_first_20_denials_of_a_flood_inside_have_their_own_rows(world: World) -> None:
    counted = [world.leaves(UNKNOWN).counted for _ in range(25)]
    assert (counted, len(world.rows())) == ([False] * 20 + [True] * 5, 20)


def test_time_from_badge_to_relay_is_in_the_status(world: World) -> None:
    world.leaves(UNKNOWN)
    refused = world.door.status().relay_times
    world.way_out.swipe(BadgeRead(EILEEN, world.clock.monotonic() - 0.25, "inside"), world.stop)
    times = world.door.status().relay_times
    assert (refused.sum_s, times.sum_s, times.counts.index(1)) == (0.0, 0.25, 2)
