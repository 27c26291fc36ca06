"""Writes what a run of mutants came to: a line of figures, and the page docs/evidence/mutants.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mutants_made import Mutant
from mutants_tried import Outcome

LEAST = 0.9
"""The share of a room's mutants that its tests have to notice."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One mutant and what came of it: the test that noticed it, or why none does."""

    room: str
    mutant: Mutant
    outcome: Outcome
    by: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """The figures of one room."""

    name: str
    files: int
    places: int
    equivalent: int
    tried: Sequence[Tried]

    @property
    def survived(self) -> list[Tried]:
        """What no test noticed."""
        return [one for one in self.tried if one.outcome is Outcome.SURVIVED]

    @property
    def timed_out(self) -> int:
        """What made the tests hang, which counts as noticed."""
        return sum(one.outcome is Outcome.TIMED_OUT for one in self.tried)

    @property
    def noticed(self) -> int:
        """What a test failed on, or hung on."""
        return len(self.tried) - len(self.survived)

    @property
    def share(self) -> float:
        """Of the mutants that were tried, 0 to 1."""
        return self.noticed / len(self.tried) if self.tried else 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run."""

    command: str
    minutes: float
    untried: int
    rooms: Sequence[Room]
    named: Sequence[tuple[str, Tried]]
    equivalent: Sequence[tuple[Mutant, str]]

    @property
    def kept(self) -> bool:
        """Whether each room notices what it has to, and each named mutant was noticed."""
        named = all(one.outcome is not Outcome.SURVIVED for _, one in self.named)
        return named and all(room.share >= LEAST for room in self.rooms)


def line(run: Run) -> str:
    """The run in one line."""
    tried = sum(len(room.tried) for room in run.rooms)
    noticed = sum(room.noticed for room in run.rooms)
    rooms = ", ".join(f"{room.name} {room.share:.1%} of {len(room.tried)}" for room in run.rooms)
    named = sum(one.outcome is not Outcome.SURVIVED for _, one in run.named)
    left = f"; {run.untried} not tried, the time was up" if run.untried else ""
    return (
        f"mutants: {noticed} of {tried} noticed ({rooms}); {named} of {len(run.named)} named ones noticed;"
        f" {run.minutes:.0f} min{left}"
    )


def page(run: Run) -> str:
    """The run as a page."""
    return "\n".join([*_head(run), *_rooms(run), *_named(run), *_survivors(run), *_equivalent(run)]) + "\n"


def _head(run: Run) -> Iterable[str]:
    untried = f"; {run.untried} of the sample were not tried in that time" if run.untried else ""
    yield "# Mutants: would the tests notice?"
    yield ""
    yield "A mutant is the code with one small change: a limit one higher, `<` for `<=`, a call left out. A test of its"
    yield "room has to fail on it. cosmic-ray makes mutants, `scripts/mutants.py` tries a sample, and what is known of"
    yield "some (equivalent, or why one survives) stands in `scripts/mutants.toml`. This page is written by"
    yield ""
    yield f"    {run.command}"
    yield ""
    yield f"in {run.minutes:.0f} minutes{untried}."
    yield ""


def _rooms(run: Run) -> Iterable[str]:
    yield "| room | files | possible | tried | killed | timed out | survived | equivalent, not tried | noticed |"
    yield f"|---{'|--:' * 8}|"
    for room in run.rooms:
        outcomes = (room.noticed - room.timed_out, room.timed_out, len(room.survived))
        figures = (room.files, room.places, len(room.tried), *outcomes, room.equivalent)
        yield f"| {room.name} | {' | '.join(map(str, figures))} | {room.share:.1%} |"
    yield ""


def _named(run: Run) -> Iterable[str]:
    if run.named:
        yield "## Mutants that survived once, tried each time"
        yield ""
        yield "| what | where | noticed by |"
        yield "|---|---|---|"
        for title, one in run.named:
            by = one.by or str(one.outcome)
            yield f"| {title} | `{one.mutant.file}:{one.mutant.line}` | {_short(by)} |"
        yield ""


def _survivors(run: Run) -> Iterable[str]:
    survived = [one for room in run.rooms for one in room.survived]
    if survived:
        yield "## Survivors"
        yield ""
        for one in survived:
            yield f"`{one.mutant.file}:{one.mutant.line}` {_where(one.mutant)}: {one.by or 'no reason is known yet.'}"
            yield from _diff(one.mutant)


def _equivalent(run: Run) -> Iterable[str]:
    if run.equivalent:
        yield "## Equivalent: in the sample, and not tried"
        yield ""
        for mutant, reason in run.equivalent:
            yield f"`{mutant.file}:{mutant.line}` {_where(mutant)}: {reason}"
            yield from _diff(mutant)


def _where(mutant: Mutant) -> str:
    return f"`{mutant.function}`" if mutant.function else "outside of functions"


def _diff(mutant: Mutant) -> Iterable[str]:
    yield ""
    yield "```diff"
    yield f"- {mutant.before}"
    yield f"+ {mutant.after}"
    yield "```"
    yield ""


def _short(name: str) -> str:
    path, _, test = name.partition("::")
    return f"`{path.removeprefix('tests/')}` {test}" if test else name
