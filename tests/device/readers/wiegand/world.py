"""A Wiegand reader, the wires to it, and the clock that both go by."""

from pathlib import Path

import msgspec

from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, Credential, KeyPress, ReaderEvent
from device.settings.tables import FormatSettings, ReaderSettings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.wiegand import (
    TYPICAL,
    Change,
    Timing,
    WiegandWires,
    frame,
)

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
CARD, OTHER_CARD = encode(EILEEN), encode(GRACE)
LED, BUZZER = 13, 19
SETTINGS = ReaderSettings(name="front", kind="wiegand", data0_pin=5, data1_pin=6, led_pin=LED, buzzer_pin=BUZZER)
OWN = FormatSettings(name="tiny", layout="N" * 12)


class World:
    """A reader, the wires to it, and the clock that both go by."""

    def __init__(self, clock: SimulatedClock | None = None, **changed: object) -> None:
        self.clock = clock or SimulatedClock()
        self.pins = SimulatedPins(self.clock)
        around = ReaderContext(self.clock, lambda: self.pins.factory, Path("/nowhere"), (OWN,))
        self.settings = msgspec.structs.replace(SETTINGS, **changed)
        self.reader = open_reader(self.settings, around)
        self.wires = WiegandWires(self.pins.factory, 5, 6)

    def send(self, *changes: Change, after_s: float = 0.0) -> float:
        """Lays changes down; when the last one happens."""
        return self.wires.schedule(changes, self.clock, self.clock.monotonic() + after_s)

    def card(self, bits: str = CARD, timing: Timing = TYPICAL, after_s: float = 0.0) -> float:
        return self.send(*frame(bits, timing), after_s=after_s)

    def events(self, lasts_s: float = 1.0) -> list[ReaderEvent]:
        """All that is read within a time."""
        deadline = self.clock.monotonic() + lasts_s
        found = []
        while (left := deadline - self.clock.monotonic()) > 0:
            event = self.reader.read(left)
            if event is not None:
                found.append(event)
        return found

    def credentials(self, lasts_s: float = 1.0) -> list[Credential | None]:
        return [event.credential for event in self.events(lasts_s) if isinstance(event, BadgeRead)]

    def keys(self) -> list[str]:
        return [event.keys for event in self.events() if isinstance(event, KeyPress)]

    def levels(self) -> tuple[bool, bool]:
        """Whether LED and buzzer are on, which they are at low level."""
        return not self.pins.factory.pin(LED).state, not self.pins.factory.pin(BUZZER).state
