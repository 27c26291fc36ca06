"""A door in operation on fake wires, and memories of its mode that fail or hang."""

import threading
from collections.abc import Callable

from device.clock import SystemClock
from device.door.lasting import Lasting, Mode
from device.door.mode import ModeFile
from device.door.operation import Door
from device.records import (
    Event,
)
from device.settings.tables import DoorSettings
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import FakeDoorIO
from tests.waiting import PATIENCE_S

SETTINGS = DoorSettings(name="main", strike_time_s=3.0, extended_strike_time_s=10.0)


def opened(
    io: FakeDoorIO, clock: SimulatedClock, memory: "ModeFile | Memory | None" = None, settings: DoorSettings = SETTINGS
) -> Door:
    """A door that the simulated clock attends to."""
    door = Door(settings, io, clock, memory)
    clock.attend(door)
    return door


class Memory:
    """`ModeMemory` that can fail, or be slow."""

    def __init__(self, mode: Mode = Mode(), why: str = "") -> None:  # noqa: B008 - frozen
        self.before, self.why = Lasting(mode), why
        self.written: list[Lasting] = []
        self.error: Exception | None = None
        self.before_write: Callable[[], object] = lambda: None

    def read(self) -> tuple[Lasting, str]:
        return self.before, self.why

    def write(self, lasting: Lasting) -> None:
        self.before_write()
        if self.error:
            raise self.error
        self.written.append(lasting)


class Hanging(Memory):
    """A disk that takes as long as the test says."""

    def __init__(self, mode: Mode = Mode()) -> None:  # noqa: B008 - frozen
        super().__init__(mode)
        self.is_writing, self.may_end = threading.Event(), threading.Event()
        self.before_write = self._hang

    def _hang(self) -> None:
        self.is_writing.set()
        self.may_end.wait(PATIENCE_S)


def events(door: Door) -> list[Event]:
    return [notice.event for notice in door.notices()]


class StoppedClock(SystemClock):
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 7.0
