"""Supervised wires: what the voltage at an end-of-line resistor says of a contact and of its cable.

The wire goes from the channel of the converter through SERIES_OHM to the contact and back to ground; PARALLEL_OHM lies
across the contact, in its housing, and PULL_UP_OHM from the channel to 3.3 V, at the converter. So each state of the
wire has a voltage of its own, and a cut or bridged cable is noticed:

    cable bridged     0 ohm        0.00 of 3.3 V
    contact closed    1,000 ohm    0.40
    contact open      2,000 ohm    0.57
    cable cut         none         1.00

1,000 ohm twice is the usual end of line of the trade's controllers; resistors of 1 % and 100 ohm of cable will do.
"""

from enum import StrEnum
from typing import Literal, assert_never

from device.records import Line

PULL_UP_OHM = 1500.0
SERIES_OHM = 1000.0
PARALLEL_OHM = 1000.0
HYSTERESIS = 0.02
"""Share of the supply by which a voltage must pass a limit before the wire is taken to have changed: 66 mV."""


class Wire(StrEnum):
    """The state of a wire, by rising voltage."""

    BRIDGED = "bridged"
    CLOSED = "closed"
    OPEN = "open"
    BROKEN = "broken"


def share_of_supply(ohm: float) -> float:
    """The share of the supply that stands at the channel with this resistance behind it."""
    return ohm / (ohm + PULL_UP_OHM)


NOMINAL = {
    Wire.BRIDGED: 0.0,
    Wire.CLOSED: share_of_supply(SERIES_OHM),
    Wire.OPEN: share_of_supply(SERIES_OHM + PARALLEL_OHM),
    Wire.BROKEN: 1.0,
}
"""The share of the supply in each state, with nominal resistors."""

LIMITS = tuple((low + high) / 2 for low, high in zip(list(NOMINAL.values()), list(NOMINAL.values())[1:], strict=False))
"""The shares between one state and the next, half way."""


def wire_of(share: float, before: Wire | None = None) -> Wire:
    """The state that a share of the supply, 0 to 1, speaks of. It stays `before` until a limit is clearly passed."""
    within_reach = (_state(share - HYSTERESIS), _state(share + HYSTERESIS))
    return before if before in within_reach else _state(share)


def _state(share: float) -> Wire:
    return list(Wire)[sum(share >= limit for limit in LIMITS)]


def line_of(wire: Wire, active: Literal["closed", "open"]) -> Line:
    """What a wire says whose contact is `active` when it is closed or when it is open."""
    match wire:
        case Wire.BRIDGED:
            return Line.SHORT
        case Wire.BROKEN:
            return Line.CUT
        case Wire.CLOSED | Wire.OPEN:
            return Line.ACTIVE if wire.value == active else Line.QUIET
        case _:
            assert_never(wire)
