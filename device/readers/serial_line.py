"""Serial lines: opened raw, at their rate, for one process alone."""

import fcntl
import os
import termios
from pathlib import Path

from device.errors import ReaderError
from device.readers.streams import CHECK_HINT, naming

RATES = (1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
"""Bits per second."""


def open_device(path: Path, baud_rate: int) -> int:
    """The descriptor of a character device, not blocking; a serial line comes raw, at `baud_rate`, and empty.

    Raises `ReaderError` for a rate that no line has, `OSError` and `termios.error` for the rest.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if os.isatty(descriptor):
            _set_up(descriptor, baud_rate)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_serial_line(path: Path, baud_rate: int) -> int:
    """The same for what has to be a serial line. Raises `ReaderError`."""
    with naming(f"{path} cannot be opened"):
        descriptor = open_device(path, baud_rate)
    if not os.isatty(descriptor):
        os.close(descriptor)
        raise ReaderError(f"{path} is not a serial line.", hint=CHECK_HINT)
    return descriptor


def _set_up(descriptor: int, baud_rate: int) -> None:
    """Eight bits, no parity, no control lines, nothing sent back, and no byte has a meaning of its own, such as an end
    of file. What came before is discarded: the person it was for has left.
    """
    if baud_rate not in RATES:
        raise ReaderError(
            f"A serial line can't run at {baud_rate} bits per second.",
            hint=f"Set `baud_rate` to one of {', '.join(map(str, RATES))}.",
        )
    _lock(descriptor)
    attributes = termios.tcgetattr(descriptor)
    special, speed = attributes[6], getattr(termios, f"B{baud_rate}")
    special[termios.VMIN], special[termios.VTIME] = 1, 0
    modes = termios.CS8 | termios.CREAD | termios.CLOCAL
    termios.tcsetattr(descriptor, termios.TCSANOW, [0, 0, modes, 0, speed, speed, special])
    termios.tcflush(descriptor, termios.TCIFLUSH)


def _lock(descriptor: int) -> None:
    """Two programs on one line would each get a part of what comes."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ReaderError(
            "Another program is reading this serial line.",
            hint="Stop it: `systemctl stop lintel` if it is the service.",
        ) from None
