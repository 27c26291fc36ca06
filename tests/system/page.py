"""The page of the booted test: a table for each release."""

import os
from collections.abc import Sequence
from itertools import groupby

from tests.system.door import WATCHDOG_S
from tests.system.steps import Line

HEAD = """# The units under a real systemd

Written by `make test-system` (as root, on Debian). Debian's own packages make a tree of each release, and
`systemd-nspawn` boots it: systemd, journal, users and sandbox are real. Lintel is installed once on each, by
`apt-get install ./lintel_*.deb` of what `make deb` built, and every machine is a layer on top of that. The steps of the
service run alone, then those of the package and the release upgrade side by side.

The tests put in by a drop-in: GPIO pins that are files with a log of levels and times, a camera that shows portraits
(both as in `make rig`), `WatchdogSec={watchdog}` instead of the unit's 75 s, and commands that do without
Python's isolated mode, so that it finds those stand-ins. All else of the units is as installed. The machine that ran
this did other things as well. `.venv/bin/python -m tests.system WORDS` repeats the steps that have one of the words.
"""
TABLE = "\n## {name}, Python {python}\n\n| what | what happened | promise |\n|---|---|---|\n"


def page(lines: Sequence[Line], took_s: float, patience: float) -> str:
    """The page."""
    said = HEAD.format(watchdog=WATCHDOG_S)
    for release, some in groupby(lines, key=lambda line: line.release):
        said += TABLE.format(name=release.name.capitalize(), python=release.python) + "".join(map(_row, some))
    allowed = f" Anything was allowed to take {patience:g} times as long as promised." if patience != 1 else ""
    broken = sum(not line.finding.kept for line in lines)
    return (
        f"{said}\n{len(lines)} rows: {len(lines) - broken} kept, {broken} not kept; {took_s / 60:.0f} minutes; "
        f"{os.cpu_count()} cores, {os.getloadavg()[2]:.1f} processes at work on average.{allowed}\n"
    )


def _row(line: Line) -> str:
    cells = (line.what, line.finding.happened, line.promise)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
