"""The largest numbers that the card formats hold, as the message names them."""

import pytest

from device.errors import CredentialError
from device.readers.formats import Refusal, decode, decode_as, encode, formats_for
from device.records import Credential

LARGEST = [
    ("h10301", 255, 65_535),
    ("h10306", 65_535, 65_535),
    ("c1k35s", 4_095, 1_048_575),
    ("h10304", 65_535, 524_287),
]


@pytest.mark.parametrize(("name", "facility", "number"), LARGEST)
def test_largest_badge_of_a_format_is_sent_and_read(name: str, facility: int, number: int) -> None:
    badge = Credential(name, facility, number - 1)
    assert decode(encode(badge), formats_for([name])) == badge


@pytest.mark.parametrize(("name", "facility", "number"), LARGEST)
def test_one_more_is_refused_with_the_largest(name: str, facility: int, number: int) -> None:
    hints = []
    for badge in (Credential(name, facility + 1, 1), Credential(name, 1, number + 1)):
        with pytest.raises(CredentialError) as refused:
            encode(badge)
        hints.append(refused.value.hint)
    assert hints == [f"Choose one up to {largest}, or another format." for largest in (facility, number)]


@pytest.mark.parametrize(("facility", "number"), [(-1, 1), (1, -1)])
def test_negative_values_are_refused(facility: int, number: int) -> None:
    with pytest.raises(CredentialError, match="does not fit"):
        encode(Credential("h10301", facility, number))


def test_wrong_parity_names_the_bit_counted_from_one() -> None:
    frame = encode(Credential("h10301", 42, 69))
    wrong = ("1" if frame[0] == "0" else "0") + frame[1:]
    refusal = decode(wrong, formats_for(["h10301"]))
    assert isinstance(refusal, Refusal)
    assert refusal.text == "Wrong parity of h10301, at bit 1 of 26."


def test_serial_number_zero_is_no_badge() -> None:
    (csn,) = formats_for(["csn4"]).formats
    assert isinstance(decode_as("0" * 32, csn), Refusal)
