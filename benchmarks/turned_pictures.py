"""How well pictures that hang turned are noticed, and whether upright ones are ever taken for turned.

    python benchmarks/turned_pictures.py [--data ../shared/data] [--people 1000] [--part tuning]

One picture of each person of LFW is turned about its middle, and analyzed as at a door. The limits in
`device.vision.upright` were chosen on one half of the people, drawn by a fixed seed; the other half, held back, is
reported. Then the live clips, as they are and turned, ten frames a second, and what the check costs. Without data, the
two portraits that came with Lintel stand in for the people.

A pair counts as a false match if pictures of two people, turned alike, are both taken and match; a picture that is
refused matches nothing. Beside it the same for the analyzer without the check, all of its other limits in place.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from convert.measuring.degradations import CONDITIONS, degrade
from convert.measuring.error_rates import Rate
from device.cameras.files import video_frames
from device.images import read_image
from device.records import Image, Probe, Reason
from device.settings.tables import VisionSettings
from device.vision.detector import Detection
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.landmarks import Landmarks
from device.vision.models import shipped_models_dir
from device.vision.upright import SURE_SCORE, standing

SEED = 3
TILTED = (0, -15, 15, -30, 30)
TURNED = (90, 105, 120, 150, 180, 210, 240, 255, 270)
CLIP_STEP_S = 0.1
CLIP_FRAMES = 300
ROUNDS = 50
WORSENED = 300

Found = Probe | Reason


class Unchecked(FaceAnalyzer):
    """The analyzer without the check."""

    def _upright(self, _image: Image, face: Detection, landmarks: Landmarks) -> tuple[Detection, Landmarks] | Reason:
        return face, landmarks

    def _turned_face(self, _image: Image, _faces: Sequence[Detection]) -> None:
        return None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", default=os.environ.get("LINTEL_DATA", ""), help="none: the portraits")
    arguments.add_argument("--people", type=int, default=1000, help="how many of the half")
    arguments.add_argument("--part", choices=("held-back", "tuning"), default="held-back")
    chosen = arguments.parse_args()
    checked = load_analyzer(VisionSettings(threads=1))
    unchecked = Unchecked(checked.detector, checked.mesh, checked.embedder, checked.limits)
    images = list(pictures(chosen.data, chosen.part, chosen.people))
    print(f"{len(images)} people, {chosen.part if chosen.data else 'portraits'}, one picture each")
    for degrees in (*TILTED, *TURNED):
        report(degrees, [turned(image, degrees) for image in images], checked, unchecked)
    report_worsened(images, checked)
    if chosen.data:
        report_clips(Path(chosen.data), checked)
    report_cost(images, checked)


def pictures(data: str, part: str, most: int) -> Iterator[Image]:
    """The first picture of each person of one half."""
    if not data:
        yield from map(read_image, sorted((shipped_models_dir() / "portraits").glob("*.jpg")))
        return
    people = sorted(path for path in (Path(data) / "lfw").iterdir() if path.is_dir())
    drawn = np.random.default_rng(SEED).permutation(len(people))
    half = drawn[: len(people) // 2] if part == "tuning" else drawn[len(people) // 2 :]
    for number in half[:most]:
        yield read_image(min(people[number].glob("*.jpg")))


def turned(image: Image, degrees: float) -> Image:
    """The picture turned clockwise about its middle; its last pixels go on where nothing is."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -degrees, 1.0)
    edge = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=edge), np.uint8)


def report(degrees: int, images: Sequence[Image], checked: FaceAnalyzer, unchecked: FaceAnalyzer) -> None:
    found = [checked.analyze(image) for image in images]
    noticed = Rate(found.count(Reason.PICTURE_TURNED), len(found))
    others = Counter("taken" if isinstance(one, Probe) else one.code for one in found)
    del others[Reason.PICTURE_TURNED.code]
    rest = ", ".join(f"{name} {count}" for name, count in others.most_common())
    print(f"{degrees:5d} degrees: picture-turned {shown(noticed)}; {rest or 'nothing else'}")
    if degrees in TURNED:
        before = [unchecked.analyze(image) for image in images]
        print(f"      false matches {matches(found, checked)}; without the check {matches(before, checked)}")


def report_worsened(images: Sequence[Image], analyzer: FaceAnalyzer) -> None:
    """Upright pictures that are covered, dark, noisy or foggy: whether they are taken for turned."""
    known = list(pictures_with_mesh(images[:WORSENED], analyzer))
    print(f"worsened, upright, {len(known)} people: picture-turned of each condition")
    for name in CONDITIONS:
        if not name.startswith("turned"):
            found = [analyzer.analyze(degrade(name, image, mesh, seed=SEED)) for image, mesh in known]
            print(f"  {name:18s} {shown(Rate(found.count(Reason.PICTURE_TURNED), len(found)))}")


def pictures_with_mesh(images: Sequence[Image], analyzer: FaceAnalyzer) -> Iterator[tuple[Image, Landmarks]]:
    """The pictures of a face, each with the mesh of its surest one."""
    for image in images:
        for face in analyzer.detector.detect(image)[:1]:
            yield image, analyzer.mesh.locate(image, face)


def matches(found: Sequence[Found], analyzer: FaceAnalyzer) -> str:
    """Matches among all pairs of different people."""
    vectors = [one.embedding for one in found if isinstance(one, Probe)]
    pairs = Rate(0, len(found) * (len(found) - 1) // 2)
    if len(vectors) > 1:
        similarities = np.triu(np.stack(vectors) @ np.stack(vectors).T, 1)
        matching = int(np.count_nonzero(similarities >= analyzer.embedder.decision_rule.threshold(1, 1)))
        pairs = Rate(matching, pairs.trials)
    return f"{pairs.errors} of {pairs.trials} = {pairs.value:.1e} ({len(vectors)} taken)"


def report_clips(data: Path, analyzer: FaceAnalyzer) -> None:
    """Frames of live clips by what is found, as they are and turned."""
    clips = [*sorted((data / "attack" / "more" / "live").iterdir()), *sorted((data / "video").iterdir())]
    clips += [data / "attack" / one / "real.mp4" for one in ("a", "b")]
    print("clips: frames with picture-turned of those with a face or picture-turned, turned by 0, 90, 180, 270 degrees")
    total: Counter[int] = Counter()
    for clip in clips:
        frames, seen = list(every(clip)), []
        for quarters in range(4):
            found = [analyzer.analyze(np.ascontiguousarray(np.rot90(frame, -quarters))) for frame in frames]
            faces = sum(one is not Reason.NO_FACE for one in found)
            noticed = found.count(Reason.PICTURE_TURNED)
            total[quarters] += noticed
            total[quarters + 4] += faces
            seen.append(f"{noticed} of {faces}")
        print(f"  {clip.parent.name}/{clip.name}, {len(frames)} frames: {', '.join(seen)}")
    print("  all: " + ", ".join(shown(Rate(total[quarters], total[quarters + 4])) for quarters in range(4)))


def every(clip: Path) -> Iterator[Image]:
    """Frames of a clip, ten a second, in the size of a door's camera."""
    capture = cv2.VideoCapture(str(clip))
    step = max(1, round((float(capture.get(cv2.CAP_PROP_FPS)) or 25.0) * CLIP_STEP_S))
    capture.release()
    try:
        for frame in islice(video_frames(clip), 0, CLIP_FRAMES * step, step):
            scale = min(1.0, 640 / max(frame.shape[:2]))
            yield np.asarray(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    except Exception as error:  # a clip that ends too early has shown what it has
        print(f"  {clip.name}: {error}")


def report_cost(images: Sequence[Image], analyzer: FaceAnalyzer) -> None:
    """Of the check on a face, in processor time: where the detector is sure of the face, and where it is not."""
    sure: list[float] = []
    doubtful: list[float] = []
    for image in images[:ROUNDS]:
        for picture in (image, turned(image, 180)):
            for face in analyzer.detector.detect(picture)[:1]:
                landmarks = analyzer.mesh.locate(picture, face)
                began = time.process_time()
                standing(analyzer.detector, picture, face, landmarks)
                (sure if face.score >= SURE_SCORE else doubtful).append(1000 * (time.process_time() - began))
    for name, times in (("sure", sure), ("doubtful", doubtful)):
        median = f"{np.median(times):.2f} ms of processor time (median)" if times else "none"
        print(f"cost of the check, {name} faces: {median}, {len(times)} faces")


def shown(rate: Rate) -> str:
    low, high = rate.interval
    return f"{rate.errors} of {rate.trials} = {100 * rate.value:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


if __name__ == "__main__":
    main()
