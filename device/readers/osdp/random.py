"""Unpredictable random numbers for libosdp's secure channel.

libosdp 3.2.9 draws the control panel's challenge from the C library's `rand()` and never seeds it: every process asks
the same challenges in the same order, so a recorded session could be replayed after a restart, card and all.
Its Python part has no way to give it better ones. So the state of `rand()` is filled from the kernel's random numbers
before each use: glibc's generator with 63 words of state gives the first 63 numbers out of sums of words that no one
else has seen, and a challenge takes 8.
"""

import ctypes
import os
from functools import cache

from device.errors import ReaderError

_STATE_BYTES = 256
_HEADER_BYTES = 4
"""In front of the state glibc notes which generator it is for."""


def reseed() -> None:
    """Makes the next numbers of `rand()` unpredictable. Raises `ReaderError` where that is not possible."""
    words = _STATE_BYTES - _HEADER_BYTES
    ctypes.memmove(_state() + _HEADER_BYTES, os.urandom(words), words)


@cache
def _state() -> int:
    """Where the state is, for as long as the process lives. Raises `ReaderError` unless `rand()` really draws on it."""
    library = ctypes.CDLL(None)
    library.calloc.restype = ctypes.c_void_p
    library.calloc.argtypes = (ctypes.c_size_t, ctypes.c_size_t)
    address = library.calloc(1, _STATE_BYTES)
    try:
        library.initstate(ctypes.c_uint(1), ctypes.c_void_p(address), ctypes.c_size_t(_STATE_BYTES))
    except AttributeError:
        raise _unsuitable() from None
    ctypes.memset(address + _HEADER_BYTES, 0, _STATE_BYTES - _HEADER_BYTES)
    if any(library.rand() for _ in range(4)):
        raise _unsuitable()
    assert isinstance(address, int)
    return address


def _unsuitable() -> ReaderError:
    return ReaderError(
        "OSDP is not safe on this system: libosdp's random numbers would be predictable, and a recording of the line "
        "could be replayed.",
        hint="Run it on a system with the GNU C library, such as Raspberry Pi OS.",
    )
