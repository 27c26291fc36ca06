"""Sets the decision threshold for a target false match rate on one half of the people; the other half tests it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from convert.embedding import embed_images
from convert.error_rates import Rate, threshold_at_fmr
from device.errors import ImageError
from device.images import SUFFIXES
from device.vision.faces import FaceAnalyzer
from device.vision.manifest import DecisionRule, Manifest
from device.vision.models import EMBEDDING

SPLIT_SEED = 0
CONFIDENCE_ERRORS = 3.0
"""Rule of three: without an error in n independent comparisons, the rate is below 3 / n with 95 % confidence."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold set on one half of the people, and its error rates on the other half."""

    threshold: float
    target_fmr: float
    people: int
    images: int
    failures: int
    non_mated_comparisons: int
    fmr: Rate
    fnmr: Rate


def calibrate(folder: Path, analyzer: FaceAnalyzer, target_fmr: float, counter: Callable[[], object]) -> Calibration:
    """Compares all images of different people in `folder` (one subfolder a person) with the door's own code.

    Raises `ImageError` if the data cannot support the target.
    """
    images = person_images(folder)
    embedded = embed_images(images, analyzer, counter)
    acquired = sorted(embedded.embeddings)
    vectors = np.stack([embedded.embeddings[path] for path in acquired])
    names, people = np.unique([path.parent.name for path in acquired], return_inverse=True)
    set_on = _half_of(len(names))[people]
    _, non_mated = split_similarities(vectors[set_on], people[set_on])
    if len(non_mated) * target_fmr < CONFIDENCE_ERRORS:
        raise ImageError(
            f"{len(non_mated)} non-mated comparisons cannot support an FMR of {target_fmr:g}.",
            hint=f"It takes {math.ceil(CONFIDENCE_ERRORS / target_fmr)} of them in one half of the people.",
        )
    threshold = threshold_at_fmr(non_mated, target_fmr)
    held_mated, held_non_mated = split_similarities(vectors[~set_on], people[~set_on])
    return Calibration(
        threshold=threshold,
        target_fmr=target_fmr,
        people=len(names),
        images=len(images),
        failures=len(embedded.failures),
        non_mated_comparisons=len(non_mated),
        fmr=Rate(int(np.count_nonzero(held_non_mated >= threshold)), len(held_non_mated)),
        fnmr=Rate(int(np.count_nonzero(held_mated < threshold)), len(held_mated)),
    )


def decision_rule(calibration: Calibration, dataset: str) -> DecisionRule:
    """The rule to put into the manifest."""
    return DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        threshold=round(calibration.threshold, 5),
        target_fmr=calibration.target_fmr,
        references=1,
        probes=1,
        dataset=dataset,
        non_mated_comparisons=calibration.non_mated_comparisons,
    )


def with_rule(manifest: Manifest, rule: DecisionRule) -> Manifest:
    """The embedding model's manifest with another decision rule."""
    if manifest.name != EMBEDDING:
        raise ValueError(f"expected the manifest of {EMBEDDING}, received {manifest.name}")
    return msgspec.structs.replace(manifest, decision=rule)


def person_images(folder: Path) -> tuple[Path, ...]:
    """The images in a folder with a subfolder for each person. Raises `ImageError` if there are not two people."""
    images = tuple(sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES))
    if len({path.parent for path in images}) < 4:
        raise ImageError(f"{folder} has images of fewer than four people.", hint="One subfolder for each person.")
    return images


def split_similarities(
    vectors: NDArray[np.float32], people: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The similarities of all pairs of unit vectors [n, length], mated and non-mated, each pair once."""
    similarities = vectors @ vectors.T
    upper = np.triu(np.ones(similarities.shape, np.bool_), k=1)
    same = people[:, None] == people[None, :]
    return similarities[upper & same], similarities[upper & ~same]


def _half_of(people: int) -> NDArray[np.bool_]:
    return np.random.default_rng(SPLIT_SEED).permutation(people) < people // 2
