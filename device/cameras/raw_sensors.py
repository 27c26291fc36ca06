"""Recognizes a `/dev/video*` that is the receiver of a CSI camera: it gives the sensor's raw data, not pictures.

On a Pi the sensor's data pass through libcamera; the nodes of the receiver (`unicam` up to the Pi 4, `rp1-cfe` on the
Pi 5) can be opened by any program, and give Bayer patterns or nothing. Numbers and layouts of linux/videodev2.h.
"""

import fcntl
import os
import stat
import struct
from contextlib import suppress
from pathlib import Path

RECEIVERS = ("unicam", "rp1-cfe")
QUERYCAP, ENUM_FMT, G_FMT = 0x80685600, 0xC0405602, 0xC0D05604
"""VIDIOC_QUERYCAP, VIDIOC_ENUM_FMT and VIDIOC_G_FMT on a 64-bit system."""
CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE."""
MOST_FORMATS = 64
_CAPABILITY_BYTES, _DESCRIPTION_BYTES, _FORMAT_BYTES = 104, 64, 208
_DESCRIBED_AT, _FORMAT_AT = 44, 16
"""Where the pixel format is: in v4l2_fmtdesc, and in v4l2_format on a 64-bit system after width and height."""
_EIGHT_BITS, _SIXTEEN_BITS, _GRAY = "BA81 GBRG GRBG RGGB", "BYR2 GB16 GR16 RG16", "Y10P Y12P Y14P"
_TEN_BITS = "BG10 GB10 BA10 RG10 pBAA pGAA pgAA pRAA"
_TWELVE_BITS = "BG12 GB12 BA12 RG12 pBCC pGCC pgCC pRCC"
_FOURTEEN_BITS = "BG14 GB14 GR14 RG14 pBEE pGEE pgEE pREE"
RAW_FORMATS = frozenset(f"{_EIGHT_BITS} {_TEN_BITS} {_TWELVE_BITS} {_FOURTEEN_BITS} {_SIXTEEN_BITS} {_GRAY}".split(" "))
"""V4L2_PIX_FMT_SBGGR8 and the others: Bayer patterns of 8 to 16 bits, packed or not, and packed gray."""


def raw_sensor_driver(device: Path) -> str:
    """The driver of a device that gives a CSI sensor's raw data; "" of any other, and of what can't be asked.

    It is opened for a moment; nothing is set.
    """
    with suppress(OSError):
        if not stat.S_ISCHR(device.stat().st_mode):
            return ""
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            driver = text(asked(handle, QUERYCAP, bytes(_CAPABILITY_BYTES))[:16])
            return driver if driver in RECEIVERS and _gives_raw_data(handle) else ""
        finally:
            os.close(handle)
    return ""


def _gives_raw_data(handle: int) -> bool:
    """Whether that is what a receiver gives now; where it doesn't say, whether it can give nothing else."""
    with suppress(OSError):
        form = asked(handle, G_FMT, struct.pack("I", CAPTURE).ljust(_FORMAT_BYTES, b"\0"))
        return text(form[_FORMAT_AT : _FORMAT_AT + 4]) in RAW_FORMATS
    return RAW_FORMATS.issuperset(_formats(handle))


def _formats(handle: int) -> list[str]:
    found: list[str] = []
    with suppress(OSError):
        for index in range(MOST_FORMATS):
            described = asked(handle, ENUM_FMT, struct.pack("II", index, CAPTURE).ljust(_DESCRIPTION_BYTES, b"\0"))
            found.append(text(described[_DESCRIBED_AT : _DESCRIBED_AT + 4]))
    return found


def asked(handle: int, request: int, given: bytes) -> bytes:
    """The structure that a request fills in. Raises `OSError`."""
    answer = bytearray(given)
    fcntl.ioctl(handle, request, answer)
    return bytes(answer)


def text(field: bytes) -> str:
    """A field of fixed length that ends with a zero byte."""
    return field.split(b"\0")[0].decode("ascii", "replace")
