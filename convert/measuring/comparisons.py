"""Compares everybody with everybody, block by block: keeps what is mated, counts the rest, and keeps the top of it."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.measuring.error_rates import Curve, Rate, Similarities, above

ROWS, COLUMNS = 512, 4096
"""A block of similarities: 8 MiB."""
HALF_BINS = 2**19
"""Bins of the histogram on each side of 0. Their edges are float32 numbers, so that counts at an edge are exact."""
KEPT_SHARE, LEAST_KEPT, MOST_KEPT = 0.01, 100_000, 2_000_000
"""How many of the highest non-mated similarities are kept: this share, within these bounds (40 MB at most)."""
_LEFT_OUT = np.float32(-2.0)


@dataclass(frozen=True, slots=True)
class Templates:
    """Vectors that can be compared, float32 [n, length], and the number of the person of each, int64 [n]."""

    vectors: NDArray[np.float32]
    people: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, which: slice | NDArray[np.int64] | NDArray[np.bool_]) -> "Templates":
        return Templates(self.vectors[which], self.people[which])


@dataclass(frozen=True, slots=True)
class Exposure:
    """Who is compared with whom: `rounds` times all references [people] with all probes [people] of the others.

    All pairs of one set, each once, are half a round of the set with itself.
    """

    references: NDArray[np.float64]
    probes: NDArray[np.float64]
    rounds: float

    @property
    def non_mated(self) -> int:
        """The number of comparisons of different people."""
        of_all = self.references.sum() * self.probes.sum() - self.references @ self.probes
        return round(self.rounds * float(of_all))


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What came of all comparisons.

    `mated` are their similarities, float32 [m], ascending, with their person, int64 [m]. `highest` are the highest
    non-mated similarities, float32 [k], descending, with the two people, int64 [k, 2]. `histogram` counts all non-mated
    ones, int64 [2 * HALF_BINS + 1], the lowest first.
    """

    exposure: Exposure
    mated: Similarities
    mated_people: NDArray[np.int64]
    highest: Similarities
    highest_people: NDArray[np.int64]
    histogram: NDArray[np.int64]

    @property
    def people(self) -> int:
        """How many people there are, compared or not."""
        return len(self.exposure.references)

    @property
    def non_mated(self) -> int:
        """The number of comparisons of different people."""
        return self.exposure.non_mated

    @property
    def kept_down_to(self) -> float:
        """Non-mated similarities above this one are all in `highest`."""
        return -math.inf if len(self.highest) == self.non_mated else float(self.highest[-1])

    def false_matches(self, threshold: float) -> int:
        """Non-mated similarities at or above a threshold; below what is kept, exact to a bin (2e-6)."""
        if threshold > self.kept_down_to:
            return _at_or_above(self.highest, threshold)
        return int(self.histogram[_bin_from(threshold) :].sum())

    def fmr(self, threshold: float) -> Rate:
        """False match rate: non-mated comparisons at or above the threshold."""
        return Rate(self.false_matches(threshold), self.non_mated)

    def fnmr(self, threshold: float) -> Rate:
        """False non-match rate: mated comparisons below the threshold."""
        return Rate(int(np.searchsorted(self.mated, np.float64(threshold), side="left")), len(self.mated))

    def threshold_at_fmr(self, target: float) -> float:
        """The lowest threshold at which at most a share `target` of the non-mated comparisons match.

        Exact as far as similarities are kept, further down the next bin's edge (2e-6).
        """
        allowed = math.floor(target * self.non_mated)
        if allowed >= self.non_mated:
            return -1.0
        if allowed < len(self.highest):
            return above(float(self.highest[allowed]))
        matching = np.cumsum(self.histogram[::-1])[::-1]
        return float(np.argmax(matching <= allowed)) / HALF_BINS - 1.0

    def curve(self, points: int = 400) -> Curve:
        """FMR and FNMR at thresholds of which half are even in similarity and half in the logarithm of the FMR."""
        even = np.linspace(self._lowest(), max(float(self.mated[-1]), float(self.highest[0])), points // 2)
        levels = np.geomspace(1.0, max(1 / self.non_mated, 1e-12), points // 2)
        of_levels = [self.threshold_at_fmr(level) for level in levels]
        thresholds = np.unique([*even, *of_levels[1:], above(float(self.highest[0]))])
        fmr = np.array([self.fmr(threshold).value for threshold in thresholds])
        fnmr = np.array([self.fnmr(threshold).value for threshold in thresholds])
        return Curve(thresholds, fmr, fnmr, len(self.mated), self.non_mated)

    def _lowest(self) -> float:
        return min(float(self.mated[0]), float(np.argmax(self.histogram > 0)) / HALF_BINS - 1.0)


def compare_all(templates: Templates, people: int, impostors: Templates | None = None) -> Comparisons:
    """All pairs of a set, each once: those of one person are mated, those of two non-mated.

    With `impostors`, who are other people, all pairs of the set with these as well, and none among these.
    """
    counts = np.bincount(templates.people, minlength=people).astype(np.float64)
    strangers = np.zeros(people) if impostors is None else np.bincount(impostors.people, minlength=people)
    tally = _Tally(Exposure(counts, counts + 2.0 * strangers, 0.5))
    ordered = _by_person(templates)
    for rows in _parts(len(ordered), ROWS):
        for columns in _parts(len(ordered), COLUMNS):
            if columns.stop > rows.start:
                tally.add(ordered[rows], ordered[columns], first=rows.start - columns.start + 1)
        for columns in _parts(0 if impostors is None else len(impostors), COLUMNS):
            assert impostors is not None
            tally.add(ordered[rows], _by_person(impostors[columns]))
    return tally.result()


def compare_rounds(rounds: Iterable[tuple[Templates, Templates]], exposure: Exposure) -> Comparisons:
    """In each round all its references with all its probes; `exposure` says how many of whom that makes."""
    tally = _Tally(exposure)
    for references, probes in (map(_by_person, sides) for sides in rounds):
        for rows in _parts(len(references), ROWS):
            for columns in _parts(len(probes), COLUMNS):
                tally.add(references[rows], probes[columns])
    return tally.result()


class _Tally:
    """Takes blocks of comparisons in, and forgets of the non-mated ones all but the highest and the counts."""

    def __init__(self, exposure: Exposure) -> None:
        self._exposure = exposure
        self._keep = min(max(math.ceil(exposure.non_mated * KEPT_SHARE), LEAST_KEPT), MOST_KEPT)
        self._least = np.float32(-1.5)
        self._mated: list[_Found] = []
        self._highest: list[_Found] = []
        self._histogram = np.zeros(2 * HALF_BINS + 1, np.int64)

    def add(self, references: Templates, probes: Templates, first: int | None = None) -> None:
        """Row i counts from column `first` + i on; without `first`, everywhere."""
        similarities = references.vectors @ probes.vectors.T
        counted = similarities.ravel()
        if first is not None and first > 1 - len(references):
            similarities[np.tri(len(references), len(probes), first - 1, dtype=np.bool_)] = _LEFT_OUT
        if references.people[-1] >= probes.people[0] and probes.people[-1] >= references.people[0]:
            same = references.people[:, np.newaxis] == probes.people
            self._mated.append(_found(same & (similarities > _LEFT_OUT), similarities, references, probes))
            similarities[same] = _LEFT_OUT
            counted = similarities[similarities > _LEFT_OUT]
        bins = np.floor(counted * np.float32(HALF_BINS)).astype(np.int32)
        np.clip(bins, -HALF_BINS, HALF_BINS, out=bins)
        bins += HALF_BINS
        self._histogram += np.bincount(bins, minlength=2 * HALF_BINS + 1)
        self._highest.append(_found(similarities >= self._least, similarities, references, probes))
        if sum(len(found.people) for found in self._highest) > 2 * self._keep:
            self._forget()

    def _forget(self) -> None:
        found = _joined(self._highest)
        kept = found.in_order(np.argsort(-found.similarities, kind="stable")[: self._keep])
        self._highest = [kept]
        if len(kept.people) == self._keep:
            self._least = kept.similarities[-1]

    def result(self) -> Comparisons:
        """Everything that was taken in."""
        self._forget()
        mated, highest = _joined(self._mated), self._highest[0]
        mated = mated.in_order(np.argsort(mated.similarities, kind="stable"))
        return Comparisons(
            exposure=self._exposure,
            mated=mated.similarities,
            mated_people=mated.people[:, 0],
            highest=highest.similarities,
            highest_people=highest.people,
            histogram=self._histogram,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """Similarities, float32 [n], and the two people of each, int64 [n, 2]."""

    similarities: Similarities
    people: NDArray[np.int64]

    def in_order(self, order: NDArray[np.int64]) -> "_Found":
        return _Found(self.similarities[order], self.people[order])


def _found(where: NDArray[np.bool_], similarities: Similarities, references: Templates, probes: Templates) -> _Found:
    rows, columns = np.divmod(np.flatnonzero(where), len(probes))
    people = np.stack([references.people[rows], probes.people[columns]], axis=1)
    return _Found(similarities[rows, columns], people)


def _joined(found: list[_Found]) -> _Found:
    nobody = _Found(np.empty(0, np.float32), np.empty((0, 2), np.int64))
    return _Found(
        np.concatenate([part.similarities for part in (nobody, *found)]),
        np.concatenate([part.people for part in (nobody, *found)]),
    )


def _at_or_above(descending: Similarities, threshold: float) -> int:
    return len(descending) - int(np.searchsorted(descending[::-1], np.float64(threshold), side="left"))


def _bin_from(threshold: float) -> int:
    """The first bin whose similarities are all at or above a threshold."""
    return min(max(math.ceil(threshold * HALF_BINS) + HALF_BINS, 0), 2 * HALF_BINS + 1)


def _by_person(templates: Templates) -> Templates:
    """So that the comparisons of one person lie in few blocks."""
    return templates[np.argsort(templates.people, kind="stable")]


def _parts(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
