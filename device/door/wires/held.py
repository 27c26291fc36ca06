"""Who holds lines of a GPIO chip, by the kernel's own word: asking takes no line and changes none."""

import fcntl
import struct
from collections.abc import Iterable
from pathlib import Path

_LINE_INFO, _INFO_BYTES, _USED = 0xC100B405, 256, 1
"""`GPIO_V2_GET_LINEINFO_IOCTL` of linux/gpio.h, its size, and the flag of a line that is held."""


def holders(chip: Path, lines: Iterable[int]) -> dict[int, str]:
    """Who holds lines of a chip, by their numbers, without those that are free. Raises `OSError`."""
    held: dict[int, str] = {}
    with chip.open("rb", buffering=0) as opened:
        for number in sorted(lines):
            answer = fcntl.ioctl(opened, _LINE_INFO, struct.pack("=64xI", number).ljust(_INFO_BYTES, b"\0"))
            consumer, flags = answer[32:64].split(b"\0")[0], struct.unpack_from("=Q", answer, 72)[0]
            if flags & _USED:
                held[number] = consumer.decode("utf-8", "replace")
    return held
