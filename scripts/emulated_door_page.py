"""docs/evidence/emulated-door.md: a table of the steps, what they do and do not show, and the transcript."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulated_door_steps import Outcome
from emulated_machine import ICOUNT_SHIFT

TEMPLATE = Path(__file__).parent / "on_emulated_door" / "page.md"


@dataclass(frozen=True, slots=True)
class Line:
    """A step that was tried."""

    what: str
    promise: str
    outcome: Outcome
    took_s: float


def page(lines: Sequence[Line], transcript: str, facts: Mapping[str, str | float]) -> str:
    """The page. `facts` has the package's name, and boot_s, built_s, took_s."""
    broken = sum(not line.outcome.kept for line in lines)
    return TEMPLATE.read_text(encoding="utf-8").format(
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        rows="\n".join(map(row, lines)),
        count=len(lines),
        kept=len(lines) - broken,
        broken=broken,
        ns=2**ICOUNT_SHIFT,
        minutes=float(facts["took_s"]) / 60,
        cores=os.cpu_count(),
        load=os.getloadavg()[2],
        transcript=transcript,
        **facts,
    )


def row(line: Line) -> str:
    """A row of the table."""
    was_tried = not line.outcome.happened.startswith("not tried")
    mark = "kept" if line.outcome.kept else "NOT KEPT" if was_tried else "not tried"
    cells = (line.what, line.outcome.happened, line.promise, mark)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
