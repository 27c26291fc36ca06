"""One face under two names: who in the store looks like a person whose references are new. A warning, never a refusal.

Among many people a stranger has a look-alike by chance: at the door's own rate of 1e-4, two new people in three do
among 10,000. So the threshold is that of a rate of 0.01 in N, at which one new person in a hundred has one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from device.records import Person
from device.store.store import Store
from device.vision.comparison import fused, newest
from device.vision.identification import templates
from device.vision.manifest import DecisionRule

SHARE = 0.01
"""Of new people, how many have a look-alike by chance, at most."""
BLOCK_ROWS = 128
"""Templates that are compared with all others at once: 50 MB of similarities for 100,000 people."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Someone in the store who looks like the person in question; `similarity` is higher for closer."""

    person: Person
    similarity: float


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Who looks alike, the closest first, at which false match rate a comparison, and what that rate rests on."""

    alike: tuple[LookAlike, ...] = ()
    fmr: float = 0.0
    people: int = 0
    is_extrapolated: bool = False
    """Whether the network was measured on too few comparisons for that rate."""

    @property
    def basis(self) -> str:
        """What the warning rests on, in a sentence."""
        rests = "extrapolated beyond what the network was measured on" if self.is_extrapolated else "as measured"
        people = "1 person" if self.people == 1 else f"{self.people} people"
        return f"Compared with {people} at a false match rate of {self.fmr:.1g}, {rests}."


NOT_COMPARED = Resemblance()


class LookAlikes:
    """All people with references made by one model, loaded once; new ones can be added."""

    def __init__(self, known: Sequence[tuple[Person, NDArray[np.float32]]], rule: DecisionRule) -> None:
        """`known` are people with their references, float32 [n, length], n >= 1."""
        self._rule = rule
        references = [np.asarray(newest(vectors, rule.most_references)) for _, vectors in known]
        self._people = [person for person, _ in known]
        self._counts = np.array([len(vectors) for vectors in references], np.int64)
        self._templates = templates(references, rule.fusion)

    def add(self, person: Person, references: NDArray[np.float32]) -> None:
        """One more person, or the same with all their references now, float32 [n, length], n >= 1."""
        kept = [row for row, one in enumerate(self._people) if one.id != person.id]
        template = templates([np.asarray(newest(references, self._rule.most_references))], self._rule.fusion)
        self._people = [*(self._people[row] for row in kept), person]
        self._counts = np.append(self._counts[kept], len(references))
        self._templates = np.concatenate([self._templates[kept], template]) if kept else template

    def of(self, references: NDArray[np.float32], person: Person | None = None) -> Resemblance:
        """Who looks like a person with these references, float32 [n, length], n >= 1; they themselves are left out."""
        others = len(self._people) - any(one == person for one in self._people)
        fmr = SHARE / max(1, others)
        newly = np.asarray(newest(references, self._rule.most_references))
        probe = fused(newly, self._rule.fusion.least_reference_length)
        similarities = self._templates @ probe if self._people else np.empty(0, np.float32)
        rows = np.flatnonzero(similarities >= self._thresholds(fmr, len(newly)))
        found = [LookAlike(self._people[row], float(similarities[row])) for row in rows if self._people[row] != person]
        found.sort(key=lambda one: -one.similarity)
        return Resemblance(tuple(found), fmr, others, self._is_extrapolated(fmr, len(newly)))

    def pairs(self) -> "Pairs":
        """All pairs of people in the store who look alike, each once, the closest first."""
        found = sorted(self._pairs(SHARE / max(1, len(self._people))), key=lambda pair: -pair.similarity)
        fmr, most = SHARE / max(1, len(self._people)), int(self._counts.max(initial=1))
        return Pairs(tuple(found), Resemblance((), fmr, len(self._people), self._is_extrapolated(fmr, most)))

    def _pairs(self, fmr: float) -> Iterator["Pair"]:
        thresholds = {int(count): self._thresholds(fmr, int(count)) for count in np.unique(self._counts)}
        for start in range(0, len(self._people), BLOCK_ROWS):
            block = self._templates[start : start + BLOCK_ROWS] @ self._templates[start:].T
            least = np.stack([thresholds[int(count)][start:] for count in self._counts[start : start + BLOCK_ROWS]])
            for row, column in np.argwhere(block >= least):
                if column > row:
                    one, other = self._people[start + row], self._people[start + column]
                    yield Pair(one, other, float(block[row, column]))

    def _is_extrapolated(self, fmr: float, count: int) -> bool:
        """Whether any of the curves that the thresholds rest on ends before that rate."""
        rule, most = self._rule.at_target(fmr), int(self._counts.max(initial=1))
        used = [one for one in rule.curves if one.references <= most and one.probes <= count]
        return rule.missing(fmr) > 0 or any(rule.is_extrapolated(one.references, one.probes) for one in used)

    def _thresholds(self, fmr: float, count: int) -> NDArray[np.float32]:
        """The threshold for each person's number of references with `count` others."""
        rule = self._rule.at_target(fmr)
        most = int(self._counts.max()) if len(self._counts) else 0
        by_count = np.array([1.0, *(rule.threshold(number, count) for number in range(1, most + 1))], np.float32)
        return np.asarray(by_count[self._counts])


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who look alike; `similarity` is higher for closer."""

    one: Person
    other: Person
    similarity: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """All such pairs, and what that rests on."""

    pairs: tuple[Pair, ...]
    measured: Resemblance = field(repr=False)


def everyone_alike(store: Store, model_sha256: str, rule: DecisionRule) -> LookAlikes:
    """All people of a store with references made by a model. Raises `StoreError`."""
    with store.people() as people:
        return LookAlikes(people.all_references(model_sha256), rule)
