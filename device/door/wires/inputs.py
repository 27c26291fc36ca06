"""The wires of a door that say something: contacts on GPIO, or on a converter that sees a cut cable as well."""

import threading
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from gpiozero import MCP3008, InputDevice, SPISoftwareFallback

from device.door.wires.debounce import Settling
from device.door.wires.pin_errors import claim_all, named
from device.door.wires.supervision import Wire, line_of, wire_of
from device.ports import Clock
from device.records import DoorInput, InputChanged, Line
from device.settings.tables import DoorSettings, InputSettings

SETTLING_S = 0.02
"""How often a wire that is not at rest is read."""
MEASURE_S = 0.05
"""How often a supervised wire is measured otherwise."""
LOOK_S = 1.0
"""A wire on GPIO reports its changes; it is read this often all the same, in case one was lost."""
LARGEST_READING = 1023
_SPI_HINT = (
    "Switch SPI on (`dtparam=spi=on` in /boot/firmware/config.txt), and check that this user may use /dev/spidev0.0."
)


class Contact(Protocol):
    """A wire that can be read."""

    look_s: float
    """How often it wants to be read, seconds."""
    changed: Callable[[], None]
    """Called when the wire may have changed, if it can report that, from the pins' own thread."""

    def line(self) -> Line:
        """What it says now; cut if that can't be read."""

    def close(self) -> None:
        """Gives its pin back; harmless when repeated."""


class GpioContact:
    """A contact between a pin that is pulled up and ground."""

    look_s = LOOK_S

    def __init__(self, settings: InputSettings, door: str, factory: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """Raises `DoorError` if the pin cannot be taken."""
        self.changed: Callable[[], None] = lambda: None
        self._closed_is_active = settings.active == "closed"
        with named(f"take GPIO {settings.pin} for input {settings.signal} of door {door}"):
            self._device = InputDevice(settings.pin, pull_up=True, pin_factory=factory)
            self._device.pin.edges = "both"
            self._device.pin.when_changed = self._edge

    def line(self) -> Line:
        """Active or quiet; cut if the pin cannot be read."""
        try:
            is_closed = bool(self._device.value)
        except Exception:  # gpiozero's and each pin library's errors have no common root
            return Line.CUT
        return Line.ACTIVE if is_closed == self._closed_is_active else Line.QUIET

    def close(self) -> None:
        """Gives the pin back."""
        if not self._device.closed:
            self._device.pin.when_changed = None
            self._device.close()

    def _edge(self, _ticks: float, _state: int) -> None:
        self.changed()


class SupervisedContact:
    """A contact with end-of-line resistors on a channel of an MCP3008 at SPI 0.0 (Microchip DS21295, figure 6-1)."""

    look_s = MEASURE_S

    def __init__(self, settings: InputSettings, door: str, factory: Any) -> None:  # noqa: ANN401 - gpiozero is untyped
        """Raises `DoorError` if there is no SPI; a converter that does not answer is a damaged wire."""
        self.changed: Callable[[], None] = lambda: None
        self._active = settings.active
        self._wire: Wire | None = None
        use = f"take channel {settings.channel} of the MCP3008 for input {settings.signal} of door {door}"
        with named(use, hint=_SPI_HINT), warnings.catch_warnings():
            warnings.simplefilter("error", SPISoftwareFallback)
            self._device = MCP3008(settings.channel, pin_factory=factory)

    def line(self) -> Line:
        """What the voltage says; cut if the converter cannot be read."""
        try:
            share = self._device.raw_value / LARGEST_READING
        except Exception:  # gpiozero's and each pin library's errors have no common root
            return Line.CUT
        self._wire = wire_of(share, self._wire)
        return line_of(self._wire, self._active)

    def close(self) -> None:
        """Gives the converter back."""
        self._device.close()


class Inputs:
    """All wires of a door, debounced: what has to be looked at is looked at by `tick`, at the `deadline`."""

    def __init__(self, door: DoorSettings, factory: Any, clock: Clock) -> None:  # noqa: ANN401 - gpiozero is untyped
        """What the wires say at first counts at once. Raises `DoorError` that names each that cannot be taken."""
        self.wake: Callable[[], None] = lambda: None
        """Called when the deadline has become nearer, from the pins' own thread."""
        self._clock = clock
        self._lock = threading.Lock()
        self._tell: Callable[[InputChanged], None] = lambda _changed: None
        self._senses = claim_all(
            partial(_Sense, partial(_contact, one, door.name, factory), one, clock.monotonic()) for one in door.inputs
        )
        self._reported = self.lines()
        self._closed = False
        for sense in self._senses:
            sense.contact.changed = partial(self._edge, sense)

    def lines(self) -> Mapping[DoorInput, Line]:
        """What counts now. Two wires for one thing are one that is active if either is, and damaged if either is."""
        severity, found = list(Line).index, dict[DoorInput, Line]()
        with self._lock:
            for sense in self._senses:
                found[sense.signal] = max(found.get(sense.signal, Line.QUIET), sense.settling.line, key=severity)
        return found

    def watch(self, tell: Callable[[InputChanged], None]) -> None:
        """Has `tell` called from the thread that ticks, whenever something has changed and settled."""
        self._tell = tell

    def deadline(self) -> float | None:
        """When to look at a wire again, or when a change counts; None if there are no wires or they are given back."""
        with self._lock:
            return None if self._closed else min((sense.due() for sense in self._senses), default=None)

    def tick(self) -> None:
        """Reads the wires whose time has come, and reports what has changed."""
        with self._lock:
            now = self._clock.monotonic()
            for sense in self._senses:
                if not self._closed and sense.due() <= now:
                    sense.look(now)
        before, self._reported = self._reported, self.lines()
        for signal, line in self._reported.items():
            if line is not before[signal]:
                self._tell(InputChanged(signal, line))

    def close(self) -> None:
        """Gives all pins back; harmless when repeated."""
        with self._lock:
            self._closed = True
        for sense in self._senses:
            sense.close()

    def _edge(self, sense: "_Sense") -> None:
        with self._lock:
            sense.see(self._clock.monotonic())
        self.wake()


def _contact(settings: InputSettings, door: str, factory: Any) -> Contact:  # noqa: ANN401 - gpiozero is untyped
    return (GpioContact if settings.channel is None else SupervisedContact)(settings, door, factory)


class _Sense:
    """One wire, what counts of it, and when to look at it next."""

    def __init__(self, take: Callable[[], Contact], settings: InputSettings, now: float) -> None:
        self.signal = settings.signal
        self.contact = take()
        self.settling = Settling(self.contact.line(), settings.debounce_s, supervised=settings.channel is not None)
        self._look_at = now + self.contact.look_s

    def due(self) -> float:
        settles_at = self.settling.due()
        return self._look_at if settles_at is None else min(self._look_at, settles_at)

    def see(self, now: float) -> None:
        self.settling.see(self.contact.line(), now)

    def look(self, now: float) -> None:
        self.see(now)
        self.settling.settle(now)
        self._look_at = now + (self.contact.look_s if self.settling.is_at_rest(now) else SETTLING_S)

    def close(self) -> None:
        self.contact.close()
