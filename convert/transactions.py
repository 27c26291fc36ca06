"""The false accept rate of a transaction: strangers on clips, each with the badge of everybody in a labelled folder.

The door's own policy says when a stranger is compared and how strictly. A stranger is compared as if nothing had
matched before, so one walk through a visit serves for all badges: who matches at any of its comparisons is let in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import share_interval
from convert.measuring.clips import Seen, Visit
from convert.measuring.comparisons import Templates
from convert.measuring.error_rates import Estimate
from device.errors import ImageError
from device.policy.events import BadgeClaimed, Compared, FrameSeen
from device.policy.hearing import begun, hear
from device.policy.looks import MOST_TIMES_TARGET, TRIES, chance_within
from device.policy.modes import Terms
from device.policy.showing import Showing
from device.records import BadgeRead, Claim, Credential, DoorState, Evidence, Person, Probe, Track
from device.vision.comparison import fused
from device.vision.manifest import DecisionRule
from device.vision.track import follows

_STRANGER = Claim(Person(0, "stranger"), revoked=False, references=np.ones((1, 1), np.float32))
_BADGE = Credential("h10301", 1, 1)
_NOTHING = Evidence(-1.0, 1.0, 1, 1)


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison of a visit: its probes, float32 [n, length], and at which share of the target it matches."""

    probes: NDArray[np.float32]
    share: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What was tried: visits cut out of clips, with badges of so many people, each with so many references."""

    clips: int
    visits: int
    people: int
    references: int
    rates: tuple["TransactionRates", ...]

    @property
    def hold(self) -> bool:
        """Whether all rates are at most `MOST_TIMES_TARGET` times their targets."""
        return all(one.holds for one in self.rates)


@dataclass(frozen=True, slots=True)
class TransactionRates:
    """At a target: the rate of the first comparison alone, and that of the transaction; intervals draw badges."""

    target_fmr: float
    threshold: float
    comparisons: int
    first: Estimate
    transaction: Estimate

    @property
    def times_target(self) -> float:
        """How many times the target the rate of a transaction is."""
        return self.transaction.rate.value / self.target_fmr

    @property
    def holds(self) -> bool:
        """Whether it is at most `MOST_TIMES_TARGET`."""
        return self.times_target <= MOST_TIMES_TARGET


def targets_of(rule: DecisionRule) -> tuple[float, ...]:
    """The target rates that are tried unless others are asked for: 1e-3, 3e-4 and the rule's own, laxest first."""
    return tuple(sorted({1e-3, 3e-4, rule.target_fmr}, reverse=True))


def try_strangers(
    shown: Sequence[tuple[Visit, ...]],
    references: NDArray[np.float32],
    rule: DecisionRule,
    *,
    targets: Sequence[float],
    terms: Terms,
) -> Tried:
    """Tries the visits of each clip with everybody's badge at each target; `references` as in `measure`.

    Raises `ImageError` if the rule has no curve.
    """
    strangers = [visit for visits in shown for visit in visits]
    rates = []
    for target in targets:
        moved = at_rate(rule, target)
        rates.append(measure([compares(visit, moved, terms) for visit in strangers], references, moved))
    return Tried(len(shown), len(strangers), len(references), references.shape[1], tuple(rates))


def at_rate(rule: DecisionRule, fmr: float) -> DecisionRule:
    """The rule for another target rate, as its curves say. Raises `ImageError` without a curve."""
    try:
        return rule.at_target(fmr)
    except ValueError:
        raise ImageError(
            "The model's thresholds have no curve.", hint="Set them again: `lintel-convert calibrate`."
        ) from None


def compares(visit: Visit, rule: DecisionRule, terms: Terms) -> tuple[Compare, ...]:
    """The comparisons that a door makes of a stranger: none of them matches."""
    began_at = visit[0].at - 1e-3
    showing = begun(BadgeRead(_BADGE, began_at), terms, door=DoorState.LOCKED, now=began_at)
    showing, made = hear(showing, BadgeClaimed(began_at, _STRANGER)), list[Compare]()
    for seen in visit:
        showing = hear(showing, _event(seen, showing.track, rule))
        if showing.awaits_comparison:
            probes = np.stack([probe.embedding for probe in showing.track])
            made.append(Compare(probes, showing.comparisons.share))
            showing = _refused(showing)
    return tuple(made)


def references_of(templates: Templates, count: int) -> NDArray[np.float32]:
    """The first `count` templates of everybody who has as many, float32 [people, count, length].

    Raises `ImageError` if fewer than two people do.
    """
    people, counts = np.unique(templates.people, return_counts=True)
    able = people[counts >= count]
    if len(able) < 2:
        raise ImageError(
            f"{len(able)} people have {count} images that show a face, expected at least two.",
            hint="Give more images of each person, or ask for fewer references.",
        )
    vectors = [templates.vectors[templates.people == person][:count] for person in able]
    return np.stack(vectors)


def measure(
    strangers: Sequence[tuple[Compare, ...]], references: NDArray[np.float32], rule: DecisionRule
) -> TransactionRates:
    """The rates of strangers' visits, each with everybody's badge; `references` is float32 [people, count, length]."""
    first, whole = accepted(strangers, references, rule)
    trials = np.full(len(references), len(strangers), np.int64)
    return TransactionRates(
        rule.target_fmr,
        rule.threshold(references.shape[1], 1),
        sum(len(visit) for visit in strangers),
        share_interval(first, trials),
        share_interval(whole, trials),
    )


def accepted(
    strangers: Sequence[tuple[Compare, ...]], references: NDArray[np.float32], rule: DecisionRule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many strangers each badge lets in, at their first comparison and at any, int64 [people] both."""
    known = references[:, -rule.most_references :] if rule.most_references else references
    badges = fused(known, rule.fusion.least_reference_length)
    first, whole = np.zeros(len(badges), np.int64), np.zeros(len(badges), np.int64)
    for visit in strangers:
        matches = [_matches(one, badges, known.shape[1], rule) for one in visit]
        first += matches[0] if matches else False
        whole += np.any(matches, axis=0) if matches else False
    return first, whole


def _matches(one: Compare, badges: NDArray[np.float32], count: int, rule: DecisionRule) -> NDArray[np.bool_]:
    """Whose badge matches, bool [people]."""
    probes = one.probes[: rule.most_probes]
    threshold = rule.threshold(count, len(probes), share=one.share)
    return np.asarray(badges @ fused(probes, rule.fusion.least_probe_length) >= threshold)


def _event(seen: Seen, track: Track, rule: DecisionRule) -> FrameSeen:
    is_next = isinstance(seen.found, Probe) and follows(track, seen.found, rule)
    return FrameSeen(seen.at, seen.at, seen.at, seen.found, follows=is_next)


def _refused(showing: Showing) -> Showing:
    return hear(showing, Compared(showing.at, showing.track, _STRANGER, _NOTHING))


def document(tried: Tried) -> dict[str, object]:
    """For machines; rates are shares, intervals 95 %."""
    return {
        "clips": tried.clips,
        "visits": tried.visits,
        "people": tried.people,
        "references": tried.references,
        "rates": [_rates_document(one) for one in tried.rates],
    }


def lines(tried: Tried) -> tuple[str, ...]:
    """The same for people."""
    head = (
        f"{tried.clips} clips, {tried.visits} visits, badges of {tried.people} people, references: {tried.references}"
    )
    return (head, *(line for one in tried.rates for line in _rates_lines(one)))


def _rates_document(rates: TransactionRates) -> dict[str, object]:
    first, whole = rates.first, rates.transaction
    return {
        "target_fmr": rates.target_fmr,
        "threshold": rates.threshold,
        "comparisons": rates.comparisons,
        "transactions": whole.rate.trials,
        "first_accepted": first.rate.errors,
        "first_far": first.rate.value,
        "accepted": whole.rate.errors,
        "far": whole.rate.value,
        "far_interval_95": whole.interval,
        "times_target": rates.times_target,
        f"far_within_{TRIES}": chance_within(whole.rate.value),
    }


def _rates_lines(rates: TransactionRates) -> tuple[str, ...]:
    first, whole = rates.first.rate, rates.transaction.rate
    low, high = rates.transaction.interval
    return (
        f"target {rates.target_fmr:g}, similarity {rates.threshold:.4f}",
        f"  first comparison  {first.value:.2e} ({first.errors:,} of {first.trials:,})",
        f"  transaction       {whole.value:.2e} ({whole.errors:,} of {whole.trials:,}; {low:.1e} to {high:.1e}), "
        f"{rates.times_target:.2f} times the target",
        f"  stolen badge      {chance_within(whole.value):.2%} within {TRIES} transactions",
    )
