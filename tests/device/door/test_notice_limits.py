"""How many notices a door keeps, and in which words the rarer ones are written."""

import pytest

from device.door.notices import NoticeQueue, troubles
from device.records import DoorCommand, DoorInput, DoorNotice, Event, Line, ScheduleChanged
from tests.device.door.bench import Bench

NOTICE = DoorNotice(Event.DOOR_RELEASED, 1.0, "by an operator")


def taken(count: int) -> list[DoorNotice]:
    queue = NoticeQueue()
    for _ in range(count):
        queue.add(NOTICE)
    return list(queue.take(7.0))


class TestQueue:
    def test_256_notices_are_kept(self) -> None:
        assert taken(256) == [NOTICE] * 256

    @pytest.mark.parametrize(("count", "lost"), [(257, "1 notice"), (258, "2 notices"), (300, "44 notices")])
    def test_later_ones_are_counted(self, count: int, lost: str) -> None:
        said = f"{lost} of this door lost: more came than could be kept"
        assert taken(count) == [NOTICE] * 256 + [DoorNotice(Event.DOOR_FAULT, 7.0, said)]

    def test_what_was_taken_is_not_given_again(self) -> None:
        queue = NoticeQueue()
        for _ in range(300):
            queue.add(NOTICE)
        queue.take(7.0)
        assert (bool(queue), queue.take(8.0)) == (False, ())

    def test_queue_is_true_while_something_waits(self) -> None:
        queue = NoticeQueue()
        before = bool(queue)
        queue.add(NOTICE)
        assert (before, bool(queue)) == (False, True)


class TestWires:
    @pytest.mark.parametrize(("line", "word"), [(Line.CUT, "cut"), (Line.SHORT, "shorted")])
    def test_damage_is_a_trouble_with_its_kind(self, line: Line, word: str) -> None:
        bench = Bench().sense(DoorInput.FIRE, line)
        assert troubles(bench.door) == (f"the wire of input fire is {word}",)

    def test_tamper_begins_and_ends(self) -> None:
        bench = Bench()
        bench.told()
        bench.sense(DoorInput.TAMPER, Line.ACTIVE).sense(DoorInput.TAMPER, Line.CUT).sense(DoorInput.TAMPER, Line.QUIET)
        assert [told for told in bench.told() if "wire" not in told[1]] == [
            (Event.DOOR_TAMPERED, ""),
            (Event.DOOR_MENDED, "the housing is closed"),
        ]

    def test_mains_fail_and_return(self) -> None:
        bench = Bench()
        bench.told()
        bench.sense(DoorInput.POWER_FAIL, Line.ACTIVE).sense(DoorInput.POWER_FAIL, Line.QUIET)
        assert bench.told() == [(Event.DOOR_POWER_FAILED, ""), (Event.DOOR_POWER_RESTORED, "")]

    def test_mains_that_were_there_are_no_news(self) -> None:
        assert Bench().told() == []


class TestRelease:
    def test_operator_releases_and_secures(self) -> None:
        bench = Bench()
        bench.command(DoorCommand.RELEASE).command(DoorCommand.SECURE)
        assert bench.told() == [(Event.DOOR_RELEASED, "by an operator"), (Event.DOOR_SECURED, "by an operator")]

    def test_operator_who_releases_a_door_in_lockdown_is_not_said_to_have(self) -> None:
        bench = Bench().command(DoorCommand.LOCKDOWN)
        bench.told()
        assert bench.command(DoorCommand.RELEASE).told() == []

    def test_schedule_releases_and_secures(self) -> None:
        bench = Bench().tell(ScheduleChanged(True)).tell(ScheduleChanged(True)).tell(ScheduleChanged(False))
        assert bench.told() == [(Event.DOOR_RELEASED, "by the schedule"), (Event.DOOR_SECURED, "by the schedule")]

    def test_grant_has_no_notice(self) -> None:
        assert Bench().grant().told() == []

    @pytest.mark.parametrize(("command", "beneath"), [(DoorCommand.SECURE, ""), (DoorCommand.LOCKDOWN, "in lockdown")])
    def test_exit_badge_has_one_with_the_state_beneath(self, command: DoorCommand, beneath: str) -> None:
        bench = Bench().command(command)
        bench.told()
        assert bench.let_out().told() == [(Event.DOOR_LET_OUT, beneath)]

    def test_exit_button_has_one_with_the_state_beneath(self) -> None:
        bench = Bench(rex="release").command(DoorCommand.LOCKDOWN)
        bench.told()
        assert bench.press(DoorInput.REX).told() == [(Event.DOOR_EXIT_REQUESTED, "released, in lockdown")]

    def test_second_press_within_a_release_is_reported_as_it_prolongs_it(self) -> None:
        bench = Bench(rex="release", strike_time_s=3.0).press(DoorInput.REX).wait(1.0)
        bench.told()
        assert bench.press(DoorInput.REX).told() == [(Event.DOOR_EXIT_REQUESTED, "released")]

    def test_press_at_once_after_another_prolongs_nothing(self) -> None:
        bench = Bench(rex="release", strike_time_s=3.0).press(DoorInput.REX)
        bench.told()
        assert bench.press(DoorInput.REX).told() == []


class TestModes:
    def test_order_is_noted_once(self) -> None:
        bench = Bench().command(DoorCommand.LOCKDOWN).command(DoorCommand.LOCKDOWN)
        assert bench.told() == [(Event.DOOR_LOCKDOWN, "by an operator")]

    def test_switch_and_fire_are_noted_with_their_cause(self) -> None:
        bench = Bench().sense(DoorInput.LOCKDOWN, Line.ACTIVE).sense(DoorInput.FIRE, Line.ACTIVE)
        assert bench.told() == [(Event.DOOR_LOCKDOWN, "by its input"), (Event.DOOR_EVACUATION, "by the fire input")]

    def test_evacuation_and_the_lockdown_beneath_are_cleared_one_by_one(self) -> None:
        bench = Bench().press(DoorInput.LOCKDOWN).press(DoorInput.FIRE)
        bench.told()
        cleared = [bench.command(DoorCommand.CLEAR).told() for _ in range(3)]
        assert cleared == [[(Event.DOOR_CLEARED, "evacuation")], [(Event.DOOR_CLEARED, "lockdown")], []]


class TestAlarms:
    def test_forced_alarm_ends_by_itself(self) -> None:
        bench = Bench().open().shut().wait(3.0)
        assert bench.told() == [
            (Event.DOOR_FORCED, "opened without cause"),
            (Event.DOOR_ALARM_ENDED, "forced, closed again"),
        ]

    def test_held_open_alarm_is_cleared(self) -> None:
        bench = Bench().grant().open().wait(30.0)
        bench.told()
        assert bench.command(DoorCommand.CLEAR).told() == [(Event.DOOR_CLEARED, "held open alarm")]

    def test_rattling_door_is_one_alarm_with_a_row_for_each_opening(self) -> None:
        bench = Bench().open()
        bench.told()
        sirens = []
        for _ in range(5):
            sirens += [bench.shut().siren, bench.wait(2.0).siren, bench.open().siren]
        assert (sirens, bench.told()) == ([True] * 15, [(Event.DOOR_FORCED, "opened without cause")] * 5)
