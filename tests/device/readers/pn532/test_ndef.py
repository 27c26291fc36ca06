"""The text on a card: as telephones write it, and as nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.readers.pn532.ndef import Record, first_text, message_in, records
from tests.device.readers.pn532.chip import text_record

EXAMPLE = bytes.fromhex("d1010754 02656e 41424344".replace(" ", ""))
"""`ABCD` in English: a record's header, its type T, two letters of a language, the text."""


def block(message: bytes) -> bytes:
    return b"\x03" + bytes([len(message)]) + message + b"\xfe"


def test_text_of_the_example() -> None:
    assert first_text(block(EXAMPLE)) == "ABCD"


@pytest.mark.parametrize(
    "memory",
    [
        b"\x00\x00" + block(EXAMPLE),
        b"\x01\x03\xa0\x0c\x34" + block(EXAMPLE),
        b"\x03\xff\x00\x0b" + EXAMPLE,
        block(EXAMPLE) + b"\xaa" * 100,
    ],
    ids=["padding", "lock bytes", "length of three bytes", "rest of an older message"],
)
def test_text_is_found_where_cards_have_it(memory: bytes) -> None:
    assert first_text(memory) == "ABCD"


def test_first_of_several_texts_counts() -> None:
    first = bytes([EXAMPLE[0] & ~0x40]) + EXAMPLE[1:]
    assert first_text(block(first + text_record("17:1001"))) == "ABCD"


def test_text_after_an_address_is_found() -> None:
    address = b"\x91\x01\x03U\x00ab"
    assert first_text(block(address + text_record("17:1001"))) == "17:1001"


def test_text_with_an_id_is_found() -> None:
    assert first_text(block(b"\xd9\x01\x05\x01Ti\x02en17")) == "17"


def test_long_record_is_read() -> None:
    assert first_text(block(b"\xc1\x01\x00\x00\x00\x05T\x02en17")) == "17"


@pytest.mark.parametrize(
    "coded",
    ["17:1".encode("utf-16-be"), b"\xfe\xff" + "17:1".encode("utf-16-be"), b"\xff\xfe" + "17:1".encode("utf-16-le")],
    ids=["as it should be", "high byte first", "low byte first"],
)
def test_text_in_utf_16_is_read(coded: bytes) -> None:
    assert first_text(block(b"\xd1\x01" + bytes([3 + len(coded)]) + b"T\x82en" + coded)) == "17:1"


@pytest.mark.parametrize(
    "memory",
    [
        b"",
        b"\xfe" + block(EXAMPLE),
        b"\x03\x00\xfe",
        b"\x03",
        b"\x03\xff\x00",
        block(b"\xd1\x01\x03U\x00ab"),
        block(b"\xd4\x01\x03T\x02en"),
        block(b"\xd1\x01\x00T"),
        block(b"\xd1"),
        block(b"\xb1\x01\x07T\x02enAB"),
    ],
    ids=[
        "nothing",
        "after the end",
        "empty message",
        "no length",
        "half a length",
        "an address",
        "another family of types",
        "no payload",
        "half a record",
        "in pieces",
    ],
)
def test_without_a_text_there_is_none(memory: bytes) -> None:
    assert first_text(memory) is None


@pytest.mark.parametrize("size", range(len(block(EXAMPLE)) - 1))
def test_part_of_a_message_holds_no_text(size: int) -> None:
    assert first_text(block(EXAMPLE)[:size]) is None


def test_record_is_its_family_type_and_payload() -> None:
    assert list(records(EXAMPLE)) == [Record(1, b"T", b"\x02enABCD")]


@given(st.text(max_size=80).filter(lambda text: len(text.encode()) < 200))
def test_every_text_reads_back(text: str) -> None:
    assert first_text(block(text_record(text))) == text


@given(st.binary(max_size=256))
def test_any_memory_is_read_without_a_fault(memory: bytes) -> None:
    text = first_text(memory)
    assert text is None or len(text) <= len(memory)


@given(st.binary(max_size=256))
def test_a_message_is_a_part_of_the_memory(memory: bytes) -> None:
    assert message_in(memory) in memory
