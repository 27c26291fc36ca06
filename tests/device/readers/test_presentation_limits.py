"""When a badge in front of a reader is a new one: the hold time, noise beside a badge, and 1,024 badges at most."""

import pytest

from device.readers.presentations import Presentations
from device.records import BadgeRead, Credential


def badge(number: int, at: float) -> BadgeRead:
    return BadgeRead(Credential("h10301", 17, number), at, "front")


def noise(at: float) -> BadgeRead:
    return BadgeRead(None, at, "front", fault="wrong parity")


def begun(hold_time_s: float, *reads: BadgeRead) -> list[bool]:
    presentations = Presentations(hold_time_s)
    return [presentations.begins(read) for read in reads]


@pytest.mark.parametrize(("later_s", "is_new"), [(1.75, False), (2.0, True), (2.5, True)])
def test_badge_is_new_after_the_hold_time(later_s: float, is_new: bool) -> None:
    assert begun(2.0, badge(1, 10.0), badge(1, 10.0 + later_s)) == [True, is_new]


def test_short_hold_time_holds() -> None:
    assert begun(0.5, badge(1, 10.0), badge(1, 10.25)) == [True, False]


def test_badge_that_lies_there_is_never_new() -> None:
    assert begun(2.0, *[badge(1, 10.0 + at) for at in range(60)]) == [True] + [False] * 59


@pytest.mark.parametrize("at", [9.5, 10.0, 10.5])
def test_without_a_hold_time_each_sighting_is_new(at: float) -> None:
    assert begun(0.0, badge(1, 10.0), noise(10.0), badge(1, at), noise(at)) == [True] * 4


@pytest.mark.parametrize(("at", "is_new"), [(9.5, True), (10.0, False), (11.75, False), (12.0, True)])
def test_noise_beside_a_badge_is_a_damaged_frame_of_it(at: float, is_new: bool) -> None:
    assert begun(2.0, badge(1, 10.0), noise(at)) == [True, is_new]


@pytest.mark.parametrize(("at", "is_new"), [(9.5, True), (10.0, False), (11.75, False), (12.0, True)])
def test_noise_is_new_once_a_hold_time(at: float, is_new: bool) -> None:
    assert begun(2.0, noise(10.0), noise(at)) == [True, is_new]


def test_badge_and_noise_are_new_once_taken_away() -> None:
    presentations = Presentations(2.0)
    reads = [noise(10.0), badge(1, 10.0)]
    first = [presentations.begins(read) for read in reads]
    presentations.removed()
    assert (first, [presentations.begins(read) for read in reads]) == ([True, True], [True, True])


def test_unreadable_badge_is_new_once_taken_away() -> None:
    presentations = Presentations(2.0)
    first = presentations.begins(noise(10.0))
    presentations.removed()
    assert (first, presentations.begins(noise(10.5))) == (True, True)


def test_1024_badges_are_remembered_and_no_more_let_in() -> None:
    assert begun(2.0, *[badge(number, 10.0) for number in range(1026)]) == [True] * 1024 + [False] * 2


@pytest.mark.parametrize(("at", "is_new"), [(11.75, False), (12.0, True), (8.0, True), (8.25, False)])
def test_room_is_made_after_a_hold_time(at: float, is_new: bool) -> None:
    assert begun(2.0, *[badge(number, 10.0) for number in range(1024)], badge(5000, at))[-1] is is_new


def test_badge_dropped_on_its_way_begins_again() -> None:
    presentations = Presentations(2.0)
    first = presentations.begins(badge(1, 10.0))
    presentations.unserved(Credential("h10301", 17, 1))
    assert (first, presentations.begins(badge(1, 10.5))) == (True, True)
