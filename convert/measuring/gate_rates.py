"""Counts what the quality gate refuses and what gets past it and matches, condition by condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import REPLICATES, Weights, interval_ends, share_interval, with_interval
from convert.measuring.error_rates import Estimate, Rate
from convert.measuring.gate_views import Views
from device.records import Quality
from device.settings.tables import VisionSettings
from device.vision.quality.judging import issues
from device.vision.quality.limits import Purpose
from device.vision.quality.prototypes import Prototypes

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gate:
    """What the gate says of n pictures: good as references, good as probes, bool [n] both, and the reasons' counts."""

    references: Flags
    probes: Flags
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ConditionRates:
    """One condition.

    `same`: non-mated pairs, both pictures in the condition, that pass the gate and match, among *all* pairs; `passed`:
    the same among those that pass. `clean`: as `same`, with references in the clean condition. `refused_references`
    and `refused_probes` are the shares that the gate refuses. `fnmr`: mated pairs of a clean reference and a probe in
    the condition that don't match, among those that pass.
    """

    name: str
    same: Estimate
    passed: Rate
    clean: Estimate
    refused_references: Estimate
    refused_probes: Estimate
    fnmr: Estimate
    reasons: Mapping[str, int]


def gate_of(views: Views, settings: VisionSettings, prototypes: Prototypes, threshold: float) -> Gate:
    """What the gate says of what was seen; references are compared with the prototypes at the threshold."""
    qualities = [views.quality(index) for index in range(len(views.qualities))]
    refused = np.array([prototypes.resembled(each, threshold) is not None for each in views.embeddings])
    wrong = [_codes(quality, settings, Purpose.REFERENCE) for quality in qualities]
    reasons: dict[str, int] = {}
    for index, codes in enumerate(wrong):
        first = codes[0] if codes else "face-like-many" if refused[index] else ""
        if first:
            reasons[first] = reasons.get(first, 0) + 1
    return Gate(
        np.array([not codes for codes in wrong]) & ~refused,
        np.array([not _codes(quality, settings, Purpose.PROBE) for quality in qualities]),
        dict(sorted(reasons.items(), key=lambda each: -each[1])),
    )


def rates_of(name: str, clean: tuple[Views, Gate], worse: tuple[Views, Gate], *, threshold: float) -> ConditionRates:
    """The rates of one condition at a threshold; row i of both views is the same person, in different pictures."""
    (references, reference_gate), (probes, gate) = clean, worse
    same = probes.embeddings @ probes.embeddings.T >= threshold
    cross = references.embeddings @ probes.embeddings.T >= threshold
    passing = np.outer(gate.references, gate.probes)
    of_clean = np.outer(reference_gate.references, gate.probes)
    matches = _others(same & passing)
    mated = np.diag(of_clean)
    people = np.ones(len(mated), np.int64)
    return ConditionRates(
        name,
        _share_of_pairs(same & passing),
        Rate(int(matches.sum()), int(_others(passing).sum())),
        _share_of_pairs(cross & of_clean),
        share_interval((~gate.references).astype(np.int64), people),
        share_interval((~gate.probes).astype(np.int64), people),
        share_interval((mated & ~np.diag(cross)).astype(np.int64), mated.astype(np.int64)),
        gate.reasons,
    )


def _share_of_pairs(matching: Flags) -> Estimate:
    """The share of all ordered pairs of two people that match, bool [people, people], with its interval."""
    of_others = _others(matching)
    rows, columns = np.nonzero(of_others)
    people = len(matching)

    def statistic(drawn: Weights) -> NDArray[np.float64]:
        pairs = drawn.sum() ** 2 - drawn @ drawn
        return np.array([drawn[rows] @ drawn[columns] / pairs if pairs > 0 else np.nan])

    rate = Rate(len(rows), people * (people - 1))
    return with_interval(rate, interval_ends(statistic, people, REPLICATES)[:, 0], 2)


def _others(pairs: Flags) -> Flags:
    return pairs & ~np.eye(len(pairs), dtype=bool)


def _codes(quality: Quality | None, settings: VisionSettings, purpose: Purpose) -> Sequence[str]:
    if quality is None:
        return ["no-face"]
    return [issue.reason.code for issue in issues(quality, settings, purpose)]
