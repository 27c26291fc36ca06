"""A row says whether somebody who was granted opened the door; it names the grant's row, and nobody."""

from typing import Any

import pytest

from device.door.notices import notices
from device.door.rules import step
from device.records import DoorCommand, DoorInput, DriveFailed, Event, Granted, Line, ScheduleChanged, Tick
from tests.device.door.bench import ALL_WIRED, SETTINGS, Bench

PASSAGES = (Event.DOOR_PASSED, Event.DOOR_NOT_ENTERED)


def passages(bench: Bench) -> list[tuple[Event, str]]:
    return [told for told in bench.told() if told[0] in PASSAGES]


def granted(row: int = 7, *, egress: bool = False, wired: frozenset[DoorInput] = ALL_WIRED, **changed: Any) -> Bench:
    return Bench(wired=wired, **changed).tell(Granted(egress=egress, row=row))


@pytest.mark.parametrize("egress", [False, True])
@pytest.mark.parametrize("relock", ["open", "close"])
def test_opening_the_door_is_passing(egress: bool, relock: str) -> None:
    assert passages(granted(egress=egress, relock=relock).wait(1).open()) == [(Event.DOOR_PASSED, "row 7")]


@pytest.mark.parametrize("egress", [False, True])
def test_not_opening_it_is_not_entering(egress: bool) -> None:
    bench = granted(egress=egress)
    assert passages(bench.wait(3.9)) == []
    assert passages(bench.wait(0.1)) == [(Event.DOOR_NOT_ENTERED, "row 7")]


def test_it_is_said_once() -> None:
    bench = granted().open()
    bench.told()
    assert passages(bench.shut().wait(60)) == []


def test_opening_later_is_somebody_else() -> None:
    assert passages(granted().wait(5).open()) == [(Event.DOOR_NOT_ENTERED, "row 7")]


def test_row_that_is_not_written_yet_is_not_named() -> None:
    assert passages(granted(row=0).open()) == [(Event.DOOR_PASSED, "")]


def test_two_who_are_granted_and_open_once_have_a_row_each() -> None:
    bench = granted(row=7).wait(1).tell(Granted(row=8)).open()
    assert passages(bench) == [(Event.DOOR_PASSED, "row 7"), (Event.DOOR_PASSED, "row 8")]


@pytest.mark.parametrize("command", [DoorCommand.SECURE, DoorCommand.LOCKDOWN])
def test_grant_that_is_cut_short_is_not_entered(command: DoorCommand) -> None:
    assert passages(granted().command(command).wait(1)) == [(Event.DOOR_NOT_ENTERED, "row 7")]


def test_grant_in_an_unlock_window_counts_too() -> None:
    bench = Bench().tell(ScheduleChanged(unlocked=True)).tell(Granted(row=7)).open()
    assert passages(bench) == [(Event.DOOR_PASSED, "row 7")]


@pytest.mark.parametrize("command", [DoorCommand.LOCKDOWN, DoorCommand.EVACUATE])
def test_grant_that_is_refused_or_for_nothing_has_none(command: DoorCommand) -> None:
    assert passages(Bench().command(command).tell(Granted(row=7)).wait(10)) == []


def test_without_a_position_switch_nothing_is_said() -> None:
    assert passages(granted(wired=frozenset()).wait(10)) == []


@pytest.mark.parametrize("line", [Line.CUT, Line.SHORT])
def test_damaged_switch_says_nothing(line: Line) -> None:
    assert passages(granted().sense(DoorInput.DPS, line).wait(10)) == []


def test_grant_that_the_outputs_failed_was_withdrawn_and_has_none() -> None:
    assert passages(granted().tell(DriveFailed("it does not answer")).wait(60)) == []


@pytest.mark.parametrize("egress", [False, True])
def test_grant_at_a_door_that_stands_open_is_a_passage(egress: bool) -> None:
    """No opening will say so: a badge that is passed back behind the first would count as never used."""
    bench = granted().open()
    bench.told()
    assert passages(bench.tell(Granted(egress=egress, row=8)).wait(10)) == [(Event.DOOR_PASSED, "row 8")]


def test_refused_grant_at_an_open_door_is_no_passage() -> None:
    bench = granted().open().command(DoorCommand.LOCKDOWN)
    bench.told()
    assert passages(bench.tell(Granted(row=8)).wait(10)) == []


def test_grant_at_the_moment_at_which_another_ends() -> None:
    """The door's thread may be later than the next badge."""
    bench = granted(row=7)
    after = step(SETTINGS, ALL_WIRED, bench.door, Granted(row=8), bench.now + 60)
    told = [(one.event, one.detail) for one in notices(bench.door, after, Granted(row=8))]
    assert told == [(Event.DOOR_NOT_ENTERED, "row 7")]
    later = step(SETTINGS, ALL_WIRED, after, Tick(), bench.now + 120)
    assert [(one.event, one.detail) for one in notices(after, later, Tick())] == [(Event.DOOR_NOT_ENTERED, "row 8")]


def test_flood_of_grants_is_bounded() -> None:
    bench = Bench()
    for row in range(1, 101):
        bench.tell(Granted(row=row))
    assert passages(bench.open()) == [(Event.DOOR_PASSED, f"row {row}") for row in range(93, 101)]
