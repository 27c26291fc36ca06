"""What a door must never do, told from the events alone: an oracle beside the controller."""

import math
from dataclasses import dataclass, field, replace

from device.door.controller import Times
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DriveFailed,
    DriveMended,
    Granted,
    InputChanged,
    Line,
    NeighborsChanged,
    ScheduleChanged,
)
from device.settings.tables import DoorSettings

EXIT_HELD_S = 60.0
GRACE_S = 1.0
SLACK_S = 1e-5


@dataclass
class Permit:
    """Something that may release the strike, or be the cause of an opening, for so long since it happened."""

    began_at: float
    lasts_s: float
    moved_s: float = field(default=0.0)
    """How far the clock has gone on since then, backward moves not counted against anything."""

    def holds(self, now: float, *, slack_s: float = 0.0) -> bool:
        in_time = abs(now - self.began_at) < self.lasts_s + slack_s
        return in_time and self.moved_s < self.lasts_s + slack_s


class Oracle:
    """What must not be, told from the events alone."""

    def __init__(self, limits: Times, door: DoorSettings, wired: frozenset[DoorInput]) -> None:
        self.limits, self.settings, self.wired = limits, door, wired
        self.now = 0.0
        self.permits: list[Permit] = []
        self.causes: list[Permit] = []
        self.ways_out: list[Permit] = []
        """Permits that hold in every state."""
        self.lines: dict[DoorInput, Line] = {}
        self.dps: bool | None = None
        self.held: list[Permit] = []
        """Releases of an operator for a time: no opening ends them."""
        self.said = ScheduleChanged(unlocked=False)
        self.secured = self.led = ""
        self.leading = self.held_back = False
        self.fire = self.evacuated = self.locked_down = self.switched = self.failed = False
        self.rex_held: Permit | None = None
        self.is_unlocked = False
        """Whether the lock has said unlocked for too long: the one thing that the door is asked for."""

    def moved(self, now: float) -> None:
        gone_s = now - self.now
        for permit in (
            *self.permits,
            *self.held,
            *self.ways_out,
            *self.causes,
            *([self.rex_held] if self.rex_held else []),
        ):
            permit.moved_s += gone_s if gone_s > 0 else 0.0
        if math.isfinite(now):
            self.now = now
        if not math.isfinite(gone_s):
            self.permits, self.held, self.ways_out, self.causes, self.rex_held = [], [], [], [], None

    def heard(self, event: DoorEvent) -> None:
        match event:
            case Granted():
                self._granted(event)
            case Commanded():
                self._commanded(event)
            case ScheduleChanged():
                self._scheduled(event)
            case NeighborsChanged():
                self.held_back = not event.free
            case DriveFailed() | DriveMended():
                self.failed = isinstance(event, DriveFailed)
            case InputChanged():
                if event.input in self.wired and self.lines.get(event.input) is not event.line:
                    self._sensed(event.input, event.line, self.lines.get(event.input))
        if self.forbids or self.is_evacuation:
            self.held = []
        if self.forbids:
            self.permits = []

    def _scheduled(self, event: ScheduleChanged) -> None:
        if event.locked and not self.said.locked:
            self.permits, self.held = [], []
        self.said = event

    def _granted(self, event: Granted) -> None:
        """Without a switch that says when the door opens, it counts as opened."""
        lasts_s = self.limits.extended_strike_time_s if event.extended else self.limits.strike_time_s
        self._permit(lasts_s, self.ways_out if event.egress else self.permits)
        self.leading = self.leading or event.leads
        if event.leads and self.dps is None:
            self._led()

    def _led(self) -> None:
        if self.leading and self.said.awaits:
            self.led, self.secured = self.said.window, ""
        self.leading = False

    def _commanded(self, event: Commanded) -> None:
        match event.command:
            case DoorCommand.RELEASE if event.for_s > 0:
                self.held.append(Permit(self.now, event.for_s))
            case DoorCommand.RELEASE:
                self._permit(self.limits.strike_time_s, self.permits)
            case DoorCommand.SECURE:
                self.permits, self.ways_out, self.held = [], [], []
                self._secured()
            case DoorCommand.LOCKDOWN:
                self.permits, self.ways_out, self.locked_down, self.evacuated = [], [], True, False
            case DoorCommand.EVACUATE:
                self.permits, self.ways_out, self.locked_down, self.evacuated = [], [], False, True
            case DoorCommand.CLEAR:
                self.secured = ""
                self._cleared()

    def _secured(self) -> None:
        if self.said.window:
            self.secured, self.led = self.said.window.partition("/")[2], ""
        else:
            self.said = replace(self.said, unlocked=False)

    def _permit(self, lasts_s: float, permits: list[Permit]) -> None:
        permits.append(Permit(self.now, lasts_s))
        self.causes.append(Permit(self.now, lasts_s + GRACE_S))

    def _cleared(self) -> None:
        if self.fire or self.evacuated:
            if self.lines.get(DoorInput.FIRE, Line.QUIET) is Line.QUIET:
                self.fire = self.evacuated = False
        elif self.lines.get(DoorInput.LOCKDOWN, Line.QUIET) is Line.QUIET and not self.may_be_faulty:
            self.locked_down = self.switched = False

    def _sensed(self, wire: DoorInput, line: Line, before: Line | None) -> None:
        self.lines[wire] = line
        if wire is DoorInput.REX:
            self.rex_held = Permit(self.now, EXIT_HELD_S) if line is Line.ACTIVE else None
            if (before, line) == (Line.QUIET, Line.ACTIVE):
                self.causes.append(Permit(self.now, self.limits.strike_time_s + GRACE_S))
                if self.settings.rex == "release":
                    self._permit(self.limits.strike_time_s, self.ways_out)
        elif wire is DoorInput.FIRE and (line is Line.ACTIVE or (before is None and line is Line.QUIET)):
            self.fire = line is Line.ACTIVE
        elif wire is DoorInput.LOCKDOWN and line is Line.ACTIVE:
            self.switched, self.ways_out = True, []
        elif wire is DoorInput.DPS and not line.is_fault:
            self._door_moved(is_open=line is Line.ACTIVE)

    def _door_moved(self, *, is_open: bool) -> None:
        if is_open and self.dps is False:
            self.causes = []
            self._led()
            if self.settings.relock == "open":
                self.permits, self.ways_out = [], []
        self.dps = is_open

    @property
    def damaged(self) -> bool:
        return any(
            self.lines.get(wire, Line.QUIET).is_fault
            for wire in (DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.LOCKDOWN)
        )

    @property
    def may_be_faulty(self) -> bool:
        """A lock that says unlocked for too long is a fault as well, by time."""
        return self.failed or self.damaged or self.is_unlocked

    @property
    def is_evacuation(self) -> bool:
        return self.fire or self.evacuated

    @property
    def forbids(self) -> bool:
        """Whether the strike must be secure whatever permits there are, but for the way out."""
        return not self.is_evacuation and (self.failed or self.damaged or self.locked_down or self.switched)

    @property
    def allows(self) -> bool:
        if self.is_evacuation or any(permit.holds(self.now) for permit in self.ways_out):
            return True
        given = any(permit.holds(self.now) for permit in (*self.permits, *self.held))
        return not self.forbids and (given or (self.scheduled and not self.said.locked and not self.held_back))

    @property
    def scheduled(self) -> bool:
        """Whether a window would hold it released."""
        begins = self.said.window.partition("/")[0]
        is_led = not self.said.awaits or self.led == self.said.window
        return self.said.unlocked and is_led and not (self.said.window and self.secured > begins)

    @property
    def surely_no_cause(self) -> bool:
        """Whether an opening now is certainly without cause."""
        held = self.rex_held is not None and self.rex_held.holds(self.now, slack_s=SLACK_S)
        causes = any(cause.holds(self.now, slack_s=SLACK_S) for cause in self.causes)
        given = any(permit.holds(self.now, slack_s=SLACK_S) for permit in self.held)
        return not (self.is_evacuation or self.scheduled or given or held or causes)
