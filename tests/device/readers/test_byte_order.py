"""Readers that send bytes or bits in reverse: the badge is that of the card, and parity that of the frame as sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ConfigError
from device.readers.cards.byte_order import Order, arranged
from device.readers.formats import Refusal, decode, encode, formats_for
from device.records import Credential
from device.settings.tables import FormatSettings

CARD = Credential("csn4", 0, 0x04A2B9C1)
SITE = FormatSettings(name="site", layout="PFFFFFFFFNNNNNNNN", parity=("EXXXXXXXXXXXXXXXX",))
ODD = FormatSettings(name="odd", layout="NNNNNNNNNN")


def bits_of(written: str) -> str:
    return "".join(f"{byte:08b}" for byte in bytes.fromhex(written))


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("csn4", "04A2B9C1"),
        ("csn4:reversed", "C1B9A204"),
        ("csn4:bits-reversed", "20459D83"),
        ("csn4:mirrored", "839D4520"),
        ("CSN32:Reversed", "C1B9A204"),
        (" 32:reversed ", "C1B9A204"),
    ],
)
def test_one_card_is_one_badge_in_each_order(name: str, sent: str) -> None:
    assert decode(bits_of(sent), formats_for((name,))) == CARD


@pytest.mark.parametrize(
    ("name", "bits", "badge"),
    [
        ("csn7:reversed", bits_of("E6D5C4B3A2A104"), Credential("csn7", 0, 0x04A1A2B3C4D5E6)),
        ("h10301:reversed", "1" + bits_of("E90311") + "1", Credential("h10301", 17, 1001)),
        ("h10306:reversed", "0" + bits_of("921072EA") + "0", Credential("h10306", 0xEA72, 0x1092)),
        ("h10301:mirrored", "1" + bits_of("97C088") + "1", Credential("h10301", 17, 1001)),
    ],
)
def test_facility_code_and_number_are_turned_as_one(name: str, bits: str, badge: Credential) -> None:
    known = formats_for((name,))
    assert encode(badge, known.formats) == bits
    assert decode(bits, known) == badge


@pytest.mark.parametrize("order", ["reversed", "bits-reversed", "mirrored"])
def test_own_format_can_be_turned(order: str) -> None:
    table = formats_for((f"own:site:{order}",), (SITE,))
    badge = Credential("own:site", 0x12, 0x34)
    assert decode(encode(badge, table.formats), table) == badge
    assert table.formats[0].title == f"own:site:{order}"


orders, uids = st.sampled_from([order for order in Order if order]), st.integers(1, 2**32 - 2)


@given(uids, orders)
def test_what_a_turned_format_encodes_it_decodes(number: int, order: Order) -> None:
    table, badge = formats_for((f"csn4:{order}",)), Credential("csn4", 0, number)
    assert decode(encode(badge, table.formats), table) == badge


@given(st.binary(min_size=1, max_size=16), orders)
def test_turned_twice_is_as_it_was(data: bytes, order: Order) -> None:
    bits = "".join(f"{byte:08b}" for byte in data)
    assert arranged(arranged(bits, order), order) == bits


@given(st.integers(0, 255), st.integers(0, 65535), orders, st.integers(0, 25))
def test_flipped_bit_of_a_turned_frame_is_refused(facility: int, number: int, order: Order, at: int) -> None:
    table = formats_for((f"h10301:{order}",))
    bits = encode(Credential("h10301", facility, number), table.formats)
    assert isinstance(decode(bits[:at] + "10"[int(bits[at])] + bits[at + 1 :], table), Refusal)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("h10302:reversed", "can't be reversed: it has 35 bits besides parity"),
        ("own:odd:mirrored", "can't be mirrored: it has 10 bits besides parity"),
        ("csn4:turned", "'csn4:turned' is not a card format"),
        (":reversed", "':reversed' is not a card format"),
        ("csn4:reversed:mirrored", "csn4:reversed:mirrored names two orders"),
        ("reversed", "'reversed' is not a card format"),
        ("csn4:", "'csn4:' is not a card format"),
    ],
)
def test_order_that_makes_no_sense_is_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        formats_for((name,), (ODD,))


def test_one_length_in_two_orders_is_refused() -> None:
    with pytest.raises(ConfigError, match="csn4 and csn4:reversed both have 32 bits"):
        formats_for(("csn4", "csn4:reversed"))
