"""The format between a relay and the door: 32 bytes with each of them accounted for, whatever a peer sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead, WireError, packed, parsed

NUMBERS = st.integers(0, 2**64 - 1)
EVEN = st.integers(1, 320).map(lambda half: 2 * half)
FRAMES = st.builds(FrameHead, NUMBERS, NUMBERS, EVEN, EVEN)
TROUBLES = st.builds(TroubleHead, NUMBERS, NUMBERS, st.sampled_from(Trouble))
FRAME = FrameHead(7, 1_500_000_000, 640, 360)


def test_frame_is_as_it_is_written_down() -> None:
    assert packed(FRAME).hex() == "4c4e54460101000080026801004605000700000000000000002f685900000000"


def test_trouble_is_as_it_is_written_down() -> None:
    head = TroubleHead(1, 2, Trouble.REFUSED)
    assert packed(head).hex() == "4c4e544601000400000000000000000001000000000000000200000000000000"


def test_frame_of_640x360_has_one_and_a_half_bytes_a_pixel() -> None:
    assert FRAME.size == 345_600


@given(st.one_of(FRAMES, TROUBLES))
def test_head_comes_out_as_it_went_in(head: FrameHead | TroubleHead) -> None:
    assert parsed(packed(head), 640, 640) == head


@given(st.binary(min_size=32, max_size=32))
def test_no_bytes_announce_more_than_is_allowed(received: bytes) -> None:
    """Most are refused; what is not keeps to the limits."""
    try:
        head = parsed(b"LNTF\x01\x01\0\0" + received[8:], 640, 480)
    except WireError:
        head = FRAME
    assert isinstance(head, FrameHead)
    assert (head.width <= 640, head.height <= 480, head.size <= 460_800) == (True, True, True)


@given(st.one_of(FRAMES, TROUBLES), st.integers(0, 16 * 8 - 1))
def test_no_flipped_bit_leaves_the_message_as_it_was(head: FrameHead | TroubleHead, bit: int) -> None:
    """Of the first 16 bytes; those after them are a number and a time, which are compared with others."""
    flipped = bytearray(packed(head))
    flipped[bit // 8] ^= 1 << bit % 8
    try:
        after: object = parsed(flipped, 640, 640)
    except WireError:
        after = None
    assert after != head
    assert not isinstance(head, FrameHead) or after is None


@pytest.mark.parametrize(
    ("at", "value", "why"),
    [
        (0, b"HTTP", "not a relay's"),
        (4, b"\x02", "version 2 of the relay's format, expected 1"),
        (5, b"\x02", "unknown format, 2"),
        (6, b"\x01", "unknown format, 1"),
        (8, b"\0\0", "0x360 pixels, expected at most 640x480"),
        (8, b"\x82\x02", "642x360 pixels, expected at most 640x480"),
        (10, b"\xff\xff", "640x65535 pixels, expected at most 640x480"),
        (10, b"\x67\x01", "640x359 pixels, expected even numbers"),
        (12, b"\xff\xff\xff\xff", "4294967295 bytes for 640x360 pixels, expected 345600"),
        (12, b"\0\0\0\0", "0 bytes for 640x360 pixels, expected 345600"),
    ],
)
def test_frame_that_is_none_is_refused_in_words(at: int, value: bytes, why: str) -> None:
    received = bytearray(packed(FRAME))
    received[at : at + len(value)] = value
    with pytest.raises(WireError, match=why):
        parsed(received, 640, 480)


@pytest.mark.parametrize(("at", "value"), [(6, 0), (6, 9), (8, 1), (12, 1)], ids=["none", "unknown", "width", "size"])
def test_trouble_that_is_none_is_refused(at: int, value: int) -> None:
    received = bytearray(packed(TroubleHead(1, 2, Trouble.LATE)))
    received[at] = value
    with pytest.raises(WireError, match="a trouble that isn't known"):
        parsed(received, 640, 480)
