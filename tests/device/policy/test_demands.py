"""Which of several modes counts, against all that can be shown."""

from itertools import product

import pytest

from device.policy.demands import is_weaker, name_of, strictest, weakest
from device.records import BADGE, BADGE_AND_FACE, BADGE_AND_FACE_OR_PIN, BADGE_AND_PIN, MODES, Factor, Mode

SHOWN = [frozenset({Factor.BADGE, *more}) for more in ((), (Factor.FACE,), (Factor.PIN,), (Factor.FACE, Factor.PIN))]


def _met(mode: Mode) -> list[bool]:
    return [not mode.missing(shown) for shown in SHOWN]


@pytest.mark.parametrize(("one", "other"), list(product(MODES.values(), repeat=2)))
def test_weakest_is_met_when_one_is_and_strictest_when_all_are(one: Mode, other: Mode) -> None:
    pairs = list(zip(_met(one), _met(other), strict=True))
    assert _met(weakest((one, other))) == [any(pair) for pair in pairs]
    assert _met(strictest((one, other))) == [all(pair) for pair in pairs]


def test_face_and_pin_each_enough_is_the_choice() -> None:
    assert weakest((BADGE_AND_FACE, BADGE_AND_PIN)) == BADGE_AND_FACE_OR_PIN


def test_strictest_of_nothing_is_the_badge() -> None:
    assert strictest(()) == BADGE


def test_weakest_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no modes"):
        weakest(())


def test_badge_alone_is_weaker_than_all_others() -> None:
    assert [name for name, mode in MODES.items() if is_weaker(BADGE, mode)] == [name for name in MODES if "+" in name]


def test_face_is_not_weaker_than_pin() -> None:
    assert not is_weaker(BADGE_AND_FACE, BADGE_AND_PIN)
    assert not is_weaker(BADGE_AND_FACE, BADGE_AND_FACE)


@pytest.mark.parametrize("name", MODES)
def test_each_mode_has_its_name(name: str) -> None:
    assert name_of(MODES[name]) == name


def test_a_mode_written_otherwise_has_the_name_of_its_like() -> None:
    odd = Mode(frozenset({Factor.BADGE, Factor.FACE}), frozenset({Factor.PIN}))
    assert name_of(odd) == "badge+face+pin"
