"""One presentation is one transaction: which sightings of a badge begin one. The law, and a case of each kind."""

from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.readers.presentations import Presentations
from device.records import BadgeRead, Credential

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)


def sighted(presentations: Presentations, credential: Credential, *times: float) -> list[bool]:
    """Which sightings at these times begin a presentation."""
    return [presentations.begins(BadgeRead(credential, at)) for at in times]


def begun(
    sightings: list[tuple[float, Credential | None]], hold_time_s: float = 3.0
) -> list[tuple[float, Credential | None]]:
    """The times and credentials of what began, of sightings in the form (time, credential)."""
    presentations = Presentations(hold_time_s)
    return [(at, who) for at, who in sightings if presentations.begins(BadgeRead(who, at))]


def every(seconds: float, until: float, *credentials: Credential | None) -> list[tuple[float, Credential | None]]:
    """Sightings of credentials in turn."""
    return [(number * seconds, credentials[number % len(credentials)]) for number in range(round(until / seconds))]


def test_card_held_for_a_minute_is_one_presentation() -> None:
    assert begun(every(0.065, 60.0, EILEEN)) == [(0.0, EILEEN)]


def test_card_with_every_other_frame_damaged_is_one_presentation() -> None:
    assert begun(every(0.065, 60.0, EILEEN, None)) == [(0.0, EILEEN)]


def test_two_cards_in_turn_are_a_presentation_each() -> None:
    assert begun(every(0.5, 60.0, EILEEN, GRACE)) == [(0.0, EILEEN), (0.5, GRACE)]


def test_card_is_new_three_seconds_after_its_last_sighting() -> None:
    assert sighted(Presentations(3.0), EILEEN, 0.0, 2.0, 4.9, 7.9) == [True, False, False, True]


def test_card_taken_away_is_new_at_once() -> None:
    presentations = Presentations(3.0)
    sighted(presentations, EILEEN, 0.0)
    presentations.removed()
    assert sighted(presentations, EILEEN, 0.1, 0.2) == [True, False]


def test_badge_that_was_not_served_begins_again() -> None:
    presentations = Presentations(3.0)
    sighted(presentations, EILEEN, 0.0)
    presentations.unserved(EILEEN)
    assert sighted(presentations, EILEEN, 0.1, 0.2) == [True, False]


def test_without_a_hold_time_each_sighting_counts() -> None:
    assert sighted(Presentations(0.0), EILEEN, 0.0, 0.0, 0.1) == [True] * 3


def test_noise_that_lasts_is_seen_once_a_hold_time() -> None:
    assert begun(every(0.5, 10.0, None)) == [(0.0, None), (3.0, None), (6.0, None), (9.0, None)]


def test_noise_after_a_card_has_left_is_seen() -> None:
    assert begun([(0.0, EILEEN), (2.9, None), (3.0, None)]) == [(0.0, EILEEN), (3.0, None)]


def test_clock_that_stands_still_lets_nothing_in_twice() -> None:
    assert sighted(Presentations(3.0), EILEEN, *[5.0] * 100) == [True] + [False] * 99


def test_clock_that_goes_back_lets_nothing_in_twice() -> None:
    """And locks the badge out for no longer than a hold time."""
    assert sighted(Presentations(3.0), EILEEN, 1e9, 5.0, 6.0, 9.0) == [True, False, False, True]


def test_flood_of_others_lets_no_held_card_in_again() -> None:
    presentations = Presentations(3.0)
    sighted(presentations, EILEEN, 1.0)
    for number in range(5000):
        presentations.begins(BadgeRead(Credential("number", 0, number), 1.0))
    assert sighted(presentations, EILEEN, 1.0) == [False]


@pytest.mark.parametrize("step_s", [0.0, 0.001, 1.0, -0.001, -10.0])
def test_room_is_bounded_whatever_the_clock_does(step_s: float) -> None:
    presentations = Presentations(3.0)
    for number in range(5000):
        presentations.begins(BadgeRead(Credential("number", 0, number), number * step_s))
    assert len(presentations._seen) <= 1024


def test_badge_after_a_flood_has_passed_is_served() -> None:
    presentations = Presentations(3.0)
    for number in range(5000):
        presentations.begins(BadgeRead(Credential("number", 0, number), 1.0))
    assert sighted(presentations, EILEEN, 1.1, 4.1) == [False, True]


cards = [Credential("number", 0, number) for number in range(3)]
steps = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([0.0, 0.1, 1.0, 2.9, 3.0, 3.1]), st.floats(0, 10)),
        st.sampled_from([*cards, None, "removed"]),
    ),
    max_size=80,
)


@given(steps, st.sampled_from([0.5, 3.0, 60.0]))
def test_presentations_of_a_badge_are_apart(
    steps: list[tuple[float, Credential | Literal["removed"] | None]], hold_time_s: float
) -> None:
    """By silence of that badge for the hold time, or by a removal."""
    presentations, at = Presentations(hold_time_s), 0.0
    told: dict[Credential, list[tuple[str, float]]] = {card: [] for card in cards}
    for pause, what in steps:
        at += pause
        if what == "removed":
            presentations.removed()
            for story in told.values():
                story.append(("removed", at))
        else:
            begins = presentations.begins(BadgeRead(what, at))
            if what:
                told[what].append(("begins" if begins else "repeats", at))
    for story in told.values():
        for (before, before_at), (now, at) in pairwise([("removed", 0.0), *story]):
            if now != "removed":
                is_new = before == "removed" or at - before_at >= hold_time_s
                assert (now == "begins") is is_new


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 3000)), max_size=300))
def test_whatever_the_clock_does_no_badge_begins_twice_at_once(sightings: list[tuple[float, int]]) -> None:
    presentations = Presentations(3.0)
    for at, number in sightings:
        read = BadgeRead(Credential("number", 0, number) if number else None, at)
        presentations.begins(read)
        assert not presentations.begins(read)
