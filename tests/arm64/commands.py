"""What the installed package's own commands say in an emulated tree, beside the same on this machine."""

import json
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tests.arm64.cell import Cell, Said
from tests.rig.checks import Finding
from tests.system.trees import ROOT

STATE = "/var/lib/lintel-tried"
SCENARIO = ("simulate", "--json")
QUICK_STEP = 3
"""Of the built-in scenario, in a quick run: a person with another's badge, who is refused."""
SIMULATED_S = 2400
NEAR = 0.005
"""How far a similarity may lie from this machine's: kernels round int8 sums differently, the threshold is 0.939."""
NO_CHIP = 7
"""How `secure` ends where no gpiochip is, on each machine."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A command, and what came of it."""

    what: str
    finding: Finding
    took_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a scenario as `lintel simulate --json` tells it."""

    title: str
    outcome: str
    reason: str
    similarity: float | None


def scenario(*, quick: bool) -> list[str]:
    """The words after `lintel` that play the built-in scenario, or one step of it."""
    return [*SCENARIO, *(["--step", str(QUICK_STEP)] if quick else [])]


def simulated_here(*, quick: bool) -> tuple[Step, ...]:
    """The same on this machine, by this checkout."""
    command = [str(ROOT / ".venv" / "bin" / "lintel"), *scenario(quick=quick)]
    return steps(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def steps(said: str) -> tuple[Step, ...]:
    """The steps of `lintel simulate --json`."""
    return tuple(
        Step(one["title"], str(one["outcome"]), str(one["reason"]), one["similarity"])
        for one in json.loads(said)["steps"]
    )


def tried(cell: Cell, here: Sequence[Step], *, quick: bool) -> list[Tried]:
    """Each command once."""
    lintel = ("lintel", "--state-dir", STATE)
    said = {
        "lintel --version": cell.run("lintel", "--version", "-v", within_s=120),
        "lintel self-test": cell.run(*lintel, "self-test", within_s=300),
        "lintel doctor --json": cell.run(*lintel, "doctor", "--json", within_s=300),
        "/usr/libexec/lintel/secure": cell.run("/usr/libexec/lintel/secure", within_s=60),
        "lintel simulate": cell.run(*lintel, *scenario(quick=quick), within_s=SIMULATED_S),
    }
    found = {
        "lintel --version": version_of(said["lintel --version"]),
        "lintel self-test": self_test_of(said["lintel self-test"]),
        "lintel doctor --json": doctor_of(said["lintel doctor --json"]),
        "/usr/libexec/lintel/secure": secure_of(said["/usr/libexec/lintel/secure"]),
        "lintel simulate": simulated(said["lintel simulate"], here),
    }
    return [Tried(what, finding, said[what].took_s) for what, finding in found.items()]


def version_of(said: Said) -> Finding:
    """Python, runtime and models, each intact."""
    kept = said.code == 0 and said.out.count(", intact") == 3
    return Finding(kept, _words(said) if not kept else said.out.strip().replace("\n", "; "), 1)


def self_test_of(said: Said) -> Finding:
    """It ends with 0."""
    return Finding(said.code == 0, _words(said), 1)


def doctor_of(said: Said) -> Finding:
    """A page whose runtime and models are green; a machine without hardware is red elsewhere."""
    try:
        lines = json.loads(said.out)["lines"]
    except (ValueError, KeyError):
        return Finding(False, f"no page: {_words(said)}", 1)
    lights = [line["light"] for line in lines]
    bad = sorted({line["code"] for line in lines if line["light"] == "red"})
    vision = [line for line in lines if line["code"] in ("runtime", "models")]
    kept = bool(vision) and all(line["light"] == "green" for line in vision)
    counts = ", ".join(f"{lights.count(light)} {light}" for light in ("green", "amber", "red"))
    return Finding(kept, f"{counts}; red: {', '.join(bad) or 'none'}; runtime and models green: {kept}", 1)


def secure_of(said: Said) -> Finding:
    """Debian's own Python gets as far as the missing gpiochip."""
    return Finding(said.code == NO_CHIP, _words(said), 1)


def simulated(said: Said, here: Sequence[Step]) -> Finding:
    """Decisions and reasons are those of this machine, and similarities near."""
    if said.code:
        return Finding(False, f"ended with {said.code}: {_words(said)}", 1)
    there = steps(said.out)
    other = [one.title for one, mine in zip(there, here, strict=False) if decision(one) != decision(mine)]
    far = furthest(there, here)
    kept = not other and len(there) == len(here) and far <= NEAR
    outcomes = [one.outcome for one in there]
    counts = f"{len(there)} steps, {outcomes.count('granted')} granted, {outcomes.count('denied')} denied"
    compared = f"decisions as on {platform.machine()}" if not other else f"other decisions: {'; '.join(other)}"
    return Finding(kept, f"{counts}; {compared}; similarities differ by {far:.5f} at most", 1)


def decision(step: Step) -> tuple[str, str, str]:
    """What has to be the same."""
    return step.title, step.outcome, step.reason


def furthest(there: Sequence[Step], here: Sequence[Step]) -> float:
    """The largest difference of similarities of the same step; infinite if one has none."""
    apart = [0.0]
    for one, mine in zip(there, here, strict=False):
        if one.similarity is not None and mine.similarity is not None:
            apart.append(abs(one.similarity - mine.similarity))
        elif one.similarity is not mine.similarity:
            apart.append(float("inf"))
    return max(apart)


def _words(said: Said) -> str:
    last = " ".join((said.out + said.err).split())[-300:]
    return f"exit {said.code}{': ' if last else ''}{last}"
