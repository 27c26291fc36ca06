"""Windows of a door: first-in, secured by an operator, held for a time, run out, and over a restart."""

import math
from dataclasses import replace

import pytest

from device.door.controller import new_controller
from device.door.lasting import Mode, Windows
from device.records import (
    DoorCommand,
    DoorInput,
    Event,
    Granted,
    InputChanged,
    Line,
    NeighborsChanged,
    ScheduleChanged,
)
from tests.device.door.bench import WINDOW, Bench

NEXT = "2026-06-02T06:00:00+00:00/2026-06-02T16:00:00+00:00"
LONGER = "2026-06-01T06:00:00+00:00/2026-06-01T17:00:00+00:00"
BEFORE = "2026-05-31T06:00:00+00:00/2026-05-31T16:00:00+00:00"
OPEN = ScheduleChanged(unlocked=True, window=WINDOW)
AWAITING = replace(OPEN, awaits=True)
EARLY = replace(AWAITING, unlocked=False)
LEADER = Granted(leads=True)


def passed(bench: Bench, granted: Granted = LEADER) -> Bench:
    return bench.tell(granted).open().shut()


def restarted(bench: Bench) -> Bench:
    """The same door after a power cut: only what is kept on the disk is left."""
    again = Bench()
    lasting = bench.door.lasting
    again.door = new_controller(lasting.mode, again.now, lasting.standing, lasting.windows)
    for wire in DoorInput:
        again.sense(wire, Line.QUIET)
    return again


def test_first_in_waits_until_someone_has_opened_the_door() -> None:
    bench = Bench().tell(AWAITING).tell(LEADER).wait(2)
    assert bench.open().shut().released
    assert not passed(Bench().tell(AWAITING), Granted()).released
    assert not Bench().tell(AWAITING).tell(LEADER).wait(60).open().released


def test_first_in_early_begins_with_the_window() -> None:
    bench = passed(Bench().tell(EARLY))
    assert not bench.released
    assert bench.tell(AWAITING).released


@pytest.mark.parametrize("opener", ["exit button", "operator"])
def test_first_in_does_not_begin_by_others(opener: str) -> None:
    bench = Bench(rex="release").tell(AWAITING)
    if opener == "exit button":
        bench.press(DoorInput.REX)
    else:
        bench.command(DoorCommand.RELEASE)
    assert not bench.open().shut().wait(60).released


def test_first_in_counts_for_its_own_window_alone() -> None:
    bench = passed(Bench().tell(AWAITING))
    assert not bench.tell(replace(AWAITING, window=NEXT)).released
    assert not bench.tell(replace(AWAITING, window=BEFORE)).released
    assert not bench.tell(replace(AWAITING, window=LONGER)).released
    assert bench.tell(AWAITING).released


def test_without_a_switch_the_grant_counts() -> None:
    bench = Bench(wired=frozenset()).tell(AWAITING)
    assert bench.tell(LEADER).wait(60).released


def test_a_grant_that_the_door_refuses_leads_no_one() -> None:
    bench = Bench().tell(AWAITING).command(DoorCommand.LOCKDOWN).tell(LEADER).command(DoorCommand.CLEAR)
    assert not bench.open().wait(60).released


def test_secure_ends_first_in_until_someone_comes_again() -> None:
    bench = passed(Bench().tell(AWAITING)).command(DoorCommand.SECURE)
    assert not bench.tell(AWAITING).wait(3600).released
    assert passed(bench).released


def test_secure_lasts_until_the_window_ends() -> None:
    bench = Bench().tell(OPEN).command(DoorCommand.SECURE)
    assert not bench.tell(OPEN).released
    assert not bench.tell(replace(OPEN, window=LONGER)).released
    assert not bench.tell(replace(OPEN, window=BEFORE)).released
    assert bench.tell(replace(OPEN, window=NEXT)).released


def test_clear_takes_back_what_secure_did() -> None:
    bench = Bench().tell(OPEN).command(DoorCommand.SECURE).command(DoorCommand.CLEAR)
    assert bench.released
    assert bench.told()[-1] == (Event.DOOR_RELEASED, "by the schedule")


def test_clearing_a_tamper_alarm_releases_nothing() -> None:
    bench = Bench().tell(OPEN).command(DoorCommand.SECURE).press(DoorInput.TAMPER)
    assert (
        not Bench()
        .tell(OPEN)
        .command(DoorCommand.SECURE)
        .sense(DoorInput.TAMPER, Line.ACTIVE)
        .command(DoorCommand.CLEAR)
        .released
    )
    assert bench.command(DoorCommand.CLEAR).released


def test_secure_without_a_window_ends_what_is_told_without_one() -> None:
    bench = Bench().tell(ScheduleChanged(unlocked=True)).command(DoorCommand.SECURE)
    assert not bench.released
    assert bench.door.windows == Windows()


def test_a_restart_inside_the_window_changes_nothing() -> None:
    led = restarted(passed(Bench().tell(AWAITING)))
    assert not led.released
    assert led.tell(AWAITING).released
    secured = restarted(Bench().tell(OPEN).command(DoorCommand.SECURE))
    assert not secured.tell(OPEN).released
    assert secured.tell(replace(OPEN, window=NEXT)).released


def test_a_restart_ends_an_operators_release() -> None:
    bench = Bench().command(DoorCommand.RELEASE, 600)
    assert bench.released
    assert not restarted(bench).released


@pytest.mark.parametrize(("for_s", "lasts_s"), [(600.0, 600.0), (1e9, 86400.0), (math.inf, 86400.0), (math.nan, 3.0)])
def test_an_operators_release_is_bounded(for_s: float, lasts_s: float) -> None:
    bench = Bench().command(DoorCommand.RELEASE, for_s)
    assert bench.wait(lasts_s - 0.001).released
    assert not bench.wait(0.002).released


def test_openings_do_not_end_an_operators_release() -> None:
    bench = Bench(wired=frozenset({DoorInput.DPS})).command(DoorCommand.RELEASE, 600)
    assert bench.open().wait(300).shut().released
    assert bench.told() == [(Event.DOOR_RELEASED, "by an operator for 600 s")]
    assert not bench.wait(300).released
    assert bench.told() == [(Event.DOOR_SECURED, "the operator's release is over")]


def test_the_later_release_for_a_time_counts() -> None:
    assert not Bench().command(DoorCommand.RELEASE, 600).command(DoorCommand.RELEASE, 60).wait(60).released


def test_a_schedule_that_falls_silent_runs_out() -> None:
    bench = Bench().tell(replace(OPEN, lasts_s=30.0)).wait(29.9)
    assert bench.released
    assert bench.tell(replace(OPEN, lasts_s=30.0)).wait(29.9).released
    assert not bench.wait(0.2).released
    assert bench.told()[-1] == (Event.DOOR_SECURED, "by the schedule")


@pytest.mark.parametrize("lasts_s", [0.0, -1.0, math.nan])
def test_a_schedule_that_lasts_no_time_releases_nothing(lasts_s: float) -> None:
    assert not Bench().tell(replace(OPEN, lasts_s=lasts_s)).released


def test_a_clock_that_is_set_back_shortens_a_schedule() -> None:
    bench = Bench().tell(replace(OPEN, lasts_s=30.0))
    bench.now -= 1000
    assert not bench.wait(0).released


def test_a_mantrap_holds_a_schedule_back() -> None:
    bench = Bench().tell(OPEN).tell(NeighborsChanged(free=False))
    assert not bench.released
    assert bench.tell(NeighborsChanged(free=True)).released


def test_a_mantrap_holds_an_operators_release_back() -> None:
    bench = Bench().command(DoorCommand.RELEASE, 600).tell(NeighborsChanged(free=False))
    assert not bench.released
    assert bench.wait(60).tell(NeighborsChanged(free=True)).released


def test_a_scheduled_lock_and_its_end_are_written_down() -> None:
    bench = Bench().tell(ScheduleChanged(unlocked=False, locked=True)).tell(ScheduleChanged(unlocked=False))
    assert bench.told() == [(Event.DOOR_SCHEDULED_LOCK, "begins"), (Event.DOOR_SCHEDULED_LOCK, "ends")]


def test_a_first_in_that_begins_is_written_down() -> None:
    bench = Bench(relock="close").tell(AWAITING).tell(LEADER)
    assert (Event.DOOR_RELEASED, "by the schedule") not in bench.told()
    assert set(bench.open().told()) == {(Event.DOOR_RELEASED, "by the schedule"), (Event.DOOR_PASSED, "")}


def test_the_door_may_stay_open_in_a_window() -> None:
    bench = Bench().tell(OPEN).open().wait(3600)
    assert not bench.buzzer
    assert bench.tell(ScheduleChanged(unlocked=False)).wait(30).buzzer


def test_a_new_door_remembers_nothing() -> None:
    assert new_controller(Mode(), 0.0).windows == Windows()
    assert InputChanged(DoorInput.DPS, Line.QUIET).input is DoorInput.DPS
