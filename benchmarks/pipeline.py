"""Times one 640x480 frame on one thread, stage by stage, against dlib's own pipeline, side by side in one run.

While a track holds, the mesh follows the face and the detector looks twice a second: what a frame costs then, by the
stages, and by the door's own code, quality included.

    python benchmarks/pipeline.py [--rounds 40]

Both see the same frame in turn, round after round, so that a slow moment of the machine hits both; the figures are
medians of the thread's processor time.
dlib's pipeline is what `face_recognition` does: HOG detector with one upsample, 5-point predictor, ResNet on one crop.
Needs `make dev-environment`: dlib-bin, and TensorFlow for the float32 file that the int8 file is compared with.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import dlib
import numpy as np

from convert.published.fetch import fetch
from convert.published.sources import FIVE_POINT_PREDICTOR, RESNET_WEIGHTS
from convert.quantize import Quantization, quantize
from convert.weights.dlib import load, parse
from device.access import Access
from device.clock import Stop, SystemClock
from device.credentials import parse_badge
from device.door.operation import Door
from device.door.wires.gpio import BoardIO
from device.doorway import Doorway
from device.enrollment import Candidate, Enrollment, Terms
from device.images import read_image
from device.looking import GLANCE_S
from device.people.bases import SIMULATED
from device.records import BadgeRead, DoorCommand, Frame, Image, Probe, Transaction
from device.settings.tables import Settings, VisionSettings
from device.store.store import Store
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.vision.alignment import align
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.following import DETECT_EVERY_S, View
from device.vision.models import EMBEDDING, Model, load_model, shipped_models_dir
from device.vision.runtime import Interpreter, runtime_in_use

Stages = dict[str, Callable[[], object]]
RATE_FPS = 15
"""Of the camera whose frames are followed."""
FOLLOWED = "all, quality included"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=40)
    rounds = arguments.parse_args().rounds
    cv2.setNumThreads(1)
    portrait = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")
    frame = Scene((Figure(image="p", end=Place(x=0.5, y=0.9, size=1.5)),), {"p": portrait}).draw(0.0, 1)
    analyzer = load_analyzer(VisionSettings(threads=1))
    ours, theirs, embedders = lintel_stages(analyzer, frame), dlib_stages(frame), embedder_stages()
    followed = {FOLLOWED: following(analyzer, frame)}
    medians = timed({**ours, **theirs, **embedders, **followed}, rounds)
    runtime, version = runtime_in_use()
    print(f"one 640x480 frame, one thread, median of {rounds} rounds")
    print(f"{runtime.package} {version}, dlib {dlib.__version__}")
    for title, stages in (("Lintel", ours), ("dlib", theirs)):
        print(f"\n{title}")
        for name in stages:
            print(f"  {name:44s} {medians[name]:8.2f} ms")
        print(f"  {'all':44s} {sum(medians[name] for name in stages):8.2f} ms")
        if title == "Lintel":
            print_followed([medians[name] for name in ours], medians[FOLLOWED])
    print("\nEmbedding network, one crop")
    for name in embedders:
        print(f"  {name:44s} {medians[name]:8.2f} ms")
    print(f"\nbadge to relay, frames at hand, two threads     {badge_to_relay_ms(portrait, frame, rounds):8.2f} ms")
    ratio = sum(medians[name] for name in theirs) / sum(medians[name] for name in ours)
    print(f"\nratio {ratio:.1f}x")


def print_followed(stages_ms: list[float], followed_ms: float) -> None:
    """What a frame costs while a track holds: a followed frame, and its share of the detector's looks."""
    detector_ms, *others_ms = stages_ms
    looks_ms = detector_ms / DETECT_EVERY_S / RATE_FPS
    print(f"\nLintel, a frame of a track at {RATE_FPS} a second")
    print(f"  {'all, the detector twice a second':44s} {sum(others_ms) + looks_ms:8.2f} ms")
    print(f"  {FOLLOWED:44s} {followed_ms + looks_ms:8.2f} ms")


def following(analyzer: FaceAnalyzer, frame: Image) -> Callable[[], None]:
    """Follows the face through frames that show it where it was. In one of eight the detector looks as well, so that a
    median is that of the others.
    """
    view, number = View(), itertools.count()

    def follow() -> None:
        found = analyzer.follow(Frame(frame, next(number) / RATE_FPS), view)
        assert isinstance(found, Probe), found

    return follow


def timed(stages: Stages, rounds: int) -> dict[str, float]:
    """The median processor time of each stage in milliseconds, all stages taking turns."""
    samples: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds + 2):
        for name, stage in stages.items():
            began = time.thread_time()
            stage()
            samples[name].append((time.thread_time() - began) * 1000)
    return {name: statistics.median(values[2:]) for name, values in samples.items()}


def lintel_stages(analyzer: FaceAnalyzer, frame: Image) -> Stages:
    face = analyzer.detector.detect(frame)[0]
    landmarks = analyzer.mesh.locate(frame, face)
    chip = align(frame, landmarks, analyzer.embedder.alignment)
    return {
        "detect (BlazeFace)": lambda: analyzer.detector.detect(frame),
        "landmarks (face mesh)": lambda: analyzer.mesh.locate(frame, face),
        "align": lambda: align(frame, landmarks, analyzer.embedder.alignment),
        "embed chip and mirror (ResNet, int8)": lambda: analyzer.embedder.embed(chip),
    }


def dlib_stages(frame: Image) -> Stages:
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(fetch(FIVE_POINT_PREDICTOR.name)))
    network = dlib.face_recognition_model_v1(str(fetch(RESNET_WEIGHTS.name)))
    face = detector(frame, 1)[0]
    shape = predictor(frame, face)
    return {
        "detect (HOG, one upsample)": lambda: detector(frame, 1),
        "landmarks (5 points)": lambda: predictor(frame, face),
        "align and embed one crop (ResNet, float32)": lambda: network.compute_face_descriptor(frame, shape),
    }


def embedder_stages() -> Stages:
    shipped = load_model(EMBEDDING, shipped_models_dir())
    weights = parse(fetch(RESNET_WEIGHTS.name).read_bytes())
    content = quantize(load(weights), Quantization.FLOAT32, np.empty((0, 150, 150, 3), np.uint8))
    chip = np.full((1, 150, 150, 3), 127, np.float32)
    int8, float32 = Interpreter(shipped), Interpreter(Model(shipped.manifest, content))
    return {"int8 (shipped)": lambda: int8.run(chip), "float32": lambda: float32.run(chip)}


@dataclass
class CameraAtHand:
    """`Camera` with a picture always ready."""

    image: Image
    clock: SystemClock

    def read(self, timeout_s: float) -> Frame | None:
        return Frame(self.image, self.clock.monotonic()) if timeout_s > 0 else None

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


def swiped(access: Access, badge: BadgeRead) -> Transaction:
    transaction = access.present(badge, Stop())
    while not transaction:
        transaction = next(iter(access.advance(Stop(), GLANCE_S)), None)
    return transaction


def badge_to_relay_ms(portrait: Image, frame: Image, rounds: int) -> float:
    """The median time from a badge to the relay's release: three frames, comparison, audit row on the disk."""
    clock, settings, samples = SystemClock(), Settings(), []
    pins, credential = SimulatedPins(clock), parse_badge("17:1001")
    analyzer = load_analyzer(settings.vision)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        Enrollment(store, analyzer, clock, terms=Terms(SIMULATED)).enroll(
            credential, "Eileen Collins", [Candidate("portrait", portrait)]
        )
        door = Door(settings.doors[0], BoardIO(settings.doors[0], pins.factory, clock), clock)
        with closing(door):
            access = Access(Doorway(CameraAtHand(frame, clock), door, store, analyzer, clock), settings)
            for _ in range(rounds):
                began = clock.monotonic()
                transaction = swiped(access, BadgeRead(credential, began))
                assert transaction.decision.granted, transaction.decision.reason
                released = pins.history(settings.doors[0].pin)[-1]
                assert released.high
                samples.append((released.at - began) * 1000)
                door.command(DoorCommand.SECURE)
    return statistics.median(samples)


if __name__ == "__main__":
    main()
