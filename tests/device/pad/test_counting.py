"""What is counted: presentations, not starts; hands, not presentations; and nothing that was not tried."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.pad.counting import Rates, Share, Shown, Tried, rates_of


def attack(
    clip: str, *accepted: bool | None, hand: str = "", species: str = "print", opened: bool | None = None
) -> Shown:
    tried = tuple(Tried(0.5 * number, "left", one, opened) for number, one in enumerate(accepted))
    return Shown(clip, species, "anna", hand, tried)


def live(clip: str, *accepted: bool | None, person: str = "anna") -> Shown:
    """None is a start at which the person did not do what was asked."""
    tried = (Tried(0.5 * number, "left", bool(one), None, one is not None) for number, one in enumerate(accepted))
    return Shown(clip, "live", person, person, tuple(tried))


def test_401_starts_of_one_clip_count_as_one() -> None:
    rates = rates_of([attack("a.mp4", *[False] * 401)])
    assert rates.attacks[0].apcer.presentations == Share(0, 1)
    assert rates.attacks[0].apcer.starts == Share(0, 401)


def test_one_accepted_start_of_401_is_an_accepted_attack() -> None:
    rates = rates_of([attack("a.mp4", *[False] * 200, True, *[False] * 200)])
    assert rates.attacks[0].apcer.presentations == Share(1, 1)
    assert rates.attacks[0].apcer.starts == Share(1, 401)


def test_clip_that_is_there_twice_counts_once() -> None:
    rates = rates_of([attack("same", False, False), attack("same", False, False, hand="b")])
    assert rates.attacks[0].apcer.presentations == Share(0, 1)
    assert rates.attacks[0].apcer.starts == Share(0, 2)


def hands(count: int, *, repeated: int = 1) -> Rates:
    return rates_of(
        attack(f"{hand}-{number}", False, hand=f"h{hand}") for hand in range(count) for number in range(repeated)
    )


@pytest.mark.parametrize(("count", "expected"), [(41, False), (42, True)])
def test_seven_percent_is_shown_from_42_hands(count: int, expected: bool) -> None:
    assert hands(count).attacks[0].apcer_shown is expected


def test_one_hand_shows_nothing_however_many_it_presents() -> None:
    assert hands(3, repeated=50).attacks[0].apcer_shown is False


def test_unknown_hands_show_nothing() -> None:
    rates = rates_of(attack(f"{number}", False) for number in range(100))
    assert (rates.attacks[0].hands, rates.attacks[0].apcer_shown) == (0, False)


def test_one_error_among_hundreds_of_hands_shows_nothing() -> None:
    some = [attack(f"{number}", number == 7, hand=f"h{number}") for number in range(300)]
    assert rates_of(some).attacks[0].apcer_shown is False


def test_attack_without_an_answer_shows_nothing() -> None:
    rates = rates_of(attack(f"{number}", None, None, hand=f"h{number}") for number in range(100))
    assert rates.attacks[0].apcer.presentations == Share(0, 0)
    assert (rates.attacks[0].unanswered, rates.attacks[0].apcer_shown) == (100, False)


def test_transaction_that_was_not_tried_is_not_counted_nor_shown() -> None:
    rates = hands(42)
    assert rates.attacks[0].iapar.presentations == Share(0, 0)
    assert rates.attacks[0].iapar_shown is False


def test_transaction_is_counted_apart_from_detection() -> None:
    rates = rates_of([attack("a", True, True, opened=False), attack("b", False, opened=True)])
    assert rates.attacks[0].apcer.presentations == Share(1, 2)
    assert rates.attacks[0].iapar.presentations == Share(1, 2)


def test_live_person_counts_by_most_of_the_valid_starts() -> None:
    rates = rates_of([live("a", None, True, False, True), live("b", False, True), live("c", None, None, person="ben")])
    assert rates.live.bpcer.presentations == Share(1, 2)
    assert rates.live.bpcer.starts == Share(2, 5)
    assert rates.live.people == 2


def test_species_are_counted_apart() -> None:
    rates = rates_of([attack("a", True, species="phone"), attack("b", False), live("c", True)])
    assert [(one.species, one.apcer.presentations.errors) for one in rates.attacks] == [("phone", 1), ("print", 0)]


def test_bounds_of_a_share_are_exact() -> None:
    assert Share(0, 10).bounds == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert Share(0, 0).rate is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.booleans()), max_size=30), st.randoms())
def test_order_and_repetition_change_no_rate(tried: list[tuple[int, int, bool]], chance: object) -> None:
    some = [Shown(f"{clip}", "print", "p", "h", (Tried(at, "", ok, None),)) for clip, at, ok in tried]
    shuffled = [*some, *some]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    assert rates_of(some) == rates_of(shuffled)
