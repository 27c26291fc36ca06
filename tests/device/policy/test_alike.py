"""People who look alike type a PIN, wherever one can be typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.policy.alike import with_demanded_pin
from device.records import MODES, Factor, Reason, Ruling

NEEDED = {
    "badge": "badge+pin",
    "badge+face": "badge+face+pin",
    "badge+pin": "badge+pin",
    "badge+face+pin": "badge+face+pin",
    "badge+face-or-pin": "badge+pin",
}


@pytest.mark.parametrize("mode", sorted(MODES))
def test_every_mode_includes_the_pin_at_a_keypad(mode: str) -> None:
    found = with_demanded_pin(Ruling(MODES[mode]), has_keypad=True, needs_keypad=True)
    assert found.mode == MODES[NEEDED[mode]]


@pytest.mark.parametrize("mode", ["badge+face", "badge+face+pin", "badge+face-or-pin"])
def test_face_alone_is_refused_without_a_keypad(mode: str) -> None:
    found = with_demanded_pin(Ruling(MODES[mode], rule="day"), has_keypad=False, needs_keypad=True)
    assert (found.mode, found.reason, found.rule) == (None, Reason.NO_KEYPAD, "day")


@pytest.mark.parametrize("mode", ["badge", "badge+pin"])
def test_mode_without_a_face_stays_without_a_keypad(mode: str) -> None:
    assert with_demanded_pin(Ruling(MODES[mode]), has_keypad=False, needs_keypad=True).mode == MODES[mode]


@given(
    mode=st.sampled_from(sorted(MODES)),
    shown=st.sets(st.sampled_from(sorted(Factor))),
    has_keypad=st.booleans(),
    needs_keypad=st.booleans(),
)
def test_demanding_a_pin_never_grants_more(mode: str, shown: set[Factor], has_keypad: bool, needs_keypad: bool) -> None:
    found = with_demanded_pin(Ruling(MODES[mode]), has_keypad=has_keypad, needs_keypad=needs_keypad)
    is_granted = found.mode is not None and not found.mode.missing(frozenset(shown))
    assert not (is_granted and MODES[mode].missing(frozenset(shown)))


def test_refusal_of_the_rules_stays_what_it_is() -> None:
    ruling = Ruling(reason=Reason.OUTSIDE_SCHEDULE)
    assert with_demanded_pin(ruling, has_keypad=True, needs_keypad=True) == ruling
