"""The times of a door as numbers: how long each release, alarm and doubt lasts, whatever the settings say."""

import math

import pytest

from device.door.controller import times
from device.door.notices import troubles
from device.records import DoorCommand, DoorInput, DoorState, Event, Granted, Line
from device.settings.tables import DoorSettings
from tests.device.door.bench import Bench

LOCKED, RELEASED, OPEN, HELD_OPEN, FORCED, FAULT, LOCKDOWN, EVACUATION = DoorState
STUCK = ("the request to exit is stuck: it has been active for too long, or since before the start",)
WITHOUT_END = ("the door was released for exit again and again for 60 s: the wire of the exit button may be loose",)


def seconds_of_settings(strike: float, extended: float, held: float, pre_alarm: float) -> tuple[float, ...]:
    found = times(
        DoorSettings(
            strike_time_s=strike, extended_strike_time_s=extended, held_open_time_s=held, pre_alarm_s=pre_alarm
        )
    )
    return found.strike_time_s, found.extended_strike_time_s, found.held_open_time_s, found.pre_alarm_s


def test_no_time_is_longer_than_this() -> None:
    assert seconds_of_settings(1e9, 1e9, 1e9, 1e9) == (10.0, 30.0, 600.0, 60.0)


def test_no_time_is_shorter_than_this() -> None:
    assert seconds_of_settings(-1.0, -1.0, -1.0, -1.0) == (0.1, 0.1, 1.0, 0.0)


def test_time_that_is_not_a_number_is_the_shortest() -> None:
    assert seconds_of_settings(math.nan, math.nan, math.nan, math.nan) == (0.1, 0.1, 1.0, 0.0)


def test_extended_time_is_never_the_shorter_one() -> None:
    assert seconds_of_settings(5.0, 2.0, 30.0, 10.0)[:2] == (5.0, 5.0)


class TestRelease:
    @pytest.mark.parametrize(("after_s", "released"), [(2.9, True), (3.0, False)])
    def test_grant_releases_for_its_time(self, after_s: float, released: bool) -> None:
        assert Bench(strike_time_s=3.0).grant().wait(after_s).released is released

    @pytest.mark.parametrize(("after_s", "released"), [(9.9, True), (10.0, False)])
    def test_extended_grant_releases_for_longer(self, after_s: float, released: bool) -> None:
        assert Bench(extended_strike_time_s=10.0).grant(extended=True).wait(after_s).released is released

    @pytest.mark.parametrize(("after_s", "released"), [(4.9, True), (5.0, False)])
    def test_second_grant_counts_from_itself(self, after_s: float, released: bool) -> None:
        assert Bench(strike_time_s=3.0).grant().wait(2.0).grant().wait(after_s - 2.0).released is released

    def test_grant_does_not_shorten_an_extended_one(self) -> None:
        bench = Bench(strike_time_s=3.0, extended_strike_time_s=10.0).grant(extended=True).wait(1.0).grant()
        assert [bench.wait(8.9).released, bench.wait(0.1).released] == [True, False]

    @pytest.mark.parametrize(("after_s", "state"), [(3.9, OPEN), (4.1, FORCED)])
    def test_opening_is_caused_until_a_second_after_the_release(self, after_s: float, state: DoorState) -> None:
        assert Bench(strike_time_s=3.0).grant().wait(after_s).open().state is state

    @pytest.mark.parametrize(("after_s", "state"), [(0.9, OPEN), (1.1, FORCED)])
    def test_opening_is_caused_for_a_second_after_secure(self, after_s: float, state: DoorState) -> None:
        assert Bench().grant().command(DoorCommand.SECURE).wait(after_s).open().state is state

    @pytest.mark.parametrize(("after_s", "state"), [(0.9, OPEN), (1.1, FORCED)])
    def test_opening_of_an_exit_is_caused_for_a_second_after_secure(self, after_s: float, state: DoorState) -> None:
        assert Bench().let_out().command(DoorCommand.SECURE).wait(after_s).open().state is state

    def test_clock_that_is_set_back_shortens_a_release(self) -> None:
        bench = Bench(strike_time_s=3.0).grant()
        bench.now -= 3.0
        assert bench.wait(0.0).released is False


class TestOpenTooLong:
    @pytest.mark.parametrize(("after_s", "state"), [(29.9, OPEN), (30.0, HELD_OPEN)])
    def test_open_door_is_held_open_after_its_time(self, after_s: float, state: DoorState) -> None:
        assert Bench(held_open_time_s=30.0).grant().open().wait(after_s).state is state

    @pytest.mark.parametrize(("after_s", "state"), [(39.9, OPEN), (40.0, HELD_OPEN)])
    def test_person_who_needs_more_time_has_it_here_too(self, after_s: float, state: DoorState) -> None:
        bench = Bench(held_open_time_s=30.0, extended_strike_time_s=10.0).grant(extended=True)
        assert bench.open().wait(after_s).state is state

    @pytest.mark.parametrize(("after_s", "state"), [(29.9, OPEN), (30.0, HELD_OPEN)])
    def test_more_time_that_was_not_used_is_for_nobody_else(self, after_s: float, state: DoorState) -> None:
        bench = Bench(held_open_time_s=30.0, extended_strike_time_s=10.0).grant(extended=True).wait(12.0)
        assert bench.grant().open().wait(after_s).state is state

    def test_pre_alarm_sounds_in_the_last_ten_seconds(self) -> None:
        bench = Bench(held_open_time_s=30.0, pre_alarm_s=10.0).grant().open()
        assert [bench.wait(19.9).buzzer, bench.wait(0.1).buzzer] == [False, True]

    @pytest.mark.parametrize(("after_s", "state"), [(2.9, FORCED), (3.0, LOCKED)])
    def test_forced_alarm_ends_three_seconds_after_the_door_is_shut(self, after_s: float, state: DoorState) -> None:
        assert Bench().open().shut().wait(after_s).state is state


class TestLock:
    @pytest.mark.parametrize(("after_s", "state"), [(1.9, LOCKED), (2.0, FAULT)])
    def test_lock_that_says_unlocked_is_a_fault_after_two_seconds(self, after_s: float, state: DoorState) -> None:
        assert Bench().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(after_s).state is state

    @pytest.mark.parametrize(("after_s", "wrong"), [(1.9, 0), (2.0, 1)])
    def test_lock_that_stays_locked_is_reported_after_two_seconds(self, after_s: float, wrong: int) -> None:
        bench = Bench(strike_time_s=10.0).grant().wait(after_s)
        assert len(troubles(bench.door)) == wrong


class TestExitButton:
    @pytest.mark.parametrize(("after_s", "found"), [(59.9, ()), (60.0, STUCK)])
    def test_button_held_for_a_minute_is_stuck(self, after_s: float, found: tuple[str, ...]) -> None:
        assert troubles(Bench().sense(DoorInput.REX, Line.ACTIVE).wait(after_s).door) == found

    def test_button_active_since_before_the_start_is_stuck_at_once(self) -> None:
        bench = Bench(wired=frozenset({DoorInput.DPS}))
        bench.wired = frozenset({DoorInput.DPS, DoorInput.REX})
        assert troubles(bench.sense(DoorInput.REX, Line.ACTIVE).door) == STUCK

    def test_button_active_when_its_wire_is_fixed_is_stuck_at_once(self) -> None:
        bench = Bench().sense(DoorInput.REX, Line.CUT).sense(DoorInput.REX, Line.ACTIVE)
        assert troubles(bench.door) == STUCK

    @pytest.mark.parametrize(("presses", "found"), [(29, ()), (31, WITHOUT_END)])
    def test_button_pressed_every_two_seconds_for_a_minute(self, presses: int, found: tuple[str, ...]) -> None:
        bench = Bench(wired=frozenset({DoorInput.REX}), strike_time_s=3.0, rex="release")
        for _ in range(presses):
            bench.press(DoorInput.REX).wait(2.0)
        assert troubles(bench.door) == found

    def test_minute_begins_again_after_a_pause(self) -> None:
        bench = Bench(wired=frozenset({DoorInput.REX}), strike_time_s=3.0, rex="release")
        for _ in range(2):
            for _ in range(20):
                bench.press(DoorInput.REX).wait(2.0)
            bench.wait(2.0)
        assert troubles(bench.door) == ()

    @pytest.mark.parametrize(("after_s", "state"), [(3.9, OPEN), (4.1, FORCED)])
    def test_request_without_release_allows_opening_for_four_seconds(self, after_s: float, state: DoorState) -> None:
        assert Bench(strike_time_s=3.0, rex="shunt").press(DoorInput.REX).wait(after_s).open().state is state


def test_of_nine_grants_the_last_eight_are_followed() -> None:
    bench = Bench()
    for row in range(1, 10):
        bench.tell(Granted(row=row))
    bench.told()
    told = bench.open().told()
    assert told == [(Event.DOOR_PASSED, f"row {row}") for row in range(2, 10)]


def test_release_that_ended_leaves_nothing_for_the_next() -> None:
    """Opened in a release that runs on, and secured: the next grant lasts although the door is then shut."""
    bench = Bench(relock="close", strike_time_s=10.0).grant().open().command(DoorCommand.SECURE)
    assert bench.grant().shut().released is True
