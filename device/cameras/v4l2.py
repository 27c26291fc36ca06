"""What a V4L2 node says of itself. Numbers and layouts of linux/videodev2.h."""

import os
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from device.cameras.raw_sensors import QUERYCAP, asked, text

VIDEO_CAPTURE, DEVICE_CAPS = 0x1, 0x80000000
_CAPABILITY_BYTES, _CARD_AT, _CAPABILITIES_AT = 104, 16, 84


class Card(NamedTuple):
    """A node's driver, the name of what it belongs to, and whether it gives pictures."""

    driver: str
    name: str
    captures: bool


def card_of(device: Path) -> Card | None:
    """None for what is no V4L2 node, or can't be asked. It is opened for a moment; nothing is set."""
    with suppress(OSError):
        if not stat.S_ISCHR(device.stat().st_mode):
            return None
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return parsed(asked(handle, QUERYCAP, bytes(_CAPABILITY_BYTES)))
        finally:
            os.close(handle)
    return None


def parsed(capability: bytes) -> Card:
    """A `v4l2_capability`: 104 bytes."""
    everything, node = struct.unpack_from("II", capability, _CAPABILITIES_AT)
    captures = bool((node if everything & DEVICE_CAPS else everything) & VIDEO_CAPTURE)
    return Card(text(capability[:16]), text(capability[_CARD_AT : _CARD_AT + 32]), captures)
