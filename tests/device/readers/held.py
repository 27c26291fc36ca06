"""Cards that stay at a reader, on a clock that stands still in between: what a group lets through, and a door."""

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from device.clock import Stop
from device.door_loop import DoorLoop
from device.doorway import Doorway
from device.enrollment import Candidate, Enrollment
from device.ports import Reader
from device.readers.mailbox import Mailbox
from device.readers.part import Member, Part
from device.records import BadgeRead, Credential, Image, ReaderEvent, ReaderNotice, Signal, Transaction
from device.settings.tables import DoorSettings, Settings
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.device.consented import CONSENTED
from tests.device.doors import open_door, releases

STEPS = 400
"""A sighting that is not read after as many looks was lost."""


class Held:
    """A reader served as a group serves it, by a clock that moves only when a test says so."""

    def __init__(self, reader: Reader, name: str, hold_time_s: float = 3.0) -> None:
        self.clock = SimulatedClock()
        self.mailbox = Mailbox()
        self.part = Part(Member(self, name, hold_time_s), self.mailbox, self.clock, dropped=self._dropped)
        self._reader = reader
        self._seen = 0

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """What the reader itself gives, at this clock's time. A notice of a slow line is no sighting: time would
        pass a hold time without one.
        """
        if (event := self._reader.read(timeout_s)) is None:
            return None
        self._seen += not isinstance(event, ReaderNotice)
        return replace(event, at=self.clock.monotonic())

    def show(self, signal: Signal) -> None:
        self._reader.show(signal)

    def close(self) -> None:
        self._reader.close()

    def sight(self, show: Callable[[], object]) -> None:
        """Has the reader see something, and serves it until it has given it."""
        seen = self._seen
        show()
        for _ in range(STEPS):
            self.part.step()
            if self._seen > seen:
                return
        raise AssertionError("the reader gave nothing")

    def presented(self, shown: Iterable[Callable[[], object]], spacing_s: float) -> list[Credential | None]:
        """The badges that are let through of what is shown."""
        found = []
        for show in shown:
            self.sight(show)
            self.clock.sleep(spacing_s)
            while event := self.mailbox.take():
                found += [event.credential] if isinstance(event, BadgeRead) else []
        return found

    def _dropped(self, read: BadgeRead) -> None:
        self.part.unserved(read)


class Taken:
    """`Reader` of what is let through, while time passes."""

    def __init__(self, held: Held) -> None:
        self._held = held

    def read(self, timeout_s: float) -> ReaderEvent | None:
        if (event := self._held.mailbox.take()) is None and timeout_s:
            self._held.clock.wait(self._held.mailbox.filled, timeout_s)
            event = self._held.mailbox.take()
        return event

    def unserved(self, read: BadgeRead) -> None:
        self._held.part.unserved(read)

    def show(self, signal: Signal) -> None:
        self._held.show(signal)

    def close(self) -> None:
        self._held.close()


class HeldDoor:
    """A door that holds Eileen's face to every badge shown, for a strike time of 3 s."""

    def __init__(self, held: Held, store: Store, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
        self.settings = Settings(doors=(DoorSettings(pin=17, strike_time_s=3.0),))
        self.held, self.store = held, store
        self.pins = SimulatedPins(held.clock)
        self._portraits = portraits
        self._enrollment = Enrollment(store, analyzer, held.clock, terms=CONSENTED)
        camera = SimulatedCamera(
            held.clock,
            Scene(
                (Figure(image="eileen", end=Place(x=0.5, y=0.9, size=1.5)),), {"eileen": portraits["eileen-collins"]}
            ),
        )
        door = open_door(self.settings, self.pins, held.clock)
        doorway = Doorway(camera, door, store, analyzer, held.clock)
        self.loop = DoorLoop(doorway, self.settings, Taken(held))

    def enroll(self, credential: Credential, portrait: str) -> None:
        self._enrollment.enroll(credential, portrait, [Candidate("portrait", self._portraits[portrait])])

    def served(self, shown: list[Callable[[], object]], spacing_s: float) -> list[Transaction]:
        """What becomes of all that is shown, one after the other, whatever the door does meanwhile."""
        clock, stop = self.held.clock, Stop()
        transactions: list[Transaction] = []
        for number, show in enumerate(shown):
            clock.at(number * spacing_s, lambda show=show: self.held.sight(show))  # type: ignore[misc]
        while clock.monotonic() < len(shown) * spacing_s + 10.0:
            self.loop.show_state()
            transactions += self.loop.serve_once(stop, 1.0)
            self.loop.write_down()
        return transactions

    def released_s(self) -> list[float]:
        """For how long the strike was driven, each time."""
        return [round((end or 1e9) - begin, 3) for begin, end in releases(self.pins, self.settings.doors[0])]


def door_at(held: Held, folder: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> HeldDoor:
    """A door in a folder of its own. Its store is closed with it, as Python 3.13 warns of one that is not."""
    door = HeldDoor(held, store := Store(folder), analyzer, portraits)
    weakref.finalize(door, store.close)
    return door
