"""What a network camera on this machine sends: RTP packets of motion JPEG (RFC 2435) or H.264 (RFC 6184)."""

import struct
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Protocol

import cv2

from device.records import Image

PAYLOAD = 1400
SLICES = (1, 5)
"""Types of H.264's units that are part of a picture."""


class Media(Protocol):
    """One stream to one client."""

    lines: tuple[str, ...]
    """Of its description (RFC 4566)."""

    def packets(self, image: Image, captured_at: float, *, garbage: bool) -> bytes:
        """A picture's packets, each behind the four bytes that RTSP puts before it."""


class _Packets:
    """Numbers the packets of one stream."""

    def __init__(self, kind: int) -> None:
        self._kind = kind
        self._sequence = 0

    def packet(self, payload: bytes, captured_at: float, *, last: bool) -> bytes:
        stamp = int(captured_at * 90_000) & 0xFFFFFFFF
        rtp = struct.pack(">BBHII", 0x80, self._kind | last << 7, self._sequence & 0xFFFF, stamp, 0x4C494E54)
        self._sequence += 1
        return struct.pack(">cBH", b"$", 0, len(rtp) + len(payload)) + rtp + payload


class MotionJpeg:
    """`Media` that sends each picture it is given."""

    lines: tuple[str, ...] = ("m=video 0 RTP/AVP 26", "a=control:track1")

    def __init__(self) -> None:
        self._packets = _Packets(26)

    def packets(self, image: Image, captured_at: float, *, garbage: bool) -> bytes:
        tables, scan = _parts_of(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
        scan = bytes(len(scan)) if garbage else scan
        height, width = image.shape[:2]
        sent = b""
        for start in range(0, len(scan), PAYLOAD):
            head = struct.pack(">BBHBBBB", 0, start >> 16, start & 0xFFFF, 1, 255, width // 8, height // 8)
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables if start == 0 else b""
            payload = head + scan[start : start + PAYLOAD]
            sent += self._packets.packet(payload, captured_at, last=start + PAYLOAD >= len(scan))
        return sent


class H264:
    """`Media` that plays a clip over and over, whatever picture it is given."""

    lines: tuple[str, ...] = (
        "m=video 0 RTP/AVP 96",
        "a=rtpmap:96 H264/90000",
        "a=fmtp:96 packetization-mode=1",
        "a=control:track1",
    )

    def __init__(self) -> None:
        clip = Path(__file__).with_name("clip.h264").read_bytes()
        self._packets = _Packets(96)
        self._pictures = cycle(list(_pictures(clip)))

    def packets(self, image: Image, captured_at: float, *, garbage: bool) -> bytes:  # noqa: ARG002 - as `Media`
        units = [bytes([unit[0]]) + bytes(len(unit) - 1) if garbage else unit for unit in next(self._pictures)]
        sent = b""
        for unit in units:
            parts = list(_fragments(unit))
            for part in parts:
                sent += self._packets.packet(part, captured_at, last=unit is units[-1] and part is parts[-1])
        return sent


def _fragments(unit: bytes) -> Iterator[bytes]:
    """A unit as it is, or where it is too long in pieces (FU-A)."""
    if len(unit) <= PAYLOAD:
        yield unit
        return
    for start in range(1, len(unit), PAYLOAD):
        is_first, is_last = start == 1, start + PAYLOAD >= len(unit)
        yield (
            bytes([unit[0] & 0x60 | 28, is_first << 7 | is_last << 6 | unit[0] & 0x1F]) + unit[start : start + PAYLOAD]
        )


def _pictures(clip: bytes) -> Iterator[list[bytes]]:
    """The units of each picture, with the parameters before it. A slice whose first bit is set begins a picture."""
    units = [unit.rstrip(b"\0") for unit in clip.split(b"\0\0\1") if unit.strip(b"\0")]
    picture: list[bytes] = []
    for unit in units:
        has_slice = any(one[0] & 0x1F in SLICES for one in picture)
        is_slice = unit[0] & 0x1F in SLICES
        if has_slice and (not is_slice or unit[1] & 0x80):
            yield picture
            picture = []
        picture.append(unit)
    yield picture


def _parts_of(jpeg: bytes) -> tuple[bytes, bytes]:
    """A baseline JPEG's quantization tables and its scan, which is all that RFC 2435 sends of it."""
    tables, at = b"", 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, at)
        if marker == 0xFFDB:
            segment = jpeg[at + 4 : at + 2 + length]
            tables += b"".join(segment[start + 1 : start + 65] for start in range(0, len(segment), 65))
        at += 2 + length
        if marker == 0xFFDA:
            return tables, jpeg[at:-2]
