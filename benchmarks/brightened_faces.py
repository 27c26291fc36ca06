"""Whether a face in a dark picture is recognized more often if its chip is brightened first.

    python benchmarks/brightened_faces.py [--data ../shared/data] [--people 350]

Two pictures of each person of LFW who has two: the first is the reference as it is, the second the probe, made dark
and noisy, or with dark mid tones. Its chip goes to the network as it is, or after one software step: gamma or gain up
to a mean luma of 110, or contrast-limited equalization (CLAHE). Both halves of the people are reported, as nothing is
chosen by them. Without data, the two portraits that came with Lintel stand in.
"""

import argparse
import math
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.finder import central
from convert.measuring.error_rates import Rate
from device.errors import ImageError
from device.images import read_image
from device.records import Embedding, Image
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

SEED = 3
LUMA = 110.0
Step = Callable[[Image], Image]
CONDITIONS: dict[str, tuple[float, float, float]] = {
    "as it is": (1.0, 1.0, 0.0),
    "gain 0.5, noise 4": (0.5, 1.0, 4.0),
    "gain 0.35, noise 4": (0.35, 1.0, 4.0),
    "gain 0.25, noise 4": (0.25, 1.0, 4.0),
    "gain 0.25, noise 8": (0.25, 1.0, 8.0),
    "dark mid tones, noise 3": (1.0, 2.5, 3.0),
}
"""Gain, exponent, and the noise's standard deviation in gray levels."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", default=os.environ.get("LINTEL_DATA", ""), help="none: the portraits")
    arguments.add_argument("--people", type=int, default=350, help="of each half")
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    for part, pairs in parts(chosen.data).items():
        report(part, list(islice(embedded(pairs, analyzer), chosen.people)), analyzer)


def parts(data: str) -> dict[str, list[tuple[Path, Path]]]:
    """A reference and a probe of each person of each half."""
    if not data:
        return {"portraits": [(path, path) for path in sorted((shipped_models_dir() / "portraits").glob("*.jpg"))]}
    people = [sorted(path.glob("*.jpg")) for path in sorted((Path(data) / "lfw").iterdir()) if path.is_dir()]
    drawn = np.random.default_rng(SEED).permutation(len(people))
    halves = {"first half": drawn[: len(people) // 2], "second half": drawn[len(people) // 2 :]}
    return {part: [tuple(people[n][:2]) for n in half if len(people[n]) > 1] for part, half in halves.items()}


Found = tuple[Embedding, dict[tuple[str, str], Embedding]]


def embedded(pairs: list[tuple[Path, Path]], analyzer: FaceAnalyzer) -> Iterator[Found]:
    """The reference of each person, and the probe by condition and step."""
    random = np.random.default_rng(SEED)
    for reference, probe in pairs:
        try:
            known, seen = chip_of(read_image(reference), analyzer), read_image(probe)
            dark = {name: chip_of(darkened(seen, how, random), analyzer) for name, how in CONDITIONS.items()}
        except ImageError:
            continue
        probes = {
            (name, step): analyzer.embedder.embed(STEPS[step](chip)) for name, chip in dark.items() for step in STEPS
        }
        yield analyzer.embedder.embed(known), probes


def chip_of(image: Image, analyzer: FaceAnalyzer) -> Image:
    """Raises `ImageError` if no face is found."""
    landmarks = analyzer.mesh.locate(image, central(analyzer.detector, image))
    return align(image, landmarks, analyzer.embedder.alignment)


def darkened(image: Image, how: tuple[float, float, float], random: np.random.Generator) -> Image:
    gain, exponent, noise = how
    lit = 255 * gain * (image.astype(np.float64) / 255) ** exponent
    return np.asarray(np.clip(np.round(lit + random.normal(0, noise, image.shape)), 0, 255), np.uint8)


def luma_of(chip: Image) -> float:
    return float(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY).mean())


def with_gamma(chip: Image) -> Image:
    exponent = math.log(LUMA / 255) / math.log(min(max(luma_of(chip), 2.0), 250.0) / 255)
    levels: NDArray[np.uint8] = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return np.asarray(levels[chip], np.uint8)


def with_gain(chip: Image) -> Image:
    return np.asarray(np.clip(chip * (LUMA / max(luma_of(chip), 1.0)), 0, 255), np.uint8)


def equalized(chip: Image) -> Image:
    lab = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2LAB), np.uint8)
    lab[:, :, 0] = cv2.createCLAHE(2.0, (4, 4)).apply(lab[:, :, 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


STEPS: dict[str, Step] = {"none": lambda chip: chip, "gamma": with_gamma, "gain": with_gain, "CLAHE": equalized}


def report(part: str, found: list[Found], analyzer: FaceAnalyzer) -> None:
    threshold = analyzer.embedder.decision_rule.threshold(1, 1)
    references = np.stack([reference for reference, _ in found])
    print(f"{part}: {len(found)} people")
    for condition in CONDITIONS:
        for step in STEPS:
            similarities = np.stack([probes[condition, step] for _, probes in found]) @ references.T
            is_mated = np.eye(len(found), dtype=bool)
            missed = Rate(int(np.count_nonzero(similarities[is_mated] < threshold)), len(found))
            false = Rate(int(np.count_nonzero(similarities[~is_mated] >= threshold)), int((~is_mated).sum()))
            print(f"  {condition:24s} {step:6s} FNMR {shown(missed)}; FMR {shown(false)}")


def shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.errors} of {rate.trials} = {rate.value:.2e} ({low:.2e} to {high:.2e})"


if __name__ == "__main__":
    main()
