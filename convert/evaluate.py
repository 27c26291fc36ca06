"""Evaluates the shipped pipeline on labelled pairs: what the door's own code does to faces it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.measuring.embedding import embed_images
from convert.measuring.error_rates import Labels, Rate, Similarities, accuracy_by_fold, fmr, fnmr, supported_tar
from convert.measuring.protocols import Pair
from device.errors import ImageError
from device.vision.faces import FaceAnalyzer


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was found on the pairs whose faces could be acquired, and which images gave none.

    A TAR is None where too few non-mated pairs support it. `fmr` and `fnmr` are at the manifest's `threshold`, for
    single pairs.
    """

    model_sha256: str
    pairs: int
    images: int
    failures: dict[Path, str]
    accuracies: NDArray[np.float64]
    tar_at_1e2: float | None
    tar_at_1e3: float | None
    threshold: float
    fmr: Rate
    fnmr: Rate
    similarities: Similarities = field(repr=False)
    same: Labels = field(repr=False)


def evaluate(pairs: tuple[Pair, ...], analyzer: FaceAnalyzer, counter: Callable[[], object]) -> Evaluation:
    """Embeds every image once, then compares the pairs. Raises `ImageError` if too few faces were acquired."""
    images = images_of(pairs)
    embedded = embed_images(images, analyzer, counter)
    acquired = [pair for pair in pairs if {pair.image_a, pair.image_b} <= embedded.embeddings.keys()]
    same = np.array([pair.same for pair in acquired], np.bool_)
    if not same.any() or same.all():
        raise ImageError(
            f"Too few of the {len(images)} images show a face: {len(embedded.failures)} failed.",
            hint="Check --images; the first failure is: " + next(iter(embedded.failures.values()), "none"),
        )
    vectors = embedded.embeddings
    similarities = np.array([vectors[pair.image_a] @ vectors[pair.image_b] for pair in acquired], np.float32)
    threshold = analyzer.embedder.decision_rule.threshold(1, 1)
    return Evaluation(
        model_sha256=analyzer.embedder.model_sha256,
        pairs=len(acquired),
        images=len(images),
        failures=embedded.failures,
        accuracies=accuracy_by_fold(similarities, same, np.array([pair.fold for pair in acquired])),
        tar_at_1e2=supported_tar(similarities, same, 1e-2),
        tar_at_1e3=supported_tar(similarities, same, 1e-3),
        threshold=threshold,
        fmr=fmr(similarities, same, threshold),
        fnmr=fnmr(similarities, same, threshold),
        similarities=similarities,
        same=same,
    )


def images_of(pairs: tuple[Pair, ...]) -> tuple[Path, ...]:
    """The images of the pairs, each once, sorted."""
    return tuple(sorted({image for pair in pairs for image in (pair.image_a, pair.image_b)}))
