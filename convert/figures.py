"""The figures of the biometric card: what was measured, as records that are kept in a JSON file beside the models."""

from typing import Literal

import msgspec

from convert.attack_figures import Attacks
from convert.calibrate import Calibration, PointRates
from convert.evaluate import Evaluation
from convert.measuring.door_protocol import AtThreshold
from convert.measuring.error_rates import Estimate
from convert.measuring.groups import Differentials
from convert.transactions import Tried


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Share(_Record, frozen=True):
    """An error rate with the ends of its 95 % interval."""

    rate: float
    low: float
    high: float
    errors: int
    comparisons: int


class Point(_Record, frozen=True):
    """Both error rates of a number of references and probes at a threshold."""

    references: int
    probes: int
    threshold: float
    fmr: Share
    fnmr: Share


class Pairs(_Record, frozen=True):
    """LFW's protocol of labelled pairs: mean accuracy over folds and its standard deviation, and TARs.

    TARs without enough pairs to support them are None.
    """

    pairs: int
    accuracy: float
    accuracy_std: float
    tar_at_fmr_1e2: float | None
    tar_at_fmr_1e3: float | None


class Target(_Record, frozen=True):
    """The rates of strangers at a target: of the first comparison alone, and of the transaction."""

    target_fmr: float
    first: Share
    transaction: Share


class Strangers(_Record, frozen=True):
    """Visits cut out of clips, each with a badge of so many people, with so many references."""

    clips: int
    visits: int
    people: int
    references: int
    targets: tuple[Target, ...]


class Latency(_Record, frozen=True):
    """The median time for one face, chip and mirror, in milliseconds."""

    threads: int
    median_ms: float


class GroupShare(_Record, frozen=True):
    """The FMR of single pairs within one group of people."""

    name: str
    people: int
    fmr: Share


class Figures(_Record, frozen=True):
    """Everything that was measured, and of which file under which manifest."""

    figures_version: Literal[1]
    model_sha256: str
    manifest_seal: str
    people: int
    images: int
    draws: int
    failures_to_acquire: Share
    points: tuple[Point, ...]
    alike: Point | None
    halves: tuple[tuple[Point, ...], tuple[Point, ...]]
    pairs: Pairs | None
    latency: tuple[Latency, ...]
    machine: str
    runtime: str
    plots: dict[str, str]
    strangers: Strangers | None = None
    groups: tuple[GroupShare, ...] = ()
    attacks: Attacks | None = None


def point_of(rates: PointRates) -> Point:
    """A measured point for the card."""
    at: AtThreshold = rates.rates
    return Point(
        references=rates.references,
        probes=rates.probes,
        threshold=at.threshold,
        fmr=share_of(at.fmr),
        fnmr=share_of(at.fnmr),
    )


def share_of(estimate: Estimate) -> Share:
    """A measured rate for the card."""
    low, high = estimate.interval
    rate = estimate.rate
    return Share(rate=rate.value, low=low, high=high, errors=rate.errors, comparisons=rate.trials)


def strangers_of(tried: Tried) -> Strangers:
    """What came of strangers on clips."""
    targets = tuple(
        Target(target_fmr=one.target_fmr, first=share_of(one.first), transaction=share_of(one.transaction))
        for one in tried.rates
    )
    return Strangers(
        clips=tried.clips, visits=tried.visits, people=tried.people, references=tried.references, targets=targets
    )


def groups_of(differentials: Differentials) -> tuple[GroupShare, ...]:
    """What came of the groups that the people are in; not of one person alone, who has no one to be compared with."""
    return tuple(
        GroupShare(name=one.name, people=one.people, fmr=share_of(one.fmr_within))
        for one in differentials.groups
        if one.fmr_within.rate.trials
    )


def halves_of(calibration: Calibration) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """The rates on each half of the people at thresholds set on the other."""
    first, second = (tuple(map(point_of, half)) for half in calibration.halves)
    return first, second


def pairs_of(evaluation: Evaluation) -> Pairs:
    """What came of labelled pairs."""
    return Pairs(
        pairs=evaluation.pairs,
        accuracy=float(evaluation.accuracies.mean()),
        accuracy_std=float(evaluation.accuracies.std()),
        tar_at_fmr_1e2=evaluation.tar_at_1e2,
        tar_at_fmr_1e3=evaluation.tar_at_1e3,
    )
