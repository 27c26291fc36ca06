"""What one door is made of: its wires, cameras, network, store and clock, and what is asked about a badge there."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from device.clock_watch import ClockWatch
from device.door.operation import Door
from device.looking import KnownScene
from device.next_badge import NextBadge
from device.policy.attempts import LastFailures
from device.policy.clock_state import ClockReading
from device.policy.modes import Pad
from device.policy.turn import Direction
from device.policy.waits import Waits
from device.ports import Camera, Clock
from device.records import Claim, ClockState, Person, PinAnswer, Reason, Ruling
from device.store.store import Store
from device.vision.late import Analyzer


class NotChecked(Protocol):
    """Why a PIN could not be compared: STORE_FAULT or KEY_MISSING, and in words without personal data."""

    @property
    def reason(self) -> Reason:
        """One of the two."""

    @property
    def fault(self) -> str:
        """What failed."""


class PinAsking(Protocol):
    """Who compares PINs, one at a time."""

    def ask(self, person: Person, digits: str, then: Callable[[PinAnswer | NotChecked], None]) -> None:
        """Has digits compared with the PINs of a person; `then` is called with the answer, from any thread."""

    def close(self) -> None:
        """Answers nothing any more; harmless when repeated."""


RulingOf = Callable[[Claim, str, ClockReading], Ruling]
"""What the rules say of a badge's holder at a reader, by its name, at a time; whether both are valid then, too."""


def drawn() -> Direction:
    """A side that can't be foreseen."""
    return secrets.choice(tuple(Direction))


@dataclass(frozen=True, slots=True)
class Doorway:
    """What one door is made of."""

    camera: Camera
    door: Door
    store: Store
    analyzer: Analyzer
    clock: Clock
    cameras: Mapping[str, Camera] = field(default_factory=dict)
    """Those at readers that have one of their own, by the reader's name."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """At which share of the target rate a face matches, by the reader's name: less where a camera sees by infrared."""
    next_badge: NextBadge = field(default_factory=NextBadge)
    """Badges that operators wait for at its readers."""
    pad: Pad = field(default_factory=Pad)
    """What it does against presentation attacks."""
    scenes: Mapping[str, KnownScene] = field(default_factory=dict)
    """What is known of the empty view of the camera at a reader, by the reader's name."""
    waits: Waits = field(default_factory=Waits)
    """Of badges after presentation attacks; the doors of one process share it."""
    pins: PinAsking | None = None
    """Who compares PINs; without, none counts here."""
    rules: RulingOf | None = None
    """Without them the door's own mode counts, at all times."""
    missing: Callable[[str], str] = lambda _reader: ""
    """The part that a face at a reader needs and that has been missing for long enough, by its name; "" for none."""
    failures: LastFailures = field(default_factory=LastFailures)
    """When tries with badges failed; the doors of one process share it."""
    draw: Callable[[], Direction] = drawn
    """To which side a person has to turn the head: at random, but for simulations."""
    clock_watch: ClockWatch | None = None
    """Says whether the time of day is trusted; without one, as in simulations, it is."""

    def camera_at(self, reader: str) -> Camera:
        """Where the face of a person at this reader is seen."""
        return self.cameras.get(reader, self.camera)

    def time_of_day(self) -> ClockReading:
        """Now, and how far that can be relied upon."""
        if self.clock_watch is not None:
            return self.clock_watch.reading()
        return ClockReading(ClockState.TRUSTED, self.clock.utc(), monotonic=self.clock.monotonic())

    def share_at(self, reader: str) -> float:
        """At which share of the target rate a face at this reader matches; one without a share has the strictest."""
        return self.shares.get(reader, min(self.shares.values(), default=1.0))
