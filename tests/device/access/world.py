"""A door whose camera and analyzer are scripted, on a clock that stands still until somebody waits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from device.access import Access
from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.door_log import DoorLog
from device.doorway import Doorway
from device.records import (
    AuditRow,
    BadgeRead,
    Box,
    Credential,
    DoorCommand,
    DoorState,
    Frame,
    Image,
    Probe,
    Quality,
    Reason,
    Transaction,
)
from device.settings.tables import Settings
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.vision.embedder import Embedder
from device.vision.following import View
from device.vision.manifest import DecisionRule, Fusion, OperatingPoint
from tests.device.doors import open_door, releases

OPENED: list[Store] = []
"""The stores of worlds, which the fixture of each test closes at its end."""
BADGE = parse_badge("17:1001")
MODEL = "a" * 64
THRESHOLD = 0.9
RULE = DecisionRule(
    metric="cosine-similarity",
    direction="higher-is-closer",
    target_fmr=1e-4,
    dataset="none",
    fusion=Fusion(least_probe_length=0.0, least_reference_length=0.0),
    points=(OperatingPoint(references=1, probes=1, threshold=THRESHOLD, non_mated_comparisons=1),),
)
REFERENCE = np.array([1.0, 0.0], np.float32)
IMAGE = np.zeros((2, 2, 3), np.uint8)
PICTURE_REASONS = [reason for reason in Reason if reason.code.startswith(("face-", "several", "no-face"))]
GOOD_QUALITY = Quality(face_px=150, brightness=120, blur=0.3, turn=0.0)


def probe(similarity: float, *, x: float = 100.0) -> Probe:
    """A probe of this similarity to the reference, its face at `x`."""
    embedding = np.array([similarity, np.sqrt(1 - similarity**2)], np.float32)
    return Probe(embedding, GOOD_QUALITY, Box(x, 100, 100, 100))


@dataclass
class ScriptedCamera:
    """A camera that gives a frame every 0.1 s, of the ages it is told, until it is told to fail."""

    clock: SimulatedClock
    ages_s: list[float] = field(default_factory=list)
    fault: Exception | None = None
    given: list[Frame] = field(default_factory=list)
    image: NDArray[np.uint8] = field(default_factory=lambda: IMAGE)

    def read(self, timeout_s: float) -> Frame | None:
        if self.fault:
            raise self.fault
        self.clock.sleep(min(0.1, timeout_s))
        if timeout_s < 0.1:
            return None
        age = self.ages_s.pop(0) if self.ages_s else 0.0
        self.given.append(Frame(self.image, self.clock.monotonic() - age))
        return self.given[-1]

    def trouble(self) -> str:
        return ""

    def close(self) -> None:
        pass


@dataclass
class ScriptedAnalyzer:
    """An analyzer that finds what it is told, the last thing for ever."""

    found: list[Probe | Reason | Exception]
    seen: int = 0

    @property
    def embedder(self) -> Embedder:
        """Itself: what access asks of a network is its name and its thresholds."""
        return cast("Embedder", self)

    model_sha256 = MODEL
    decision_rule = RULE

    def turn_back_deg(self, image: Image) -> int:  # noqa: ARG002
        return 180

    def follow(self, frame: Frame, view: View) -> Probe | Reason:  # noqa: ARG002
        result = self.found[min(self.seen, len(self.found) - 1)]
        self.seen += 1
        if isinstance(result, Exception):
            raise result
        return result


@dataclass
class World:
    """One door, with BADGE enrolled."""

    access: Access
    doorway: Doorway
    log: DoorLog
    clock: SimulatedClock
    camera: ScriptedCamera
    analyzer: ScriptedAnalyzer
    pins: SimulatedPins
    settings: Settings

    def swipe(self, badge: Credential | None = BADGE, stop: Stop | None = None) -> Transaction:
        return swiped(self.access, self.read(badge), stop)

    def read(self, badge: Credential | None = BADGE, reader: str = "", fault: str = "") -> BadgeRead:
        return BadgeRead(badge, self.clock.monotonic(), reader, fault=fault)

    def access_with(self, doorway: Doorway | None = None, settings: Settings | None = None) -> Access:
        return Access(doorway or self.doorway, settings or self.settings, self.log)

    @property
    def door(self) -> Door:
        return self.doorway.door

    @property
    def store(self) -> Store:
        return self.doorway.store

    @property
    def releases(self) -> int:
        return len(releases(self.pins, self.settings.doors[0]))

    def last_row(self) -> AuditRow:
        with self.store.audit() as audit:
            return audit.newest(1)[0]


def swiped(access: Access, badge: BadgeRead, stop: Stop | None = None) -> Transaction:
    """What came of a badge, while the clock goes on."""
    stop = stop or Stop()
    over = access.present(badge, stop)
    while over is None:
        over = next(iter(access.advance(stop, 0.25)), None)
    return over


def world_in(
    folder: Path, *found: Probe | Reason | Exception, references: NDArray[np.float32] | None = None, model: str = MODEL
) -> World:
    """A world whose analyzer finds what it is told."""
    clock, settings, store = SimulatedClock(), Settings(), Store(folder)
    with store.people() as people:
        person = people.add("Ada", clock.utc())
        people.issue(BADGE, person, clock.utc())
        people.add_references(person, np.stack([REFERENCE]) if references is None else references, model, clock.utc())
    camera, analyzer = ScriptedCamera(clock), ScriptedAnalyzer(list(found) or [probe(1.0)])
    pins = SimulatedPins(clock)
    doorway = Doorway(camera, open_door(settings, pins, clock), store, analyzer, clock)
    log = DoorLog(doorway.door, store, clock)
    OPENED.append(store)
    return World(Access(doorway, settings, log), doorway, log, clock, camera, analyzer, pins, settings)


def put_into(world: World, state: DoorState) -> None:
    """Has the door be in LOCKDOWN or FAULT."""
    if state is DoorState.LOCKDOWN:
        world.door.command(DoorCommand.LOCKDOWN)
    else:
        world.pins.broken = True
        world.door.command(DoorCommand.RELEASE)
    assert world.door.state is state
