"""How a virtual world is at a moment, in the words of its page: doors, wires, levels."""

from collections.abc import Iterator

from device.records import DoorInput, DoorOutput, DoorStatus, Line, Signal
from device.simulation.doors import VirtualDoor
from device.simulation.running import Running
from device.virtual.pins import SimulatedPins
from device.web.messages import DoorView, Level, Lock, Wire


def door_view(door: VirtualDoor) -> DoorView:
    """One door as it is drawn. Below a millisecond."""
    status = door.doorway.door.status()
    lines = dict(status.lines)
    return DoorView(
        name=status.door,
        state=status.state,
        lock=_lock(lines.get(DoorInput.STRIKE_FEEDBACK), status),
        is_open=_is_open(lines.get(DoorInput.DPS)),
        signal=_signal(door),
        outputs_on=tuple(sorted(status.outputs.on)),
        inputs=tuple(Wire(name, wire.pin, line=lines.get(name)) for name, wire in door.inputs.items()),
        outputs=(
            Wire("strike", door.settings.pin, is_on=status.outputs.released),
            *(Wire(name, wire.pin, is_on=_is_on(name, status)) for name, wire in door.outputs.items()),
        ),
        troubles=status.troubles,
        mode=door.settings.mode,
        schedule=status.schedule,
    )


def levels_since(running: Running, pins: SimulatedPins, at_s: float) -> tuple[Level, ...]:
    """The levels that strikes and outputs were driven to from then on, the oldest first."""
    found = [level for pin in driven_pins(running) for level in _levels(pins, pin, at_s)]
    return tuple(sorted(found, key=lambda level: (level.at_s, level.pin)))


def driven_pins(running: Running) -> Iterator[int]:
    """The pins of the doors' strikes and outputs."""
    for door in running.doors.values():
        yield door.settings.pin
        yield from (wire.pin for wire in door.outputs.values())


def _levels(pins: SimulatedPins, pin: int, at_s: float) -> Iterator[Level]:
    return (Level(pin, level.at, level.high) for level in pins.history(pin) if level.at >= at_s)


def _lock(feedback: Line | None, status: DoorStatus) -> Lock:
    """As its own contact says, or without a whole one as it is driven."""
    match feedback:
        case Line.ACTIVE:
            return Lock.RELEASED
        case Line.QUIET:
            return Lock.SECURE
        case Line.CUT | Line.SHORT:
            return Lock.UNKNOWN
        case _:
            return Lock.RELEASED if status.outputs.released else Lock.SECURE


def _is_open(line: Line | None) -> bool | None:
    return {Line.ACTIVE: True, Line.QUIET: False}.get(line) if line is not None else None


def _is_on(name: DoorOutput, status: DoorStatus) -> bool:
    return name in status.outputs.on


def _signal(door: VirtualDoor) -> str:
    shown = door.reader.shown[-1] if door.reader.shown else Signal.READY
    return "" if shown is Signal.READY else shown.value
