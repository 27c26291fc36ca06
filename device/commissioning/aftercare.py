"""Secures relays when the program that drives them is killed: a process of its own, which waits for that.

A pin keeps its level when its program ends, and no service runs beside a program that drives pins by hand.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from device.door.securing.secure import secure_all
from device.door.wires.chip import Chip, lgpio_of_board
from device.errors import DoorError
from device.failures import in_words
from device.settings.lock import LockSettings, lock_of
from device.settings.tables import DoorSettings

READY, DONE = b"r", b"d"
TRIES, PAUSE_S = 40, 0.05
"""The kernel lets the lines of a dead program go one after another."""
_CODE = "from device.commissioning.aftercare import main; main()"


class _Driven(msgspec.Struct, frozen=True):
    """What to secure, and on which chip."""

    relays: tuple[LockSettings, ...]
    chip: Chip


@contextmanager
def secured_when_killed(doors: Sequence[DoorSettings], chip: Chip | None) -> Iterator[None]:
    """Within the block the relays are secured within about a second of this program's end, however it ends.

    `chip` is None for simulated pins. Raises `DoorError` if that can't be promised.
    """
    if chip is None:
        yield
        return
    said = msgspec.json.encode(_Driven(tuple(lock_of(door) for door in doors), chip))
    flags = ("-I",) if sys.flags.isolated else ("-P",)
    try:
        process = subprocess.Popen(  # noqa: S603 - this program itself
            (sys.executable, *flags, "-c", _CODE),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise DoorError(
            f"Nothing could lock the door if this is killed: {in_words(error)}.", hint="Try again."
        ) from None
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError):
            process.stdin.write(said + b"\n")
        if process.stdout.read(1) != READY:
            raise DoorError("Nothing could lock the door if this is killed.", hint="Look at the pins: `gpioinfo`.")
        yield
        with suppress(OSError):
            process.stdin.write(DONE)


def main() -> None:
    """The process: ends once its parent has said that all is secured, or is gone and all is."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # what ends the parent must not end this one
    driven = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Driven)
    lgpio_of_board()  # imported now, as its import takes the longest
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    if sys.stdin.buffer.read(1) != DONE:
        _secured(driven)


def _secured(driven: _Driven) -> None:
    for _ in range(TRIES):
        with suppress(DoorError):
            secure_all(driven.relays, chip=driven.chip)
            return
        signal.sigtimedwait((), PAUSE_S)
