"""Doors in operation on simulated pins, for the tests of whatever stands above them."""

from device.door.operation import Door
from device.door.wires.gpio import BoardIO, level_of
from device.settings.tables import DoorSettings, Settings
from device.virtual.clock import SimulatedClock
from device.virtual.pins import SimulatedPins


def open_door(settings: Settings, pins: SimulatedPins, clock: SimulatedClock) -> Door:
    """The first door of the settings, to which the clock attends."""
    io = BoardIO(settings.doors[0], pins.factory, clock)
    door = Door(settings.doors[0], io, clock)
    for timed in (io, io.guard, door):
        clock.attend(timed)
    return door


def releases(pins: SimulatedPins, settings: DoorSettings) -> list[tuple[float, float | None]]:
    """When the strike was released and secured again, in seconds on the clock; None if it still is released."""
    found: list[tuple[float, float | None]] = []
    for level in pins.history(settings.pin):
        if level.high == level_of(settings, released=True):
            found.append((level.at, None))
        elif found:
            found[-1] = (found[-1][0], level.at)
    return found
