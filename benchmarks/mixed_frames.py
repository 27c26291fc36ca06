"""Who gets in on frames of two people, and whom the rule against it refuses.

    python benchmarks/mixed_frames.py [--data ../shared/data] [--mixes 10000] [--cache FOLDER]

A visit is three frames of one person: a picture shifted, turned, scaled, lit and made noisy a little, as frames of one
visit differ. A mix is a visit in which one or two of the three frames are of somebody else's visit, in each order;
faces stand at the same place, so that only the embeddings can tell them apart. Both are judged by `device.vision.track`
and `device.vision.comparison`, as at a door that sees these three frames and no more; "fused alone" is what it would be
without the track.

Of LFW, the first picture of a person, or the first three, are the references, and each later one is a visit. Where
there is no data, the two portraits that came with Lintel mix with each other. The embeddings of the data are kept in
the cache's folder, which is outside of the project.
"""

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convert.measuring.embedding import embed_central_face
from convert.measuring.error_rates import Rate
from device.cameras.files import video_frames
from device.errors import ImageError
from device.images import read_image
from device.records import Box, Embedding, Image, Probe, Quality, Track
from device.settings.tables import VisionSettings
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import DecisionRule
from device.vision.models import shipped_models_dir
from device.vision.track import follows

FRAMES = 3
VISITS = 20
REFERENCES = (1, 3)
ORDERS = {"2 + 1": ("HHO", "HOH", "OHH"), "1 + 2": ("HOO", "OHO", "OOH")}
"""H: a frame of the badge's holder; O: one of somebody else."""
CLIP_STEP_S = 0.1
"""Between the frames of a clip that are looked at."""

PLACE = Box(200, 100, 200, 200)
QUALITY = Quality(face_px=200, brightness=120, blur=0.3, turn=0.0)


@dataclass(frozen=True, slots=True)
class Visitor:
    """The references of a person, the newest last, and the frames of their visits [visits, frames, length]."""

    references: NDArray[np.float32]
    visits: NDArray[np.float32]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--data", default=os.environ.get("LINTEL_DATA", ""), help="folder of the data; none: the portraits"
    )
    arguments.add_argument("--mixes", type=int, default=10_000, help="of each kind and number of references")
    arguments.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "lintel-benchmarks")
    arguments.add_argument("--visits", type=int, default=VISITS, help="of each portrait, where there is no data")
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    rule = analyzer.embedder.decision_rule
    print(f"{FRAMES} frames a visit, threshold for a false match rate of {rule.target_fmr:g}")
    if not chosen.data:
        report(portraits(analyzer, chosen.visits), rule, chosen.mixes)
        return
    for references in REFERENCES:
        report(people(Path(chosen.data), references, analyzer, chosen.cache), rule, chosen.mixes)
    report_clips(Path(chosen.data) / "attack" / "more" / "live", analyzer, rule)


def report(known: list[Visitor], rule: DecisionRule, mixes: int) -> None:
    visits = sum(len(one.visits) for one in known)
    print(f"\nreferences: {len(known[0].references)}, people: {len(known)}, visits: {visits}")
    for parts, orders in ORDERS.items():
        for order in orders:
            tried = list(mixed(known, order, mixes))
            print(
                f"  {parts}, {order}   granted {shown(granted(tried, rule))}, fused alone {shown(fused(tried, rule))}"
            )
    alike = [(visit, one.references) for one in known for visit in one.visits]
    refused = [not_of(granted(alike, rule)), not_of(fused(alike, rule))]
    print(f"  unmixed, HHH refused {shown(refused[0])}, fused alone {shown(refused[1])}")
    print(f"  unmixed, refused by the track alone: {100 * (refused[0].value - refused[1].value):+.3f} points")


Looks = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Frames of each look, and the references of the badge."""


def mixed(known: list[Visitor], order: str, count: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Looks at two different people, drawn by a fixed seed."""
    random = np.random.default_rng(0)
    for _ in range(count):
        holder, other = (known[index] for index in random.choice(len(known), 2, replace=False))
        own, others = random.choice(holder.visits), random.choice(other.visits)
        frames = [own[at] if who == "H" else others[at] for at, who in enumerate(order)]
        yield np.stack(frames), holder.references


def granted(looks: Looks, rule: DecisionRule) -> Rate:
    """How many are granted."""
    return Rate(sum(is_one_track(frames, rule) and matches(frames, known, rule) for frames, known in looks), len(looks))


def fused(looks: Looks, rule: DecisionRule) -> Rate:
    """How many would be granted if all frames were fused, whatever people they show."""
    return Rate(sum(matches(frames, known, rule) for frames, known in looks), len(looks))


def matches(frames: NDArray[np.float32], known: NDArray[np.float32], rule: DecisionRule) -> bool:
    return compare(frames, known, rule).matches


def is_one_track(frames: NDArray[np.float32], rule: DecisionRule) -> bool:
    track: Track = ()
    for embedding in frames:
        probe = Probe(embedding, QUALITY, PLACE)
        track = (*track, probe) if follows(track, probe, rule) else (probe,)
    return len(track) == len(frames)


def not_of(rate: Rate) -> Rate:
    return Rate(rate.trials - rate.errors, rate.trials)


def shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.errors:6d} of {rate.trials} = {100 * rate.value:7.3f} % ({100 * low:.3f} to {100 * high:.3f})"


def as_in_a_visit(image: Image, count: int, seed: int) -> list[Image]:
    """The image as frames of one visit show it: a little elsewhere, turned, nearer or further, lit and noisy."""
    random = np.random.default_rng(seed)
    height, width = image.shape[:2]
    frames = []
    for _ in range(count):
        turned = cv2.getRotationMatrix2D((width / 2, height / 2), random.normal(0, 2), random.normal(1, 0.02))
        matrix = np.asarray(turned, np.float64)
        matrix[:, 2] += random.normal(0, 0.01 * width, 2)
        moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.float32)
        noisy = moved * random.normal(1, 0.05) + random.normal(0, 3, moved.shape)
        frames.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return frames


def portraits(analyzer: FaceAnalyzer, count: int = VISITS) -> list[Visitor]:
    """Those that came with Lintel: each is its own reference, and has `count` visits."""
    known = []
    for path in sorted((shipped_models_dir() / "portraits").glob("*.jpg")):
        image = read_image(path)
        visits = [visit_of(image, analyzer, seed) for seed in range(count)]
        reference = embed_central_face(image, analyzer)
        known.append(Visitor(np.stack([reference]), np.stack([visit for visit in visits if visit is not None])))
    return known


def people(data: Path, references: int, analyzer: FaceAnalyzer, cache: Path) -> list[Visitor]:
    """Those of LFW with a picture besides the references."""
    pictures, visits = embedded(data / "lfw", analyzer, cache)
    folders: dict[Path, list[Path]] = {}
    for path in sorted(pictures):
        folders.setdefault(path.parent, []).append(path)
    known = []
    for paths in folders.values():
        later = [visits[path] for path in paths[references:] if path in visits]
        if later:
            known.append(Visitor(np.stack([pictures[path] for path in paths[:references]]), np.stack(later)))
    return known


def embedded(
    folder: Path, analyzer: FaceAnalyzer, cache: Path
) -> tuple[dict[Path, Embedding], dict[Path, NDArray[np.float32]]]:
    """Every picture's embedding, and the frames of a visit with it unless it's a person's first."""
    file = cache / f"visits-{analyzer.embedder.model_sha256[:16]}.npz"
    if not file.exists():
        pictures, visits = embed_all(folder, analyzer)
        cache.mkdir(parents=True, exist_ok=True)
        names = [f"{path.parent.name}/{path.name}" for path in pictures]
        empty = np.full((FRAMES, analyzer.embedder.spec.length), np.nan, np.float32)
        frames = [visits.get(path, empty) for path in pictures]
        np.savez(file, names=names, pictures=np.stack(list(pictures.values())), visits=np.stack(frames))
    with np.load(file) as kept:
        paths = [folder / name for name in kept["names"]]
        pictures = dict(zip(paths, kept["pictures"], strict=True))
        visits = {path: visit for path, visit in zip(paths, kept["visits"], strict=True) if np.isfinite(visit).all()}
    return pictures, visits


def embed_all(folder: Path, analyzer: FaceAnalyzer) -> tuple[dict[Path, Embedding], dict[Path, NDArray[np.float32]]]:
    pictures: dict[Path, Embedding] = {}
    visits: dict[Path, NDArray[np.float32]] = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        for number, path in enumerate(sorted(person.glob("*.jpg"))):
            image = read_image(path)
            try:
                pictures[path] = embed_central_face(image, analyzer)
            except ImageError:
                continue
            visit = visit_of(image, analyzer, seed=len(pictures)) if number else None
            if visit is not None:
                visits[path] = visit
    return pictures, visits


def visit_of(image: Image, analyzer: FaceAnalyzer, seed: int) -> NDArray[np.float32] | None:
    """The embeddings of a visit's frames; None if a face wasn't found in one."""
    try:
        return np.stack([embed_central_face(frame, analyzer) for frame in as_in_a_visit(image, FRAMES, seed)])
    except ImageError:
        return None


def report_clips(folder: Path, analyzer: FaceAnalyzer, rule: DecisionRule) -> None:
    """Good frames of live clips, ten a second: how often three in a row are not one track."""
    print(f"\nlive clips, a frame every {CLIP_STEP_S} s")
    broken = windows = 0
    for clip in sorted(folder.iterdir()):
        probes = [found for found in map(analyzer.analyze, every(clip, CLIP_STEP_S)) if isinstance(found, Probe)]
        tracks = [one_face(tuple(probes[at : at + FRAMES]), rule) for at in range(len(probes) - FRAMES + 1)]
        broken, windows = broken + tracks.count(False), windows + len(tracks)
        print(f"  {clip.name:10s} {len(probes):4d} good frames, {tracks.count(False)} of {len(tracks)} not one track")
    print(f"  all        {shown(Rate(broken, windows))}")


def one_face(probes: Track, rule: DecisionRule) -> bool:
    track: Track = ()
    for probe in probes:
        track = (*track, probe) if follows(track, probe, rule) else (probe,)
    return len(track) == len(probes)


def every(clip: Path, step_s: float) -> Iterator[Image]:
    capture = cv2.VideoCapture(str(clip))
    rate = float(capture.get(cv2.CAP_PROP_FPS)) or 25.0
    capture.release()
    step = max(1, round(rate * step_s))
    try:
        for number, frame in enumerate(video_frames(clip)):
            if number % step == 0:
                yield shrunk(frame)
    except Exception as error:  # a clip that ends too early has shown what it has
        print(f"  {clip.name}: {error}")


def shrunk(frame: Image) -> Image:
    """To the size that a door's camera gives."""
    scale = min(1.0, 640 / max(frame.shape[:2]))
    return np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


if __name__ == "__main__":
    main()
