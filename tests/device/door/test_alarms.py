"""What the controller does about a door that is forced or held open, a fault, a lockdown, an evacuation."""

import pytest

from device.door.lasting import Mode, Order
from device.records import (
    DoorCommand,
    DoorInput,
    DoorOutput,
    DoorState,
    DriveFailed,
    DriveMended,
    Event,
    Line,
    ScheduleChanged,
)
from tests.device.door.bench import (
    ALL_WIRED,
    DAMAGE,
    EVACUATION,
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

FEEDBACK_S = 2.0
QUIET_S = 3.0


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
    def test_door_open_with_cause_before_the_damage_is_so_after_it(self, damage: Line) -> None:
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
