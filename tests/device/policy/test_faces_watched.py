"""A face that was shown counts for a PIN only while its person stays: else another one could type it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.events import FrameSeen, ShowingEvent, TimePassed
from device.policy.hearing import hear
from device.policy.showing import Showing
from device.records import KeyPress, Reason
from tests.device.policy.scripts import AT, HOLDER, OTHER, Broken, Script, frame, timed
from tests.device.policy.test_mode_laws import claimed, is_granted, keys, played

SHOWN: list[ShowingEvent | Broken] = [frame(0.0, HOLDER)] * 3
DOWN = frame(0.0, Reason.NO_FACE)
STRANGER = frame(0.0, OTHER, follows=False)


def visit(*events: ShowingEvent | Broken, each_s: float = 0.5) -> Showing:
    """A face that matches, then these events."""
    return played([claimed("badge+face+pin"), *timed([*SHOWN, *events], [*[0.1] * 3, *[each_s] * len(events)])])


def slowly(pin: str, between: Sequence[ShowingEvent | Broken] = ()) -> list[ShowingEvent | Broken]:
    """A key each second or so, and what the camera sees after each."""
    return [event for key in pin for event in (keys(key), *between)]


def test_pin_typed_at_once_is_granted() -> None:
    assert is_granted(visit(keys("0123#")))


def test_person_who_stays_in_view_may_type_for_long() -> None:
    assert is_granted(visit(*slowly("0123#", [frame(0.0, HOLDER)] * 4)))


def test_person_who_looks_down_for_less_than_5_s_is_granted() -> None:
    assert is_granted(visit(*slowly("0123#", [DOWN])))


def test_pin_5_s_after_the_face_needs_the_face_again() -> None:
    late = visit(*slowly("0123#", [DOWN] * 2))
    assert late.verdict is None
    again = [frame(late.at + 0.1 * count, HOLDER) for count in range(1, 4)]
    assert is_granted(played([claimed("badge+face+pin"), *_after(late), *again]))


def _after(late: Showing) -> Script:
    assert late.badge.at == AT
    return timed([*SHOWN, *slowly("0123#", [DOWN] * 2)], [*[0.1] * 3, *[0.5] * 15])


def test_person_who_has_gone_lets_no_one_else_in() -> None:
    """The PIN is right, the badge too, and no one is there whose face is the holder's."""
    late = visit(*slowly("0123#", [DOWN] * 2), *[STRANGER] * 3, *[frame(0.0, OTHER)] * 20, TimePassed(0.0), each_s=0.4)
    over = hear(late, TimePassed(AT + 60.0))
    assert over.verdict is not None
    assert not over.verdict.granted


@pytest.mark.parametrize("seen", [STRANGER, frame(0.0, Reason.SEVERAL_FACES)])
def test_another_face_ends_what_was_shown_at_once(seen: ShowingEvent) -> None:
    assert not is_granted(visit(seen, keys("0123#"), each_s=0.2))


@pytest.mark.parametrize(("pin", "reason"), [("0123#", "match"), ("9999#", "pin-wrong"), ("12#", "pin-wrong")])
def test_face_shown_again_gives_no_word_on_the_pin(pin: str, reason: str) -> None:
    """A wrong PIN is looked at for as long as a right one, and refused when that would be granted."""
    ended = visit(keys("0"), DOWN, DOWN, DOWN, KeyPress("*", 0.0, "outside"), keys(pin), each_s=1.4)
    assert ended.verdict is None
    over = played([claimed("badge+face+pin"), *_script(pin), *_frames(ended.at, 3)])
    assert over.verdict is not None
    assert (over.verdict.reason.code, round(over.at - ended.at, 3)) == (reason, 0.3)


def _script(pin: str) -> Script:
    events = [*SHOWN, keys("0"), DOWN, DOWN, DOWN, KeyPress("*", 0.0, "outside"), keys(pin)]
    return timed(events, [*[0.1] * 3, *[1.4] * 6])


def _frames(after: float, count: int) -> Script:
    return [frame(after + 0.1 * number, HOLDER) for number in range(1, count + 1)]


@given(
    between=st.lists(st.sampled_from([DOWN, STRANGER, frame(0.0, OTHER), frame(0.0, HOLDER)]), max_size=30),
    pauses=st.lists(st.sampled_from([0.1, 0.4, 1.2, 2.0]), min_size=40, max_size=40),
)
def test_grant_follows_a_frame_of_the_holder_within_5_s(
    between: list[ShowingEvent | Broken], pauses: list[float]
) -> None:
    """For all that a camera sees between a face and its PIN."""
    script = timed([*SHOWN, *between, keys("0123#")], [*[0.1] * 3, *pauses])
    showing = played([claimed("badge+face+pin"), *script])
    if is_granted(showing):
        seen = [one.captured_at for one in script if isinstance(one, FrameSeen) and one.found is HOLDER]
        assert showing.at - max(seen) <= 5.0
