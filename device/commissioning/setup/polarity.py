"""Finds out at which level a relay is energized, with someone watching: short pulses, at rest while anything is asked.

Whether the strike is released at a level isn't known before. So no level is held while a question waits for its
answer: the pin is an input then, and the pull resistor keeps the relay at rest.
"""

from typing import Literal, Protocol

from device.errors import DoorError

PULSE_S = 1.0
REST_HINT = (
    "Fit 10 kilohm from the relay's input to the level at which it rests: ground for a board that a high level "
    "energizes, else 3.3 V (docs/wiring.md). Then run `lintel setup` again."
)
WIRE_HINT = "Check the wire to the pin's number (BCM), ground, and the relay board's own supply."
Lock = Literal["strike", "magnet"]


class Watcher(Protocol):
    """Who stands at the door."""

    def say(self, text: str) -> None:
        """Tells them something."""

    def confirm(self, question: str) -> bool:
        """Asks them yes or no."""


class Driver(Protocol):
    """Drives a pin for a moment; it is an input before and after."""

    def pulse(self, pin: int, *, high: bool, seconds: float) -> None:
        """Raises `DoorError`."""


def energizing_level(
    watcher: Watcher, driver: Driver, pin: int, *, lock: Lock, stated: bool | None = None
) -> bool | None:
    """Whether a high level energizes the relay; None if no one watches. `stated` is tried first, and may be wrong.

    Raises `DoorError` for a relay that isn't at rest by itself, or that reacts to no level, or to both.
    """
    watcher.say(f"\nNothing drives GPIO {pin} now, so the relay has to be at rest.")
    rest = "Is the relay at rest (its LED dark), and the door locked?"
    if not watcher.confirm(rest if lock == "strike" else "Is the relay at rest (its LED dark)?"):
        raise DoorError(f"The relay isn't at rest while nothing drives GPIO {pin}.", hint=REST_HINT)
    watcher.say(f"GPIO {pin} is driven for {PULSE_S:.0f} s, twice at most. The door may be open meanwhile.")
    if not watcher.confirm("Is someone at the door, watching it and the relay?"):
        return None
    first = True if stated is None else stated
    if _clicks(watcher, driver, pin, high=first):
        return first
    watcher.say("Then the other level.")
    if not _clicks(watcher, driver, pin, high=not first):
        raise DoorError(f"The relay reacts to no level of GPIO {pin}.", hint=WIRE_HINT)
    if stated is not None:
        watcher.say(
            f"WRONG POLARITY: active_high = {str(stated).lower()} was stated, and this relay is energized by a "
            f"{'low' if stated else 'high'} level. Held that way, the door would have stood open."
        )
    return not first


def _clicks(watcher: Watcher, driver: Driver, pin: int, *, high: bool) -> bool:
    watcher.say(f"Now GPIO {pin} is {'high' if high else 'low'} for {PULSE_S:.0f} s: watch the relay.")
    driver.pulse(pin, high=high, seconds=PULSE_S)
    return watcher.confirm("Did the relay click twice, on and off again?")
