"""Goes through the wires of a door with an installer: says what to see, hear or do, waits, and asks."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Protocol

from device.commissioning.aftercare import secured_when_killed
from device.commissioning.alone import refuse_in_emergency, service_runs
from device.commissioning.byte_orders import ByteOrders
from device.commissioning.hangup import hangup_interrupts
from device.commissioning.words import STRIKE, input_words, output_words, place_of
from device.credentials import format_badge, is_random
from device.door.securing.driven import remember
from device.door.wires.gpio import BoardIO, board_factory, chip_of
from device.errors import ConfigError, DoorError, ReaderError
from device.ports import Clock
from device.readers.context import ReaderContext
from device.readers.formats import formats_for
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, InputChanged, Line, Outputs, Reason
from device.settings.loading import state_dir
from device.settings.tables import DoorSettings, InputSettings, OutputSettings, ReaderSettings, Settings
from device.wakeup import Wakeup

ON_S = 2.0
PULSE_S = 3.0
ATTEND_S = 0.5
"""How often a released strike is driven again, as its guard wants it."""
_SAYS_NOTHING = "not as it should be"


class Result(StrEnum):
    """What came of a wire."""

    WORKS = "works"
    FAILS = "fails"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Tried:
    """One wire that was tried."""

    door: str
    wire: str
    place: str
    result: Result
    detail: str = ""


class Installer(Protocol):
    """Who is at the door."""

    def say(self, text: str) -> None:
        """Tells them something."""

    def confirm(self, question: str) -> bool:
        """Asks them yes or no."""

    def act(self, wire: InputSettings, line: Line) -> None:
        """What they have been told to do, for hands that are simulated; a person does it by themselves."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Pins and time, real or simulated."""

    factory: Any
    clock: Clock
    start: Callable[[BoardIO], None]
    """Has a door's inputs settle and its guard watch as time passes."""


class Walkthrough:
    """Tries wire after wire. Whatever happens, the strike is secured and everything is off in the end."""

    def __init__(self, bench: Bench, installer: Installer, wait_s: float) -> None:
        self._bench = bench
        self._installer = installer
        self._wait_s = wait_s

    def through(self, door: DoorSettings) -> Iterator[Tried]:
        """All wires of a door, each as soon as it was tried. Raises `DoorError` if a pin cannot be taken."""
        with closing(BoardIO(door, self._bench.factory, self._bench.clock)) as io:
            self._bench.start(io)
            for output in door.outputs:
                yield self._tried(door, output, output.signal, partial(self._output, io, output))
            yield self._tried(door, door, "strike", partial(self._strike, io))
            for wire in door.inputs:
                yield self._tried(door, wire, wire.signal, partial(self._input, io, wire))

    def at_readers(self, door: DoorSettings, settings: Settings, orders: ByteOrders) -> Iterator[Tried]:
        """A badge at each Wiegand reader of a door, whose wires these are too; `orders` knows who is enrolled."""
        around = ReaderContext(self._bench.clock, lambda: self._bench.factory, state_dir(settings), settings.formats)
        for reader in door.readers:
            if reader.kind == "wiegand":
                place = f"GPIO {reader.data0_pin} and {reader.data1_pin}"
                self._installer.say(f"\n{door.name}: reader {reader.name} on {place}")
                try:
                    result, detail = self._presented(reader, around, orders)
                except (ConfigError, DoorError, ReaderError) as error:
                    result, detail = Result.FAILS, error.message
                self._installer.say(f"  {result}{f': {detail}' if detail else ''}")
                yield Tried(door.name, f"reader {reader.name}", place, result, detail)

    def _presented(self, reader: ReaderSettings, around: ReaderContext, orders: ByteOrders) -> tuple[Result, str]:
        """Waits for a badge that the reader's formats take."""
        table = formats_for(reader.formats, around.own_formats)
        self._installer.say(f"  Present an enrolled badge ({self._wait_s:.0f} s)")
        why, deadline = "no badge came", around.clock.monotonic() + self._wait_s
        with closing(open_reader(reader, around)) as opened:
            while (left := deadline - around.clock.monotonic()) > 0:
                read = opened.read(left)
                if isinstance(read, BadgeRead):
                    if suggestion := orders.suggestion(read.bits, table):
                        return Result.FAILS, suggestion
                    if read.credential and not is_random(read.credential):
                        return Result.WORKS, f"badge {format_badge(read.credential)}"
                    why = read.fault or Reason.BADGE_RANDOM.meaning
        return Result.FAILS, why

    def _tried(
        self,
        door: DoorSettings,
        wire: DoorSettings | InputSettings | OutputSettings,
        name: str,
        attempt: Callable[[], tuple[Result, str]],
    ) -> Tried:
        self._installer.say(f"\n{door.name}: {name} on {place_of(wire)}")
        try:
            result, detail = attempt()
        except DoorError as error:
            result, detail = Result.FAILS, error.message
        self._installer.say(f"  {result}{f': {detail}' if detail else ''}")
        return Tried(door.name, name, place_of(wire), result, detail)

    def _output(self, io: BoardIO, output: OutputSettings) -> tuple[Result, str]:
        words = output_words(output.signal)
        self._installer.say(f"  For {ON_S:.0f} s now, {words.expected}")
        try:
            io.drive(Outputs(on=frozenset({output.signal})))
            self._bench.clock.sleep(ON_S)
        finally:
            io.drive(Outputs())
        return self._answered(words.question)

    def _strike(self, io: BoardIO) -> tuple[Result, str]:
        self._installer.say(f"  WARNING: the door can be opened for {PULSE_S:.0f} s. Then, {STRIKE.expected}")
        if not self._installer.confirm("  Is someone at the door, watching it?"):
            return Result.SKIPPED, "no one is watching the door"
        end = self._bench.clock.monotonic() + PULSE_S
        try:
            while (left := end - self._bench.clock.monotonic()) > 0:
                io.drive(Outputs(released=True))
                self._bench.clock.sleep(min(left, ATTEND_S))
        finally:
            io.drive(Outputs())
        return self._answered(STRIKE.question)

    def _answered(self, question: str) -> tuple[Result, str]:
        return (Result.WORKS, "") if self._installer.confirm(f"  {question}") else (Result.FAILS, _SAYS_NOTHING)

    def _input(self, io: BoardIO, wire: InputSettings) -> tuple[Result, str]:
        words, line = input_words(wire.signal), io.lines()[wire.signal]
        if line.is_fault:
            return Result.FAILS, f"the wire says {line}: look at the cable, its resistors and the converter"
        steps = [(words.do, Line.ACTIVE), (words.undo, Line.QUIET)]
        for told, wanted in steps if line is Line.QUIET else [steps[1], *steps]:
            self._installer.say(f"  It says {io.lines()[wire.signal]}. {told} ({self._wait_s:.0f} s)")
            if not self._has_become(io, wire, wanted):
                return Result.FAILS, f"it still says {io.lines()[wire.signal]}, expected {wanted}"
        return Result.WORKS, ""

    def _has_become(self, io: BoardIO, wire: InputSettings, wanted: Line) -> bool:
        become = Wakeup()

        def tell(changed: InputChanged) -> None:
            if (changed.input, changed.line) == (wire.signal, wanted):
                become.set()

        io.watch(tell)
        if io.lines()[wire.signal] is wanted:
            return True
        self._installer.act(wire, wanted)
        return self._bench.clock.wait(become, self._wait_s)


@contextmanager
def board_bench(settings: Settings) -> Iterator[Bench]:
    """The pins of this board; what is going to be driven is written down first. Raises `DoorError`."""
    from device.clock import SystemClock

    refuse_beside_service()
    refuse_in_emergency(settings)
    factory = board_factory(settings.gpio.chip)
    remember(settings.doors, chip_of(factory))
    with closing(factory), secured_when_killed(settings.doors, chip_of(factory)), hangup_interrupts():
        yield Bench(factory, SystemClock(), BoardIO.run)


def refuse_beside_service() -> None:
    """Raises `DoorError` if the service runs."""
    if service_runs():
        raise DoorError("The service is running and holds the pins.", hint="Stop it first: sudo systemctl stop lintel")
