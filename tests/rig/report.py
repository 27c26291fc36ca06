"""The page of the rig: a table of faults, how often, what happened, and the promise."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from tests.rig.checks import Check, Finding

HEAD = """# The door under attack

Written by `make rig`, which runs the real `lintel run` as a child process. Its GPIO pins are files with a log of levels
and times, its camera shows portraits with a sensor's noise, its readers are sockets; a small service manager does what
the unit does. `.venv/bin/python -m tests.rig WORDS` repeats the rows whose fault has one of the words; with `--part N`
each is tried an Nth as often.

| fault | tried | what happened | promise |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A check that was tried; without a finding where it could not be."""

    check: Check
    finding: Finding | None
    happened: str
    took_s: float


def report(lines: Sequence[Line], took_s: float) -> str:
    """The page."""
    rows = "".join(_row(line) for line in lines)
    broken = sum(line.finding is not None and not line.finding.kept for line in lines)
    skipped = sum(line.finding is None for line in lines)
    tries = sum(line.finding.times for line in lines if line.finding and line.check.size.unit == "times")
    return (
        f"{HEAD}{rows}\n{len(lines)} rows, {tries} faults: {len(lines) - broken - skipped} promises kept, {broken} not "
        f"kept, {skipped} not tried. Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{took_s / 60:.0f} minutes.\n"
    )


def _tried(times: int, unit: str) -> str:
    return "once" if (times, unit) == (1, "times") else f"{times} {unit}"


def _row(line: Line) -> str:
    tried = _tried(line.finding.times, line.check.size.unit) if line.finding else "not tried"
    cells = (line.check.fault, tried, line.happened, line.check.promise)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
