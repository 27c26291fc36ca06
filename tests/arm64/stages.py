"""What each stage of a decision takes, one thread, as JSON; runs in a package's own environment, also under emulation.

python3 tests/arm64/stages.py ROUNDS [COUNT]

COUNT is the file into which the emulator's plugin counts instructions; without it stages are timed, in milliseconds.
"""

import json
import mmap
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from device.access import Access
from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.door.wires.gpio import BoardIO
from device.doorway import Doorway
from device.enrollment import Candidate, Enrollment, Terms
from device.images import read_image
from device.people.bases import SIMULATED
from device.pin_checking import checked
from device.records import BadgeRead, Credential, DoorCommand, Frame, Image, Person
from device.settings.tables import Settings, VisionSettings
from device.store.pins import hashed
from device.store.store import Store
from device.store.vault.key_file import Kind
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.vision.alignment import align
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
MODEL = "ab" * 32
REFERENCES = 3
RATE_FPS = 15
GLANCE_S = 0.25
WARM_UPS = 2
Stages = dict[str, Callable[[], object]]
Measure = Callable[[], float]


@dataclass
class CameraAtHand:
    """A camera with a picture always ready, fifteen a second by the scenario's clock."""

    image: Image
    clock: SimulatedClock

    def read(self, timeout_s: float) -> Frame | None:
        """A frame of this moment."""
        if timeout_s <= 0:
            return None
        self.clock.sleep(1 / RATE_FPS)
        return Frame(self.image, self.clock.monotonic())

    def trouble(self) -> str:
        """None."""
        return ""

    def close(self) -> None:
        """Nothing to close."""


def main() -> None:
    """Prints the median of each stage."""
    rounds = int(sys.argv[1])
    measure = counted(Path(sys.argv[2])) if len(sys.argv) > 2 else milliseconds
    cv2.setNumThreads(1)
    analyzer = load_analyzer(VisionSettings(threads=1))
    portrait = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")
    frame = Scene((Figure(image="p", end=Place(x=0.5, y=0.9, size=1.5)),), {"p": portrait}).draw(0.0, 1)
    found = measured(vision_stages(analyzer, frame), measure, rounds)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "state") as store:
        found |= measured(store_stages(store), measure, rounds)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "state") as store:
        found |= decisions(store, analyzer, (portrait, frame), measure, rounds)
    print(json.dumps(found))


def milliseconds() -> float:
    """The clock."""
    return time.perf_counter() * 1000


def counted(path: Path) -> Measure:
    """The emulator's count of instructions."""
    with path.open("r+b") as file:
        mapped = memoryview(mmap.mmap(file.fileno(), mmap.PAGESIZE)).cast("Q")
    return lambda: mapped[0]


def measured(stages: Stages, measure: Measure, rounds: int) -> dict[str, float]:
    """The median of each stage, all taking turns."""
    samples: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds + WARM_UPS):
        for name, stage in stages.items():
            began = measure()
            stage()
            samples[name].append(measure() - began)
    return {name: statistics.median(values[WARM_UPS:]) for name, values in samples.items()}


def vision_stages(analyzer: FaceAnalyzer, frame: Image) -> Stages:
    """The networks, on a frame of 640x480."""
    face = analyzer.detector.detect(frame)[0]
    landmarks = analyzer.mesh.locate(frame, face)
    chip = align(frame, landmarks, analyzer.embedder.alignment)
    return {
        "detector": lambda: analyzer.detector.detect(frame),
        "landmarks": lambda: analyzer.mesh.locate(frame, face),
        "embedding network": lambda: analyzer.embedder.embed(chip),
    }


def store_stages(store: Store) -> Stages:
    """A PIN compared, as at a door (PIN and duress PIN are both computed), and three references opened."""
    with store.people() as people, store.pins() as pins:
        ann = people.add("Ann", NOON)
        pins.keep(ann, hashed("471147", pins.secret), NOON)
        store.vault.make_ready([ann.id], Kind.FACE)
        people.issue(Credential("number", 0, 1), ann, NOON)
        drawn = np.random.default_rng(7).normal(size=(REFERENCES, 128))
        vectors = np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)
        people.add_references(ann, vectors, MODEL, NOON)

    def opened(person: Person) -> None:
        with store.people() as people:
            assert len(people.references(person, MODEL)) == REFERENCES

    return {"PIN (Argon2id, twice)": lambda: checked(store, ann, "471147"), "opening references": lambda: opened(ann)}


def decisions(
    store: Store, analyzer: FaceAnalyzer, pictures: tuple[Image, Image], measure: Measure, rounds: int
) -> dict[str, float]:
    """From a badge to the relay's release: three frames at hand, comparison, audit row on the disk."""
    portrait, frame = pictures
    # A clock that waits, as an emulator takes seconds for three frames.
    clock, settings = SimulatedClock(), Settings()
    pins, credential = SimulatedPins(clock), parse_badge("17:1001")
    enrollment = Enrollment(store, analyzer, clock, terms=Terms(SIMULATED))
    enrollment.enroll(credential, "Eileen Collins", [Candidate("portrait", portrait)])
    door = Door(settings.doors[0], BoardIO(settings.doors[0], pins.factory, clock), clock)
    with closing(door):
        access = Access(Doorway(CameraAtHand(frame, clock), door, store, analyzer, clock), settings)

        def decided() -> None:
            shown = access.present(BadgeRead(credential, clock.monotonic()), Stop())
            while not shown:
                shown = next(iter(access.advance(Stop(), GLANCE_S)), None)
            assert shown.decision.granted, shown.decision.reason
            door.command(DoorCommand.SECURE)

        return measured({"decision with its commit, three frames": decided}, measure, rounds)


if __name__ == "__main__":
    main()
