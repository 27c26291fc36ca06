"""A door in a virtual world, served for a shift, and the ends that it speaks to."""

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from device.assembly import DoorParts
from device.clock import Stop
from device.credentials import parse_badge
from device.doorway import Doorway
from device.enrollment import Candidate, Enrollment
from device.errors import ReaderError
from device.notifier import Notifier
from device.records import (
    BadgeRead,
    Credential,
    Event,
    Image,
    ReaderEvent,
    ReaderNotice,
    Transaction,
)
from device.service import Service, serve
from device.settings.tables import DoorSettings, Settings
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from device.watchdog import Watchdog
from tests.device.consented import CONSENTED
from tests.device.doors import open_door

POLL_S = 1.0
EILEEN, UNKNOWN = parse_badge("17:1001"), parse_badge("17:9999")
SETTINGS = Settings(doors=(DoorSettings(pin=17, strike_time_s=3.0),))


class ShiftReader(SimulatedReader):
    """A reader that people come to one by one, when the door waits for them.

    It asks to stop, or fails, when all have been there and nobody came for `quiet` rounds. What is `queued` was
    presented without waiting.
    """

    def __init__(self, clock: SimulatedClock, stop: Stop) -> None:
        super().__init__(clock)
        self.stop, self.quiet, self.reads = stop, 0, 0
        self.ending: ReaderError | None = None
        self.queued: list[BadgeRead | ReaderNotice] = []
        self.people: list[Credential | None] = []
        self.at_read: dict[int, Callable[[], object]] = {}
        self.before_read: Callable[[], object] = lambda: None

    def comes(self, credential: Credential | None) -> None:
        self.people.append(credential)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        if self.queued or timeout_s == 0.0:
            return self.queued.pop(0) if self.queued else None
        self.before_read()
        self.reads += 1
        self.at_read.get(self.reads, lambda: None)()
        if self.people:
            self.present(self.people.pop(0))
        badge = super().read(timeout_s)
        if badge is None:
            self.quiet -= 1
            if self.quiet < 0:
                if self.ending:
                    raise self.ending
                self.stop.set()
        return badge


class Time:
    """Stands for the thread that keeps a door's time: the simulated clock does, and it may hang."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.hangs_since: float | None = None

    @property
    def last_beat(self) -> float:
        return self.clock.monotonic() if self.hangs_since is None else self.hangs_since


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        """What has come since this was last asked."""
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(100).decode())
            except BlockingIOError:
                return messages


class World:
    """A door in a virtual world, with Eileen enrolled and in front of the camera."""

    def __init__(
        self,
        folder: Path,
        analyzer: FaceAnalyzer,
        portraits: Mapping[str, Image],
        manager: Manager,
        **options: bool,
    ) -> None:
        self.stop, self.clock, self.manager = Stop(), SimulatedClock(), manager
        self.pins, self.reader = SimulatedPins(self.clock), ShiftReader(self.clock, self.stop)
        self.store = Store(folder)
        self.told: list[Transaction] = []
        image = portraits["eileen-collins"]
        Enrollment(self.store, analyzer, self.clock, terms=CONSENTED).enroll(
            EILEEN, "Eileen Collins", [Candidate("portrait", image)]
        )
        figure = Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5))
        self.door = open_door(SETTINGS, self.pins, self.clock)
        camera = SimulatedCamera(self.clock, Scene((figure,), {"eileen": image}))
        doorway = Doorway(camera, self.door, self.store, analyzer, self.clock)
        self.notifier, self.time = Notifier(manager.address), Time(self.clock)
        watchdog = Watchdog(self.notifier, self.clock)
        self.service = Service(
            DoorParts(doorway, self.reader, (lambda: self.time.last_beat,)), SETTINGS, watchdog, **options
        )

    def run(self) -> None:
        serve([self.service], self.notifier, self.stop, self.told.append)

    def levels(self) -> list[bool]:
        return [level.high for level in self.pins.history(17)]

    def events(self) -> list[Event]:
        with self.store.audit() as audit:
            return [row.event for row in audit.newest(100)][1:]

    def faults(self) -> list[str | None]:
        return self.faults_of(Event.FAULT)

    def faults_of(self, event: Event) -> list[str | None]:
        with self.store.audit() as audit:
            return [row.fault for row in audit.newest(100) if row.event is event]
