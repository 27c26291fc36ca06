"""Frames of the PN532: what is sent, what is understood, what is passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.readers.pn532.frames import FrameParser, command_frame
from tests.device.readers.pn532.chip import ACK

MAX_CONTENT = 265
FIRMWARE = bytes.fromhex("0000ff06fad50332010607e800")
"""The chip's answer in NXP's manual, section 7.2.2: IC 32, version 1.6, all three kinds of cards."""


def test_command_is_sent_as_the_manual_writes_it() -> None:
    assert command_frame(b"\x02") == bytes.fromhex("0000ff02fed4022a00")


def test_answer_of_the_manual_is_understood() -> None:
    assert FrameParser().take(ACK + FIRMWARE) == [bytes.fromhex("0332010607")]


def test_answer_comes_in_pieces() -> None:
    parser = FrameParser()
    assert [answer for byte in ACK + FIRMWARE for answer in parser.take(bytes([byte]))] == [b"\x03\x32\x01\x06\x07"]


def test_command_that_is_not_understood_is_told() -> None:
    assert FrameParser().take(bytes.fromhex("0000ff01ff7f8100")) == [b"\x7f"]


def test_long_frame_is_understood() -> None:
    content = b"\xd5\x41\x00" + bytes(257)
    checksum = -sum(content) & 0xFF
    frame = b"\x00\x00\xff\xff\xff\x01\x04\xfb" + content + bytes([checksum, 0])
    assert FrameParser().take(frame) == [content[1:]]


def frame_of_the_largest_size(content: bytes) -> bytes:
    size = len(content).to_bytes(2)
    return b"\x00\x00\xff\xff\xff" + size + bytes([-sum(size) & 0xFF]) + content + bytes([-sum(content) & 0xFF])


def test_frame_that_is_too_long_is_passed_over() -> None:
    assert FrameParser().take(frame_of_the_largest_size(b"\xd5" + bytes(MAX_CONTENT)) + FIRMWARE) == [
        b"\x03\x32\x01\x06\x07"
    ]


@pytest.mark.parametrize(
    "received",
    [
        b"",
        ACK,
        bytes.fromhex("0000ffff0000"),
        FIRMWARE[:-2],
        FIRMWARE.replace(b"\xfa", b"\xfb"),
        FIRMWARE.replace(b"\xe8", b"\xe9"),
        FIRMWARE.replace(b"\xd5", b"\xd4"),
        command_frame(b"\x02"),
        b"\x00\x00\xff\x00\x00\xd5\x00",
        b"\x00\x00\xff\x01\xff\xd5\x2b\x00",
    ],
    ids=[
        "nothing",
        "ACK",
        "NACK",
        "half a frame",
        "wrong length",
        "wrong sum",
        "wrong direction",
        "our own command",
        "no content",
        "no code",
    ],
)
def test_what_is_no_answer_is_passed_over(received: bytes) -> None:
    assert FrameParser().take(received) == []


@given(st.binary(max_size=64).filter(lambda noise: b"\xff" not in noise))
def test_answer_after_noise_is_understood(noise: bytes) -> None:
    assert FrameParser().take(noise + FIRMWARE) == [b"\x03\x32\x01\x06\x07"]


@given(st.lists(st.binary(max_size=300) | st.sampled_from([b"\x00\xff", b"\xff\xff", ACK, FIRMWARE]), max_size=20))
def test_parser_keeps_no_more_than_a_frame(received: list[bytes]) -> None:
    parser = FrameParser()
    for piece in received:
        parser.take(piece)
        assert len(parser._received) <= MAX_CONTENT + 8
