"""What crosses the socket between a relay and the door: a head of 32 bytes, behind a frame's the frame's pixels.

    offset  size  what
         0     4  "LNTF"
         4     1  version, 1
         5     1  0: a trouble, with no pixels behind it; 1: I420, a plane of luma and two of chroma at half size
         6     2  which trouble; 0 with a frame
         8     2  width, an even number of pixels; 0 with a trouble
        10     2  height, an even number of pixels; 0 with a trouble
        12     4  bytes that follow: width x height x 3 / 2
        16     8  number of this message on its way to this door; each is larger than the one before
        24     8  when the frame was captured, nanoseconds on this machine's CLOCK_MONOTONIC; of a trouble, since when

Little-endian. Pixels are bare, so that the door has nothing to decode that came out of a network.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

HEAD = struct.Struct("<4sBBHHHIQQ")
MAGIC, VERSION = b"LNTF", 1
_TROUBLE, _I420 = 0, 1
NS = 1_000_000_000


class Trouble(IntEnum):
    """Why there is no picture. The numbers cross the socket: never use one again for something else."""

    CONNECTING = 1
    UNREACHABLE = 2
    UNKNOWN_HOST = 3
    REFUSED = 4
    NO_STREAM = 5
    UNUSABLE = 6
    ENDED = 7
    LATE = 8


@dataclass(frozen=True, slots=True)
class FrameHead:
    """A frame whose pixels follow, uint8 [height x 3 / 2, width]."""

    number: int
    captured_ns: int
    width: int
    height: int

    @property
    def size(self) -> int:
        """How many bytes follow."""
        return self.width * self.height * 3 // 2


@dataclass(frozen=True, slots=True)
class TroubleHead:
    """The relay has no picture to pass on; nothing follows."""

    number: int
    since_ns: int
    trouble: Trouble


class WireError(ValueError):
    """What came is not a message of a relay. Of what the peer sent, only numbers are repeated."""


def packed(head: FrameHead | TroubleHead) -> bytes:
    """The 32 bytes."""
    if isinstance(head, TroubleHead):
        return HEAD.pack(MAGIC, VERSION, _TROUBLE, head.trouble, 0, 0, 0, head.number, head.since_ns)
    return HEAD.pack(MAGIC, VERSION, _I420, 0, head.width, head.height, head.size, head.number, head.captured_ns)


def parsed(received: bytes | bytearray, most_width: int, most_height: int) -> FrameHead | TroubleHead:
    """What 32 bytes say, with each of them accounted for. Raises `WireError`, also for a frame larger than allowed."""
    magic, version, kind, trouble, width, height, size, number, at_ns = HEAD.unpack(received)
    if magic != MAGIC:
        raise WireError("its messages are not a relay's")
    if version != VERSION:
        raise WireError(f"it speaks version {version} of the relay's format, expected {VERSION}")
    if kind == _TROUBLE:
        if (width, height, size) != (0, 0, 0) or trouble not in iter(Trouble):
            raise WireError("it reports a trouble that isn't known")
        return TroubleHead(number, at_ns, Trouble(trouble))
    if kind != _I420 or trouble != 0:
        raise WireError(f"it sends pixels in an unknown format, {kind}")
    if not (1 <= width <= most_width and 1 <= height <= most_height):
        raise WireError(f"it sends {width}x{height} pixels, expected at most {most_width}x{most_height}")
    if width % 2 or height % 2:
        raise WireError(f"it sends {width}x{height} pixels, expected even numbers")
    head = FrameHead(number, at_ns, width, height)
    if size != head.size:
        raise WireError(f"it announces {size} bytes for {width}x{height} pixels, expected {head.size}")
    return head
