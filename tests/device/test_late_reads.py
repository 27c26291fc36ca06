"""Which badge reads still get an answer: no older than one second, as whoever presented it may be gone."""

import pytest

from device.credentials import parse_badge
from device.records import BadgeRead
from device.unserved import Unserved

BADGE = parse_badge("17:1001")


@pytest.mark.parametrize(("age_s", "served"), [(0.0, True), (0.9, True), (1.0, True), (1.1, False), (2.0, False)])
def test_read_is_answered_for_one_second(age_s: float, served: bool) -> None:
    assert Unserved().is_served(BadgeRead(BADGE, 100.0), 100.0 + age_s) is served


@pytest.mark.parametrize(("after_s", "answered"), [(1.0, False), (59.0, False), (60.0, True), (61.0, True)])
def test_unreadable_badges_are_answered_once_a_minute(after_s: float, answered: bool) -> None:
    unserved = Unserved()
    first = unserved.is_served(BadgeRead(None, 100.0), 100.0)
    again = unserved.is_served(BadgeRead(None, 100.0 + after_s), 100.0 + after_s)
    assert (first, again) == (True, answered)


def said(unserved: Unserved, now: float) -> list[str]:
    return list(unserved.due(now))


def test_dropped_reads_are_written_down_once_a_minute() -> None:
    unserved = Unserved()
    found = []
    for now in (100.0, 130.0, 159.0, 161.0):
        unserved.is_served(BadgeRead(BADGE, now - 2.0), now)
        found.append(said(unserved, now))
    one, two_more = "1 badge read dropped that came while the door was busy.", "3 badge reads dropped that came while"
    assert (found[:3], found[3][0].startswith(two_more)) == ([[one], [], []], True)


def test_unreadable_badges_are_counted_for_a_minute() -> None:
    unserved = Unserved()
    for at in range(4):
        unserved.is_served(BadgeRead(None, 100.0 + at), 100.0 + at)
    assert [said(unserved, now) for now in (103.0, 159.5, 160.0, 161.0)] == [
        [],
        [],
        ["3 more unreadable badge reads within 60 s."],
        [],
    ]


def test_one_unreadable_badge_is_counted_in_the_singular() -> None:
    unserved = Unserved()
    for at in range(2):
        unserved.is_served(BadgeRead(None, 100.0 + at), 100.0 + at)
    assert said(unserved, 170.0) == ["1 more unreadable badge read within 60 s."]


@pytest.mark.parametrize(("more", "sentence"), [(0, []), (1, ["1 more unreadable badge read within 60 s."])])
def test_unreadable_badges_are_counted_from_zero_each_time(more: int, sentence: list[str]) -> None:
    unserved = Unserved()
    for at in range(4):
        unserved.is_served(BadgeRead(None, 100.0 + at), 100.0 + at)
    assert said(unserved, 160.0) == ["3 more unreadable badge reads within 60 s."]
    for _ in range(more):
        unserved.is_served(BadgeRead(None, 170.0), 170.0)
    assert (said(unserved, 219.0), said(unserved, 221.0)) == ([], sentence)


@pytest.mark.parametrize(
    ("more", "sentence"), [(0, []), (2, ["2 badge reads dropped that came while the door was busy."])]
)
def test_dropped_reads_are_counted_from_zero_each_time(more: int, sentence: list[str]) -> None:
    unserved = Unserved()
    unserved.is_served(BadgeRead(BADGE, 97.0), 100.0)
    assert len(said(unserved, 100.0)) == 1
    for _ in range(more):
        unserved.is_served(BadgeRead(BADGE, 97.0), 100.0)
    assert (said(unserved, 159.0), said(unserved, 160.0)) == ([], sentence)
