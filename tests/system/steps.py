"""What a step of the booted test is, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.rig.checks import Finding
from tests.system.door import Door
from tests.system.trees import Release


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is tried in a machine that has a door, and its promise with the number."""

    what: str
    promise: str
    run: Callable[[Door], Finding]
    releases: tuple[str, ...] = ()
    """Those that it is tried on; empty for all."""


@dataclass(frozen=True, slots=True)
class Line:
    """A step that was tried on a release."""

    release: Release
    what: str
    promise: str
    finding: Finding
    took_s: float


class Steps:
    """Collects the steps of one module, in their order."""

    def __init__(self) -> None:
        self.all: list[Step] = []

    def step(
        self, what: str, promise: str, releases: tuple[str, ...] = ()
    ) -> Callable[[Callable[[Door], Finding]], Callable[[Door], Finding]]:
        """Registers a step, for some releases or, by default, for all."""

        def register(run: Callable[[Door], Finding]) -> Callable[[Door], Finding]:
            self.all.append(Step(what, promise, run, releases))
            return run

        return register
