"""Error rates by group of people: whether the one threshold of the door treats everybody alike."""

from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import (
    REPLICATES,
    Weights,
    interval_ends,
    non_matches_by_person,
    share_interval,
    with_interval,
)
from convert.measuring.comparisons import Comparisons
from convert.measuring.door_protocol import Acquired, failures_by_person
from convert.measuring.error_rates import EXPECTED_ERRORS, Estimate, Rate
from convert.measuring.tables import read_rows
from device.errors import ImageError

FILE = "groups.csv"


@dataclass(frozen=True, slots=True)
class Groups:
    """The names of the groups, ascending, and the number of each person's group, int64 [people]; -1 for none.

    `unknown` are people whom the file names and who have no image.
    """

    names: tuple[str, ...]
    of_person: NDArray[np.int64]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group: who is in it, and its rates at the door's threshold, the FMR among its own people."""

    name: str
    people: int
    images: int
    fmr_within: Estimate
    fnmr: Estimate
    failure_to_acquire: Estimate


@dataclass(frozen=True, slots=True)
class CrossRate:
    """The FMR of people of one group against people of another, references and probes of either."""

    names: tuple[str, str]
    fmr: Estimate


@dataclass(frozen=True, slots=True)
class Differentials:
    """The groups beside each other.

    A ratio is the worst group's rate by the best group's, of those with comparisons enough to expect three errors at
    the overall rate; none if there are not two such groups, or if the best has no error. `too_few` says what was left
    out, in words.
    """

    groups: tuple[GroupRates, ...]
    across: tuple[CrossRate, ...]
    fmr_ratio: float | None
    fnmr_ratio: float | None
    without_group: int
    unknown: int
    too_few: tuple[str, ...]


def read_groups(path: Path, names: tuple[str, ...]) -> Groups:
    """The groups of the people `names`, from a CSV with the columns person,group. Raises `ImageError` for any other."""
    rows = read_rows(path, ("person", "group"), what="groups", hint="Columns: person,group.")
    names = tuple(normalize("NFC", name) for name in names)  # some systems take the accents of a folder's name apart
    group_of = {normalize("NFC", row["person"]): row["group"] for row in rows}
    if len(group_of) < len(rows):
        raise ImageError(f"{path} names a person twice, expected one group for each.", hint="Remove one of the lines.")
    groups = tuple(sorted({group_of[name] for name in names if name in group_of}))
    if not groups:
        raise ImageError(f"{path} names none of the {len(names)} people.", hint="A person is named as the folder is.")
    number = {group: index for index, group in enumerate(groups)}
    of_person = [number[group_of[name]] if name in group_of else -1 for name in names]
    return Groups(groups, np.array(of_person, np.int64), tuple(sorted(group_of.keys() - set(names))))


def differentials(comparisons: Comparisons, acquired: Acquired, groups: Groups, threshold: float) -> Differentials:
    """The rates at the threshold, of every group and every two. Raises `ImageError` if too little was kept for that."""
    within_and_across = fmr_by_groups(comparisons, groups, threshold)
    overall = comparisons.fmr(threshold).value, comparisons.fnmr(threshold).value
    found = tuple(
        GroupRates(
            name=name,
            people=int(np.count_nonzero(groups.of_person == index)),
            images=int(acquired.images[groups.of_person == index].sum()),
            fmr_within=within_and_across[index, index],
            fnmr=_fnmr_of(comparisons, groups.of_person == index, threshold),
            failure_to_acquire=_failures_of(acquired, groups.of_person == index),
        )
        for index, name in enumerate(groups.names)
    )
    across = tuple(
        CrossRate((groups.names[a], groups.names[b]), rate) for (a, b), rate in within_and_across.items() if a != b
    )
    return Differentials(
        groups=found,
        across=across,
        fmr_ratio=_ratio([group.fmr_within.rate for group in found], overall[0]),
        fnmr_ratio=_ratio([group.fnmr.rate for group in found], overall[1]),
        without_group=int(np.count_nonzero(groups.of_person < 0)),
        unknown=len(groups.unknown),
        too_few=_too_few(found, across, overall),
    )


def fmr_by_groups(comparisons: Comparisons, groups: Groups, threshold: float) -> dict[tuple[int, int], Estimate]:
    """The false match rate of each two groups (a <= b; a group with itself: within it) at a threshold.

    Raises `ImageError` if the threshold is so low that not all false matches were kept.
    """
    if threshold <= comparisons.kept_down_to:
        raise ImageError(
            f"The threshold {threshold:.5f} matches more non-mated comparisons than are kept by person.",
            hint="Calibrate the model, or evaluate without groups.csv.",
        )
    matching = comparisons.highest_people[: comparisons.fmr(threshold).errors]
    size = len(groups.names)
    grouped = (groups.of_person[matching] >= 0).all(axis=1)
    matching = matching[grouped]
    cell = groups.of_person[matching] @ np.array([size, 1])
    pairs = [(a, b) for a in range(size) for b in range(a, size)]

    def counted(drawn: Weights) -> NDArray[np.float64]:
        weighted = drawn[matching[:, 0]] * drawn[matching[:, 1]]
        by_cell = np.asarray(np.bincount(cell, weighted, size * size), np.float64)
        errors = _both_ways(by_cell.reshape(size, size))
        trials = _both_ways(_trials_by_groups(comparisons, groups, drawn))
        return np.array([[errors[pair], trials[pair]] for pair in pairs])

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        errors, trials = counted(drawn).T
        return np.where(trials > 0, errors / np.where(trials > 0, trials, 1.0), np.nan)

    ends, rounds = interval_ends(statistic, comparisons.people, REPLICATES), comparisons.exposure.rounds
    rates = [Rate(round(errors), round(trials)) for errors, trials in counted(np.ones(comparisons.people))]
    return {
        pair: with_interval(rate, ends[:, index], rounds)
        for index, (pair, rate) in enumerate(zip(pairs, rates, strict=True))
    }


def _trials_by_groups(comparisons: Comparisons, groups: Groups, drawn: Weights) -> NDArray[np.float64]:
    """Non-mated comparisons of a group's references (row) with a group's probes (column), float64 [groups, groups]."""
    exposure, grouped, size = comparisons.exposure, groups.of_person >= 0, len(groups.names)
    of_person, weights = groups.of_person[grouped], drawn[grouped]
    references, probes = weights * exposure.references[grouped], weights * exposure.probes[grouped]
    rows, columns = np.bincount(of_person, references, size), np.bincount(of_person, probes, size)
    with_oneself = np.bincount(of_person, references * probes, size)
    return np.asarray(exposure.rounds * (np.outer(rows, columns) - np.diag(with_oneself)), np.float64)


def _both_ways(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """References of a with probes of b, and the reverse; within a group there is one way only."""
    return counts + counts.T - np.diag(np.diag(counts))


def _fnmr_of(comparisons: Comparisons, members: NDArray[np.bool_], threshold: float) -> Estimate:
    errors, trials = non_matches_by_person(comparisons, threshold)
    return share_interval(errors * members, trials * members, comparisons.exposure.rounds)


def _failures_of(acquired: Acquired, members: NDArray[np.bool_]) -> Estimate:
    return share_interval(failures_by_person(acquired) * members, acquired.images * members)


def _enough(rate: Rate, overall: float) -> bool:
    return rate.trials * overall >= EXPECTED_ERRORS


def _ratio(rates: list[Rate], overall: float) -> float | None:
    values = [rate.value for rate in rates if _enough(rate, overall)]
    return max(values) / min(values) if len(values) > 1 and min(values) > 0 else None


def _too_few(
    groups: tuple[GroupRates, ...], across: tuple[CrossRate, ...], overall: tuple[float, float]
) -> tuple[str, ...]:
    within = [(f"FMR within {group.name}", group.fmr_within.rate, overall[0]) for group in groups]
    between = [(f"FMR of {' with '.join(cross.names)}", cross.fmr.rate, overall[0]) for cross in across]
    refused = [(f"FNMR of {group.name}", group.fnmr.rate, overall[1]) for group in groups]
    return tuple(
        f"{what}: {rate.trials} comparisons, fewer than three errors expected at the overall rate"
        for what, rate, at_overall in (*within, *between, *refused)
        if not _enough(rate, at_overall)
    )
