"""Opens the doors of the settings on this board, before anything slow or fallible: relays are secured, inputs heard.

Loads neither camera nor network nor database: a door that was in an evacuation is released again when this has run.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from device.door.interlock import Interlock
from device.door.mode import ModeFile
from device.door.operation import Door
from device.door.securing.driven import remember
from device.door.thread import DoorThread
from device.door.wires.gpio import board_factory, chip_of, open_board_io
from device.ports import Clock
from device.settings.loading import state_dir
from device.settings.prompts import pad_words
from device.settings.tables import DoorSettings, Settings

Beat = Callable[[], float]
"""When a thread last came round, in seconds on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """A door on its wires, and when each thread that it needs last came round."""

    door: Door
    beats: tuple[Beat, ...]
    failure: Callable[[], BaseException | None]
    """What has ended the thread that keeps the door's time; the door is in FAULT then, and hears nothing any more."""


@dataclass(frozen=True, slots=True)
class OpenBoard:
    """All doors, and the pins for readers on GPIO lines. `pins` raises `DoorError`."""

    doors: tuple[OpenDoor, ...]
    pins: Callable[[], Any]


@contextmanager
def open_doors(settings: Settings, clock: Clock) -> Iterator[OpenBoard]:
    """All doors of the settings, in operation until the end; each relay is secured first, and written down
    before, with its chip.

    Raises `DoorError`: without its pins there is no door to look after.
    """
    pins = cache(partial(board_factory, settings.gpio.chip))
    remember(settings.doors, chip_of(pins()), state=state_dir(settings))
    interlock = Interlock() if settings.access.interlock else None
    with ExitStack() as stack:
        opened = tuple(_open(stack, door, settings, pins(), clock, interlock) for door in settings.doors)
        yield OpenBoard(opened, pins)


def _open(  # noqa: PLR0913
    stack: ExitStack,
    settings: DoorSettings,
    everything: Settings,
    factory: Any,  # noqa: ANN401 - gpiozero is untyped
    clock: Clock,
    interlock: Interlock | None,
) -> OpenDoor:
    """With its time from the first moment on: it may begin with an evacuation, and then is never secured meanwhile."""
    memory = ModeFile(state_dir(everything), settings.name)
    released = memory.is_evacuated()
    io = open_board_io(settings, factory, clock, released=released)
    stack.callback(io.close)
    door = stack.enter_context(closing(Door(settings, io, clock, memory, interlock, released=released)))
    door.chip, door.pad = str(chip_of(factory) or ""), pad_words(settings, everything.pad.network)
    time = stack.enter_context(closing(DoorThread(door, clock)))
    return OpenDoor(door, (lambda: time.last_beat, lambda: io.last_beat), lambda: time.failure)
