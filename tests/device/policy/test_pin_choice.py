"""Which PINs may be chosen, and which duress PINs beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CredentialError
from device.people.pins import drawn_pin
from device.policy.pin_choice import is_alike, is_foreseen, refuse_duress_pin, refuse_pin

same_length = st.integers(4, 8).flatmap(
    lambda length: st.tuples(*[st.text(st.sampled_from("0123456789"), min_size=length, max_size=length)] * 2)
)


@pytest.mark.parametrize(
    "pin", ["", "123", "123456789", "12a4", "\u0661\u0662\u0663\u0664", "0000", "77777777", "1234", "9876", "8901"]
)
def test_what_is_no_pin_or_a_first_guess_is_refused(pin: str) -> None:
    with pytest.raises(CredentialError) as refused:
        refuse_pin(pin)
    assert pin == "" or pin not in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("pin", ["1243", "0001", "1212", "13579", "02468135", "471147"])
def test_other_digits_can_be_chosen(pin: str) -> None:
    refuse_pin(pin)
    assert not is_foreseen(pin)


@pytest.mark.parametrize(
    ("pin", "duress"),
    [
        ("471147", "471147"),
        ("471147", "471148"),
        ("471147", "471146"),
        ("471147", "971147"),
        ("471199", "471200"),
        ("471147", "741147"),
        ("471147", "4711478"),
        ("471147", "47114"),
        ("471147", "123456"),
    ],
)
def test_duress_pin_that_a_slip_makes_is_refused(pin: str, duress: str) -> None:
    with pytest.raises(CredentialError):
        refuse_duress_pin(duress, pin)


def test_duress_pin_of_its_own_is_taken() -> None:
    refuse_duress_pin("926626", "471147")
    assert not is_alike("926626", "471147")


@given(same_length)
def test_what_is_not_alike_differs_in_two_digits(pins: tuple[str, str]) -> None:
    one, other = pins
    differing = sum(a != b for a, b in zip(one, other, strict=True))
    assert is_alike(one, other) is is_alike(other, one)
    assert is_alike(one, other) or (differing >= 2 and abs(int(one) - int(other)) > 1)


@given(st.integers(4, 8), st.text(st.sampled_from("0123456789"), min_size=8, max_size=8))
def test_drawn_pins_can_be_chosen(length: int, other: str) -> None:
    pin = drawn_pin(length, unlike=other[:length])
    refuse_duress_pin(pin, other[:length])
    assert len(pin) == length
