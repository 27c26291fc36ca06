"""What a door knows, and what follows from it: its state, what it drives, when time matters next.

Pure values and functions; `device.door.rules` says how events change them, `device.door.operation` runs them on wires.

**Which state is shown.** What a door is at the moment (closed, open, alarm) and what it is made to be (lockdown,
evacuation, fault) are apart; the shown state is the first of these that holds:

1. EVACUATION. It comes before LOCKDOWN and FAULT because it alone saves lives: a fire burns cables, and a fault must
   not keep people in. An attacker who can make the fire panel call gets in; where that weighs more, as at a door whose
   handle always lets people out, no fire input is wired.
2. FAULT. It comes before LOCKDOWN because it says that the promise of a lockdown may not be kept. Both are secure.
3. LOCKDOWN.
4. FORCED, HELD_OPEN, OPEN, RELEASED, LOCKED: the door by itself.

The way out comes before all of them: an exit badge, and an exit button where `rex` is `release`, release the strike for
its time in every state, so that no damaged wire and no lockdown keeps people in.

Of an operator's lockdown and an operator's evacuation the later word counts.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import assert_never

from device.door.lasting import Lasting, Mode, Standing, Windows
from device.door.precedence import Word, is_by_schedule, is_released
from device.records import DoorInput, DoorOutput, DoorState, Line, Outputs, ScheduleChanged
from device.settings.lock import LockSettings

LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "strike_time_s": (0.1, 10.0),
        "extended_strike_time_s": (0.1, 30.0),
        "held_open_time_s": (1.0, 600.0),
        "pre_alarm_s": (0.0, 60.0),
    }
)
"""The least and the most of each time, in seconds, whatever the settings say. No single grant, request to exit or
operator releases the strike for longer than the extended strike time, but for a release that is commanded for a time.
"""

GRACE_S = 1.0
"""An opening counts as caused this long after the strike was secured: the longest time for a contact to settle."""
EXIT_HELD_S = 60.0
"""How long a lasting request to exit allows openings; after that it is a stuck button, and allows nothing."""
FEEDBACK_S = 2.0
"""How long a lock may disagree with its relay, while its bolt moves."""
QUIET_S = 3.0
"""How long a forced door must be closed to end its alarm, so that a rattling one is one alarm."""
MAX_EXPECTED = 8
"""For how many grants at a time it is reported whether the door was opened."""
MAX_HELD_S = 24 * 3600.0
"""The longest release that an operator commands for a time."""
INSTANT_S = 1e-6
"""A timer that has less left has run out: sums of seconds are not exact."""

DISABLING = frozenset({DoorInput.DPS, DoorInput.STRIKE_FEEDBACK, DoorInput.LOCKDOWN})
"""Inputs without which the door is in FAULT. Without the first two it may not be secure. A lockdown switch that
can't be heard may be on: FAULT is as secure, and ends by itself when the wire is fixed.

Damage to the others is reported and changes nothing, as the door works without them: a damaged REX wire is ignored, a
damaged fire wire neither releases (cutting it would open the door) nor ends an evacuation (fire burns wires). If you
want a cut fire wire to release, connect it unsupervised with `active = "open"`. Tamper is tamper, damaged or active.
"""


NO_WINDOWS = Windows()


class Position(Enum):
    """What the door itself does, whatever it is made to be."""

    CLOSED = "closed"
    OPEN = "open"
    """With cause, and not yet for too long."""
    HELD_OPEN = "held open"
    FORCED = "forced"
    """Open without cause."""
    SETTLING = "settling"
    """Closed again after it was forced, but not yet for `QUIET_S`."""

    @property
    def is_closed(self) -> bool:
        """Whether the door is in its frame."""
        return self in (Position.CLOSED, Position.SETTLING)

    @property
    def is_forced(self) -> bool:
        """Whether this is the alarm of a forced door."""
        return self in (Position.FORCED, Position.SETTLING)


@dataclass(frozen=True, slots=True)
class Times:
    """A door's times in seconds, within `LIMITS`."""

    strike_time_s: float
    extended_strike_time_s: float
    held_open_time_s: float
    pre_alarm_s: float


def times(settings: LockSettings) -> Times:
    """The settings' times, within `LIMITS`; what is not a number is the least. Extended is never shorter than plain."""
    strike_time_s = _within_limits("strike_time_s", settings.strike_time_s)
    extended_strike_time_s = _within_limits("extended_strike_time_s", settings.extended_strike_time_s)
    return Times(
        strike_time_s,
        max(strike_time_s, extended_strike_time_s),
        _within_limits("held_open_time_s", settings.held_open_time_s),
        _within_limits("pre_alarm_s", settings.pre_alarm_s),
    )


def _within_limits(name: str, seconds: float) -> float:
    least, most = LIMITS[name]
    return min(max(least, seconds), most)  # in this order, as it makes NaN the least


@dataclass(frozen=True, slots=True)
class Controller:
    """All that a door knows. What is `left` are seconds until a timer runs out: None is not running, 0 has run out.

    There is no deadline in it that a clock could be turned away from: timers only ever get shorter.
    """

    at: float
    """When it last knew the time, in seconds on the monotonic clock."""
    since: float
    """When it came into its state, likewise."""
    state: DoorState = DoorState.LOCKED
    mode: Mode = Mode()  # noqa: RUF009 - frozen
    lines: tuple[tuple[DoorInput, Line], ...] = ()
    """What each wire said last, of those that have said something."""
    position: Position = Position.CLOSED
    is_open: bool | None = None
    """What the door position switch said last while its wire was sound."""
    remembered: Standing = Standing.UNKNOWN
    """Where it was seen before the start; it counts until its switch has said something."""
    found_open: bool = False
    """It was open when it was first seen, and has not been closed or cleared since: nothing says with what cause."""
    position_left_s: float | None = None
    """Until OPEN becomes HELD_OPEN, or SETTLING becomes CLOSED."""
    schedule: ScheduleChanged = ScheduleChanged(unlocked=False)  # noqa: RUF009 - frozen
    """What the schedules said last."""
    schedule_left_s: float | None = None
    """Until that does not count any more."""
    windows: Windows = Windows()  # noqa: RUF009 - frozen
    """What became of their windows."""
    leads: bool = False
    """A person for whom a first-in release waits was granted, and has not opened the door yet."""
    held_back: bool = False
    """Another door of a mantrap is not closed and locked: nothing that lasts releases this one."""
    held_left_s: float | None = None
    """Until an operator's release for a time ends; openings do not end it."""
    release_left_s: float | None = None
    """Until the release of a grant or an operator ends."""
    passes: bool = False
    """That release is for one who may pass in the lockdown that is on; a lockdown that is ordered again ends it."""
    let_out_left_s: float | None = None
    """Until the release for a person on the way out ends. It holds in every state."""
    let_out_anew_left_s: float | None = None
    """Until such releases, each begun before the one before had ended, are worth a notice."""
    release_used: bool = False
    """The door was opened in this release: closing it ends the release."""
    extended: bool = False
    """The next opening is that of a person who needs more time."""
    cause_left_s: float | None = None
    """Until an opening is no longer caused by what was granted or requested before. One opening uses it up."""
    expected: tuple[int, ...] = ()
    """The rows of the grants for which the door was not opened yet. As many as `MAX_EXPECTED`, the last ones."""
    exit_requested: bool = False
    """That cause is a request to exit that released nothing."""
    exit_held_left_s: float | None = None
    """Until a request to exit that lasts counts as stuck."""
    unlocked_left_s: float | None = None
    """Until a lock that says unlocked while it should be secure is a fault."""
    jammed_left_s: float | None = None
    """Until a lock that says locked while it should be released is worth a notice."""
    tampered: bool = False
    """The housing was opened, and that was not cleared."""
    prompted: DoorOutput | None = None
    """The lamp that asks a person to turn the head."""
    alerted: bool = field(default=False, repr=False)
    """A duress is not acknowledged."""
    drive_fault: str | None = None
    """Why the outputs can't be driven."""

    def line(self, wire: DoorInput) -> Line | None:
        """What a wire said last; None if it never said anything or is not there."""
        return dict(self.lines).get(wire)

    @property
    def lasting(self) -> Lasting:
        """What is to outlast a restart."""
        return Lasting(self.mode, self._standing, self.windows)

    @property
    def _standing(self) -> Standing:
        if self.position.is_forced:
            return Standing.FORCED
        if self.is_open is None:
            return self.remembered
        return Standing.CLOSED if self.position is Position.CLOSED else Standing.OPEN

    @property
    def is_released(self) -> bool:
        """Whether the strike is to be released. The only place that says so."""
        return self.let_out_left_s is not None or is_released(self.said)

    @property
    def said(self) -> frozenset[Word]:
        """All that is said about the strike; `precedence` has what counts."""
        return frozenset(self._said())

    def _said(self) -> Iterator[Word]:
        if self.mode.is_evacuation:
            yield Word.EVACUATION
        if self.is_faulty:
            yield Word.FAULT
        if self.passes:
            yield Word.PASSING
        if self.mode.is_lockdown:
            yield Word.LOCKDOWN
        if self.schedule.locked:
            yield Word.SCHEDULED_LOCK
        if self.schedule.window and self.windows.is_secured(self.schedule.window.partition("/")[0]):
            yield Word.SECURED
        if self._is_scheduled:
            yield Word.SCHEDULE
        if self.release_left_s is not None or (self.held_left_s is not None and not self.held_back):
            yield Word.GRANT

    @property
    def _is_scheduled(self) -> bool:
        """Whether a schedule would release it."""
        said = self.schedule
        if not said.unlocked or self.held_back:
            return False
        return not said.window or self.windows.let(said.window, awaits=said.awaits)

    @property
    def is_faulty(self) -> bool:
        """Whether something that the door needs does not work."""
        wires = any(line.is_fault for wire, line in self.lines if wire in DISABLING)
        return wires or self.drive_fault is not None or self.is_unlocked

    @property
    def is_unlocked(self) -> bool:
        """Whether the lock has said for too long that it is unlocked while it should be secure."""
        return self.unlocked_left_s == 0.0

    @property
    def is_jammed(self) -> bool:
        """Whether the lock has said for too long that it is locked while it should be released."""
        return self.jammed_left_s == 0.0

    @property
    def is_exit_stuck(self) -> bool:
        """Whether the request to exit has been active for too long, or since before the start."""
        return self.exit_held_left_s == 0.0

    @property
    def is_let_out_without_end(self) -> bool:
        """Whether the door was released for exit again and again for too long, as by a rattling wire."""
        return self.let_out_anew_left_s == 0.0

    @property
    def has_cause(self) -> bool:
        """Whether an opening now would be no alarm."""
        return self.is_released or self.cause_left_s is not None or bool(self.exit_held_left_s)

    @property
    def is_passage_free(self) -> bool:
        """Whether it may stay open for as long as it likes: in an evacuation, and while a schedule releases it, or an
        operator for a time.
        """
        return self.mode.is_evacuation or is_by_schedule(self.said) or self.held_left_s is not None

    @property
    def is_closed_and_locked(self) -> bool:
        """Whether everything that is wired says so: what an interlock asks of the other door. Not while a person may
        still have pulled it open, and its switch has not settled.
        """
        quiet = all(is_quiet(self.line(wire)) for wire in (DoorInput.DPS, DoorInput.STRIKE_FEEDBACK))
        secure = self.state in (DoorState.LOCKED, DoorState.LOCKDOWN)
        return secure and self.position is Position.CLOSED and quiet and not self.has_cause


def is_quiet(line: Line | None) -> bool:
    """Whether a wire is not there or says nothing; damage is not quiet."""
    return line in (None, Line.QUIET)


def new_controller(
    mode: Mode, now: float, standing: Standing = Standing.UNKNOWN, windows: Windows = NO_WINDOWS
) -> Controller:
    """A door that has not heard of any of its wires yet; `standing` is where it was seen before the start."""
    at = now if math.isfinite(now) else 0.0
    fresh = Controller(at=at, since=at, mode=mode, remembered=standing, windows=windows)
    return replace(fresh, state=state_of(fresh))


def state_of(door: Controller) -> DoorState:
    """The state that is shown; the module says why in this order."""
    if door.mode.is_evacuation:
        return DoorState.EVACUATION
    if door.is_faulty:
        return DoorState.FAULT
    if door.mode.is_lockdown:
        return DoorState.LOCKDOWN
    match door.position:
        case Position.CLOSED:
            return DoorState.RELEASED if door.is_released else DoorState.LOCKED
        case Position.OPEN:
            return DoorState.OPEN
        case Position.HELD_OPEN:
            return DoorState.HELD_OPEN
        case Position.FORCED | Position.SETTLING:
            return DoorState.FORCED
        case _:
            assert_never(door.position)


def outputs(settings: LockSettings, door: Controller) -> Outputs:
    """What is to be driven: a function of what the door knows, and of nothing else."""
    return Outputs(door.is_released, frozenset(_sounding(settings, door)))


def _sounding(settings: LockSettings, door: Controller) -> Iterator[DoorOutput]:
    if door.is_released:
        yield from (DoorOutput.LED, DoorOutput.LAMP)
    if _is_shunted(door):
        yield DoorOutput.SHUNT
    if door.position is Position.HELD_OPEN or is_pre_alarm(settings, door):
        yield DoorOutput.BUZZER
    if door.position.is_forced or door.tampered:
        yield DoorOutput.SIREN
    if door.prompted is not None:
        yield door.prompted
    if door.alerted:
        yield DoorOutput.DURESS


def _is_shunted(door: Controller) -> bool:
    """Whether the building's own alarm is to overlook the door: it may be opened, or is open with cause. A door that
    was found open is not overlooked: anyone may have opened it while no program watched.
    """
    match door.position:
        case Position.CLOSED:
            return door.has_cause
        case Position.OPEN:
            return not door.found_open
        case Position.HELD_OPEN | Position.FORCED | Position.SETTLING:
            return False
        case _:
            assert_never(door.position)


def is_pre_alarm(settings: LockSettings, door: Controller) -> bool:
    """Whether the door will soon have been open for too long."""
    if door.position is not Position.OPEN or door.position_left_s is None:
        return False
    return 0.0 < door.position_left_s - INSTANT_S <= times(settings).pre_alarm_s


def deadline(settings: LockSettings, door: Controller) -> float | None:
    """When a Tick matters next, in seconds on the monotonic clock; always later than what the door knows."""
    left_s = min(_running(settings, door), default=None)
    return None if left_s is None else max(door.at + left_s, math.nextafter(door.at, math.inf))


def _running(settings: LockSettings, door: Controller) -> Iterator[float]:
    """Seconds until each timer that runs."""
    timers = (
        door.position_left_s,
        door.schedule_left_s,
        door.release_left_s,
        door.held_left_s,
        door.let_out_left_s,
        door.let_out_anew_left_s,
        door.cause_left_s,
        door.exit_held_left_s,
        door.unlocked_left_s,
        door.jammed_left_s,
    )
    yield from (left_s for left_s in timers if left_s)
    if door.position is Position.OPEN and door.position_left_s and not is_pre_alarm(settings, door):
        yield door.position_left_s - times(settings).pre_alarm_s
