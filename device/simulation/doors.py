"""Doors of a virtual world: the real ones' code on simulated pins, with every wire that a door can have."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from device.clock_watch import ClockWatch
from device.credentials import parse_badge
from device.door.interlock import Interlock
from device.door.operation import Door
from device.door.wires.gpio import BoardIO, level_of
from device.door_pads import DoorPad, needs_network, open_network, pad_at
from device.door_rules import DoorRules
from device.doorway import Doorway, drawn
from device.errors import ConfigError, CredentialError
from device.pin_checking import PinChecksInTurn
from device.policy.turn import Direction
from device.ports import Reader
from device.readers.cards.card_formats import BUILT_IN
from device.readers.context import ReaderContext
from device.readers.formats import encode, formats_for
from device.readers.presentations import Presentations
from device.readers.wiegand.frames import KEYS
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, Credential, DoorInput, DoorOutput, Line, PadMode, ReaderEvent, Signal
from device.settings.pins import SPI_PINS, used_pins
from device.settings.prompts import LAMPS, pad_of
from device.settings.tables import DoorSettings, InputSettings, OutputSettings, ReaderSettings, Settings
from device.simulation.scenario import Happening
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.scene import Side
from device.virtual.wiegand import WiegandWires, flipped, frame
from device.vision.attack.scene import Scene as EmptyView
from device.vision.faces import FaceAnalyzer, look_for_attacks

_SIDES = {Signal.TURN_LEFT: Side.LEFT, Signal.TURN_RIGHT: Side.RIGHT}

ALL_PINS = frozenset(range(28))
CHANNELS = 8
SUPERVISED = (DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.FIRE, DoorInput.LOCKDOWN)
"""The inputs that are worth their end-of-line resistors: with them, a cut wire differs from a quiet one."""


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
    scene: EmptyView | None = None
    """What the doors learned of the view while no one was there."""
    draw: Callable[[], Direction] = drawn
    """To which side a person has to turn the head next."""
    clock_watch: ClockWatch | None = None
    """Says whether the time of day is trusted; without one it is."""


class VirtualDoor:
    """A door in operation: two readers at it, one of which reads wires, and a lock that does what its relay does."""

    def __init__(
        self,
        stack: ExitStack,
        settings: DoorSettings,
        world: VirtualWorld,
        interlock: Interlock | None,
        whole: Settings,
    ) -> None:
        """Takes the pins of a fully wired door, which `stack` gives back."""
        self.settings = settings
        self.inputs = {part.signal: part for part in settings.inputs}
        self.outputs = {part.signal: part for part in settings.outputs}
        self._clock, self._pins, self._camera = world.clock, world.pins, world.camera
        for wire in self.inputs.values():
            self._pins.set_line(wire, Line.QUIET)
        io = BoardIO(settings, world.pins.factory, world.clock)
        door = stack.enter_context(closing(Door(settings, io, world.clock, interlock=interlock)))
        for timed in (io, io.guard, door):
            world.clock.attend(timed)
        (wires,) = settings.readers
        made_for = pad_at(whole, settings, screen=True)
        self.reader = world.reader_of(world.clock)
        self.reader.seen_by = self._asked
        self.doorway = Doorway(
            world.camera,
            door,
            world.store,
            _looking(world, whole, settings, made_for),
            world.clock,
            pad=made_for.pad,
            scenes=dict.fromkeys((self.reader.name, wires.name), lambda: world.scene),
            draw=world.draw,
            pins=PinChecksInTurn(world.store),
            rules=DoorRules(world.store, settings),
            clock_watch=world.clock_watch,
        )
        around = ReaderContext(world.clock, lambda: world.pins.factory, Path(), whole.formats)
        self._formats = (*formats_for(wires.formats, whole.formats).formats, *BUILT_IN)
        self._wired_reader: Reader = stack.enter_context(closing(open_reader(wires, around)))
        self._wires = WiegandWires(world.pins.factory, wires.data0_pin or 0, wires.data1_pin or 0)
        self._presentations = {reader: Presentations(wires.hold_time_s) for reader in self._readers}
        self._lock_follows = True

    def _asked(self, signal: Signal) -> None:
        """A person turns the head, and an attacker what is held up, to the side that the reader shows."""
        if side := _SIDES.get(signal):
            self._camera.ask(side)

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
            self._wires.schedule(frame(flipped(encode(parse_badge(written), self._formats), *flip)), self._clock)

    def type(self, key: str, *, via: Literal["reader", "wiegand"]) -> None:
        """Types a key on a reader's pad: as it is, or as a burst of 4 bits on two wires."""
        if via == "reader":
            self.reader.press(key)
        else:
            self._wires.schedule(frame(f"{KEYS.index(key):04b}"), self._clock)

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
        doors = {door.name: VirtualDoor(stack, door, world, interlock, wired) for door in wired.doors}
        stack.callback(world.pins.broken_pins.clear)  # the end of the world is not to be refused by a broken pin
        yield doors


def with_pad(settings: Settings, mode: PadMode | None) -> Settings:
    """With the same presentation attack detection at all doors; None leaves each its own."""
    if mode is None:
        return settings
    doors = tuple([msgspec.structs.replace(door, pad=mode) for door in settings.doors])
    return msgspec.structs.replace(settings, doors=doors)


def fully_wired(settings: Settings) -> Settings:
    """The same doors, with a pin for each input and output that they have none for, and a Wiegand reader each.

    Raises `ConfigError` if the board has too few pins for that.
    """
    modes = [pad_of(door) for door in settings.doors]  # with all wires each door could ask for a turn
    unread = tuple(msgspec.structs.replace(door, readers=()) for door in settings.doors)
    used = {one.pin for one in used_pins(msgspec.structs.replace(settings, doors=unread))}
    channels = set(range(CHANNELS)) - {part.channel for door in settings.doors for part in door.inputs}
    free = _Free(iter(sorted(ALL_PINS - set(SPI_PINS) - used)), iter(sorted(channels)))
    try:
        wired = [free.wired(door) for door in settings.doors]
    except StopIteration:
        raise ConfigError(
            f"{len(settings.doors)} doors with every wire that they can have need more than {len(ALL_PINS)} pins.",
            hint="Simulate fewer doors at a time.",
        ) from None
    doors = [msgspec.structs.replace(door, pad=mode) for door, mode in zip(wired, modes, strict=True)]
    return msgspec.structs.replace(settings, doors=tuple(doors))


@dataclass(frozen=True, slots=True)
class _Free:
    """Pins and channels that nothing uses yet; each is given once."""

    pins: Iterator[int]
    channels: Iterator[int]

    def wired(self, door: DoorSettings) -> DoorSettings:
        """Raises `StopIteration` when there are too few. A screen asks for turns, so it needs no lamps for that."""
        unwired = {*LAMPS, DoorOutput.DURESS} - {one.signal for one in door.outputs}
        return msgspec.structs.replace(
            door,
            readers=(self._wiegand(door),),
            inputs=tuple([self._input(door, signal) for signal in DoorInput]),
            outputs=tuple([self._output(door, signal) for signal in DoorOutput if signal not in unwired]),
        )

    def _wiegand(self, door: DoorSettings) -> ReaderSettings:
        return ReaderSettings(
            name=f"{door.name}-wiegand",
            kind="wiegand",
            data0_pin=next(self.pins),
            data1_pin=next(self.pins),
            hold_time_s=door.readers[0].hold_time_s,
        )

    def _input(self, door: DoorSettings, signal: DoorInput) -> InputSettings:
        for wire in door.inputs:
            if wire.signal is signal:
                return wire
        if signal in SUPERVISED:
            return InputSettings(signal=signal, channel=next(self.channels))
        return InputSettings(signal=signal, pin=next(self.pins))

    def _output(self, door: DoorSettings, signal: DoorOutput) -> OutputSettings:
        for wire in door.outputs:
            if wire.signal is signal:
                return wire
        return OutputSettings(signal=signal, pin=next(self.pins))


def _looking(world: VirtualWorld, settings: Settings, door: DoorSettings, made_for: DoorPad) -> FaceAnalyzer:
    """What a door looks with. Raises `ModelError` if the settings name a network that is missing."""
    analyzer = world.analyzer.at_target(door.target_fmr)
    if made_for.pad.mode is PadMode.OFF:
        return analyzer
    return look_for_attacks(analyzer, open_network(settings, made_for) if needs_network(settings, door) else None)


def _credential(written: str) -> Credential | None:
    """What the virtual reader makes of a badge: None if it is in no known format."""
    try:
        return parse_badge(written)
    except CredentialError:
        return None
