"""The Wiegand reader: two data lines on GPIO, edges in, badges and keys out; an LED and a buzzer as signals."""

import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, assert_never

from device import failures
from device.errors import ConfigError, ReaderError
from device.ports import Clock
from device.readers.cards.card_formats import MIN_BITS
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable, Refusal, decode, formats_for
from device.readers.wiegand.frames import Assembler, Burst, DataLine, Edge, Rest, is_key_code, key_of
from device.records import BadgeRead, KeyPress, Notice, ReaderEvent, ReaderNotice, Security, Signal
from device.settings.tables import ReaderSettings, TurnPrompt
from device.wakeup import Wakeup

MOST_WAITING = 4096
"""Edges that wait to be read: some 80 frames of 26 bits. What comes after is lost, and reported."""
LATE_S = 10e-3
"""A thread that wakes this late after a silence was kept from running, and so may be the one that delivers edges."""
MOMENT_S = 2e-3
"""How long they get then."""
ROUNDING_S = 1e-6
"""Times that differ by less are the same."""
_LINES: tuple[DataLine, DataLine] = (0, 1)


class WiegandReader:
    """`Reader` of Wiegand's two data lines.

    Clear text, and replayable: anyone at the wires can read a badge and send it again, and a cut wire is noticed only
    when a badge is presented. The badge only says which face to expect; the face is what counts.
    """

    def __init__(self, name: str, lines: "DataLines", lamps: "Lamps", formats: FormatTable, clock: Clock) -> None:
        """Takes `lines` and `lamps` over."""
        self._name = name
        self._lines = lines
        self._lamps = lamps
        self._formats = formats
        self._clock = clock
        self._assembler = Assembler()
        self._rest = Rest()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next badge, key or notice; None if none was complete within `timeout_s`. A badge is stamped with its last
        bit, in the kernel's own time.

        Raises `ReaderError` if the pins cannot be read.
        """
        deadline = self._clock.monotonic() + timeout_s
        while (event := self._next()) is None:
            if self._clock.monotonic() >= deadline or not self._waited(deadline):
                return None
        return event

    def show(self, signal: Signal) -> None:
        """Sets the LED and the buzzer. Raises `ReaderError`."""
        self._lamps.show(signal)

    def close(self) -> None:
        """Switches LED and buzzer off and gives the pins back; harmless when repeated. Raises `ReaderError`."""
        with contextlib.closing(self._lines), _named("switch its LED and buzzer off"):
            self._lamps.close()

    def _next(self) -> ReaderEvent | None:
        self._lines.woken.clear()
        return self._taken() or self._ended() or self._looked()

    def _taken(self) -> ReaderEvent | None:
        """What the edges that have come make complete."""
        if (lost_at := self._lines.lost()) is not None:
            return self._event(self._assembler.lose(min(lost_at, self._clock.monotonic())))
        while (edge := self._lines.next_edge()) is not None:
            self._rest.pulsed(edge.line)
            if event := self._event(self._assembler.take(self._not_in_the_future(edge))):
                return event
        return None

    def _not_in_the_future(self, edge: Edge) -> Edge:
        """A time stamp of another clock could keep a burst open for years."""
        now = self._clock.monotonic()
        return edge if edge.at <= now else replace(edge, at=now)

    def _ended(self) -> ReaderEvent | None:
        """What a silence makes complete."""
        ends_at, now = self._assembler.ends_at, self._clock.monotonic()
        if ends_at is None or now < ends_at - ROUNDING_S:
            return None
        if now > ends_at + LATE_S:
            self._clock.sleep(MOMENT_S)
        if self._lines.are_waiting():
            return self._taken()
        return self._event(self._assembler.end(now))

    def _looked(self) -> ReaderNotice | None:
        """What the lines' levels say of the reader itself."""
        now = self._clock.monotonic()
        if not self._rest.look(self._lines.low(), now):
            return None
        if not self._rest.held:
            return ReaderNotice(Notice.FOUND, now, self._name, "Both data lines rest high again.")
        held = " and ".join(f"data {line}" for line in sorted(self._rest.held))
        return ReaderNotice(Notice.LOST, now, self._name, f"Held low: {held}, by a short or by a reader without power.")

    def _waited(self, deadline: float) -> bool:
        """Waits until something can have happened; False if that was cut short, as when the process is to stop.

        Within a burst there is no point in waking for each bit.
        """
        now, ends_at = self._clock.monotonic(), self._assembler.ends_at
        until = min(deadline, self._rest.looks_at, deadline if ends_at is None else ends_at)
        if ends_at is None:
            self._clock.wait(self._lines.woken, until - now)
        else:
            self._clock.sleep(until - now)
        return self._lines.woken.is_set() or self._clock.monotonic() >= until - ROUNDING_S

    def _event(self, burst: Burst | None) -> BadgeRead | KeyPress | None:
        if burst is None:
            return None
        if burst.fault:
            return self._unreadable(burst, burst.fault)
        if is_key_code(burst.bits):
            return self._key(burst)
        found = decode(burst.bits, self._formats)
        if isinstance(found, Refusal):
            return self._unreadable(burst, f"{found.text} {found.hint}")
        return BadgeRead(found, burst.at, self._name, Security.CLEAR_TEXT, bits=burst.bits)

    def _key(self, burst: Burst) -> BadgeRead | KeyPress:
        if key := key_of(burst.bits):
            return KeyPress(key, burst.at, self._name, len(burst.bits))
        return self._unreadable(burst, "A key other than 0 to 9, * and #.")

    def _unreadable(self, burst: Burst, fault: str) -> BadgeRead:
        """Says nothing of bits that may be a key's: they would give a digit of a PIN away."""
        bits = burst.bits if len(burst.bits) > MIN_BITS else ""
        return BadgeRead(None, burst.at, self._name, Security.CLEAR_TEXT, fault=fault, bits=bits)


class DataLines:
    """Both data lines as inputs that are pulled up, and the edges that came on them.

    Only falling edges are asked for. For both, the kernel's thread reads afterwards whether the line is high or low
    (`edge_irq_thread` in gpiolib-cdev.c), and a pulse of 20 us is over by then: it would be a rising edge or none.
    """

    def __init__(self, data0: Any, data1: Any, clock: Clock) -> None:  # noqa: ANN401 - gpiozero is untyped
        """Takes two `gpiozero.InputDevice`s over, and listens."""
        self._devices = (data0, data1)
        self._clock = clock
        self._edges: deque[Edge] = deque()
        self._lost: deque[float] = deque(maxlen=1)
        self.woken = Wakeup()
        """Set whenever there was an edge; clear it before reading."""
        for device, tell in zip(self._devices, (self._data0_changed, self._data1_changed), strict=True):
            device.pin.edges = "falling"
            device.pin.when_changed = tell

    def next_edge(self) -> Edge | None:
        """The oldest edge that waits."""
        return self._edges.popleft() if self._edges else None

    def are_waiting(self) -> bool:
        """Whether edges wait."""
        return bool(self._edges)

    def lost(self) -> float | None:
        """When the last edge was lost, if any were since the last call. Those that waited before are gone as well,
        because it is unknown which frames are whole.
        """
        if not self._lost:
            return None
        self._edges.clear()
        return self._lost.pop()

    def low(self) -> frozenset[DataLine]:
        """The lines that are low now. Raises `ReaderError`."""
        with _named("read its data lines"):
            return frozenset(line for line in _LINES if self._devices[line].value)

    def close(self) -> None:
        """Gives the pins back; harmless when repeated."""
        for device in self._devices:
            if not device.closed:
                device.pin.when_changed = None
                device.close()

    def _data0_changed(self, ticks: float, state: int) -> None:
        self._changed(0, ticks, state)

    def _data1_changed(self, ticks: float, state: int) -> None:
        self._changed(1, ticks, state)

    def _changed(self, line: DataLine, ticks: float, state: int) -> None:
        """Called by the pins' own thread, `ticks` in seconds on the kernel's monotonic clock. Never waits, never
        raises, and keeps no more than it has room for. Once an edge is lost, all are until `lost` was asked.
        """
        if self._lost or len(self._edges) >= MOST_WAITING:
            self._lost.append(ticks)
        else:
            self._edges.append(Edge(line, ticks, falling=not state, late_s=self._clock.monotonic() - ticks))
        self.woken.set()


class Pattern(NamedTuple):
    """How long LED or buzzer is on and off, seconds, and how many times."""

    sounds: bool
    on_s: float
    off_s: float
    times: int


_PATTERNS = {
    "beep": Pattern(True, 0.2, 0.2, 1),
    "two-beeps": Pattern(True, 0.2, 0.2, 2),
    "slow-blink": Pattern(False, 0.5, 0.5, 3),
    "fast-blink": Pattern(False, 0.1, 0.1, 15),
}
"""Those of an OSDP reader."""


@dataclass(frozen=True, slots=True)
class Lamps:
    """A reader's LED and buzzer, `gpiozero.DigitalOutputDevice`s, as far as they are wired. Only a prompt for a
    direction blinks or beeps, for 3 s at most; all else is levels.

    The LED is lit (green on most readers, whose other color is red) for a grant alone, so that no one mistakes another
    light for one. The buzzer sounds for a denial or an alarm until another signal. `LOOK` shows nothing of its own: a
    Wiegand reader beeps by itself when it has read a card.
    """

    led: Any | None
    buzzer: Any | None
    turn_left: TurnPrompt | None = None
    turn_right: TurnPrompt | None = None

    def show(self, signal: Signal) -> None:
        """Sets both. Raises `ReaderError`."""
        match signal:
            case Signal.READY | Signal.LOOK:
                self._set(lit=False, sounding=False)
            case Signal.TURN_LEFT:
                self._ask(self.turn_left)
            case Signal.TURN_RIGHT:
                self._ask(self.turn_right)
            case Signal.WAITING:
                self._ask("slow-blink")
            case Signal.GRANTED:
                self._set(lit=True, sounding=False)
            case Signal.DENIED | Signal.ALARM:
                self._set(lit=False, sounding=True)
            case _:
                assert_never(signal)

    def close(self) -> None:
        """Switches both off and gives the pins back; harmless when repeated."""
        with contextlib.ExitStack() as stack:
            for device in (self.led, self.buzzer):
                if device and not device.closed:
                    stack.callback(device.close)
                    stack.callback(device.off)

    def _ask(self, prompt: TurnPrompt | None) -> None:
        """Shows a direction by its pattern; without one it is as silent as `LOOK`."""
        self._set(lit=False, sounding=False)
        pattern = _PATTERNS.get(prompt or "")
        device = None if pattern is None else self.buzzer if pattern.sounds else self.led
        if pattern is not None and device is not None:
            with _named("blink its LED or sound its buzzer"):
                device.blink(pattern.on_s, pattern.off_s, pattern.times)

    def _set(self, *, lit: bool, sounding: bool) -> None:
        with _named("set its LED and buzzer"):
            for device, on in ((self.led, lit), (self.buzzer, sounding)):
                if device:
                    device.value = on


def open_reader(settings: ReaderSettings, around: ReaderContext) -> WiegandReader:
    """The reader on the pins that the settings name, in operation.

    Raises `ConfigError` for a missing pin or wrong formats, `ReaderError` for a pin that cannot be taken, and
    `DoorError` if there are no pins at all.
    """
    from gpiozero import DigitalOutputDevice, InputDevice

    formats = formats_for(settings.formats, around.own_formats)
    data0, data1 = (_needed(settings, name) for name in ("data0_pin", "data1_pin"))
    with contextlib.ExitStack() as stack:
        factory = around.pins()

        def claimed(setting: str, pin: int, claim: Callable[[], Any]) -> Any:  # noqa: ANN401 - gpiozero is untyped
            with _named(f"take GPIO {pin}, its `{setting}`"):
                return stack.enter_context(contextlib.closing(claim()))

        def wire(setting: str, pin: int) -> Any:  # noqa: ANN401
            return claimed(setting, pin, lambda: InputDevice(pin, pull_up=True, pin_factory=factory))

        def lamp(setting: str, pin: int | None) -> Any | None:  # noqa: ANN401
            if pin is None:
                return None
            return claimed(setting, pin, lambda: DigitalOutputDevice(pin, active_high=False, pin_factory=factory))

        led, buzzer = lamp("led_pin", settings.led_pin), lamp("buzzer_pin", settings.buzzer_pin)
        lamps = Lamps(led, buzzer, settings.turn_left, settings.turn_right)
        with _named("listen to its data lines"):
            lines = DataLines(wire("data0_pin", data0), wire("data1_pin", data1), around.clock)
        stack.pop_all()
    return WiegandReader(settings.name, lines, lamps, formats, around.clock)


def _needed(settings: ReaderSettings, name: str) -> int:
    pin: int | None = getattr(settings, name)
    if pin is None:
        raise ConfigError(
            f"The Wiegand reader {settings.name!r} has no `{name}`.",
            hint="Set the GPIOs of its green wire (data 0, `data0_pin`) and its white wire (data 1, `data1_pin`) in "
            "the settings.",
        )
    return pin


def _named(what: str) -> contextlib.AbstractContextManager[None]:
    """Turns what a pin library raises into a `ReaderError`."""
    return failures.named(ReaderError, f"The Wiegand reader cannot {what}", hint=_PINS, quoted=True)


_PINS = (
    "Check `data0_pin`, `data1_pin`, `led_pin` and `buzzer_pin` of the reader in the settings, and that nothing else "
    "uses these pins (`gpioinfo`)."
)
