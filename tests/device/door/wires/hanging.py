"""A child that releases the strike and hangs. It says what the strike's pin does, and kills itself once it is secured.

Argument: `sleep` hangs in C code that lets other threads run, `hold the interpreter` in C code that does not.
"""

import ctypes
import os
import signal
import sys
import time

from device.clock import SystemClock
from device.door.wires.gpio import BoardIO
from device.records import Outputs
from device.settings.tables import DoorSettings
from device.virtual.pins import Level, SimulatedPins

FOR_EVER_S = 600


class TellingPins(SimulatedPins):
    """Says what the strike does. It writes past Python's own buffers, which a hanging thread may have locked."""

    def record(self, pin: int, level: Level) -> None:
        if self.history(pin):
            os.write(1, b"released\n" if level.high else b"secured\n")
        super().record(pin, level)
        if len(self.history(pin)) == 3:
            os.kill(os.getpid(), signal.SIGKILL)


def main(how: str) -> None:
    clock = SystemClock()
    io = BoardIO(DoorSettings(), TellingPins(clock).factory, clock)
    io.run(last_resort_s=1.5)
    io.drive(Outputs(released=True))
    if how == "sleep":
        time.sleep(FOR_EVER_S)
    time.sleep(0.2)
    ctypes.PyDLL(None).sleep(FOR_EVER_S)


if __name__ == "__main__":
    main(sys.argv[1])
