"""How many faces match in pictures without colors, as an infrared camera gives them.

    python benchmarks/shades_of_gray.py [--data ../shared/data] [--people 900] [--pictures 3]

The first pictures of each person of LFW, in color and in shades of gray, on each half of the people, drawn by a fixed
seed. `INFRARED_SHARE` was chosen on the first half; the second was held back. One reference and one probe a
comparison, at the door's threshold and at that for an infrared camera. Gray copies are no infrared pictures: skin,
eyes and make-up look different by infrared light, and no such pictures of many people are at hand. Without data, the
two portraits that came with Lintel stand in.
"""

import argparse
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.measuring.embedding import embed_central_face
from convert.measuring.error_rates import Rate
from device.cameras.infrared import in_gray
from device.errors import ImageError
from device.images import read_image
from device.policy.light import INFRARED_SHARE
from device.settings.tables import VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

SEED = 3
Vectors = NDArray[np.float32]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", default=os.environ.get("LINTEL_DATA", ""), help="none: the portraits")
    arguments.add_argument("--people", type=int, default=900, help="of each half")
    arguments.add_argument("--pictures", type=int, default=3, help="of each of them, at most")
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    for part, people in parts(chosen.data, chosen.people).items():
        colored, gray, owners = embedded(people, chosen.pictures, analyzer)
        print(f"{part}: {len(people)} people, {len(owners)} pictures")
        report(colored, gray, owners, analyzer)


def parts(data: str, people: int) -> dict[str, list[list[Path]]]:
    """The pictures of so many people of each half."""
    if not data:
        return {"portraits": [[path] for path in sorted((shipped_models_dir() / "portraits").glob("*.jpg"))]}
    folders = sorted(path for path in (Path(data) / "lfw").iterdir() if path.is_dir())
    drawn = np.random.default_rng(SEED).permutation(len(folders))
    halves = {"tuning": drawn[: len(folders) // 2], "held back": drawn[len(folders) // 2 :]}
    return {part: [sorted(folders[n].glob("*.jpg")) for n in half[:people]] for part, half in halves.items()}


def embedded(
    people: list[list[Path]], pictures: int, analyzer: FaceAnalyzer
) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """Each picture's embedding in color and in gray, and whose it is."""
    found = list(embeddings(people, pictures, analyzer))
    return (
        np.stack([colored for _, colored, _ in found]),
        np.stack([gray for *_, gray in found]),
        np.array([owner for owner, *_ in found]),
    )


def embeddings(
    people: list[list[Path]], pictures: int, analyzer: FaceAnalyzer
) -> Iterator[tuple[int, Vectors, Vectors]]:
    for owner, paths in enumerate(people):
        for path in islice(paths, pictures):
            image = read_image(path)
            try:
                yield owner, embed_central_face(image, analyzer), embed_central_face(in_gray(image), analyzer)
            except ImageError:
                continue


def report(colored: Vectors, gray: Vectors, owners: NDArray[np.int64], analyzer: FaceAnalyzer) -> None:
    pairs = np.triu(np.ones((len(owners), len(owners)), bool), 1)
    is_mated = owners[:, np.newaxis] == owners
    kinds = {"color, color": colored @ colored.T, "gray, gray": gray @ gray.T, "color, gray": colored @ gray.T}
    for share in (1.0, INFRARED_SHARE):
        threshold = analyzer.embedder.decision_rule.threshold(1, 1, share=share)
        print(f"  threshold {threshold:.4f}, {share:g} of the target rate")
        for kind, similarities in kinds.items():
            non_mated, mated = similarities[pairs & ~is_mated], similarities[pairs & is_mated]
            false = Rate(int(np.count_nonzero(non_mated >= threshold)), len(non_mated))
            missed = Rate(int(np.count_nonzero(mated < threshold)), len(mated))
            print(f"    {kind}: FMR {shown(false)}; FNMR {shown(missed)}")


def shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.errors} of {rate.trials} = {rate.value:.2e} ({low:.2e} to {high:.2e})"


if __name__ == "__main__":
    main()
