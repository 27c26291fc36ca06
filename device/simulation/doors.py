"""Doors of a virtual world: the real ones' code on simulated pins, with every wire that a door can have."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from device.access import Doorway
from device.config import DoorSettings, InputSettings, OutputSettings, ReaderSettings, Settings, used_pins
from device.credentials import parse_badge
from device.door.interlock import Interlock
from device.door.operation import Door
from device.door.wires.gpio import BoardIO, level_of
from device.errors import ConfigError, CredentialError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.presentations import Presentations
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, Credential, DoorInput, DoorOutput, Line, ReaderEvent
from device.simulation.scenario import Happening
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.wiegand import WiegandWires, flipped, frame
from device.vision.faces import FaceAnalyzer

ALL_PINS = frozenset(range(28))
SPI_PINS = frozenset({7, 8, 9, 10, 11})
"""Those of an MCP3008, for supervised wires."""
CHANNELS = 8
SUPERVISED = (DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.FIRE, DoorInput.LOCKDOWN)
"""The inputs that are worth their end-of-line resistors: a cut wire of these can be told from a quiet one."""


@dataclass(frozen=True, slots=True)
class VirtualWorld:
    """What all doors of a virtual world share."""

    clock: SimulatedClock
    pins: SimulatedPins
    camera: SimulatedCamera
    store: Store
    analyzer: FaceAnalyzer
    reader_of: Callable[[SimulatedClock], SimulatedReader] = SimulatedReader
    """What makes a door's reader; another one may have real ones behind it."""


class VirtualDoor:
    """A door in operation: two readers at it, one of which reads wires, and a lock that does what its relay does."""

    def __init__(
        self,
        stack: ExitStack,
        settings: DoorSettings,
        wired: Settings,
        world: VirtualWorld,
        interlock: Interlock | None,
    ) -> None:
        """Takes its pins, which `stack` gives back."""
        self.settings = settings
        self.inputs = {part.signal: part for part in wired.inputs if part.door == settings.name}
        self.outputs = {part.signal: part for part in wired.outputs if part.door == settings.name}
        self._clock, self._pins = world.clock, world.pins
        for wire in self.inputs.values():
            self._pins.set_line(wire, Line.QUIET)
        io = BoardIO(settings, wired.inputs, wired.outputs, world.pins.factory, world.clock)
        door = stack.enter_context(closing(Door(settings, io, world.clock, interlock=interlock)))
        for timed in (io, io.guard, door):
            world.clock.attend(timed)
        self.doorway = Doorway(world.camera, door, world.store, world.analyzer, world.clock)
        self.reader = world.reader_of(world.clock)
        wires = next(reader for reader in wired.readers if reader.door == settings.name)
        around = ReaderContext(world.clock, lambda: world.pins.factory, Path(), wired.formats)
        self._wired_reader: Reader = stack.enter_context(closing(open_reader(wires, around)))
        self._wires = WiegandWires(world.pins.factory, wires.data0_pin or 0, wires.data1_pin or 0)
        self._presentations = {reader: Presentations(wires.hold_time_s) for reader in self._readers}
        self._lock_follows = True

    def events(self) -> Iterator[ReaderEvent]:
        """What both readers have to give now; one presentation of a badge comes once."""
        self._move_lock()
        for reader in self._readers:
            while event := reader.read(0.0):
                if not isinstance(event, BadgeRead) or self._presentations[reader].begins(event):
                    yield event

    def take_badges_away(self) -> None:
        """Whatever is presented from now on is presented again."""
        for presentations in self._presentations.values():
            presentations.removed()

    @property
    def _readers(self) -> tuple[Reader, Reader]:
        return self.reader, self._wired_reader

    def present(self, written: str, *, via: Literal["reader", "wiegand"], flip: tuple[int, ...]) -> None:
        """Lays a badge on a reader: as it is, or as bits on two wires, some of which may be flipped."""
        if via == "reader":
            self.reader.present(_credential(written))
        else:
            self._wires.schedule(frame(flipped(encode(parse_badge(written)), *flip)), self._clock)

    def happen(self, what: Happening) -> None:
        """Does to the door what a scenario says. A lock whose feedback it has touched follows its relay no more."""
        if what.input:
            self._lock_follows &= what.input is not DoorInput.STRIKE_FEEDBACK
            self._pins.set_line(self.inputs[what.input], what.line)
        if what.command:
            self.doorway.door.command(what.command)
        if what.reader:
            self.reader.notice(what.reader)
        if what.relay:
            change = self._pins.broken_pins.add if what.relay == "broken" else self._pins.broken_pins.discard
            change(self.settings.pin)

    def mend_lock(self) -> None:
        """Has the lock follow its relay again."""
        self._lock_follows = True

    def _move_lock(self) -> None:
        if self._lock_follows:
            driven = self._pins.history(self.settings.pin)[-1].high
            is_released = driven == level_of(self.settings, released=True)
            self._pins.set_line(self.inputs[DoorInput.STRIKE_FEEDBACK], Line.ACTIVE if is_released else Line.QUIET)


@contextmanager
def virtual_doors(settings: Settings, world: VirtualWorld) -> Iterator[dict[str, VirtualDoor]]:
    """The doors of the settings, by name, in operation until the end. Raises `ConfigError` for too few pins."""
    wired = fully_wired(settings)
    with ExitStack() as stack:
        interlock = Interlock() if settings.access.interlock else None
        doors = {door.name: VirtualDoor(stack, door, wired, world, interlock) for door in wired.doors}
        stack.callback(world.pins.broken_pins.clear)  # the end of the world is not to be refused by a broken pin
        yield doors


def fully_wired(settings: Settings) -> Settings:
    """The same doors, with a pin for each input and output that they have none for, and a Wiegand reader each.

    Raises `ConfigError` if the board has too few pins for that.
    """
    doors = msgspec.structs.replace(settings, reader=ReaderSettings(door=settings.door.name), more_readers=())
    pins = iter(sorted(ALL_PINS - SPI_PINS - {pin for pin, _ in used_pins(doors)}))
    channels = iter(sorted(set(range(CHANNELS)) - {part.channel for part in settings.inputs}))
    try:
        readers = [_wiegand(settings, door.name, pins) for door in doors.doors]
        inputs = [_input(settings, door.name, signal, pins, channels) for door in doors.doors for signal in DoorInput]
        outputs = [_output(settings, door.name, signal, pins) for door in doors.doors for signal in DoorOutput]
    except StopIteration:
        raise ConfigError(
            f"{len(doors.doors)} doors with every wire that they can have need more than {len(ALL_PINS)} pins.",
            hint="Simulate fewer doors at a time.",
        ) from None
    return msgspec.structs.replace(
        doors, reader=readers[0], more_readers=tuple(readers[1:]), inputs=tuple(inputs), outputs=tuple(outputs)
    )


def _wiegand(settings: Settings, door: str, pins: Iterator[int]) -> ReaderSettings:
    known = (reader.hold_time_s for reader in settings.readers if reader.door == door)
    return ReaderSettings(
        name=f"{door}-wiegand",
        door=door,
        kind="wiegand",
        data0_pin=next(pins),
        data1_pin=next(pins),
        hold_time_s=next(known, ReaderSettings().hold_time_s),
    )


def _input(
    settings: Settings, door: str, signal: DoorInput, pins: Iterator[int], channels: Iterator[int]
) -> InputSettings:
    known = (part for part in settings.inputs if (part.door, part.signal) == (door, signal))
    if (wire := next(known, None)) is not None:
        return wire
    if signal in SUPERVISED:
        return InputSettings(door=door, signal=signal, channel=next(channels))
    return InputSettings(door=door, signal=signal, pin=next(pins))


def _output(settings: Settings, door: str, signal: DoorOutput, pins: Iterator[int]) -> OutputSettings:
    known = (part for part in settings.outputs if (part.door, part.signal) == (door, signal))
    return next(known, None) or OutputSettings(door=door, signal=signal, pin=next(pins))


def _credential(written: str) -> Credential | None:
    """What the virtual reader makes of a badge: None if it is in no known format."""
    try:
        return parse_badge(written)
    except CredentialError:
        return None
