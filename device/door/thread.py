"""Lets real time pass for a door, in a thread of its own."""

import threading

from device.door.operation import Door
from device.failures import in_words
from device.ports import Clock

BEAT_S = 0.5
"""A `DoorThread` beats at least this often."""
_LEAST_WAIT_S = 0.001


class DoorThread:
    """Lets real time pass for a door, so that a release ends even if the main loop hangs."""

    def __init__(self, door: Door, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._is_ending = False
        self.last_beat = clock.monotonic()
        """When it last came round, in seconds on the clock; a thread whose last beat is several `BEAT_S` old hangs."""
        self.failure: BaseException | None = None
        """What ended the thread. The door is in FAULT then, and there are no more beats."""
        self._thread = threading.Thread(target=self._run, name=f"door {door.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; harmless when repeated. Close the door next: nothing ends its releases now."""
        self._is_ending = True
        self._door.hurry.set()
        self._thread.join(2 * BEAT_S)  # one that hangs in a driver is left behind

    def _run(self) -> None:
        try:
            while not self._is_ending:
                self._come_round()
        except BaseException as error:  # whatever it is: a door without its time must not be released
            try:
                self._door.fail(f"its timer thread ended: {in_words(error)}")
            finally:
                self.failure = error  # last: who sees it finds the door in FAULT

    def _come_round(self) -> None:
        self._door.hurry.clear()
        known_at, wait_s = self._door.known_at, self._wait_s()
        if self._door.hurry.wait(wait_s):
            self._door.tick()
        else:
            self._door.tick(known_at + wait_s)
        self.last_beat = self._clock.monotonic()

    def _wait_s(self) -> float:
        due = self._door.deadline()
        if due is None:
            return BEAT_S
        return min(max(_LEAST_WAIT_S, due - self._clock.monotonic()), BEAT_S)
