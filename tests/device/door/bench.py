"""What the door's tests share: a controller on a bench, wires that are fake, and every event there is."""

import itertools
import threading
from dataclasses import replace

from device.config import DoorSettings
from device.door.controller import deadline, new_controller, outputs
from device.door.lasting import Mode
from device.door.notices import notices
from device.door.rules import step
from device.errors import DoorError
from device.records import (
    Commanded,
    DoorCommand,
    DoorInput,
    DoorOutput,
    DriveFailed,
    DriveMended,
    Granted,
    InputChanged,
    Line,
    Outputs,
    ScheduleChanged,
    Tick,
)

ALL_WIRED = frozenset(DoorInput)
SETTINGS = DoorSettings(
    strike_time_s=3.0, extended_strike_time_s=10.0, held_open_time_s=30.0, pre_alarm_s=10.0, relock="open", rex="shunt"
)
EVENTS = (
    *itertools.starmap(Granted, itertools.product((False, True), (False, True))),
    *(Commanded(command) for command in DoorCommand),
    *(ScheduleChanged(unlocked) for unlocked in (False, True)),
    *itertools.starmap(InputChanged, itertools.product(DoorInput, Line)),
    DriveFailed("it does not answer"),
    DriveMended(),
    Tick(),
)
"""One of each event that can be told apart."""


class Bench:
    """A controller in somebody's hands: tell it things, let time pass, look at it."""

    def __init__(self, settings=SETTINGS, wired=ALL_WIRED, mode=Mode(), now=1000.0, **changed):  # noqa: B008 - frozen
        self.settings = DoorSettings(**{**{f: getattr(settings, f) for f in settings.__struct_fields__}, **changed})
        self.wired = wired
        self.now = now
        self.door = new_controller(mode, now)
        self.notices = []
        for wire in sorted(wired):
            self.sense(wire, Line.QUIET)

    def tell(self, event):
        before = self.door
        self.door = step(self.settings, self.wired, before, event, self.now)
        self.notices.extend(notices(before, self.door, event))
        return self

    def wait(self, seconds):
        """Lets time pass, ticking whenever it matters, as a clock does that attends to the door."""
        end = self.now + seconds
        while (due := self.deadline) is not None and due <= end:
            self.now = due
            self.tell(Tick())
        self.now = end
        return self.tell(Tick())

    def sense(self, wire, line):
        return self.tell(InputChanged(wire, line))

    def press(self, wire):
        """Active and quiet again in the same instant."""
        return self.sense(wire, Line.ACTIVE).sense(wire, Line.QUIET)

    def open(self):
        return self.sense(DoorInput.DPS, Line.ACTIVE)

    def shut(self):
        return self.sense(DoorInput.DPS, Line.QUIET)

    def grant(self, *, extended=False):
        return self.tell(Granted(extended))

    def let_out(self, *, extended=False):
        return self.tell(Granted(extended, egress=True))

    def command(self, command):
        return self.tell(Commanded(command))

    @property
    def state(self):
        return self.door.state

    @property
    def released(self):
        return outputs(self.settings, self.door).released

    @property
    def on(self):
        return outputs(self.settings, self.door).on

    @property
    def siren(self):
        return DoorOutput.SIREN in self.on

    @property
    def buzzer(self):
        return DoorOutput.BUZZER in self.on

    @property
    def shunt(self):
        return DoorOutput.SHUNT in self.on

    @property
    def deadline(self):
        return deadline(self.settings, self.door)

    def told(self):
        """What was told since the last time, without the times."""
        taken, self.notices = [(notice.event, notice.detail) for notice in self.notices], []
        return taken


def timeless(door):
    """The same door, wherever its clock stands."""
    return replace(door, at=0.0, since=0.0)


class FakeDoorIO:
    """`DoorIO` that writes down what is driven and when, whose wires are told by hand, and that can fail."""

    def __init__(self, clock, lines=None):
        self.clock = clock
        self.wires = dict.fromkeys(DoorInput, Line.QUIET) if lines is None else dict(lines)
        self.driven = []
        self.closed = 0
        self.fails = lambda _outputs: False
        """Whether driving these outputs fails."""
        self.error = DoorError("The fake relay does not answer.", hint="Mend it.")
        self.hangs = None
        """An event that driving waits for, if any."""
        self.before_drive = self.on_drive = lambda _outputs: None
        """Called in the thread that drives, before the outputs change and after they have."""
        self.cannot_read = False
        self.tell = None
        self._lock = threading.Lock()

    def drive(self, outputs):
        if self.hangs:
            self.hangs.wait(10)
        self.before_drive(outputs)
        with self._lock:
            self.driven.append((self.clock.monotonic(), outputs))
        if self.fails(outputs):
            raise self.error
        self.on_drive(outputs)

    def lines(self):
        if self.cannot_read:
            raise self.error
        return dict(self.wires)

    def watch(self, tell):
        self.tell = tell

    def close(self):
        if not (self.driven and self.driven[-1][1].stays):
            self.drive(Outputs())
        self.closed += 1

    def change(self, wire, line):
        """A wire says something else, in the thread that calls this."""
        self.wires[wire] = line
        self.tell(InputChanged(wire, line))

    def strike(self):
        """The strike's changes as (seconds, released)."""
        changes = []
        for at, driven in self.driven:
            if not changes or changes[-1][1] != driven.released:
                changes.append((at, driven.released))
        return changes
