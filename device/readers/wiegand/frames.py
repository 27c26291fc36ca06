"""Edges on Wiegand's two data lines become bursts of bits, and bits keys. Pure: no pin, no clock, no thread.

Both lines rest high. A reader pulls data 0 low for a moment to say 0, data 1 to say 1. Nothing says where a frame ends,
so silence does. Nothing says either that a frame is whole: what may be noise is refused rather than corrected.

Source of the times: SIA AC-01-1996.10, Access Control Standard Protocol for the 26-bit Wiegand Reader Interface, as
makers of readers quote it: pulses of 20 to 100 us, 200 us to 20 ms apart, never on both lines at once.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

SHORTEST_PULSE_S = 20e-6
"""A pulse lasts 20 to 100 us."""
GREATEST_SPACING_S = 20e-3
"""From the beginning of a pulse to that of the next; at least 200 us."""

SILENCE_S = 25e-3
"""A frame ends after this long without a new pulse: the greatest spacing and a quarter."""
BOUNCE_S = 150e-6
"""What begins sooner after a pulse is not a pulse. Longer than a pulse, which rings at its end; shorter than the least
spacing, because edges are stamped some microseconds late.
"""
GLITCH_S = SHORTEST_PULSE_S - 1e-6
"""A shorter dip is not a pulse; a microsecond for the rounding of time stamps."""

LEAST_BITS = 4
"""Fewer say nothing, not even a key: a lamp was switched on, or the reader itself."""
MOST_BITS = 128
"""The longest card format that there can be."""
MOST_EDGES = 4 * MOST_BITS
"""Of one burst. Room for as many bounces as bits, both edges of each."""
MOST_LATE_S = 0.1
"""The longest wait for edges that are reported late."""
HELD_LOW_S = 0.1
"""A line that is low for longer without an edge does not pulse."""

KEYS = "0123456789*#"

DataLine = Literal[0, 1]


@dataclass(frozen=True, slots=True)
class Edge:
    """A data line went low, or high again, `at` seconds."""

    line: DataLine
    at: float
    falling: bool = True
    late_s: float = 0.0
    """How much later than it happened it was heard of."""


@dataclass(frozen=True, slots=True)
class Burst:
    """All that came between two silences; with a `fault` its `bits` aren't a frame, or empty if too many."""

    bits: str
    at: float
    """Seconds, of the last bit."""
    fault: str = ""


class Assembler:
    """Takes edges one by one and gives a burst for each silence between them. Keeps at most `MOST_EDGES` of them.

    Edges may be heard of late, and in another order than they happened. So a burst that was taken for over is kept. An
    edge that had happened by then goes on with it, and the whole is given: its rest is not a frame of its own.
    """

    def __init__(self) -> None:
        self._edges: list[Edge] = []
        self._last_at = -math.inf
        self._late_s = 0.0
        self._lost = False
        self._over_at: float | None = -math.inf
        self._given: Burst | None = None

    @property
    def ends_at(self) -> float | None:
        """When the burst in progress is over unless another edge comes; None if there is none. Later, if its edges were
        heard of very late: as late the next one may be.
        """
        silence_s = max(SILENCE_S, GREATEST_SPACING_S + self._late_s)
        return self._last_at + silence_s if self._over_at is None else None

    def take(self, edge: Edge) -> Burst | None:
        """The burst that this edge shows to be over, or to be none as it is too long; mostly None. An edge without a
        time is ignored.
        """
        if not math.isfinite(edge.at):
            return None
        ended = self._begin() if self._is_another(edge.at) else None
        self._over_at = None
        self._last_at = max(self._last_at, edge.at)
        self._late_s = min(max(self._late_s, edge.late_s), MOST_LATE_S)
        if self._lost:
            return ended
        self._edges.append(edge)
        return ended if len(self._edges) <= MOST_EDGES else self.lose(edge.at)

    def lose(self, at: float) -> Burst | None:
        """Gives up the burst in progress, because edges were too many or got lost, `at` the last of them; the rest is
        skipped until a silence. Gives the one burst that says so.
        """
        if self._is_another(at):
            self._begin()
        lost, self._lost, self._over_at = self._lost, True, None
        self._edges.clear()
        self._last_at = max(self._last_at, at)
        return None if lost else Burst("", at, _too_many())

    def end(self, now: float) -> Burst | None:
        """Takes the burst in progress for over; None if there was none, nothing but a disturbance, or nothing new."""
        if self._over_at is not None:
            return None
        self._over_at = now
        before, self._given = self._given, burst_of(self._edges)
        return None if self._given == before else self._given

    def _is_another(self, at: float) -> bool:
        """Whether what happened then is not part of the burst."""
        return at - self._last_at > SILENCE_S or (self._over_at is not None and at >= self._over_at)

    def _begin(self) -> Burst | None:
        """Ends the burst in progress, and forgets it."""
        ended = self.end(self._last_at)
        self._edges, self._lost, self._given = [], False, None
        self._last_at, self._late_s = -math.inf, 0.0
        return ended


class Rest:
    """Whether both lines rest high between pulses, or one is held low."""

    def __init__(self) -> None:
        self._low_since: dict[DataLine, float] = {}
        self.held: frozenset[DataLine] = frozenset()
        """The lines that were held low at the last look."""

    @property
    def looks_at(self) -> float:
        """When to look again, as a line that is low then is held; infinite if none may be."""
        pending = (since for line, since in self._low_since.items() if line not in self.held)
        return min(pending, default=math.inf) + HELD_LOW_S

    def pulsed(self, line: DataLine) -> None:
        """There was an edge on a line."""
        self._low_since.pop(line, None)

    def look(self, low: frozenset[DataLine], now: float) -> bool:
        """Takes which lines are low now; whether it is news which of them are held."""
        self._low_since = {line: self._low_since.get(line, now) for line in low}
        held = frozenset(line for line, since in self._low_since.items() if now >= since + HELD_LOW_S)
        before, self.held = self.held, held
        return before != self.held


def burst_of(edges: Iterable[Edge]) -> Burst | None:
    """What the edges between two silences say, in any order; None if they are too few to say anything."""
    pulses = list(_without_bounces(_pulses(sorted(edges, key=lambda edge: edge.at))))
    if len(pulses) < LEAST_BITS:
        return None
    bits, at = "".join(str(pulse.line) for pulse in pulses), pulses[-1].at
    if len(bits) > MOST_BITS:
        return Burst("", at, _too_many())
    return Burst(bits, at, _doubt(pulses))


def is_key_code(bits: str) -> bool:
    """Whether a frame has a key's form: 4 bits, or 8 of which the first half is the second's complement."""
    return len(bits) == 4 or (len(bits) == 8 and int(bits[:4], 2) ^ int(bits[4:], 2) == 0b1111)


def key_of(bits: str) -> str | None:
    """The key whose code a frame is, None if no key has it: 0 to 9 are themselves, 10 is `*`, 11 is `#`."""
    code = int(bits[-4:], 2)
    return KEYS[code] if code < len(KEYS) else None


def _pulses(edges: list[Edge]) -> Iterator[Edge]:
    """The beginnings of all dips, except those whose end is known to have come too soon."""
    ends: dict[DataLine, float] = {}
    found = []
    for edge in reversed(edges):
        if not edge.falling:
            ends[edge.line] = edge.at
        elif ends.pop(edge.line, math.inf) - edge.at >= GLITCH_S:
            found.append(edge)
    return reversed(found)


def _without_bounces(pulses: Iterator[Edge]) -> Iterator[Edge]:
    last = {0: -math.inf, 1: -math.inf}
    for pulse in pulses:
        if pulse.at - last[pulse.line] >= BOUNCE_S:
            last[pulse.line] = pulse.at
            yield pulse


def _doubt(pulses: list[Edge]) -> str:
    """Why pulses are not a frame although they are not too many; empty if they may be one."""
    gaps = [after.at - before.at for before, after in pairwise(pulses)]
    if min(gaps) < BOUNCE_S:
        return "Both data lines went low at once: noise on the wires, or two readers on them."
    if max(gaps) > SILENCE_S:
        return "Parts of a frame were seen too late: this machine was too busy."
    return ""


def _too_many() -> str:
    return f"More edges at once than a frame of {MOST_BITS} bits has: noise on the wires."
