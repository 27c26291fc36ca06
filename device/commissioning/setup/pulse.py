"""Drives one pin to a level for a moment, in a process of its own, and lets it go: `python -c ... CHIP PIN LEVEL S`.

The process ends the pulse by itself, also when its parent is killed (its standard input ends then). At every other
moment the pin is an input, so that the pull resistor at the relay decides.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from device.door.wires.chip import lgpio_of_board, open_chip
from device.door.wires.pin_errors import named
from device.errors import DoorError
from device.failures import in_words

MOST_S = 3.0
"""Longest pulse, whatever is asked for."""
SPARE_S = 20.0
"""How long the process may take besides."""
_CODE = "from device.commissioning.setup.pulse import main; main()"


def pulsed(lgpio: Any, handle: int, pin: int, *, high: bool, wait: Callable[[], object]) -> None:  # noqa: ANN401
    """Drives the pin while `wait` waits; an input before and, whatever happens, afterwards. Raises `DoorError`."""
    with named(f"take GPIO {pin}"):
        lgpio.gpio_claim_input(handle, pin)
    try:
        with named(f"drive GPIO {pin}"):
            lgpio.gpio_claim_output(handle, pin, int(high))
        wait()
    finally:
        lgpio.gpio_claim_input(handle, pin)


def main() -> None:
    """The process: ends with 0, or with 7 and the error in two lines."""
    chip, pin, level, seconds = sys.argv[1:5]
    interrupted = _interruptions()
    try:
        lgpio = lgpio_of_board()
        handle = open_chip(lgpio, chip).handle

        def wait() -> None:
            select.select([sys.stdin, interrupted], [], [], min(float(seconds), MOST_S))

        pulsed(lgpio, handle, int(pin), high=level == "1", wait=wait)
    except DoorError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        sys.exit(DoorError.exit_code)


def _interruptions() -> int:
    """A descriptor that can be read from once a signal has asked for the end.

    None of them raises anything: the end of a session is several at once, and the second would keep the pin driven.
    """
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, lambda _number, _frame: None)
    return read


class Pulses:
    """Pulses on the pins of one GPIO chip."""

    def __init__(self, chip: str) -> None:
        """`chip` is the setting `gpio.chip`."""
        self._chip = chip

    def pulse(self, pin: int, *, high: bool, seconds: float) -> None:
        """Returns when the pin is an input again. Raises `DoorError`, with the pin an input if that can be."""
        flags = ("-I",) if sys.flags.isolated else ("-P",)
        words = (sys.executable, *flags, "-c", _CODE, self._chip, str(pin), str(int(high)), str(seconds))
        try:
            with subprocess.Popen(  # noqa: S603 - this program itself
                words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                start_new_session=True,
            ) as process:  # fmt: skip
                try:
                    code, said = _ended(process)
                finally:
                    if (process.returncode or 0) < 0:
                        self._let_go(pin)
        except OSError as error:
            raise DoorError(f"Cannot drive GPIO {pin}: {in_words(error)}.", hint="Report this.") from None
        if code != 0:
            message, _, hint = said.strip().partition("\n")
            raise DoorError(message or f"Driving GPIO {pin} ended with {code}.", hint=hint or "Report this.")

    def _let_go(self, pin: int) -> None:
        """Makes it an input: its process was killed, by a machine short of memory, say, and left it driven."""
        lgpio = lgpio_of_board()
        handle = open_chip(lgpio, self._chip).handle
        try:
            with named(f"let GPIO {pin} go"):
                lgpio.gpio_claim_input(handle, pin)
        finally:
            lgpio.gpiochip_close(handle)


def _ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Waits; when interrupted, the pulse ends first. Its standard input stays open until then."""
    try:
        code = process.wait(MOST_S + SPARE_S)
    except BaseException:
        if process.stdin:
            process.stdin.close()
        process.wait(SPARE_S)
        raise
    said = process.stderr.read() if process.stderr else ""
    return code, said
