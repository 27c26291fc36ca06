"""What the door's tests share: a controller on a bench, wires that are fake, and every event there is."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from device.door.controller import Controller, deadline, new_controller, outputs
from device.door.lasting import Mode
from device.door.notices import notices
from device.door.rules import step
from device.errors import DoorError
from device.ports import Clock
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorNotice,
    DoorOutput,
    DoorState,
    DriveFailed,
    DriveMended,
    Event,
    Granted,
    InputChanged,
    Line,
    NeighborsChanged,
    Outputs,
    ScheduleChanged,
    Tick,
)
from device.settings.tables import DoorSettings

ALL_WIRED = frozenset(DoorInput)
SETTINGS = DoorSettings(
    strike_time_s=3.0, extended_strike_time_s=10.0, held_open_time_s=30.0, pre_alarm_s=10.0, relock="open", rex="shunt"
)
WINDOW = "2026-06-01T06:00:00+00:00/2026-06-01T16:00:00+00:00"
EVENTS: tuple[DoorEvent, ...] = (
    *itertools.starmap(Granted, itertools.product((False, True), (False, True))),
    *(Commanded(command) for command in DoorCommand),
    Commanded(DoorCommand.RELEASE, for_s=600.0),
    *(ScheduleChanged(unlocked) for unlocked in (False, True)),
    ScheduleChanged(unlocked=True, window=WINDOW),
    ScheduleChanged(unlocked=True, window=WINDOW, awaits=True),
    ScheduleChanged(unlocked=False, locked=True),
    *(NeighborsChanged(free) for free in (False, True)),
    Granted(leads=True),
    *itertools.starmap(InputChanged, itertools.product(DoorInput, Line)),
    DriveFailed("it does not answer"),
    DriveMended(),
    Tick(),
)
"""One of each event that can be told apart."""


class Bench:
    """A controller in somebody's hands: tell it things, let time pass, look at it."""

    def __init__(
        self,
        settings: DoorSettings = SETTINGS,
        wired: frozenset[DoorInput] = ALL_WIRED,
        mode: Mode = Mode(),  # noqa: B008 - frozen
        now: float = 1000.0,
        **changed: Any,
    ) -> None:
        self.settings = DoorSettings(**{**{f: getattr(settings, f) for f in settings.__struct_fields__}, **changed})
        self.wired = wired
        self.now = now
        self.door = new_controller(mode, now)
        self.notices: list[DoorNotice] = []
        for wire in sorted(wired):
            self.sense(wire, Line.QUIET)

    def tell(self, event: DoorEvent) -> "Bench":
        before = self.door
        self.door = step(self.settings, self.wired, before, event, self.now)
        self.notices.extend(notices(before, self.door, event))
        return self

    def wait(self, seconds: float) -> "Bench":
        """Lets time pass, ticking whenever it matters, as a clock does that attends to the door."""
        end = self.now + seconds
        while (due := self.deadline) is not None and due <= end:
            self.now = due
            self.tell(Tick())
        self.now = end
        return self.tell(Tick())

    def sense(self, wire: DoorInput, line: Line) -> "Bench":
        return self.tell(InputChanged(wire, line))

    def press(self, wire: DoorInput) -> "Bench":
        """Active and quiet again in the same instant."""
        return self.sense(wire, Line.ACTIVE).sense(wire, Line.QUIET)

    def open(self) -> "Bench":
        return self.sense(DoorInput.DPS, Line.ACTIVE)

    def shut(self) -> "Bench":
        return self.sense(DoorInput.DPS, Line.QUIET)

    def grant(self, *, extended: bool = False) -> "Bench":
        return self.tell(Granted(extended))

    def let_out(self, *, extended: bool = False) -> "Bench":
        return self.tell(Granted(extended, egress=True))

    def command(self, command: DoorCommand, for_s: float = 0.0) -> "Bench":
        return self.tell(Commanded(command, for_s))

    @property
    def state(self) -> DoorState:
        return self.door.state

    @property
    def released(self) -> bool:
        return outputs(self.settings, self.door).released

    @property
    def on(self) -> frozenset[DoorOutput]:
        return outputs(self.settings, self.door).on

    @property
    def siren(self) -> bool:
        return DoorOutput.SIREN in self.on

    @property
    def buzzer(self) -> bool:
        return DoorOutput.BUZZER in self.on

    @property
    def shunt(self) -> bool:
        return DoorOutput.SHUNT in self.on

    @property
    def deadline(self) -> float | None:
        return deadline(self.settings, self.door)

    def told(self) -> list[tuple[Event, str]]:
        """What was told since the last time, without the times."""
        taken, self.notices = [(notice.event, notice.detail) for notice in self.notices], []
        return taken


def timeless(door: Controller) -> Controller:
    """The same door, wherever its clock stands."""
    return replace(door, at=0.0, since=0.0)


def _nobody_watches(event: InputChanged) -> None:
    raise AssertionError(event)


class FakeDoorIO:
    """`DoorIO` that writes down what is driven and when, whose wires are told by hand, and that can fail."""

    def __init__(self, clock: Clock, lines: dict[DoorInput, Line] | None = None) -> None:
        self.clock = clock
        self.wires = dict.fromkeys(DoorInput, Line.QUIET) if lines is None else dict(lines)
        self.driven: list[tuple[float, Outputs]] = []
        self.closed = 0
        self.fails: Callable[[Outputs], bool] = lambda _outputs: False
        """Whether driving these outputs fails."""
        self.error: BaseException = DoorError("The fake relay does not answer.", hint="Mend it.")
        self.hangs: threading.Event | None = None
        """An event that driving waits for, if any."""
        self.before_drive: Callable[[Outputs], object] = lambda _outputs: None
        self.on_drive: Callable[[Outputs], object] = lambda _outputs: None
        """Called in the thread that drives, before the outputs change and after they have."""
        self.cannot_read = False
        self.tell: Callable[[InputChanged], object] = _nobody_watches
        self._lock = threading.Lock()

    def drive(self, outputs: Outputs) -> None:
        if self.hangs:
            self.hangs.wait(10)
        self.before_drive(outputs)
        with self._lock:
            self.driven.append((self.clock.monotonic(), outputs))
        if self.fails(outputs):
            raise self.error
        self.on_drive(outputs)

    def lines(self) -> dict[DoorInput, Line]:
        if self.cannot_read:
            raise self.error
        return dict(self.wires)

    def watch(self, tell: Callable[[InputChanged], object]) -> None:
        self.tell = tell

    def close(self) -> None:
        if not (self.driven and self.driven[-1][1].stays):
            self.drive(Outputs())
        self.closed += 1

    def change(self, wire: DoorInput, line: Line) -> None:
        """A wire says something else, in the thread that calls this."""
        self.wires[wire] = line
        self.tell(InputChanged(wire, line))

    def strike(self) -> list[tuple[float, bool]]:
        """The strike's changes as (seconds, released)."""
        changes: list[tuple[float, bool]] = []
        for at, driven in self.driven:
            if not changes or changes[-1][1] != driven.released:
                changes.append((at, driven.released))
        return changes


GRACE_S = 1.0


DAMAGE = (Line.CUT, Line.SHORT)


LOCKED, RELEASED, OPEN, HELD_OPEN, FORCED, FAULT, LOCKDOWN, EVACUATION = DoorState


def in_state(state: DoorState, **settings: Any) -> Bench:
    """A door in a state, in the simplest way."""
    bench = Bench(**settings)
    match state:
        case DoorState.LOCKED:
            pass
        case DoorState.RELEASED:
            bench.grant()
        case DoorState.OPEN:
            bench.grant().open()
        case DoorState.HELD_OPEN:
            bench.grant().open().wait(30)
        case DoorState.FORCED:
            bench.open()
        case DoorState.FAULT:
            bench.tell(DriveFailed("it does not answer"))
        case DoorState.LOCKDOWN:
            bench.command(DoorCommand.LOCKDOWN)
        case DoorState.EVACUATION:
            bench.command(DoorCommand.EVACUATE)
    assert bench.state is state
    bench.told()
    return bench
