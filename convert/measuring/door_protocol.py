"""The door's protocol: of each person some images are references, others are grouped into probes, and all are compared.

What the door does with several pictures is done here by its own code, `device.vision.comparison.fused`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.measuring.bootstrap import fmr_estimate, fnmr_estimate, share_interval, tar_estimates
from convert.measuring.comparisons import Comparisons, Exposure, Templates, compare_all, compare_rounds
from convert.measuring.embedding import embed_images
from convert.measuring.error_rates import Estimate, comparisons_needed
from device.errors import ImageError
from device.vision.comparison import fused
from device.vision.faces import FaceAnalyzer
from device.vision.manifest import DecisionRule, Fusion

TARGETS = (1e-3, 1e-4, 1e-5)
DEFAULT_DRAWS = 30
"""Together draws are steadier than one: on LFW, 3 x 3, the TAR at FMR 1e-5 varies by half a percent with the seed.
They are of the same images, hence not independent of one another."""


@dataclass(frozen=True, slots=True)
class Design:
    """How many references and probes a comparison has, and how often they are drawn again.

    Zero draws, for 1 x 1 alone: nothing is drawn, all pairs are compared.
    """

    references: int = 1
    probes: int = 1
    draws: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.references, self.probes) < 1 or self.draws < 0 or (self.draws == 0 and not self.single):
            raise ValueError(f"expected positive numbers, and draws unless 1 x 1, received {self}")

    @property
    def single(self) -> bool:
        """Whether one image is compared with one."""
        return self.references == self.probes == 1


@dataclass(frozen=True, slots=True)
class Acquired:
    """The embeddings of a labelled folder, and the images that gave none, with the reason.

    `names` are the people, ascending; `images` is how many each of them has, int64 [people].
    """

    templates: Templates
    names: tuple[str, ...]
    images: NDArray[np.int64]
    failures: dict[Path, str]


@dataclass(frozen=True, slots=True)
class TrueAccepts:
    """The true accept rate at the threshold of a false match rate; none where too few comparisons support that."""

    target_fmr: float
    threshold: float | None
    tar: Estimate | None


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """Both error rates at one threshold."""

    threshold: float
    fmr: Estimate
    fnmr: Estimate


@dataclass(frozen=True, slots=True)
class DoorEvaluation:
    """Error rates of the door with a number of references and probes.

    `people` were compared, of `acquired.names`. `alike`: if the probes of a visit are so alike that they count as one,
    these are the rates at the same threshold; none where there is one probe anyway.
    """

    design: Design
    acquired: Acquired
    people: int
    comparisons: Comparisons
    non_mated_a_draw: int
    true_accepts: tuple[TrueAccepts, ...]
    at_threshold: AtThreshold
    alike: AtThreshold | None
    failure_to_acquire: Estimate


def design_of(references: int, probes: int, *, draws: int | None = None, seed: int = 0) -> Design:
    """The design with the usual number of draws: for 1 x 1 none, else `DEFAULT_DRAWS`."""
    usual = 0 if references == probes == 1 else DEFAULT_DRAWS
    return Design(references, probes, usual if draws is None else draws, seed)


def acquire(images: tuple[Path, ...], analyzer: FaceAnalyzer, counter: Callable[[], object]) -> Acquired:
    """Embeds each image once; its folder is its person. Raises `ImageError` if fewer than two people show a face."""
    embedded = embed_images(images, analyzer, counter)
    names, people = np.unique([path.parent.name for path in images], return_inverse=True)
    shown = [index for index, path in enumerate(images) if path in embedded.embeddings]
    if len(set(people[shown])) < 2:
        raise ImageError(
            f"Too few of the {len(images)} images show a face: {len(embedded.failures)} failed.",
            hint="Check --images; the first failure is: " + next(iter(embedded.failures.values()), "none"),
        )
    vectors = np.stack([embedded.embeddings[images[index]] for index in shown])
    templates = Templates(vectors, people[shown].astype(np.int64))
    return Acquired(templates, tuple(str(name) for name in names), np.bincount(people), embedded.failures)


def compare_by(
    design: Design, templates: Templates, people: int, fusion: Fusion, *, impostors: Templates | None = None
) -> Comparisons:
    """All comparisons of a design. Raises `ImageError` if too few people have as many images as it takes.

    `impostors` are of other people, numbered below `people` too: they give probes and no references.
    """
    counts = np.bincount(templates.people, minlength=people)
    able = counts >= design.references + design.probes
    if np.count_nonzero(able) < 1 or np.count_nonzero(counts) < 2 or (design.draws and np.count_nonzero(able) < 2):
        raise ImageError(
            f"{np.count_nonzero(able)} people have {design.references + design.probes} images that show a face, "
            f"expected at least two, for {design.references} x {design.probes} (references x probes).",
            hint="Give more images of each person, or ask for fewer references and probes.",
        )
    if design.draws == 0:
        return compare_all(templates, people, impostors)
    groups = np.where(able, (counts - design.references) // design.probes, 0)
    rounds = draws(design, templates[able[templates.people]], fusion)
    if impostors is not None:
        shown = np.bincount(impostors.people, minlength=people) // design.probes
        groups = groups + shown
        rounds = _with_impostors(rounds, design, impostors[shown[impostors.people] > 0], fusion)
    exposure = Exposure(able.astype(np.float64), groups.astype(np.float64), float(design.draws))
    return compare_rounds(rounds, exposure)


def draws(design: Design, templates: Templates, fusion: Fusion) -> Iterator[tuple[Templates, Templates]]:
    """Each time other references and disjoint groups of probes of every person, fused as the door does it.

    Expects at least `references` + `probes` templates of every person.
    """
    return _draws(design, templates, fusion, references=design.references)


def _draws(
    design: Design, templates: Templates, fusion: Fusion, *, references: int
) -> Iterator[tuple[Templates, Templates]]:
    """The same for one number of references; 0 for impostors, who have none."""
    ordered = templates[np.argsort(templates.people, kind="stable")]
    _, starts, counts = np.unique(ordered.people, return_index=True, return_counts=True)
    generator = np.random.default_rng(design.seed)
    for _ in range(design.draws):
        shuffled = ordered[np.lexsort((generator.random(len(ordered)), ordered.people))]
        rank = np.arange(len(ordered)) - np.repeat(starts, counts)
        last = references + (counts - references) // design.probes * design.probes
        is_probe = (rank >= references) & (rank < np.repeat(last, counts))
        yield (
            _fused(shuffled[rank < references], design.references, fusion.least_reference_length),
            _fused(shuffled[is_probe], design.probes, fusion.least_probe_length),
        )


def _with_impostors(
    rounds: Iterator[tuple[Templates, Templates]], design: Design, impostors: Templates, fusion: Fusion
) -> Iterator[tuple[Templates, Templates]]:
    """The draws, each with impostors' probes, which are drawn likewise."""
    drawn = _draws(design, impostors, fusion, references=0)
    for (references, probes), (_, others) in zip(rounds, drawn, strict=True):
        vectors = np.concatenate([probes.vectors, others.vectors])
        yield references, Templates(vectors, np.concatenate([probes.people, others.people]))


def evaluate_door(design: Design, acquired: Acquired, rule: DecisionRule) -> DoorEvaluation:
    """Compares by the design, and counts at the threshold that the rule has for it.

    Raises `ImageError` if too few people have as many images as it takes, or if the door fuses fewer.
    """
    _expect_fused(design, rule)
    templates, people = acquired.templates, len(acquired.names)
    comparisons = compare_by(design, templates, people, rule.fusion)
    threshold = rule.threshold(design.references, design.probes)
    return DoorEvaluation(
        design=design,
        acquired=acquired,
        people=int(np.count_nonzero(comparisons.exposure.references)),
        comparisons=comparisons,
        non_mated_a_draw=comparisons.non_mated // max(design.draws, 1),
        true_accepts=true_accepts(comparisons),
        at_threshold=rates_at(threshold, comparisons),
        alike=rates_if_alike(design, acquired, rule) if design.probes > 1 else None,
        failure_to_acquire=failure_to_acquire(acquired),
    )


def _expect_fused(design: Design, rule: DecisionRule) -> None:
    references, probes = rule.most_references or design.references, rule.most_probes or design.probes
    if design.references > references or design.probes > probes:
        raise ImageError(
            f"Cannot measure {design.references} x {design.probes} (references x probes): with this model the door "
            f"fuses no more than {references} x {probes}.",
            hint="Ask for fewer, or set thresholds for more: `lintel-convert calibrate`.",
        )


def rates_at(threshold: float, comparisons: Comparisons) -> AtThreshold:
    """Both error rates at a threshold."""
    return AtThreshold(threshold, fmr_estimate(comparisons, threshold), fnmr_estimate(comparisons, threshold))


def rates_if_alike(design: Design, acquired: Acquired, rule: DecisionRule) -> AtThreshold:
    """Both error rates if all probes of a visit are one picture, at the threshold for as many as there seem to be."""
    single = Design(design.references, 1, max(design.draws, 1), design.seed)
    comparisons = compare_by(single, acquired.templates, len(acquired.names), rule.fusion)
    return rates_at(rule.threshold(design.references, design.probes), comparisons)


def true_accepts(comparisons: Comparisons) -> tuple[TrueAccepts, ...]:
    """At each of the FMRs in `TARGETS`; pooled draws count as all their comparisons."""
    supported = tuple(target for target in TARGETS if comparisons.non_mated >= comparisons_needed(target))
    found = dict(zip(supported, tar_estimates(comparisons, supported), strict=True)) if supported else {}
    return tuple(
        TrueAccepts(target, comparisons.threshold_at_fmr(target) if target in found else None, found.get(target))
        for target in TARGETS
    )


def failure_to_acquire(acquired: Acquired) -> Estimate:
    """The share of images in which no face could be embedded."""
    return share_interval(failures_by_person(acquired), acquired.images)


def failures_by_person(acquired: Acquired) -> NDArray[np.int64]:
    """How many images of each person gave no embedding, int64 [people]."""
    return acquired.images - np.bincount(acquired.templates.people, minlength=len(acquired.names))


def _fused(templates: Templates, size: int, least_length: float) -> Templates:
    """One template of each `size` in a row."""
    vectors = templates.vectors.reshape(-1, size, templates.vectors.shape[1])
    return Templates(fused(vectors, least_length), templates.people[::size])
