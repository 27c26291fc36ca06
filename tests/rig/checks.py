"""What a check of the rig is: a fault that is brought about so many times, what happened, and the promise."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check."""

    kept: bool
    """Whether the promise was kept each time."""
    happened: str
    times: int


@dataclass(frozen=True, slots=True)
class Size:
    """How often, or for how many seconds, a check is tried: in the tests, and for the page."""

    small: int = 1
    full: int = 1
    unit: str = "times"


@dataclass(frozen=True, slots=True)
class Check:
    """A promise that can be tried."""

    fault: str
    promise: str
    """With its number."""
    run: Callable[[int], Finding]
    """Tries it so many times, or for so many seconds."""
    size: Size
    in_suite: bool
    """Whether the ordinary tests try it, small."""
    room: str


@dataclass(slots=True)
class Figures:
    """What was counted and measured in a check, and whether each was as promised."""

    patience: ClassVar[float] = 1.0
    """How many times as long anything may take as was promised, on a machine that does other things as well."""
    said: list[str] = field(default_factory=list)
    kept: bool = True

    def count(self, words: str, received: int, expected: int) -> None:
        """A number that has to be `expected`."""
        self._add(counted(received, words), received == expected)

    def most(self, words: str, times_s: Iterable[float | None], limit_s: float, *, of: int | None = None) -> None:
        """The longest of some times, None for what did not happen; all have to be there and within the limit."""
        times = list(times_s)
        there = [time for time in times if time is not None]
        missing = (len(times) if of is None else of) - len(there)
        told = f"{words} {_seconds(max(there))} at most" if there else f"{words}: never"
        told += f", {missing} of {missing + len(there)} never" if missing and there else ""
        self._add(told, bool(there) and not missing and max(there) <= self.patience * limit_s)

    def true(self, words: str, otherwise: str, *, kept: bool) -> None:
        """Something that has to be so."""
        if words or not kept:
            self._add(words if kept else otherwise, kept)

    def note(self, words: str) -> None:
        """Something without a promise."""
        self.said.append(words)

    def finding(self, times: int) -> Finding:
        """All of it."""
        return Finding(self.kept, "; ".join(self.said), times)

    def _add(self, words: str, kept: bool) -> None:
        self.said.append(words if kept else f"NOT KEPT: {words}")
        self.kept = self.kept and kept


def counted(number: int, words: str) -> str:
    """A number and what is counted, which is the first word, in its plural."""
    first, _, rest = words.partition(" ")
    if number == 1 and first != "of":
        first = first.removesuffix("es") if first.endswith("sses") else first.removesuffix("s")
    return " ".join(filter(None, (str(number), first, rest)))


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if abs(seconds) < 1 else f"{seconds:.2f} s"


class Room:
    """Collects the checks of one module."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._checks: list[Check] = []

    def check(
        self, fault: str, promise: str, size: Size, *, in_suite: bool = False
    ) -> Callable[[Callable[[int], Finding]], Callable[[int], Finding]]:
        """Registers a function that tries so many times, or for so many seconds."""

        def register(run: Callable[[int], Finding]) -> Callable[[int], Finding]:
            self._checks.append(Check(fault, promise, run, size, in_suite, self.name))
            return run

        return register

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)
