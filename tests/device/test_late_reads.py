"""Which badge reads still get an answer: no older than one second, as whoever presented it may be gone."""

import pytest

from device.credentials import parse_badge
from device.records import BadgeRead
from device.unserved import Unserved

BADGE = parse_badge("17:1001")


@pytest.mark.parametrize(("age_s", "served"), [(0.0, True), (0.9, True), (1.0, True), (1.1, False), (2.0, False)])
def test_read_is_answered_for_one_second(age_s: float, served: bool) -> None:
    assert Unserved().is_served(BadgeRead(BADGE, 100.0), 100.0 + age_s) is served


@pytest.mark.parametrize(("after_s", "answered"), [(1.0, False), (59.0, False), (61.0, True)])
def test_unreadable_badges_are_answered_once_a_minute(after_s: float, answered: bool) -> None:
    unserved = Unserved()
    first = unserved.is_served(BadgeRead(None, 100.0), 100.0)
    again = unserved.is_served(BadgeRead(None, 100.0 + after_s), 100.0 + after_s)
    assert (first, again) == (True, answered)
