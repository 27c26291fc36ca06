"""A child that serves one badge at a simulated door on the real clock, and says what the relay does.

Arguments: a folder for the store, the strike time in seconds. It prints "released" when it is, and the pin's levels at
the end.
"""

import sys
from pathlib import Path

from device.assembly import DoorParts
from device.clock import Stop, SystemClock
from device.credentials import parse_badge
from device.door.operation import Door
from device.door.thread import DoorThread
from device.door.wires.gpio import BoardIO
from device.doorway import Doorway
from device.enrollment import Candidate, Enrollment, Terms
from device.images import read_image
from device.notifier import Notifier
from device.records import BasisKind, Grounds, ReaderEvent
from device.service import Service, serve
from device.settings.tables import AccessSettings, DoorSettings, Settings, VisionSettings
from device.signals import stopped_by_signals
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.scene import Scene
from device.vision.faces import load_analyzer
from device.vision.models import shipped_models_dir
from device.watchdog import Watchdog

BADGE = parse_badge("17:1001")


class TellingDoor(Door):
    """Says when it lets somebody in."""

    def grant(self, *, extended: bool = False, row: int = 0, leads: bool = False, passes: bool = False) -> bool:
        lets_in = super().grant(extended=extended, row=row, leads=leads, passes=passes)
        print("released", flush=True)
        return lets_in


class LateReader(SimulatedReader):
    """The badge is presented as soon as the door waits for one."""

    def read(self, timeout_s: float) -> ReaderEvent | None:
        if timeout_s and not self.presented:
            self.presented = True
            self.present(BADGE)
        return super().read(timeout_s)

    presented = False


def main(folder: Path, strike_time_s: float) -> None:
    stop = Stop()
    clock = SystemClock(stop)
    settings = Settings(
        doors=(DoorSettings(strike_time_s=strike_time_s),),
        vision=VisionSettings(threads=1),
        access=AccessSettings(face_timeout_s=30.0),  # an emulated processor is slow
    )
    image = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")
    analyzer, pins, reader = load_analyzer(settings.vision), SimulatedPins(clock), LateReader(clock)
    camera = SimulatedCamera(
        clock, Scene((Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5)),), {"eileen": image})
    )
    with stopped_by_signals(stop), Store(folder) as store:
        Enrollment(store, analyzer, clock, terms=Terms(Grounds(BasisKind.CONSENT, "1"))).enroll(
            BADGE, "Eileen Collins", [Candidate("portrait", image)]
        )
        door = TellingDoor(settings.doors[0], BoardIO(settings.doors[0], pins.factory, clock), clock)
        time = DoorThread(door, clock)
        parts = DoorParts(Doorway(camera, door, store, analyzer, clock), reader, (lambda: time.last_beat,))
        notifier = Notifier.of_environment()
        service = Service(parts, settings, Watchdog(notifier, clock))
        serve([service], notifier, stop, lambda transaction: print(transaction.decision.outcome.value, flush=True))
    print(*("high" if level.high else "low" for level in pins.history(settings.doors[0].pin)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
