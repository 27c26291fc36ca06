"""What looking for presentation attacks costs a frame, in processor time of one core.

    python benchmarks/pad_cues.py [--network attack-networks/minifasnet-v2] [--rounds 300]

On the two portraits that come with Lintel, at 640x480: the measures of quality, the pose of the head (all points of the
mesh laid on a mean face), the scene beside the head against what was learnt of the view, and all three; with a network
its answer too. The mesh itself, which a door needs anyway, is beside them.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from device.images import image_files, read_image
from device.records import Image
from device.settings.tables import VisionSettings
from device.vision.attack.cues import scene_share
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.attack.pose import MeanFace, mean_face_of
from device.vision.attack.scene import learnt, small
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir
from device.vision.quality.judging import measure

SIZE = (640, 480)
MOST_CUES_MS, MOST_NETWORK_MS = 3.0, 5.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--network", type=Path, help="the pair, without .tflite")
    arguments.add_argument("--rounds", type=int, default=300)
    chosen = arguments.parse_args()
    analyzer = load_analyzer(VisionSettings(threads=1))
    network = load_passive(chosen.network.name, chosen.network.parent) if chosen.network else None
    mean = mean_face_of(analyzer.detector, analyzer.mesh)
    parts: dict[str, list[float]] = {}
    for path in image_files(shipped_models_dir() / "portraits"):
        for name, work in works(framed(read_image(path)), analyzer, mean, network):
            parts.setdefault(name, []).append(cpu_ms(work, chosen.rounds))
    cues = sum(statistics.fmean(parts[name]) for name in ("quality", "pose", "scene"))
    for name, times in parts.items():
        print(f"{name:28s} {statistics.fmean(times):6.2f} ms")
    print(f"{'quality, pose and scene':28s} {cues:6.2f} ms, at most {MOST_CUES_MS:g} are wanted")
    if network is not None:
        print(f"{'the network, wanted':28s} at most {MOST_NETWORK_MS:g} ms")


def framed(image: Image) -> Image:
    """A picture as a door's camera gives it: 640x480, the face in the upper half of it."""
    height = SIZE[1]
    scaled = cv2.resize(image, (round(image.shape[1] * height / image.shape[0]), height), interpolation=cv2.INTER_AREA)
    frame = np.full((height, SIZE[0], 3), 128, np.uint8)
    width = min(scaled.shape[1], SIZE[0])
    left = (SIZE[0] - width) // 2
    frame[:, left : left + width] = scaled[:, :width]
    return frame


def works(
    frame: Image, analyzer: FaceAnalyzer, mean: MeanFace, network: PassiveNetwork | None
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done with each frame, by name."""
    face = analyzer.detector.detect(frame)[0]
    mesh = analyzer.mesh.locate(frame, face)
    scene = learnt([small(frame)])
    yield "mesh", lambda: analyzer.mesh.locate(frame, face)
    yield "quality", lambda: measure(frame, face, mesh)
    yield "pose", lambda: mean.pose(mesh)
    yield "scene", lambda: scene_share(frame, face.box, scene)
    if network is not None:
        yield "network", lambda: network.live(frame, face.box)


def cpu_ms(work: Callable[[], object], rounds: int) -> float:
    """The processor time of this thread that one round takes, milliseconds: the median, as others use the machine."""
    times = []
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        times.append((time.thread_time() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
