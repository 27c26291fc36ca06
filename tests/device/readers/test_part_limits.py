"""How one reader of a group is served: how long it is asked for, waited for and tried again, and what it drops."""

from collections.abc import Callable
from functools import partial

import pytest

from device.errors import ReaderEnded, ReaderError
from device.readers.mailbox import Mailbox
from device.readers.part import Member, Part
from device.records import BadgeRead, BadgeRemoved, Notice, ReaderEvent, ReaderNotice, Signal
from device.virtual.clock import SimulatedClock
from tests.device.readers.mailed import BADGE, EILEEN, GRACE, NOISE


class Served:
    """A reader that gives what `give` returns, served by hand."""

    def __init__(self, give: Callable[[], ReaderEvent | None], *, hold_time_s: float | None = None) -> None:
        self.clock, self.mailbox = SimulatedClock(), Mailbox()
        self.asked_for: list[float] = []
        self.dropped: list[BadgeRead] = []
        self.give = give
        member = Member(self, "front") if hold_time_s is None else Member(self, "front", hold_time_s)
        self.part = Part(member, self.mailbox, self.clock, dropped=self.dropped.append)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        self.asked_for.append(timeout_s)
        return self.give()

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def came(self) -> list[ReaderEvent]:
        """All that was passed on."""
        found: list[ReaderEvent] = []
        while (event := self.mailbox.take()) is not None:
            found.append(event)
        return found


def nothing() -> None:
    return None


def gone() -> ReaderEvent:
    raise ReaderError("It is gone.", hint="Connect it.")


def ended() -> ReaderEvent:
    raise ReaderEnded("It has ended.", hint="Start again.")


def test_reader_is_asked_for_a_quarter_of_a_second() -> None:
    served = Served(nothing)
    served.part.step()
    assert served.asked_for == [0.25]


@pytest.mark.parametrize(("after_s", "trouble"), [(5.0, ""), (5.1, "Reader front is stuck in its device.")])
def test_reader_that_does_not_come_round_for_5_s_hangs(after_s: float, trouble: str) -> None:
    served = Served(nothing)
    served.clock.sleep(after_s)
    served.part.report_hanging()
    served.part.report_hanging()
    reports = [(one.notice, one.at, one.reader, one.detail) for one in served.came() if isinstance(one, ReaderNotice)]
    assert served.part.trouble() == trouble
    assert served.part.was_tried is bool(trouble)
    assert reports == [(Notice.LOST, 5.1, "front", "its device hangs")] * bool(trouble)


def test_reader_that_comes_round_again_is_found() -> None:
    served = Served(nothing)
    served.clock.sleep(60.0)
    served.part.report_hanging()
    served.part.step()
    served.part.report_hanging()
    served.part.report_hanging()
    assert [one.notice for one in served.came() if isinstance(one, ReaderNotice)] == [Notice.LOST, Notice.FOUND]


def test_reader_whose_input_has_ended_does_not_hang() -> None:
    served = Served(ended)
    with pytest.raises(ReaderEnded):
        served.part.step()
    served.clock.sleep(3600.0)
    served.part.report_hanging()
    assert (served.part.trouble(), served.came()) == ("Reader front does not work: its input has ended.", [])


def test_reader_that_fails_is_tried_every_10_s_in_the_end() -> None:
    served = Served(gone)
    waits = [served.part.step()]
    for _ in range(6):
        served.clock.sleep(waits[-1])
        waits.append(served.part.step())
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_reader_was_tried_once_it_failed_or_came_round() -> None:
    found, missed = Served(nothing), Served(gone)
    before = found.part.was_tried, missed.part.was_tried
    found.part.step()
    missed.part.step()
    assert (before, found.part.was_tried, missed.part.was_tried) == ((False, False), True, True)


def test_loss_and_return_of_a_reader_are_reported_once_each() -> None:
    served = Served(gone)
    served.clock.sleep(served.part.step())
    served.part.step()
    while_lost = served.part.trouble()
    served.clock.sleep(1.0)
    served.give = nothing
    served.part.step()
    served.part.step()
    notices = [one.notice for one in served.came() if isinstance(one, ReaderNotice)]
    assert (notices, while_lost) == ([Notice.LOST, Notice.FOUND], "Reader front does not work: It is gone.")
    assert served.part.trouble() == ""


@pytest.mark.parametrize(
    ("detail", "trouble"),
    [
        ("it does not answer", "Reader front does not work: it does not answer."),
        ("", "Reader front does not work: it is lost."),
    ],
)
def test_what_a_reader_reports_of_itself_is_its_trouble(detail: str, trouble: str) -> None:
    told = [ReaderNotice(Notice.LOST, 0.0, "front", detail), ReaderNotice(Notice.TAMPERED, 0.0, "front")]
    served = Served(partial(told.pop, 0))
    served.part.step()
    served.part.step()
    lost = served.part.trouble()
    served.give = partial(ReaderNotice, Notice.FOUND, 0.0, "front")
    served.part.step()
    assert (lost, served.part.trouble()) == (trouble, "")


def test_count_of_what_came_too_fast_is_passed_on() -> None:
    served = Served(lambda: NOISE)
    for _ in range(15):
        served.part.step()
    faults = [one.fault for one in served.came() if isinstance(one, BadgeRead)]
    assert "1 more came too fast and were dropped" in faults


def test_badge_that_was_taken_away_is_new() -> None:
    shown: list[ReaderEvent] = [BADGE, BADGE, BadgeRemoved(0.0, "front"), BADGE]
    served = Served(partial(shown.pop, 0), hold_time_s=3.0)
    for _ in range(4):
        served.part.step()
    assert served.came() == [BADGE, BadgeRemoved(0.0, "front"), BADGE]


def test_reader_that_failed_is_not_asked_until_its_time() -> None:
    served = Served(gone)
    served.part.step()
    served.clock.sleep(0.2)
    left_s = served.part.step()
    served.clock.sleep(0.3)
    served.part.step()
    assert (round(left_s, 6), len(served.asked_for)) == (0.3, 2)


def test_reader_that_worked_in_between_is_tried_soon_again() -> None:
    served = Served(gone)
    served.clock.sleep(served.part.step())
    served.clock.sleep(served.part.step())
    served.give = nothing
    served.part.step()
    served.give = gone
    assert served.part.step() == 0.5


@pytest.mark.parametrize(("hold_time_s", "count"), [(None, 5), (0.0, 5), (3.0, 1)])
def test_every_sighting_counts_without_a_hold_time(hold_time_s: float | None, count: int) -> None:
    served = Served(lambda: BADGE, hold_time_s=hold_time_s)
    for _ in range(5):
        served.part.step()
    assert len(served.came()) == count


@pytest.mark.parametrize(("reader", "count"), [("front", 2), ("back", 1)])
def test_badge_dropped_by_the_door_is_presented_again(reader: str, count: int) -> None:
    served = Served(lambda: BADGE, hold_time_s=3.0)
    served.part.step()
    served.part.unserved(BadgeRead(EILEEN, 0.0, reader))
    served.part.step()
    assert len(served.came()) == count


def test_badge_that_came_too_fast_begins_again_later() -> None:
    """Twenty are let in at once, and 20 a second after that."""
    served = Served(lambda: BADGE, hold_time_s=3.0)
    for number in range(20):
        served.give = partial(BadgeRead, GRACE, 10.0 * number, "front")
        served.part.step()
    served.give = lambda: BADGE
    served.part.step()
    before = [one.credential for one in served.came() if isinstance(one, BadgeRead)].count(EILEEN)
    served.clock.sleep(0.1)
    served.part.step()
    after = [one.credential for one in served.came() if isinstance(one, BadgeRead)].count(EILEEN)
    assert (before, after) == (0, 1)


def test_badge_without_room_is_given_back() -> None:
    """Of the 64 that wait, the oldest goes."""
    served = Served(nothing)
    for number in range(65):
        served.give = partial(BadgeRead, EILEEN, float(number), "front")
        served.part.step()
        served.clock.sleep(1.0)
    assert served.dropped == [BadgeRead(EILEEN, 0.0, "front")]
