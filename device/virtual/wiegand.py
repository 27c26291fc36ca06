"""The far end of a Wiegand reader's wires: what a real reader, and what disturbs it, does to two simulated pins.

A frame, and every defect, is a list of changes that can be put together; a defect of the bits is another text:

    wires.schedule(frame(flipped(bits, 3)), clock)
    wires.schedule((*frame(bits), *ringing(bits)), clock)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from device.ports import Clock
from device.virtual.clock import SimulatedClock


@dataclass(frozen=True, slots=True)
class Change:
    """A data line, 0 or 1, goes low or high again, `after_s` seconds after the frame began."""

    after_s: float
    line: int
    low: bool


@dataclass(frozen=True, slots=True)
class Timing:
    """How a reader pulses, in seconds: pulses of 20 to 100 us, 200 us to 20 ms from one beginning to the next."""

    width_s: float = 50e-6
    spacing_s: float = 1e-3


TYPICAL = Timing()
FULL_SPEED = Timing(width_s=50e-6, spacing_s=200e-6)


def frame(bits: str, timing: Timing = TYPICAL) -> tuple[Change, ...]:
    """The pulses of a frame, from its first bit on."""
    return tuple(
        change for index, bit in enumerate(bits) for change in pulse(int(bit), index * timing.spacing_s, timing.width_s)
    )


def pulse(line: int, after_s: float, width_s: float) -> tuple[Change, ...]:
    """A data line goes low, and high again."""
    return Change(after_s, line, low=True), Change(after_s + width_s, line, low=False)


def flipped(bits: str, *positions: int) -> str:
    """The bits with some of them turned over, counted from 0."""
    return "".join("10"[int(bit)] if index in positions else bit for index, bit in enumerate(bits))


def without(bits: str, *positions: int) -> str:
    """The bits with some of them lost, counted from 0."""
    return "".join(bit for index, bit in enumerate(bits) if index not in positions)


def ringing(bits: str, timing: Timing = TYPICAL, times: int = 2) -> tuple[Change, ...]:
    """How each pulse's end bounces: this many short dips of 2 us on its own line."""
    ends = ((int(bit), index * timing.spacing_s + timing.width_s) for index, bit in enumerate(bits))
    return tuple(
        change for line, end in ends for dip in range(times) for change in pulse(line, end + 2e-6 + dip * 4e-6, 2e-6)
    )


def crosstalk(bits: str, timing: Timing = TYPICAL) -> tuple[Change, ...]:
    """What each pulse does to the other line in a long cable: a dip of 2 us as it begins."""
    return tuple(
        change
        for index, bit in enumerate(bits)
        for change in pulse(1 - int(bit), index * timing.spacing_s + 1e-6, 2e-6)
    )


def noise(seed: int, *, dips: int, lasts_s: float) -> tuple[Change, ...]:
    """Adds dips of up to 100 us anywhere on both lines, always the same for a seed."""
    drawn = Random(seed)  # noqa: S311 - noise, not a secret
    return tuple(
        change
        for _ in range(dips)
        for change in pulse(drawn.randrange(2), drawn.uniform(0, lasts_s), drawn.uniform(0, 100e-6))
    )


def stuck(line: int, after_s: float = 0.0) -> tuple[Change, ...]:
    """A short to ground: the line goes low and stays so."""
    return (Change(after_s, line, low=True),)


class Pin(Protocol):
    """A mock pin, driven from outside."""

    def drive_low(self) -> None:
        """Pulls it to ground."""

    def drive_high(self) -> None:
        """Lets it go."""


class WiegandWires:
    """The two wires between a virtual reader and the pins of a board."""

    def __init__(self, factory: Any, data0_pin: int, data1_pin: int) -> None:  # noqa: ANN401 - gpiozero is untyped
        """On a factory of mock pins, such as that of `SimulatedPins`, which listens to them already or will."""
        self._pins: tuple[Pin, Pin] = (factory.pin(data0_pin), factory.pin(data1_pin))

    def change(self, change: Change) -> None:
        """Does one change now."""
        pin = self._pins[change.line]
        if change.low:
            pin.drive_low()
        else:
            pin.drive_high()

    def schedule(self, changes: Iterable[Change], clock: SimulatedClock, at: float | None = None) -> float:
        """Has the changes happen as the clock goes on, from `at` on, or from now; returns when the last one will."""
        began = clock.monotonic() if at is None else at
        planned = _in_order(changes)
        for change in planned:
            clock.at(began + change.after_s, lambda change=change: self.change(change))  # type: ignore[misc]
        return began + max((change.after_s for change in planned), default=0.0)

    def play(self, changes: Iterable[Change], clock: Clock) -> tuple[float, ...]:
        """Does the changes one by one, and waits in between; returns when, on the clock, each line went low. On a busy
        machine they come later and further apart, never closer together.
        """
        fallen, done_at, after_s = [], clock.monotonic(), 0.0
        for change in _in_order(changes):
            clock.sleep(done_at + change.after_s - after_s - clock.monotonic())
            if change.low:
                fallen.append(clock.monotonic())
            self.change(change)
            done_at, after_s = clock.monotonic(), change.after_s
        return tuple(fallen)


def _in_order(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: change.after_s)
