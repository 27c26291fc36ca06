"""Stands in for lgpio in other processes: a pin is a file that keeps its level when whoever drove it is killed.

As the kernel does, it lets one process at a time have a pin: a lock on the file, which ends with the process. The
folder of the pins is LINTEL_TEST_PINS.
"""

import fcntl
import os
from pathlib import Path
from typing import Any

BOTH_EDGES, RISING_EDGE, FALLING_EDGE = 3, 1, 2
SET_PULL_NONE, SET_PULL_UP, SET_PULL_DOWN = 128, 32, 64
HELD_AS_OUTPUT, IS_OUT = 1 << 9, 1 << 1
PINS = Path(os.environ["LINTEL_TEST_PINS"])
_held: dict[int, int] = {}


class error(Exception):  # noqa: N801 - as lgpio calls it
    """What lgpio raises."""


def gpiochip_open(_chip: int) -> int:
    return 0


def gpiochip_close(_handle: int) -> None:
    pass


def gpio_get_chip_info(_handle: int) -> list[Any]:
    return [0, 58, "gpiochip0", "pinctrl-bcm2711"]


def gpio_claim_output(_handle: int, pin: int, level: int = 0, _flags: int = 0) -> None:
    if pin in _held:
        return
    descriptor = os.open(PINS / str(pin), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise error("GPIO busy") from None
    _held[pin] = descriptor
    gpio_write(0, pin, level)


def gpio_write(_handle: int, pin: int, level: int) -> None:
    os.pwrite(_held[pin], b"%d" % level, 0)


def gpio_read(_handle: int, pin: int) -> int:
    return int(os.pread(_held[pin], 1, 0))


def gpio_get_mode(_handle: int, pin: int) -> int:
    return HELD_AS_OUTPUT | IS_OUT if pin in _held else 0


def __getattr__(name: str) -> Any:
    raise AssertionError(f"nobody should use lgpio.{name} here")
