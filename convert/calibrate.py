"""Sets the thresholds for a target false match rate on everybody in a labelled folder, and tries them by halves."""

import contextlib
import itertools
import math
from dataclasses import dataclass

import msgspec
import numpy as np

from convert.measuring.comparisons import Comparisons, Templates
from convert.measuring.door_protocol import Acquired, AtThreshold, Design, compare_by, rates_at
from device.errors import ImageError
from device.vision.manifest import CountedPoint, DecisionRule, DesignCurve, Fusion, Manifest, OperatingPoint
from device.vision.models import EMBEDDING
from device.vision.rates import missing_comparisons, rounded_up

SPLIT_SEED = 0
CURVE_FMRS = tuple(digit * 10.0**exponent for exponent in range(-3, -9, -1) for digit in (5, 2, 1))
"""The false match rates for which each design gets a threshold too, as far as its data supports them."""
MOST_REFERENCES = 5
"""Up to as many references a design of several has curves of its own, if enough people have as many images."""
UNIT_LENGTH = Fusion(least_probe_length=1.0, least_reference_length=1.0)
"""How a network is calibrated that has no fusion yet: means made unit length."""


@dataclass(frozen=True, slots=True)
class PointRates:
    """The rates of a number of references and probes at a threshold, and in how many non-mated comparisons a draw."""

    references: int
    probes: int
    rates: AtThreshold
    non_mated_a_draw: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A decision rule, its error rates on the people it was set on, and on people that it was not set on.

    `rates` are at the points' thresholds as the door uses them; `alike`, those of the largest point if all probes of a
    visit are one picture. Each of the two `halves` has the rates of one half of the people at thresholds that were set
    on the other half alone.
    """

    rule: DecisionRule
    design: Design
    people: int
    rates: tuple[PointRates, ...]
    alike: PointRates | None
    halves: tuple[tuple[PointRates, ...], tuple[PointRates, ...]]
    among_own: PointRates | None = None
    """With impostors from elsewhere: single pairs of one's own people alone, at the door's threshold."""


@dataclass(frozen=True, slots=True)
class People:
    """Whom thresholds are set on: the templates of `count` people, numbered from 0, and of `impostors` among them, who
    have no references: probes of a public set, for a site with few people of its own.
    """

    templates: Templates
    count: int
    impostors: Templates | None = None

    def compared(self, design: Design, fusion: Fusion) -> Comparisons:
        """All comparisons of a design. Raises `ImageError` if too few people have as many images as it takes."""
        return compare_by(design, self.templates, self.count, fusion, impostors=self.impostors)

    def in_halves(self) -> "tuple[People, People]":
        """As `in_halves`, the impostors too."""
        own = in_halves(self.templates)
        others = (None, None) if self.impostors is None else in_halves(self.impostors)
        first, second = (People(half, self.count, other) for half, other in zip(own, others, strict=True))
        return first, second


def together(own: Acquired, impostors: Acquired | None = None) -> People:
    """One's own people, and impostors numbered after them. Raises `ImageError` for a person who is in both."""
    if impostors is None:
        return People(own.templates, len(own.names))
    if both := sorted(set(own.names) & set(impostors.names)):
        raise ImageError(
            f"{len(both)} people are among the mates and the impostors, {both[0]} for one.",
            hint="Impostors are other people: take these folders out of one of the two, or rename them.",
        )
    others = impostors.templates
    numbered = Templates(others.vectors, others.people + len(own.names))
    return People(own.templates, len(own.names) + len(impostors.names), numbered)


@dataclass(frozen=True, slots=True)
class Target:
    """What a calibration aims at: the false match rate, for which use, with which fusion, on what."""

    fmr: float
    design: Design
    fusion: Fusion
    dataset: str


def calibrate(people: People, target: Target) -> Calibration:
    """Sets thresholds and curves for 1 x 1, R x 1 and R x P of the target's design, and for other numbers of references
    with 1 and P probes.

    All counts up to R x P are compared: one at which the door would miss the target gets a threshold of its own.
    Raises `ImageError` if there are too few images, or if the data cannot support the target.
    """
    compared = _compared(people, target)
    _supported(compared[Design()], target, has_impostors=people.impostors is not None)
    rule = completed(rule_of(compared, target), people, target)
    counts = {(point.references, point.probes) for point in rule.points}
    stated = {design: found for design, found in compared.items() if (design.references, design.probes) in counts}
    rates = (*_rates_on(stated, rule), *_rates_between(rule, people, target))
    _expect_target_met(rates, target.fmr)
    parts = people.in_halves()
    halves = [_compared(part, target) for part in parts]
    rules = [completed(rule_of(half, target), part, target) for half, part in zip(halves, parts, strict=True)]
    return Calibration(
        rule=rule,
        design=target.design,
        people=len(np.unique(people.templates.people)),
        rates=rates,
        alike=_alike(compared, target.design, rule),
        halves=(_rates_on(halves[1], rules[0]), _rates_on(halves[0], rules[1])),
        among_own=_among_own(people, target, rule),
    )


def designs(design: Design) -> tuple[Design, ...]:
    """Single pairs; the design with one probe; the design. Each once."""
    several = (Design(design.references, probes, design.draws, design.seed) for probes in (1, design.probes))
    return tuple(dict.fromkeys([Design(), *(one for one in several if not one.single)]))


def further(design: Design) -> tuple[Design, ...]:
    """Other numbers of references, up to `MOST_REFERENCES`, with one probe and the design's, drawn as it is.

    Nobody's badge may be easier to borrow for the number of its references.
    """
    known = {(one.references, one.probes) for one in designs(design)}
    most = max(design.references, MOST_REFERENCES) if design.references > 1 else 1
    counts = itertools.product(range(1, most + 1), sorted({1, design.probes}))
    return tuple(Design(*count, design.draws, design.seed) for count in counts if count not in known)


def between(design: Design) -> tuple[Design, ...]:
    """All other counts up to the design's, drawn as it is: fewer references first, of equally many fewer probes."""
    known = {(one.references, one.probes) for one in (*designs(design), *further(design))}
    counts = itertools.product(range(1, design.references + 1), range(1, design.probes + 1))
    return tuple(Design(*count, design.draws, design.seed) for count in counts if count not in known)


def rule_of(compared: dict[Design, Comparisons], target: Target) -> DecisionRule:
    """The rule with a threshold and a curve for each design, all rounded up."""
    single = _curve(Design(), compared[Design()], target)
    curves = {design: _curve(design, found, target, single) for design, found in compared.items()}
    rule = DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=target.fmr,
        dataset=target.dataset,
        fusion=target.fusion,
        points=tuple(_point(design, compared[design], target.fmr) for design in compared),
        curves=tuple(curves.values()),
    )
    return rule.read_off_curves()


def completed(rule: DecisionRule, people: People, target: Target) -> DecisionRule:
    """The rule with a point for each of the counts `between` at which the door's threshold would miss the target.

    With means made unit length that is nearly all of them: 2 x 3 at the threshold of 1 x 1 had 22 times the target on
    LFW. A point makes the door stricter with more pictures alone, so that what was found to keep the target keeps it.
    """
    for design in between(target.design):
        comparisons = people.compared(design, target.fusion)
        if comparisons.fmr(rule.threshold(design.references, design.probes)).value > target.fmr:
            curve = _curve(design, comparisons, target, rule.curves[0])
            points = (*rule.points, _point(design, comparisons, target.fmr))
            rule = msgspec.structs.replace(rule, points=points, curves=(*rule.curves, curve)).read_off_curves()
    return rule


def with_rule(manifest: Manifest, rule: DecisionRule) -> Manifest:
    """The embedding model's manifest with another decision rule."""
    if manifest.name != EMBEDDING:
        raise ValueError(f"expected the manifest of {EMBEDDING}, received {manifest.name}")
    return msgspec.structs.replace(manifest, decision=rule)


def calibrated_fusion(manifest: Manifest, probe_length: float | None, reference_length: float | None) -> Fusion:
    """The fusion that was asked for; where nothing was, the manifest's; where it has none, `UNIT_LENGTH`."""
    known = manifest.decision.fusion if manifest.decision else UNIT_LENGTH
    return Fusion(
        least_probe_length=known.least_probe_length if probe_length is None else probe_length,
        least_reference_length=known.least_reference_length if reference_length is None else reference_length,
    )


def in_halves(templates: Templates) -> tuple[Templates, Templates]:
    """The templates of one half of the people, and those of the other, drawn by a fixed seed.

    Half of those with many images come into each: the people are dealt out by their number of images.
    """
    people, counts = np.unique(templates.people, return_counts=True)
    chance = np.random.default_rng(SPLIT_SEED).random(len(people))
    order = people[np.lexsort((chance, counts))]
    first = np.isin(templates.people, order[::2])
    return templates[first], templates[~first]


def _compared(people: People, target: Target) -> dict[Design, Comparisons]:
    """Those of `designs`, and of the further ones those for which there are people enough."""
    compared = {design: people.compared(design, target.fusion) for design in designs(target.design)}
    for design in further(target.design):
        with contextlib.suppress(ImageError):
            compared[design] = people.compared(design, target.fusion)
    return compared


def _point(design: Design, comparisons: Comparisons, fmr: float) -> OperatingPoint:
    return OperatingPoint(
        references=design.references,
        probes=design.probes,
        threshold=rounded_up(comparisons.threshold_at_fmr(fmr)),
        non_mated_comparisons=comparisons.non_mated,
    )


def _curve(
    design: Design,
    comparisons: Comparisons,
    target: Target,
    single: DesignCurve | None = None,
) -> DesignCurve:
    """The curve of a design as far as its data supports a rate. Rates that no threshold up to 1 keeps are left out.

    The target is there even if the data does not support it: with the strictest of the design's own threshold, its last
    point's and that of `single` pairs.
    """
    rates = sorted({*(float(f"{fmr:g}") for fmr in CURVE_FMRS), target.fmr}, reverse=True)
    supported = [fmr for fmr in rates if not missing_comparisons(fmr, comparisons.non_mated)]
    points = [_counted(comparisons, fmr, comparisons.threshold_at_fmr(fmr)) for fmr in supported]
    points = [point for point in points if point.false_matches <= point.fmr * comparisons.non_mated]
    if target.fmr not in [point.fmr for point in points]:
        of_single = [point.threshold for point in (single.points if single else ()) if point.fmr == target.fmr]
        stricter = (*(point.threshold for point in points[-1:]), *of_single)
        points.append(_counted(comparisons, target.fmr, max(comparisons.threshold_at_fmr(target.fmr), *stricter, -1.0)))
    return DesignCurve(
        references=design.references,
        probes=design.probes,
        people=int(np.count_nonzero(comparisons.exposure.references)),
        draws=design.draws,
        non_mated_comparisons=comparisons.non_mated,
        points=tuple(points),
    )


def _counted(comparisons: Comparisons, fmr: float, threshold: float) -> CountedPoint:
    threshold = rounded_up(threshold)
    return CountedPoint(fmr=fmr, threshold=threshold, false_matches=comparisons.false_matches(threshold))


def _expect_target_met(rates: tuple[PointRates, ...], target_fmr: float) -> None:
    """No threshold is strict enough where two people share a picture."""
    for point in rates:
        at, found = point.rates.threshold, point.rates.fmr.rate
        if found.value > target_fmr:
            raise ImageError(
                f"No threshold reaches FMR {target_fmr:g} with {point.references} x {point.probes}: at "
                f"{at} still {found.errors} of {found.trials} comparisons of different people match.",
                hint="Look for one picture in the folders of several people.",
            )


def _supported(comparisons: Comparisons, target: Target, *, has_impostors: bool) -> None:
    """Raises `ImageError` if there are too few single pairs; designs of several images may be extrapolated."""
    missing = missing_comparisons(target.fmr, comparisons.non_mated)
    if not missing:
        return
    needed = comparisons.non_mated + missing
    people = math.ceil(math.sqrt(2 * needed) + 0.5)
    more = f"Give some {people} people with an image each, or fewer people with more"
    if has_impostors:
        more = "Give more impostors, or more images of them"
    raise ImageError(
        f"{comparisons.non_mated} non-mated comparisons of single pairs cannot support an FMR of {target.fmr:g}: it "
        f"takes {needed}, {missing} are missing.",
        hint=f"{more}, or ask for a higher --fmr.",
    )


def _rates(design: Design, comparisons: Comparisons, rule: DecisionRule) -> PointRates:
    threshold = rule.threshold(design.references, design.probes)
    a_draw = comparisons.non_mated // max(design.draws, 1)
    return PointRates(design.references, design.probes, rates_at(threshold, comparisons), a_draw)


def _rates_on(compared: dict[Design, Comparisons], rule: DecisionRule) -> tuple[PointRates, ...]:
    return tuple(_rates(design, comparisons, rule) for design, comparisons in compared.items())


def _rates_between(rule: DecisionRule, people: People, target: Target) -> tuple[PointRates, ...]:
    """Those of the counts between that the rule has a point for, compared once more: all at once would fill memory."""
    counts = {(point.references, point.probes) for point in rule.points}
    needed = (design for design in between(target.design) if (design.references, design.probes) in counts)
    return tuple(_rates(one, people.compared(one, target.fusion), rule) for one in needed)


def _among_own(people: People, target: Target, rule: DecisionRule) -> PointRates | None:
    """Whether one's own people are more alike than those that the thresholds were mostly set on."""
    if people.impostors is None:
        return None
    return _rates(Design(), People(people.templates, people.count).compared(Design(), target.fusion), rule)


def _alike(compared: dict[Design, Comparisons], design: Design, rule: DecisionRule) -> PointRates | None:
    """One probe, at the threshold for as many as there seem to be."""
    if design.probes == 1:
        return None
    one = next(of for of in compared if (of.references, of.probes) == (design.references, 1))
    rates = rates_at(rule.threshold(design.references, design.probes), compared[one])
    return PointRates(one.references, 1, rates, compared[one].non_mated // max(one.draws, 1))
