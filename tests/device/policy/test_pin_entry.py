"""A PIN as it is typed: 4 to 8 digits, ended by #, cancelled by *, in time; its length is not hinted at before #."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.pin_entry import NOTHING_TYPED, PinEntry, Typed

keys = st.text(st.sampled_from("0123456789*#"), max_size=14)
pins = st.text(st.sampled_from("0123456789"), min_size=4, max_size=8)


def typed(text: str, *, every_s: float = 0.5) -> PinEntry:
    """Those keys one by one, the first at 100."""
    entry = NOTHING_TYPED
    for number, key in enumerate(text):
        entry = entry.press(key, 100.0 + number * every_s)
    return entry


@pytest.mark.parametrize(
    ("text", "state", "digits"),
    [
        ("1234#", Typed.COMPLETE, "1234"),
        ("01234567#", Typed.COMPLETE, "01234567"),
        ("0000#", Typed.COMPLETE, "0000"),
        ("123#", Typed.FAILED, ""),
        ("123456789#", Typed.FAILED, ""),
        ("#", Typed.FAILED, ""),
        ("1234*", Typed.CANCELLED, ""),
        ("*", Typed.CANCELLED, ""),
        ("123456789", Typed.TYPING, ""),
        ("", Typed.TYPING, ""),
    ],
)
def test_keys_become_digits_or_nothing(text: str, state: Typed, digits: str) -> None:
    entry = typed(text)
    assert (entry.state, entry.digits) == (state, digits)


@pytest.mark.parametrize(("pause_s", "state"), [(2.9, Typed.COMPLETE), (3.0, Typed.LATE), (60.0, Typed.LATE)])
def test_3_s_may_pass_between_two_keys(pause_s: float, state: Typed) -> None:
    assert NOTHING_TYPED.press("123", 100.0).press("4#", 100.0 + pause_s).state is state


@pytest.mark.parametrize(("every_s", "state"), [(1.87, Typed.COMPLETE), (1.88, Typed.LATE)])
def test_15_s_may_pass_in_all(every_s: float, state: Typed) -> None:
    assert typed("12345678#", every_s=every_s).state is state


def test_nothing_typed_is_never_late() -> None:
    assert NOTHING_TYPED.deadline == math.inf
    assert NOTHING_TYPED.passed(1e9) is NOTHING_TYPED


def test_late_entry_keeps_no_digits() -> None:
    assert typed("1234").passed(110.0).typed == ""


def test_what_is_not_a_key_counts_for_nothing() -> None:
    assert NOTHING_TYPED.press("1a2\u06633\n4\uff15#", 100.0).digits == "1234"


def test_printed_entry_shows_no_digit() -> None:
    assert "1234" not in repr(typed("1234"))
    assert "1234" not in str(typed("1234#"))


def test_flood_of_keys_needs_no_memory() -> None:
    entry = NOTHING_TYPED
    for _ in range(100):
        entry = entry.press("7" * 1_000, 100.0)
    assert (entry.state, len(entry.typed)) == (Typed.TYPING, 8)
    assert entry.press("#", 100.0).state is Typed.FAILED


@given(keys, st.lists(st.integers(0, 14), max_size=4))
def test_how_a_reader_groups_the_keys_changes_nothing(text: str, cuts: list[int]) -> None:
    entry = NOTHING_TYPED
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    for begin, end in itertools.pairwise(places):
        entry = entry.press(text[begin:end], 100.0)
    assert entry == NOTHING_TYPED.press(text, 100.0)


@given(pins, keys)
def test_first_end_or_cancel_is_final(pin: str, more: str) -> None:
    assert typed(f"{pin}#").press(more, 102.0) == typed(f"{pin}#")


@given(st.text(st.sampled_from("0123456789"), max_size=20), st.text(st.sampled_from("0123456789"), max_size=20))
def test_no_length_is_hinted_at_before_the_end(one: str, other: str) -> None:
    assert typed(one, every_s=0.1).state is typed(other, every_s=0.1).state


def expected(presses: list[tuple[str, float]]) -> str:
    """By the list as a whole: what stands before the first # or *, if each pause and their sum are short enough."""
    ended = next((number for number, (key, _) in enumerate(presses) if key in "*#"), None)
    if ended is None or presses[ended][0] == "*":
        return ""
    pauses = [pause_s for _, pause_s in presses[1 : ended + 1]]
    digits = "".join(key for key, _ in presses[:ended])
    return digits if 4 <= ended <= 8 and max(pauses) < 3 and sum(pauses) < 15 else ""


@given(
    st.lists(st.tuples(st.sampled_from("0123456789012345678901234567890123456789*#"), st.integers(0, 4)), max_size=14)
)
def test_digits_agree_with_the_list_of_keys(presses: list[tuple[str, float]]) -> None:
    entry, at = NOTHING_TYPED, 100.0
    for key, pause_s in presses:
        at += pause_s
        entry = entry.press(key, at)
    assert entry.digits == expected(presses)
