"""The door's rules one by one: what releases it and for how long, its alarms, faults, lockdown and evacuation."""

import math

import msgspec.inspect
import pytest

from device.door.controller import LIMITS, new_controller, outputs, times
from device.door.lasting import Mode
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorOutput,
    DoorState,
    Event,
    Granted,
    InputChanged,
    Line,
    Outputs,
    ScheduleChanged,
    Tick,
)
from device.settings.tables import DoorSettings
from tests.device.door.bench import (
    ALL_WIRED,
    DAMAGE,
    EVACUATION,
    EVENTS,
    FAULT,
    FORCED,
    GRACE_S,
    HELD_OPEN,
    LOCKDOWN,
    LOCKED,
    OPEN,
    RELEASED,
    Bench,
    in_state,
)

EXIT_HELD_S = 60.0
MAX_RELEASE_S = 30.0
MAX_STRIKE_TIME_S = 10.0


class TestStart:
    def test_it_is_locked(self) -> None:
        assert (Bench().state, Bench().released) == (LOCKED, False)

    def test_outputs_are_the_safe_ones(self) -> None:
        assert outputs(DoorSettings(), new_controller(Mode(), 0.0)) == Outputs()

    def test_nothing_is_pending(self) -> None:
        assert Bench().deadline is None

    @pytest.mark.parametrize("line", Line)
    @pytest.mark.parametrize("wire", DoorInput)
    @pytest.mark.parametrize("rex", ["shunt", "release"])
    def test_no_wire_but_fire_releases_by_what_it_says_at_first(self, wire: DoorInput, line: Line, rex: str) -> None:
        bench = Bench(wired=frozenset(), rex=rex)
        bench.wired = ALL_WIRED
        bench.sense(wire, line)
        assert bench.released == ((wire, line) == (DoorInput.FIRE, Line.ACTIVE))

    def test_door_found_open_is_no_alarm_but_may_not_stay_so(self) -> None:
        bench = Bench(wired=frozenset())
        bench.wired = ALL_WIRED
        assert bench.open().state is OPEN
        assert bench.wait(30).state is HELD_OPEN

    @pytest.mark.parametrize("now", [math.inf, -math.inf, math.nan])
    def test_time_that_is_none_is_none(self, now: float) -> None:
        assert new_controller(Mode(), now).at == 0.0


class TestRelease:
    def test_grant_releases_for_the_strike_time(self) -> None:
        bench = Bench().grant()
        assert (bench.state, bench.released) == (RELEASED, True)
        assert bench.wait(2.999).released
        assert (bench.wait(0.001).state, bench.released) == (LOCKED, False)

    def test_extended_grant_releases_for_longer(self) -> None:
        bench = Bench().grant(extended=True)
        assert bench.wait(9.999).released
        assert not bench.wait(0.001).released

    def test_another_grant_releases_from_then_on(self) -> None:
        bench = Bench().grant().wait(2).grant()
        assert bench.wait(2.999).released
        assert not bench.wait(0.001).released

    def test_plain_grant_does_not_shorten_an_extended_one(self) -> None:
        assert Bench().grant(extended=True).wait(1).grant().wait(8.9).released

    def test_operator_releases_as_a_grant_does(self) -> None:
        bench = Bench().command(DoorCommand.RELEASE)
        assert bench.wait(2.999).released
        assert not bench.wait(0.001).released

    def test_schedule_releases_for_as_long_as_it_says(self) -> None:
        bench = Bench().tell(ScheduleChanged(unlocked=True))
        assert (bench.wait(9 * 3600).state, bench.released) == (RELEASED, True)
        assert bench.tell(ScheduleChanged(unlocked=False)).state is LOCKED

    def test_secure_ends_a_release_at_once(self) -> None:
        assert Bench().grant(extended=True).command(DoorCommand.SECURE).state is LOCKED

    def test_secure_ends_what_a_schedule_released_until_it_says_so_again(self) -> None:
        bench = Bench().tell(ScheduleChanged(unlocked=True)).command(DoorCommand.SECURE)
        assert bench.wait(3600).state is LOCKED
        assert bench.tell(ScheduleChanged(unlocked=True)).state is RELEASED

    @pytest.mark.parametrize("back_s", [0.001, 1.0, 1e6])
    def test_clock_that_is_set_back_shortens_a_release(self, back_s: float) -> None:
        bench = Bench().grant().wait(1)
        bench.now -= back_s
        bench.tell(Tick())
        assert not bench.wait(max(0.0, 2 - back_s)).released

    @pytest.mark.parametrize("now", [math.inf, -math.inf, math.nan, 1e300])
    def test_clock_that_runs_away_ends_a_release(self, now: float) -> None:
        bench = Bench().grant()
        bench.now = now
        assert not bench.tell(Tick()).released

    @pytest.mark.parametrize(("relock", "released"), [("open", False), ("close", True)])
    def test_opening_secures_if_told_so(self, relock: str, released: bool) -> None:
        assert Bench(relock=relock).grant().open().released == released

    @pytest.mark.parametrize("relock", ["open", "close"])
    def test_closing_secures(self, relock: str) -> None:
        assert Bench(relock=relock).grant().open().wait(1).shut().state is LOCKED

    def test_relock_on_close_is_bounded_by_the_strike_time(self) -> None:
        bench = Bench(relock="close").grant().open()
        assert bench.wait(2.999).released
        assert not bench.wait(0.001).released

    @pytest.mark.parametrize("relock", ["open", "close"])
    def test_grant_at_an_open_door_is_for_the_next_opening(self, relock: str) -> None:
        bench = Bench(relock=relock).grant().open().wait(1).grant().shut()
        assert bench.state is RELEASED
        assert bench.open().state is OPEN
        assert bench.shut().state is LOCKED

    @pytest.mark.parametrize("relock", ["open", "close"])
    def test_door_without_a_position_switch_is_released_by_time_alone(self, relock: str) -> None:
        bench = Bench(wired=frozenset(), relock=relock).grant().open()
        assert (bench.state, bench.wait(2.999).released) == (RELEASED, True)
        assert bench.wait(0.001).state is LOCKED

    @pytest.mark.parametrize(
        ("state", "released"),
        [
            (LOCKED, True),
            (RELEASED, True),
            (OPEN, True),
            (HELD_OPEN, True),
            (FORCED, True),
            (FAULT, False),
            (LOCKDOWN, False),
            (EVACUATION, True),
        ],
    )
    @pytest.mark.parametrize("how", ["grant", "operator"])
    def test_where_a_release_is_possible(self, state: DoorState, released: bool, how: str) -> None:
        bench = in_state(state, rex="release")
        match how:
            case "grant":
                bench.grant()
            case "operator":
                bench.command(DoorCommand.RELEASE)
        assert bench.released == released

    @pytest.mark.parametrize("state", [FAULT, LOCKDOWN])
    def test_grant_that_is_refused_is_no_cause(self, state: DoorState) -> None:
        assert in_state(state).grant().open().siren

    @pytest.mark.parametrize("state", [HELD_OPEN, FORCED])
    def test_grant_quiets_no_alarm(self, state: DoorState) -> None:
        assert in_state(state).grant().state is state

    def test_grant_at_an_open_door_gives_it_time_anew(self) -> None:
        bench = in_state(OPEN).wait(29).grant()
        assert bench.wait(29.9).state is OPEN
        assert bench.wait(0.1).state is HELD_OPEN

    def test_extended_grant_gives_the_open_door_more_time(self) -> None:
        bench = Bench().grant(extended=True).open()
        assert bench.wait(39.9).state is OPEN
        assert bench.wait(0.1).state is HELD_OPEN

    def test_extended_grant_is_for_one_opening(self) -> None:
        assert Bench().grant(extended=True).open().shut().grant().open().wait(30).state is HELD_OPEN


class TestTimes:
    @pytest.mark.parametrize("given", [-1.0, 0.0, math.nan, -math.inf])
    def test_least(self, given: float) -> None:
        clamped = times(
            DoorSettings(strike_time_s=given, extended_strike_time_s=given, held_open_time_s=given, pre_alarm_s=given)
        )
        assert (clamped.strike_time_s, clamped.held_open_time_s, clamped.pre_alarm_s) == (0.1, 1.0, 0.0)

    @pytest.mark.parametrize("given", [1e9, math.inf])
    def test_most(self, given: float) -> None:
        clamped = times(
            DoorSettings(strike_time_s=given, extended_strike_time_s=given, held_open_time_s=given, pre_alarm_s=given)
        )
        assert (clamped.strike_time_s, clamped.extended_strike_time_s) == (MAX_STRIKE_TIME_S, MAX_RELEASE_S)
        assert (clamped.held_open_time_s, clamped.pre_alarm_s) == (600.0, 60.0)

    @pytest.mark.parametrize("name", LIMITS)
    def test_most_is_that_of_the_settings(self, name: str) -> None:
        info = msgspec.inspect.type_info(DoorSettings)
        assert isinstance(info, msgspec.inspect.StructType)
        (kind,) = (field.type for field in info.fields if field.name == name)
        assert isinstance(kind, msgspec.inspect.Metadata)
        assert isinstance(kind.type, msgspec.inspect.FloatType)
        assert kind.type.le == LIMITS[name][1]

    def test_extended_is_never_shorter_than_plain(self) -> None:
        assert times(DoorSettings(strike_time_s=8.0, extended_strike_time_s=2.0)).extended_strike_time_s == 8.0


class TestRequestToExit:
    def test_shunt_releases_nothing(self) -> None:
        assert Bench().press(DoorInput.REX).state is LOCKED

    def test_shunt_lets_the_door_be_opened_by_its_handle(self) -> None:
        assert Bench().press(DoorInput.REX).wait(3.9).open().state is OPEN

    def test_causes_do_not_add_up(self) -> None:
        assert Bench().grant().press(DoorInput.REX).wait(3 + GRACE_S).open().state is FORCED

    def test_shunt_is_over_after_a_while(self) -> None:
        assert Bench().press(DoorInput.REX).wait(3 + GRACE_S).open().state is FORCED

    def test_release_releases_for_the_strike_time(self) -> None:
        bench = Bench(rex="release").press(DoorInput.REX)
        assert bench.wait(2.999).released
        assert not bench.wait(0.001).released

    def test_button_that_stays_pressed_releases_once(self) -> None:
        bench = Bench(rex="release").sense(DoorInput.REX, Line.ACTIVE)
        assert bench.wait(3).state is LOCKED

    def test_request_that_lasts_is_cause_for_every_opening(self) -> None:
        bench = Bench().sense(DoorInput.REX, Line.ACTIVE).open().shut().wait(10)
        assert bench.open().state is OPEN

    def test_request_of_59_s_is_cause_for_an_opening(self) -> None:
        assert Bench().sense(DoorInput.REX, Line.ACTIVE).wait(59.0).open().state is OPEN

    def test_request_that_lasts_too_long_is_a_stuck_button(self) -> None:
        bench = Bench().sense(DoorInput.REX, Line.ACTIVE).wait(EXIT_HELD_S)
        assert bench.open().state is FORCED

    def test_stuck_button_is_told_and_mended(self) -> None:
        bench = Bench().sense(DoorInput.REX, Line.ACTIVE)
        bench.wait(EXIT_HELD_S)
        assert [event for event, _ in bench.told()] == [Event.DOOR_FAULT]
        bench.sense(DoorInput.REX, Line.QUIET)
        assert [event for event, _ in bench.told()] == [Event.DOOR_MENDED]

    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("rex", ["shunt", "release"])
    def test_damaged_wire_is_no_request(self, damage: Line, rex: str) -> None:
        bench = Bench(rex=rex).sense(DoorInput.REX, damage)
        assert (bench.state, bench.shunt) == (LOCKED, False)

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_wire_that_is_active_after_damage_is_no_request(self, damage: Line) -> None:
        bench = Bench(rex="release").sense(DoorInput.REX, damage).sense(DoorInput.REX, Line.ACTIVE)
        assert not bench.released

    @pytest.mark.parametrize("state", [FAULT, LOCKDOWN])
    def test_people_can_leave_by_the_handle_in_any_state(self, state: DoorState) -> None:
        bench = in_state(state).press(DoorInput.REX)
        assert not bench.released
        assert not bench.open().siren


class TestOutputs:
    @pytest.mark.parametrize(
        ("state", "released", "on"),
        [
            (LOCKED, False, set()),
            (RELEASED, True, {DoorOutput.LED, DoorOutput.LAMP, DoorOutput.SHUNT}),
            (OPEN, False, {DoorOutput.SHUNT}),
            (HELD_OPEN, False, {DoorOutput.BUZZER}),
            (FORCED, False, {DoorOutput.SIREN}),
            (FAULT, False, set()),
            (LOCKDOWN, False, set()),
            (EVACUATION, True, {DoorOutput.LED, DoorOutput.LAMP, DoorOutput.SHUNT}),
        ],
    )
    def test_of_each_state(self, state: DoorState, released: bool, on: frozenset[DoorOutput]) -> None:
        bench = in_state(state)
        assert (bench.released, bench.on) == (released, on)

    def test_building_is_told_before_the_door_is_opened_by_its_handle(self) -> None:
        bench = Bench().press(DoorInput.REX)
        assert (bench.released, bench.on) == (False, frozenset({DoorOutput.SHUNT}))


class TestNotices:
    def test_grant_has_only_the_news_that_the_door_was_opened(self) -> None:
        assert Bench().grant().open().shut().wait(60).told() == [(Event.DOOR_PASSED, "")]

    def test_operators_release_and_secure_are_told(self) -> None:
        bench = Bench().command(DoorCommand.RELEASE).command(DoorCommand.SECURE)
        assert bench.told() == [(Event.DOOR_RELEASED, "by an operator"), (Event.DOOR_SECURED, "by an operator")]

    def test_schedule_is_told(self) -> None:
        bench = Bench().tell(ScheduleChanged(unlocked=True)).tell(ScheduleChanged(unlocked=False))
        assert bench.told() == [(Event.DOOR_RELEASED, "by the schedule"), (Event.DOOR_SECURED, "by the schedule")]

    def test_exit_that_released_is_told(self) -> None:
        bench = Bench(rex="release").press(DoorInput.REX).open()
        assert bench.told() == [(Event.DOOR_EXIT_REQUESTED, "released")]

    def test_exit_by_the_handle_is_told_when_it_happens(self) -> None:
        bench = Bench().press(DoorInput.REX)
        assert bench.told() == []
        assert bench.open().told() == [(Event.DOOR_EXIT_REQUESTED, "opened")]

    def test_motion_detector_that_fires_all_day_is_no_news(self) -> None:
        bench = Bench()
        for _ in range(1000):
            bench.press(DoorInput.REX).wait(1)
        assert bench.told() == []

    def test_they_bear_the_time(self) -> None:
        bench = Bench().wait(5).open()
        assert [notice.at for notice in bench.notices] == [1005.0]


class TestInterlock:
    def test_locked_door_is_closed_and_locked(self) -> None:
        assert Bench().door.is_closed_and_locked

    def test_so_is_one_in_lockdown(self) -> None:
        assert in_state(LOCKDOWN).door.is_closed_and_locked

    @pytest.mark.parametrize("state", [RELEASED, OPEN, HELD_OPEN, FORCED, FAULT, EVACUATION])
    def test_no_other_is(self, state: DoorState) -> None:
        assert not in_state(state).door.is_closed_and_locked

    def test_one_in_lockdown_that_was_forced_is_not(self) -> None:
        assert not in_state(LOCKDOWN).open().door.is_closed_and_locked

    def test_one_whose_bolt_still_moves_is_not(self) -> None:
        assert not Bench().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).door.is_closed_and_locked

    def test_without_wires_the_relay_is_believed(self) -> None:
        assert Bench(wired=frozenset()).door.is_closed_and_locked


class TestWiresThatAreNotThere:
    @pytest.mark.parametrize("line", Line)
    @pytest.mark.parametrize("wire", DoorInput)
    def test_say_nothing(self, wire: DoorInput, line: Line) -> None:
        bench = Bench(wired=frozenset())
        before = bench.door
        assert bench.sense(wire, line).door == before


@pytest.mark.parametrize("state", DoorState)
@pytest.mark.parametrize("relock", ["open", "close"])
@pytest.mark.parametrize("rex", ["shunt", "release"])
def test_nothing_releases_the_strike_without_a_cause(state: DoorState, relock: str, rex: str) -> None:
    without_a_cause = []
    for event in EVENTS:
        bench = in_state(state, relock=relock, rex=rex)
        was_released = bench.released
        if bench.tell(event).released and not (was_released or is_cause(event, state, rex)):
            without_a_cause.append(event)
    assert without_a_cause == []


def is_cause(event: DoorEvent, state: DoorState, rex: str) -> bool:
    """Whether it may release a strike that is secure; in lockdown and fault only the way out and an evacuation may."""
    match event:
        case InputChanged(DoorInput.FIRE, Line.ACTIVE) | Commanded(DoorCommand.EVACUATE) | Granted(egress=True):
            return True
        case InputChanged(DoorInput.REX, Line.ACTIVE):
            return rex == "release"
        case Granted() | Commanded(DoorCommand.RELEASE) | ScheduleChanged(unlocked=True):
            return state not in (LOCKDOWN, FAULT)
    return False
