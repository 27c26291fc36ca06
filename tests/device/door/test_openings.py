"""What one opening uses up, and what it leaves for the next: two releases, requests to exit, a door found open."""

import pytest

from device.records import DoorCommand, DoorInput, DoorState, Event, Line, ScheduleChanged
from tests.device.door.bench import Bench


def found_open() -> Bench:
    """A door that is open when it is first seen."""
    bench = Bench(wired=frozenset())
    bench.wired = frozenset({DoorInput.DPS, DoorInput.FIRE})
    return bench.open()


class TestRelockAtClosing:
    def test_exit_ends_when_the_door_is_shut(self) -> None:
        assert Bench(relock="close", strike_time_s=10.0).let_out().open().shut().released is False

    def test_grant_ends_when_the_door_is_shut(self) -> None:
        assert Bench(relock="close", strike_time_s=10.0).grant().open().shut().released is False

    def test_grant_that_outlasts_an_exit_ends_when_the_door_is_shut(self) -> None:
        bench = Bench(relock="close", strike_time_s=3.0, extended_strike_time_s=10.0)
        bench.grant(extended=True).let_out().open().wait(4.0)
        assert (bench.released, bench.shut().released) == (True, False)

    def test_exit_that_outlasts_a_grant_ends_when_the_door_is_shut(self) -> None:
        bench = Bench(relock="close", strike_time_s=3.0, extended_strike_time_s=10.0)
        bench.grant().let_out(extended=True).open().wait(4.0)
        assert (bench.released, bench.shut().released) == (True, False)

    def test_grant_before_which_nobody_went_through_lasts(self) -> None:
        bench = Bench(relock="close", strike_time_s=10.0).grant().wait(1.0).shut()
        assert bench.released is True


class TestRelockAtOpening:
    @pytest.mark.parametrize("egress", [False, True])
    def test_release_ends_when_the_door_is_opened(self, egress: bool) -> None:
        bench = Bench(relock="open", strike_time_s=10.0)
        assert (bench.let_out() if egress else bench.grant()).open().released is False

    def test_both_releases_end_when_the_door_is_opened(self) -> None:
        assert Bench(relock="open", strike_time_s=10.0).grant().let_out().open().released is False


def test_second_opening_needs_another_cause() -> None:
    assert Bench().grant().open().shut().open().state is DoorState.FORCED


def test_request_to_exit_is_reported_with_one_opening_alone() -> None:
    bench = Bench(rex="shunt").press(DoorInput.REX).open().shut()
    first = [event for event, _ in bench.told()]
    bench.tell(ScheduleChanged(True)).open()
    second = [event for event, _ in bench.told()]
    assert (first.count(Event.DOOR_EXIT_REQUESTED), second.count(Event.DOOR_EXIT_REQUESTED)) == (1, 0)


class TestFoundOpen:
    def test_building_alarm_does_not_overlook_it(self) -> None:
        assert (found_open().state, found_open().shunt) == (DoorState.OPEN, False)

    def test_nor_while_a_schedule_lets_it_stand_open(self) -> None:
        assert found_open().tell(ScheduleChanged(True)).shunt is False

    def test_after_an_evacuation_it_is_an_open_door_like_others(self) -> None:
        assert found_open().command(DoorCommand.EVACUATE).command(DoorCommand.CLEAR).shunt is True

    def test_after_it_was_shut_the_next_opening_is_overlooked(self) -> None:
        assert found_open().shut().grant().open().shunt is True

    def test_operator_clears_it(self) -> None:
        bench = found_open()
        bench.told()
        assert bench.command(DoorCommand.CLEAR).told() == [(Event.DOOR_CLEARED, "found open")]


def test_alarm_goes_on_when_the_switch_of_a_forced_door_is_cut() -> None:
    assert Bench().open().sense(DoorInput.DPS, Line.CUT).siren is True
