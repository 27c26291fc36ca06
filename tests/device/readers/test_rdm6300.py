"""125 kHz tags on a serial line: frames as modules send them, and everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.credentials import format_badge
from device.readers.rdm6300 import Rdm6300Parser
from device.records import BadgeRead, Credential, Security
from tests.device.readers.events import as_badge

FRAME_TIME_S = 0.2
MAX_FRAME = 14

SEEEDS_EXAMPLE = b"\x0262E3086CED08\x03"
"""From the data sheet of Seeed's module: 62 xor E3 xor 08 xor 6C xor ED is 08."""
ITS_NUMBER = 0xE3086CED


def frame(tag: bytes, end: bytes = b"") -> bytes:
    checksum = 0
    for byte in tag:
        checksum ^= byte
    return b"\x02" + f"{tag.hex()}{checksum:02x}".upper().encode() + end + b"\x03"


def taken(*received: bytes, every_s: float = 0.0) -> list[BadgeRead]:
    """All that a parser makes of pieces that come one after another."""
    parser, found = Rdm6300Parser("front"), []
    for number, piece in enumerate(received):
        found += [as_badge(event) for event in parser.take(piece, 10.0 + number * every_s)]
    return found


def numbers(*received: bytes, every_s: float = 0.0) -> list[int | None]:
    return [read.credential.number if read.credential else None for read in taken(*received, every_s=every_s)]


def test_frame_of_the_data_sheet_is_its_tag() -> None:
    (read,) = taken(SEEEDS_EXAMPLE)
    assert read == BadgeRead(
        Credential("number", 0, ITS_NUMBER),
        10.0,
        "front",
        Security.CLONABLE,
        "",
        f"{0x62E3086CED:040b}",
    )


def test_badge_is_the_number_that_is_printed_on_the_tag() -> None:
    (read,) = taken(frame(bytes.fromhex("0100751b3f")))
    assert read.credential is not None
    assert format_badge(read.credential) == str(0x00751B3F)


def test_first_byte_is_no_part_of_the_badge() -> None:
    assert numbers(frame(b"\x01\x00\x00\x00\x07")) == numbers(frame(b"\x02\x00\x00\x00\x07"))


@pytest.mark.parametrize("end", [b"", b"\r\n"], ids=["RDM6300", "ID-12"])
def test_end_of_a_frame(end: bytes) -> None:
    assert numbers(frame(b"\x01\x00\x00\x00\x07", end)) == [7]


def test_digits_may_be_small() -> None:
    assert numbers(SEEEDS_EXAMPLE.lower()) == [ITS_NUMBER]


@pytest.mark.parametrize(
    ("received", "fault"),
    [
        (SEEEDS_EXAMPLE.replace(b"62", b"63"), "a frame with a wrong checksum"),
        (b"\x0262E3086CED0\x03", "a frame that is not twelve hexadecimal digits"),
        (b"\x0262E3086CED08\r\x03", "a frame that is not twelve hexadecimal digits"),
        (b"\x02" + b"G" * 12 + b"\x03", "a frame that is not twelve hexadecimal digits"),
        (b"\x02" + "²".encode() * 6 + b"\x03", "a frame that is not twelve hexadecimal digits"),
        (b"\x02\x03", "a frame that is not twelve hexadecimal digits"),
        (b"\x02" + b"1" * 5000, "a frame that is not twelve hexadecimal digits"),
        (frame(b"\x01\x00\x00\x00\x00"), "a tag whose number is 0, which was never programmed"),
    ],
    ids=["checksum", "short", "half an end", "no digits", "no ASCII", "empty", "endless", "zero"],
)
def test_frame_that_is_no_tag_is_unreadable(received: bytes, fault: str) -> None:
    assert [(read.credential, read.fault) for read in taken(received)] == [(None, fault)]


@pytest.mark.parametrize("noise", [b"", b"\x00\xff", b"62E3086CED08", b"\x03\x03"], ids=repr)
def test_noise_between_frames_says_nothing(noise: bytes) -> None:
    assert numbers(noise + SEEEDS_EXAMPLE + noise) == [ITS_NUMBER]


def test_frame_that_breaks_off_does_not_swallow_the_next() -> None:
    assert numbers(b"\x0262E30" + SEEEDS_EXAMPLE) == [ITS_NUMBER]


def test_frame_after_an_endless_one_is_read() -> None:
    assert numbers(b"\x02" + b"1" * 100 + SEEEDS_EXAMPLE) == [None, ITS_NUMBER]


def test_frame_comes_in_pieces() -> None:
    assert numbers(*(bytes([byte]) for byte in SEEEDS_EXAMPLE), every_s=0.001) == [ITS_NUMBER]


def test_halves_of_two_frames_are_no_tag() -> None:
    """Glued together they could be the tag of somebody who is not there."""
    assert numbers(SEEEDS_EXAMPLE[:7], SEEEDS_EXAMPLE[7:], every_s=FRAME_TIME_S + 0.1) == []


def test_tag_that_stays_comes_with_each_frame() -> None:
    assert numbers(*[SEEEDS_EXAMPLE] * 100, every_s=0.065) == [ITS_NUMBER] * 100


def test_half_a_frame_at_the_end_is_nothing() -> None:
    parser = Rdm6300Parser("front")
    parser.take(SEEEDS_EXAMPLE[:7], 0.0)
    assert parser.end(0.0) == []


tags = st.binary(min_size=5, max_size=5).filter(lambda tag: any(tag[1:]))


@given(tags)
def test_every_tag_is_its_number(tag: bytes) -> None:
    assert numbers(frame(tag)) == [int.from_bytes(tag[1:])]


@given(tags, st.integers(1, 12), st.integers(0, 7))
def test_flipped_bit_is_never_another_tag(tag: bytes, position: int, bit: int) -> None:
    """A bit that makes a small letter of a capital changes nothing."""
    damaged = bytearray(frame(tag))
    damaged[position] ^= 1 << bit
    assert numbers(bytes(damaged)) in ([], [None], [int.from_bytes(tag[1:])])


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\x02", b"\x03", b"\r\n", b"0123456789"]), max_size=40))
def test_whatever_comes_is_a_badge_or_not_and_memory_is_bounded(received: list[bytes]) -> None:
    parser = Rdm6300Parser("front")
    for piece in received:
        parser.take(piece, 0.0)
        assert len(parser._frame or b"") <= MAX_FRAME
