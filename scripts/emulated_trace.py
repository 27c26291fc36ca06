"""What the kernel of the emulated machine says of a GPIO line, and the journal of the door: as text, read."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """A level that the kernel gave to a line, when (seconds on CLOCK_MONOTONIC), and for which process."""

    at: float
    level: int
    process: str


def levels(trace: str, line: int) -> list[Level]:
    """Of the kernel's trace with `trace_clock` mono: every level that was written to the line, oldest first."""
    found = re.findall(r"^ *(\S.*?)-\d+ +\[\d+\].*? (\d+\.\d+): gpio_value: (\d+) set ([01])$", trace, re.MULTILINE)
    return [Level(float(at), int(level), process) for process, at, number, level in found if int(number) == line]


def pulses(seen: list[Level]) -> list[tuple[float, float]]:
    """From when to when the line was high; the last one without an end is left out."""
    found: list[tuple[float, float]] = []
    high_at: float | None = None
    for one in seen:
        if one.level and high_at is None:
            high_at = one.at
        elif not one.level and high_at is not None:
            found.append((high_at, one.at))
            high_at = None
    return found


def row_of(debug: str, line: int) -> str:
    """The line's row in /sys/kernel/debug/gpio, single spaces; empty where no process holds it and none exported it."""
    rows = re.findall(rf"^ *gpio-{line} .*$", debug, re.MULTILINE)
    return " ".join(rows[0].split()) if rows else ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of the door's journal about a badge."""

    at: float
    granted: bool
    said: str


def decisions(journal: str) -> list[Decision]:
    """Of `journalctl --output=short-monotonic`: what was granted or denied, oldest first."""
    found = re.findall(r"^\[ *(\d+\.\d+)\] .*?: ((?:.*\b)?(GRANTED|DENIED)\b.*)$", journal, re.MULTILINE)
    return [Decision(float(at), word == "GRANTED", said) for at, said, word in found]
