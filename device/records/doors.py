"""The door itself: what it can sense, what it hears, what it drives, and the states it can be in."""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from device.records.audit import Event
from device.records.swipes import Percentiles, RelayTimes


class DoorState(StrEnum):
    """Where a door is."""

    LOCKED = "locked"
    """Closed and secure."""
    RELEASED = "released"
    """Closed, and may be opened."""
    OPEN = "open"
    """Opened with cause; the held-open time runs."""
    HELD_OPEN = "held-open"
    """Open for too long: an alarm."""
    FORCED = "forced"
    """Opened without cause: an alarm."""
    FAULT = "fault"
    """Something the door needs does not work; only the way out and an evacuation release it."""
    LOCKDOWN = "lockdown"
    """Secure against everyone outside until an operator clears it; the way out still releases it."""
    EVACUATION = "evacuation"
    """Released for everyone, until the fire input is quiet and an operator clears it."""


class DoorInput(StrEnum):
    """A wire that says something. Active means what is said here."""

    REX = "rex"
    """Request to exit: a person inside presses the button."""
    DPS = "dps"
    """Door position switch: the door is open."""
    STRIKE_FEEDBACK = "strike-feedback"
    """The lock says that it is unlocked."""
    TAMPER = "tamper"
    """The housing is open."""
    POWER_FAIL = "power-fail"
    """The mains are gone and the battery drives the door."""
    FIRE = "fire"
    """The fire panel lets everyone out."""
    LOCKDOWN = "lockdown"
    """A switch or button that locks the door down; it stays so until the switch is off and an operator clears it."""


class Line(StrEnum):
    """What an input's wire says. A wire without end-of-line resistors says only the first two."""

    QUIET = "quiet"
    ACTIVE = "active"
    CUT = "cut"
    SHORT = "short"

    @property
    def is_fault(self) -> bool:
        """Whether the wire is damaged, so that its state is unknown."""
        return self in (Line.CUT, Line.SHORT)


class DoorOutput(StrEnum):
    """A wire that is driven besides the strike."""

    SHUNT = "shunt"
    """Keeps the building's alarm quiet while the door is open with cause."""
    LED = "led"
    """Lit while the door may be opened."""
    BUZZER = "buzzer"
    """Sounds before and while the door is held open too long."""
    SIREN = "siren"
    """Sounds while the door is forced or tampered with."""
    LAMP = "lamp"
    """Lit while the strike's relay is released."""
    TURN_LEFT = "turn-left"
    """Lit while a person at a reader is to turn the head to the left, as the person sees it."""
    TURN_RIGHT = "turn-right"
    """The same to the right."""
    DURESS = "duress"
    """On from a grant under duress until an operator acknowledges it; no status says so."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """All that a door drives. The default is the safe state: secure and quiet."""

    released: bool = False
    on: frozenset[DoorOutput] = frozenset()
    stays: bool = False
    """The strike is left released when the wires are given back, as an evacuation goes on at the next start."""


class DoorCommand(StrEnum):
    """What an operator can command a door."""

    RELEASE = "release"
    """Release it once, as a grant does."""
    SECURE = "secure"
    """End a release at once."""
    LOCKDOWN = "lockdown"
    EVACUATE = "evacuate"
    CLEAR = "clear"
    """Leave lockdown, evacuation, or an alarm whose cause is gone."""


@dataclass(frozen=True, slots=True)
class InputChanged:
    """A wire says something else than before."""

    input: DoorInput
    line: Line


@dataclass(frozen=True, slots=True)
class Granted:
    """A decision to let a person through, written down before; `extended` for those who need more time."""

    extended: bool = False
    egress: bool = False
    """It lets a person out: it releases in every state, LOCKDOWN and FAULT included."""
    row: int = 0
    """The decision's audit row, so that the one about passing can name it; 0 if it is not written yet."""
    leads: bool = False
    """A first-in release waits for this person: all that is demanded was shown, and no one was under duress."""
    passes: bool = False
    """It lets this person in during a lockdown too: rules and settings say so, and a face or a PIN was shown."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """An operator's word. A release lasts for one opening, or for `for_s` seconds if these are more than 0."""

    command: DoorCommand
    for_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScheduleChanged:
    """What the schedules say of the door from now on. It is repeated before `lasts_s` are over."""

    unlocked: bool
    """A window holds the door released, if nothing better speaks against it."""
    locked: bool = False
    """A schedule locks it for everyone but those whom the rules let pass."""
    window: str = ""
    """Which window it is, or which one begins soon: `BEGIN/END`, both as `2026-06-01T06:00:00+00:00`."""
    awaits: bool = False
    """Someone has to come in first before it counts."""
    lasts_s: float = math.inf
    """After these seconds it does not count any more, whatever became of the one who said it."""


@dataclass(frozen=True, slots=True)
class NeighborsChanged:
    """Whether the other doors of a mantrap let this one be released."""

    free: bool


@dataclass(frozen=True, slots=True)
class DriveFailed:
    """An output could not be driven."""

    detail: str


@dataclass(frozen=True, slots=True)
class DriveMended:
    """The outputs can be driven again."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """A person at a reader is asked to turn the head, by the lamp of that direction; None is no one."""

    lamp: Literal[DoorOutput.TURN_LEFT, DoorOutput.TURN_RIGHT] | None = None


@dataclass(frozen=True, slots=True)
class Alerted:
    """Whether a duress at this door is not acknowledged."""

    duress: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, and nothing else."""


DoorEvent = (
    InputChanged
    | Granted
    | Commanded
    | ScheduleChanged
    | NeighborsChanged
    | DriveFailed
    | DriveMended
    | Prompted
    | Alerted
    | Tick
)
"""All that can happen to a door."""


@dataclass(frozen=True, slots=True)
class DoorNotice:
    """What is worth an audit row: what happened, when in seconds on the monotonic clock, and how."""

    event: Event
    at: float
    detail: str = ""
    by: str = ""
    """The operator who did it, if one did."""


@dataclass(frozen=True, slots=True)
class CameraSight:
    """What a camera's pictures are like while no one is at the door."""

    camera: str
    rate_fps: float
    """Fresh frames a second, of the newest ones; 0 while none come."""
    light: float | None = None
    """Mean brightness of the last picture that was glanced at, 0 to 255; None before the first."""
    sharpness: float | None = None
    """Variance of its Laplacian: how much detail there is, in focus."""


@dataclass(frozen=True, slots=True)
class DoorStatus:
    """A door's status: where it is, what its wires say, what it drives."""

    door: str
    state: DoorState
    since: float
    """Seconds on the monotonic clock."""
    lines: tuple[tuple[DoorInput, Line], ...]
    outputs: Outputs
    troubles: tuple[str, ...] = ()
    """What does not work, in words."""
    chip: str = ""
    """Label, path and number of lines of the GPIO chip that its wires are on; empty where there is none."""
    schedule: str = ""
    """What schedules make of it, or an operator for a time, in words; empty if they make nothing of it."""
    pad: str = ""
    """What it demands against pictures of faces, and what that doesn't stop, in words; empty where no one is let in."""
    target_fmr: float = 0.0
    """False match rate that faces are compared for at its way in; 0 where it has none, or where none is known."""
    relay_times: RelayTimes = field(default_factory=RelayTimes)
    """Since the service began."""
    frame_age_s: float | None = None
    """Age of the newest frame of its cameras, of the oldest one where there are several; None without a frame."""
    badge_to_relay: Percentiles | None = None
    """Of the newest times since the service began; None before the first."""
    cameras: tuple[CameraSight, ...] = ()
    """Those at its way in."""
    attended: bool = False
    """Whether someone is at one of its readers and has no verdict yet."""
