"""The door's rules one by one: what releases it and for how long, its alarms, faults, lockdown and evacuation."""

import math
from typing import Any

import msgspec.inspect
import pytest

from device.door.controller import LIMITS, new_controller, outputs, times
from device.door.lasting import Mode, Order
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorOutput,
    DoorState,
    DriveFailed,
    DriveMended,
    Event,
    Granted,
    InputChanged,
    Line,
    Outputs,
    ScheduleChanged,
    Tick,
)
from device.settings.tables import DoorSettings
from tests.device.door.bench import ALL_WIRED, EVENTS, Bench

EXIT_HELD_S = 60.0
FEEDBACK_S = 2.0
GRACE_S = 1.0
MAX_RELEASE_S = 30.0
MAX_STRIKE_TIME_S = 10.0
QUIET_S = 3.0

DAMAGE = (Line.CUT, Line.SHORT)
LOCKED, RELEASED, OPEN, HELD_OPEN, FORCED, FAULT, LOCKDOWN, EVACUATION = DoorState


def in_state(state: DoorState, **settings: Any) -> Bench:
    """A door in a state, in the simplest way."""
    bench = Bench(**settings)
    match state:
        case DoorState.LOCKED:
            pass
        case DoorState.RELEASED:
            bench.grant()
        case DoorState.OPEN:
            bench.grant().open()
        case DoorState.HELD_OPEN:
            bench.grant().open().wait(30)
        case DoorState.FORCED:
            bench.open()
        case DoorState.FAULT:
            bench.tell(DriveFailed("it does not answer"))
        case DoorState.LOCKDOWN:
            bench.command(DoorCommand.LOCKDOWN)
        case DoorState.EVACUATION:
            bench.command(DoorCommand.EVACUATE)
    assert bench.state is state
    bench.told()
    return bench


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


class TestForced:
    def test_opening_without_cause_is_an_alarm(self) -> None:
        bench = Bench().open()
        assert (bench.state, bench.siren, bench.shunt) == (FORCED, True, False)
        assert bench.told() == [(Event.DOOR_FORCED, "opened without cause")]

    def test_one_grant_is_for_one_opening(self) -> None:
        assert Bench().grant().open().wait(1).shut().wait(1).open().state is FORCED

    def test_door_pulled_just_as_the_strike_falls_is_no_alarm(self) -> None:
        assert Bench().grant().wait(3 + GRACE_S / 2).open().state is OPEN

    @pytest.mark.parametrize("command", [DoorCommand.SECURE, DoorCommand.LOCKDOWN])
    def test_door_pulled_just_as_an_operator_secures_is_no_alarm(self, command: DoorCommand) -> None:
        assert not Bench().grant().command(command).wait(GRACE_S / 2).open().siren

    @pytest.mark.parametrize("command", [DoorCommand.SECURE, DoorCommand.LOCKDOWN])
    def test_after_that_it_is(self, command: DoorCommand) -> None:
        assert Bench().grant(extended=True).command(command).wait(GRACE_S).open().siren

    def test_it_stays_until_the_door_is_closed(self) -> None:
        assert Bench().open().wait(1e5).state is FORCED

    def test_it_stays_until_the_closed_door_is_quiet(self) -> None:
        bench = Bench().open().shut()
        assert bench.wait(QUIET_S - 0.01).state is FORCED
        assert (bench.wait(0.01).state, bench.siren) == (LOCKED, False)

    def test_rattling_is_told_each_time(self) -> None:
        bench = Bench().open().shut().open()
        assert [event for event, _ in bench.told()] == [Event.DOOR_FORCED, Event.DOOR_FORCED]

    def test_door_that_is_closed_again_lets_people_in(self) -> None:
        assert Bench().open().shut().grant().open().state is OPEN

    def test_operator_clears_it_and_the_door_may_not_stay_open(self) -> None:
        bench = Bench().open().command(DoorCommand.CLEAR)
        assert (bench.state, bench.siren) == (OPEN, False)
        assert bench.wait(30).state is HELD_OPEN

    def test_end_is_told_once(self) -> None:
        bench = Bench().open()
        bench.told()
        bench.shut().wait(10)
        assert bench.told() == [(Event.DOOR_ALARM_ENDED, "forced, closed again")]

    @pytest.mark.parametrize("state", [FAULT, LOCKDOWN])
    def test_it_is_raised_whatever_the_door_is_made_to_be(self, state: DoorState) -> None:
        bench = in_state(state).open()
        assert (bench.state, bench.siren) == (state, True)
        assert (Event.DOOR_FORCED, "opened without cause") in bench.told()

    def test_it_is_still_there_when_a_lockdown_is_cleared(self) -> None:
        assert in_state(LOCKDOWN).open().command(DoorCommand.CLEAR).state is FORCED

    def test_in_an_evacuation_everybody_has_a_cause(self) -> None:
        bench = in_state(EVACUATION).open()
        assert not bench.siren
        assert bench.wait(1e5).on == {DoorOutput.LED, DoorOutput.LAMP, DoorOutput.SHUNT}

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_door_opened_while_its_wire_was_damaged_is_forced(self, damage: Line) -> None:
        assert Bench().sense(DoorInput.DPS, damage).open().state is FORCED

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_door_that_was_open_with_cause_before_the_damage_is_so_after_it(self, damage: Line) -> None:
        assert Bench().grant().open().sense(DoorInput.DPS, damage).open().state is OPEN


class TestHeldOpen:
    def test_buzzer_warns_before_the_alarm(self) -> None:
        bench = Bench().grant().open()
        assert not bench.wait(19.99).buzzer
        assert (bench.wait(0.01).buzzer, bench.state) == (True, OPEN)

    def test_alarm(self) -> None:
        bench = Bench().grant().open().wait(30)
        assert (bench.state, bench.buzzer, bench.shunt, bench.siren) == (HELD_OPEN, True, False, False)
        assert bench.told() == [(Event.DOOR_PASSED, ""), (Event.DOOR_HELD_OPEN, "")]

    def test_no_warning_if_none_is_wanted(self) -> None:
        bench = Bench(pre_alarm_s=0.0).grant().open()
        assert not bench.wait(29.99).buzzer
        assert bench.wait(0.01).buzzer

    def test_warning_from_the_start_if_it_is_longer_than_the_time(self) -> None:
        assert Bench(pre_alarm_s=60.0).grant().open().buzzer

    def test_closing_ends_it(self) -> None:
        bench = in_state(HELD_OPEN).shut()
        assert (bench.state, bench.buzzer) == (LOCKED, False)
        assert bench.told() == [(Event.DOOR_ALARM_ENDED, "held open, closed again")]

    def test_operator_gives_it_time_anew(self) -> None:
        bench = in_state(HELD_OPEN).command(DoorCommand.CLEAR)
        assert (bench.state, bench.told()) == (OPEN, [(Event.DOOR_CLEARED, "held open alarm")])
        assert bench.wait(30).state is HELD_OPEN

    def test_released_by_a_schedule_it_may_stay_open(self) -> None:
        assert Bench().tell(ScheduleChanged(unlocked=True)).open().wait(1e5).state is OPEN

    def test_time_begins_when_the_schedule_ends(self) -> None:
        bench = Bench().tell(ScheduleChanged(unlocked=True)).open().wait(1e5).tell(ScheduleChanged(unlocked=False))
        assert bench.wait(29.9).state is OPEN
        assert bench.wait(0.1).state is HELD_OPEN


class TestFault:
    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("wire", [DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.LOCKDOWN])
    def test_damage_to_what_the_door_needs(self, wire: DoorInput, damage: Line) -> None:
        bench = in_state(RELEASED).sense(wire, damage)
        assert (bench.state, bench.released) == (FAULT, False)
        assert [event for event, _ in bench.told()] == [Event.DOOR_FAULT]

    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("wire", [DoorInput.REX, DoorInput.POWER_FAIL, DoorInput.FIRE, DoorInput.TAMPER])
    def test_damage_to_what_it_does_not_need_is_told(self, wire: DoorInput, damage: Line) -> None:
        bench = in_state(RELEASED).sense(wire, damage)
        assert (bench.state, bench.released) == (RELEASED, True)
        assert Event.DOOR_FAULT in [event for event, _ in bench.told()]

    @pytest.mark.parametrize("wire", [DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.LOCKDOWN])
    def test_mended_wire_ends_it(self, wire: DoorInput) -> None:
        bench = Bench().sense(wire, Line.CUT)
        bench.told()
        assert bench.sense(wire, Line.QUIET).state is LOCKED
        assert [event for event, _ in bench.told()] == [Event.DOOR_MENDED]

    def test_release_does_not_come_back_with_the_wire(self) -> None:
        bench = in_state(RELEASED).sense(DoorInput.DPS, Line.CUT).sense(DoorInput.DPS, Line.QUIET)
        assert bench.state is LOCKED

    def test_drive_that_fails(self) -> None:
        bench = in_state(RELEASED).tell(DriveFailed("no answer"))
        assert (bench.state, bench.released) == (FAULT, False)
        assert bench.told() == [(Event.DOOR_FAULT, "the outputs cannot be driven: no answer")]

    def test_drive_that_is_mended(self) -> None:
        assert in_state(FAULT).tell(DriveMended()).state is LOCKED

    @pytest.mark.parametrize("command", [DoorCommand.CLEAR, DoorCommand.SECURE, DoorCommand.RELEASE])
    def test_no_command_ends_it(self, command: DoorCommand) -> None:
        assert in_state(FAULT).command(command).state is FAULT

    def test_lock_that_stays_unlocked(self) -> None:
        bench = Bench().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE)
        assert bench.wait(FEEDBACK_S - 0.01).state is LOCKED
        assert bench.wait(0.01).state is FAULT
        assert bench.told() == [(Event.DOOR_FAULT, "the lock reports unlocked while it should be secure")]

    def test_lock_that_locks_in_the_end(self) -> None:
        bench = Bench().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(60)
        assert bench.sense(DoorInput.STRIKE_FEEDBACK, Line.QUIET).state is LOCKED

    def test_lock_that_is_unlocked_while_it_should_be(self) -> None:
        bench = Bench(strike_time_s=9.0).grant().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(8.9)
        assert (bench.state, bench.told()) == (RELEASED, [])

    def test_lock_has_time_after_a_release(self) -> None:
        bench = Bench().grant().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(3 + FEEDBACK_S - 0.01)
        assert bench.state is LOCKED
        assert bench.wait(0.01).state is FAULT

    def test_bolt_of_an_open_door_says_nothing(self) -> None:
        bench = Bench().grant().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).open().wait(10)
        assert bench.state is OPEN

    def test_opening_the_door_ends_no_fault(self) -> None:
        bench = Bench().sense(DoorInput.STRIKE_FEEDBACK, Line.ACTIVE).wait(FEEDBACK_S).open()
        assert (bench.state, bench.siren) == (FAULT, True)

    def test_lock_that_does_not_unlock_is_told(self) -> None:
        bench = Bench().grant().wait(FEEDBACK_S)
        assert (bench.state, bench.released) == (RELEASED, True)
        assert bench.told() == [(Event.DOOR_FAULT, "the lock reports locked while it should be released")]

    def test_schedule_releases_nothing_in_it_and_goes_on_after_it(self) -> None:
        bench = Bench().tell(ScheduleChanged(unlocked=True)).tell(DriveFailed(""))
        assert (bench.state, bench.released) == (FAULT, False)
        assert bench.tell(DriveMended()).state is RELEASED


class TestLockdown:
    def test_operator_locks_down_at_once(self) -> None:
        bench = in_state(RELEASED).command(DoorCommand.LOCKDOWN)
        assert (bench.state, bench.released) == (LOCKDOWN, False)
        assert bench.told() == [(Event.DOOR_LOCKDOWN, "by an operator")]

    def test_switch_locks_down_at_once(self) -> None:
        bench = in_state(RELEASED).sense(DoorInput.LOCKDOWN, Line.ACTIVE)
        assert (bench.state, bench.released) == (LOCKDOWN, False)
        assert bench.told() == [(Event.DOOR_LOCKDOWN, "by its input")]

    def test_button_that_was_pressed_keeps_it_locked_down(self) -> None:
        assert Bench().press(DoorInput.LOCKDOWN).state is LOCKDOWN

    def test_operator_clears_it(self) -> None:
        bench = in_state(LOCKDOWN).command(DoorCommand.CLEAR)
        assert (bench.state, bench.told()) == (LOCKED, [(Event.DOOR_CLEARED, "lockdown")])

    @pytest.mark.parametrize("line", [Line.ACTIVE, *DAMAGE])
    def test_nobody_clears_it_while_its_switch_is_not_quiet(self, line: Line) -> None:
        bench = Bench().sense(DoorInput.LOCKDOWN, Line.ACTIVE).sense(DoorInput.LOCKDOWN, line)
        assert bench.command(DoorCommand.CLEAR).sense(DoorInput.LOCKDOWN, Line.QUIET).state is LOCKDOWN

    def test_schedule_waits_until_it_is_cleared(self) -> None:
        bench = in_state(LOCKDOWN).tell(ScheduleChanged(unlocked=True))
        assert (bench.state, bench.released) == (LOCKDOWN, False)
        assert bench.command(DoorCommand.CLEAR).state is RELEASED

    def test_release_does_not_come_back(self) -> None:
        bench = Bench().grant(extended=True).command(DoorCommand.LOCKDOWN).command(DoorCommand.CLEAR)
        assert bench.state is LOCKED

    def test_it_outlasts_a_restart(self) -> None:
        bench = Bench(mode=Mode(ordered=Order.LOCKDOWN)).grant()
        assert (bench.state, bench.released) == (LOCKDOWN, False)


class TestEvacuation:
    def test_operator_releases_for_everybody(self) -> None:
        bench = Bench().command(DoorCommand.EVACUATE)
        assert (bench.wait(1e5).state, bench.released) == (EVACUATION, True)
        assert bench.told()[0] == (Event.DOOR_EVACUATION, "by an operator")

    def test_fire_releases_for_everybody(self) -> None:
        bench = Bench().sense(DoorInput.FIRE, Line.ACTIVE)
        assert (bench.wait(1e5).state, bench.released) == (EVACUATION, True)
        assert bench.told()[0] == (Event.DOOR_EVACUATION, "by the fire input")

    def test_it_stays_when_the_fire_input_is_quiet_again(self) -> None:
        assert Bench().press(DoorInput.FIRE).state is EVACUATION

    def test_operator_clears_it_then(self) -> None:
        bench = in_state(EVACUATION).press(DoorInput.FIRE)
        bench.told()
        assert (bench.command(DoorCommand.CLEAR).state, bench.released) == (LOCKED, False)
        assert bench.told() == [(Event.DOOR_CLEARED, "evacuation")]

    @pytest.mark.parametrize("line", [Line.ACTIVE, *DAMAGE])
    def test_nobody_clears_it_while_the_fire_input_is_not_quiet(self, line: Line) -> None:
        bench = Bench().sense(DoorInput.FIRE, Line.ACTIVE).sense(DoorInput.FIRE, line)
        assert bench.command(DoorCommand.CLEAR).state is EVACUATION

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_damaged_fire_wire_releases_nothing(self, damage: Line) -> None:
        bench = Bench().sense(DoorInput.FIRE, damage)
        assert (bench.state, bench.released) == (LOCKED, False)
        assert [event for event, _ in bench.told()] == [Event.DOOR_FAULT]

    @pytest.mark.parametrize("command", [DoorCommand.SECURE, DoorCommand.RELEASE])
    def test_secure_does_not_end_it(self, command: DoorCommand) -> None:
        assert in_state(EVACUATION).command(command).state is EVACUATION

    @pytest.mark.parametrize("state", [FAULT, LOCKDOWN])
    def test_fire_comes_before_everything(self, state: DoorState) -> None:
        bench = in_state(state).sense(DoorInput.FIRE, Line.ACTIVE)
        assert (bench.state, bench.released) == (EVACUATION, True)

    @pytest.mark.parametrize("state", [FAULT, LOCKDOWN])
    def test_what_was_beneath_it_is_still_there_after_it(self, state: DoorState) -> None:
        bench = in_state(state).press(DoorInput.FIRE).command(DoorCommand.CLEAR)
        assert (bench.state, bench.released) == (state, False)

    def test_lockdown_replaces_an_operators_evacuation(self) -> None:
        bench = in_state(EVACUATION).command(DoorCommand.LOCKDOWN)
        assert (bench.state, bench.released) == (LOCKDOWN, False)

    def test_evacuation_replaces_an_operators_lockdown(self) -> None:
        bench = in_state(LOCKDOWN).command(DoorCommand.EVACUATE)
        assert (bench.state, bench.released) == (EVACUATION, True)
        assert bench.command(DoorCommand.CLEAR).state is LOCKED

    def test_lockdown_waits_beneath_a_fire(self) -> None:
        bench = Bench().press(DoorInput.FIRE).command(DoorCommand.LOCKDOWN)
        assert (bench.state, bench.released) == (EVACUATION, True)
        assert bench.command(DoorCommand.CLEAR).state is LOCKDOWN

    def test_alarm_of_a_forced_door_is_over(self) -> None:
        assert not in_state(FORCED).sense(DoorInput.FIRE, Line.ACTIVE).siren

    def test_door_left_open_after_it_has_its_time(self) -> None:
        bench = in_state(EVACUATION).open().wait(1e5).command(DoorCommand.CLEAR)
        assert (bench.state, bench.released) == (OPEN, False)
        assert bench.wait(30).state is HELD_OPEN

    def test_ordered_one_outlasts_a_restart(self) -> None:
        assert Bench(mode=Mode(ordered=Order.EVACUATION)).state is EVACUATION

    @pytest.mark.parametrize(
        ("line", "state"),
        [(Line.QUIET, LOCKED), (Line.ACTIVE, EVACUATION), (Line.CUT, EVACUATION), (Line.SHORT, EVACUATION)],
    )
    def test_after_a_restart_the_fire_input_decides_unless_it_burned(self, line: Line, state: DoorState) -> None:
        bench = Bench(mode=Mode(fire=True), wired=frozenset())
        bench.wired = ALL_WIRED
        assert bench.sense(DoorInput.FIRE, line).state is state

    def test_its_end_by_the_fire_input_is_reported(self) -> None:
        assert Bench(mode=Mode(fire=True)).told()[0] == (Event.DOOR_CLEARED, "the fire input is inactive at the start")

    def test_fire_input_that_is_quiet_again_does_not_end_it_while_running(self) -> None:
        assert Bench().press(DoorInput.FIRE).state is EVACUATION


class TestTamperAndMains:
    @pytest.mark.parametrize("line", [Line.ACTIVE, *DAMAGE])
    def test_tamper_sounds_the_siren_and_releases_nothing(self, line: Line) -> None:
        bench = Bench().sense(DoorInput.TAMPER, line)
        assert (bench.state, bench.siren, bench.released) == (LOCKED, True, False)
        assert Event.DOOR_TAMPERED in [event for event, _ in bench.told()]

    def test_tamper_does_not_end_a_release(self) -> None:
        assert in_state(RELEASED).sense(DoorInput.TAMPER, Line.ACTIVE).released

    def test_closed_housing_ends_it(self) -> None:
        bench = Bench().press(DoorInput.TAMPER)
        assert not bench.siren
        assert bench.told() == [(Event.DOOR_TAMPERED, ""), (Event.DOOR_MENDED, "the housing is closed")]

    def test_operator_quiets_it_for_the_work(self) -> None:
        bench = Bench().sense(DoorInput.TAMPER, Line.ACTIVE).command(DoorCommand.CLEAR)
        assert not bench.wait(3600).siren
        assert bench.sense(DoorInput.TAMPER, Line.QUIET).sense(DoorInput.TAMPER, Line.ACTIVE).siren

    def test_mains_that_fail_are_told_and_change_nothing(self) -> None:
        bench = in_state(RELEASED).press(DoorInput.POWER_FAIL)
        assert bench.released
        assert bench.told() == [(Event.DOOR_POWER_FAILED, ""), (Event.DOOR_POWER_RESTORED, "")]


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


@pytest.mark.parametrize("event", EVENTS, ids=str)
@pytest.mark.parametrize("state", DoorState)
@pytest.mark.parametrize("relock", ["open", "close"])
@pytest.mark.parametrize("rex", ["shunt", "release"])
def test_nothing_releases_the_strike_without_a_cause(state: DoorState, event: DoorEvent, relock: str, rex: str) -> None:
    bench = in_state(state, relock=relock, rex=rex)
    was_released = bench.released
    assert bench.tell(event).released <= (was_released or is_cause(event, state, rex))


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
