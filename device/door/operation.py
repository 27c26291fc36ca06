"""A door in operation: its controller on real wires and a clock. Thread-safe.

Several threads speak to it: the main loop grants, the inputs' thread reports the wires, operators command,
and a `DoorThread` lets time pass. One at a time is heard, and the outputs follow before the next one. Nothing that can
take long is done meanwhile: what outlasts a restart is written to the disk by a `Saver`, in a thread of its own.
"""

import math
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from device.door.controller import deadline, new_controller, outputs
from device.door.drive import Drive
from device.door.interlock import Interlock
from device.door.mode import ForgetfulMemory, ModeMemory
from device.door.notices import NoticeQueue, is_let_out, notices, troubles
from device.door.precedence import is_by_schedule
from device.door.rules import step
from device.door.saver import Saver
from device.door.windows import schedule_words
from device.errors import DoorError
from device.ports import Clock, DoorIO
from device.records import (
    Commanded,
    DoorCommand,
    DoorEvent,
    DoorInput,
    DoorNotice,
    DoorState,
    DoorStatus,
    DriveFailed,
    Event,
    Granted,
    InputChanged,
    Line,
    NeighborsChanged,
    Outputs,
    RecentTimes,
    RelayTimes,
    Tick,
)
from device.settings.lock import LockSettings
from device.wakeup import Wakeup

_LOUDEST_FIRST = (
    DoorInput.FIRE,
    DoorInput.LOCKDOWN,
    DoorInput.STRIKE_FEEDBACK,
    DoorInput.TAMPER,
    DoorInput.POWER_FAIL,
    DoorInput.REX,
    DoorInput.DPS,
)


WRITTEN_S = 1.0
"""How long the end of an evacuated door waits for the disk: without it, the door would be locked at the next start."""


FOUND_OPEN = "the door was open when it was first seen; its alarm is not shunted until it is closed or cleared"


class Door:
    """One door. It is secured before anything else is done, and has heard of all its wires when it is made."""

    def __init__(  # noqa: PLR0913
        self,
        settings: LockSettings,
        io: DoorIO,
        clock: Clock,
        memory: ModeMemory | None = None,
        interlock: Interlock | None = None,
        *,
        released: bool = False,
    ) -> None:
        """Takes `io` over; `memory` says in which mode the door was left, `interlock` which doors it waits for.

        `released` says that the strike was left released by an evacuation, and is not to be secured before the wires
        were heard.

        Raises `DoorError` if its wires cannot be read. Outputs that cannot be driven make it start in FAULT.
        """
        self.name = settings.name
        self.chip = ""
        """The GPIO chip that its wires are on, for `status`."""
        self.pad = ""
        """What it demands against pictures of faces, likewise."""
        self.relay_times = RelayTimes()
        """From badges to their relay, likewise."""
        self._recent = RecentTimes()
        self.wakeup = Wakeup()
        """Set when notices wait, or when something other than time has changed the deadline; cleared by `notices`."""
        self.hurry = threading.Event()
        """The same for the thread that waits for the deadline, which clears it."""
        self._settings = settings
        self._io = io
        self._clock = clock
        self._drive = Drive(io)
        if not released:
            self._drive.secure()
        self._interlock = interlock or Interlock()
        self._lock = self._interlock.lock
        self._notices = NoticeQueue()
        self._waiting: deque[DoorEvent] = deque()
        self._is_busy = False
        self._has_ended = self._is_left = False
        self._remembers = memory is not None
        self._unsaved = ""
        before, unreadable = (memory or ForgetfulMemory()).read()
        self._controller = new_controller(before.mode, clock.monotonic(), before.standing, before.windows)
        self._saver = Saver(memory, clock, self._saved)
        self._wired: frozenset[DoorInput] = frozenset()
        self._note_start(unreadable)
        self._start()

    @property
    def state(self) -> DoorState:
        """Where the door is, as of the last event."""
        return self._controller.state

    @property
    def known_at(self) -> float:
        """When it last heard an event, in seconds on the clock."""
        return self._controller.at

    @property
    def is_closed_and_locked(self) -> bool:
        """Whether everything that is wired says so: what an interlock asks of the other door."""
        return self._controller.is_closed_and_locked and not self._drive.is_released

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule is what releases it now."""
        return is_by_schedule(self._controller.said)

    def tell(self, event: DoorEvent) -> DoorState:
        """What happened; the state after it. The outputs have followed when this returns. What outlasts a restart is on
        the disk when `is_written` says so; nothing here waits for it.
        """
        with self._lock:
            self._hear(event)
            return self.state

    def grant(self, *, extended: bool = False, row: int = 0, leads: bool = False, passes: bool = False) -> bool:
        """Lets in a person whose decision is written down, in audit row `row`; whether the door has done so, or stands
        open already. `leads` and `passes` as in `Granted`.
        """
        with self._lock:
            is_admitted = self._interlock.admits(self) and not self._has_ended
            self._hear(Granted(extended, row=row, leads=leads, passes=passes))
            if passes and self._controller.passes:
                return is_admitted
            return is_admitted and self.state not in (DoorState.LOCKDOWN, DoorState.FAULT)

    def let_out(self, *, extended: bool = False, row: int = 0) -> bool:
        """Lets a person out, in every state and whatever an interlock says; whether the strike was driven released.

        Bounded as a grant is. A door in LOCKDOWN or FAULT stays in it. In a fault of the outputs it tries all the same.
        """
        with self._lock:
            self._hear(Granted(extended, egress=True, row=row))
            return not self._has_ended and self._drive.did_release

    def timed(self, badge_at: float) -> None:
        """Notes that a person who presented a badge then, in seconds on the clock, has just been let in or out."""
        with self._lock:
            took_s = self._clock.monotonic() - badge_at
            self.relay_times = self.relay_times.plus(took_s)
            self._recent.add(took_s)

    def command(self, command: DoorCommand, for_s: float = 0.0) -> DoorState:
        """An operator's word; the state after it. `for_s` as in `Commanded`."""
        return self.tell(Commanded(command, for_s))

    @property
    def is_written(self) -> bool:
        """Whether all that outlasts a restart is on the disk."""
        return self._saver.is_written

    def wait_written(self, timeout_s: float) -> bool:
        """Waits until `is_written`, at most `timeout_s` real seconds; whether it is."""
        return self._saver.wait_written(timeout_s)

    def remark(self, event: Event, detail: str, *, by: str = "") -> None:
        """Queues something worth an audit row that another part found out about this door, or an operator did."""
        with self._lock:
            self._notices.add(DoorNotice(event, self._clock.monotonic(), detail, by))
            self._wake(has_changed=False)

    def tick(self, not_before: float = -math.inf) -> None:
        """Time has passed, until `not_before` at least, in case the clock stands still."""
        with self._lock:
            self._hear(Tick(), not_before)

    def deadline(self) -> float | None:
        """When to `tick` next, in seconds on the clock; None if nothing is pending."""
        with self._lock:
            if self._has_ended:
                return None
            due = (deadline(self._settings, self._controller), self._drive.deadline())
            return min((when for when in due if when is not None), default=None)

    def status(self) -> DoorStatus:
        """All that is known."""
        with self._lock:
            door = self._controller
            found_open = FOUND_OPEN if door.found_open else ""
            wrong = (*troubles(door), *filter(None, [found_open, self._unsaved or self._saver.trouble]))
            driven = Outputs() if self._has_ended else outputs(self._settings, replace(door, alerted=False))
            said = "" if self._has_ended else schedule_words(door)
            return DoorStatus(
                self.name,
                door.state,
                door.since,
                door.lines,
                driven,
                wrong,
                self.chip,
                said,
                self.pad,
                relay_times=self.relay_times,
                badge_to_relay=self._recent.percentiles(),
            )

    def notices(self) -> tuple[DoorNotice, ...]:
        """Takes what is worth an audit row, oldest first."""
        with self._lock:
            self.wakeup.clear()
            return self._notices.take(self._controller.at)

    def fail(self, why: str) -> None:
        """Ends the door's operation in FAULT: nothing is heard any more, the strike stays secure."""
        with self._lock:
            if self._has_ended:
                return
            try:
                self._hear(DriveFailed(why))
            except Exception:  # it may be the very thing that has failed
                self._notices.add(DoorNotice(Event.DOOR_FAULT, self._controller.at, why))
            self._end()
            self._controller = replace(self._controller, state=DoorState.FAULT, drive_fault=why)

    def close(self) -> None:
        """Secures, and gives the wires back; harmless when repeated. Raises `DoorError`, secure or not.

        A door in an evacuation that is on the disk is left released, as it is at the next start.
        """
        is_kept = self._is_evacuated() and self._saver.wait_written(WRITTEN_S)
        with self._lock:
            if is_kept and self._is_evacuated():
                self._leave()
            elif not self._is_left:
                self._end()
        try:
            self._io.close()  # not with the lock: it may wait for a thread that is about to report an event
        finally:
            self._saver.close()

    def _start(self) -> None:
        try:
            with self._lock:
                self._interlock.add(self)
                lines = self._io.lines()
                self._wired = frozenset(lines)
                self._hear_lines(lines)
                self._io.watch(self._changed)
                self._hear_lines(self._io.lines())  # what changed before the start
        except BaseException:
            with suppress(DoorError):
                self.close()
            raise

    def _note_start(self, unreadable: str) -> None:
        at, mode = self._controller.at, self._controller.mode
        if unreadable:
            self._notices.add(DoorNotice(Event.DOOR_FAULT, at, f"{unreadable}; the door starts in lockdown"))
        elif mode.is_evacuation or mode.is_lockdown:
            event = Event.DOOR_EVACUATION if mode.is_evacuation else Event.DOOR_LOCKDOWN
            self._notices.add(DoorNotice(event, at, "as before the start"))

    def _hear_lines(self, lines: Mapping[DoorInput, Line]) -> None:
        """What can end an evacuation or allow an opening comes before what would be judged by it."""
        for wire in sorted(lines, key=_LOUDEST_FIRST.index):
            self._hear(InputChanged(wire, lines[wire]))
        self._hear(Tick())

    def _changed(self, change: InputChanged) -> None:
        self.tell(change)

    def _hear(self, event: DoorEvent, not_before: float = -math.inf) -> None:
        """Steps through `event` and whatever it brings about. If this is itself brought about by another event, that
        one hears it when it is done.
        """
        if self._has_ended:
            return
        self._waiting.append(event)
        if self._is_busy:
            return
        self._is_busy, due = True, self.deadline()
        try:
            while self._waiting:
                self._step(self._waiting.popleft(), not_before)
        except BaseException:
            self._drive.secure()
            raise
        finally:
            self._is_busy = False
        self._saver.want(self._controller.lasting)
        self._wake(has_changed=not isinstance(event, Tick) and self.deadline() != due)

    def _step(self, event: DoorEvent, not_before: float) -> None:
        now = max(self._clock.monotonic(), not_before)
        is_admitted = self._interlock.admits(self)
        if self._controller.held_back is is_admitted:
            self._controller = step(self._settings, self._wired, self._controller, NeighborsChanged(is_admitted), now)
        before, event = self._controller, self._interlocked(event)
        self._controller = step(self._settings, self._wired, before, event, now)
        for notice in notices(before, self._controller, event):
            self._notices.add(notice)
        if not is_admitted and is_let_out(before, self._controller):
            self._note(Event.DOOR_INTERLOCK_YIELDED, "released for exit while another door was open or released")
        came_of_it = self._drive.to(outputs(self._settings, self._controller), now)
        if came_of_it is not None:
            self._waiting.append(came_of_it)

    def _note(self, event: Event, detail: str) -> None:
        self._notices.add(DoorNotice(event, self._clock.monotonic(), detail))

    def _interlocked(self, event: DoorEvent) -> DoorEvent:
        """The event as it counts while another door of a mantrap is not closed and locked: no one is let in, but people
        are let out, and that is reported.
        """
        if self._interlock.admits(self):
            return event
        is_released = isinstance(event, Commanded) and event.command is DoorCommand.RELEASE
        if is_released or (isinstance(event, Granted) and not event.egress):
            self._note(Event.DOOR_INTERLOCKED, "another door is open or released")
            return Tick()
        return event

    def _wake(self, *, has_changed: bool) -> None:
        if has_changed:
            self.hurry.set()
        if has_changed or self._notices:
            self.wakeup.set()

    def _is_evacuated(self) -> bool:
        """Whether the strike is released for everyone, and will be again at the next start."""
        evacuated = self._controller.mode.is_evacuation and self._drive.did_release
        return evacuated and self._remembers and not self._has_ended

    def _leave(self) -> None:
        """Ends like `_end`, the strike released."""
        self._has_ended = self._is_left = True
        self._drive.leave()
        self._wake(has_changed=True)

    def _end(self) -> None:
        self._has_ended = True
        self._drive.secure()
        self._wake(has_changed=True)

    def _saved(self, why: str) -> None:
        """What came of a write: why it failed, or an empty string."""
        with self._lock:
            was, self._unsaved = self._unsaved, why
            if why and not was:
                self._notices.add(DoorNotice(Event.DOOR_FAULT, self._controller.at, why))
            elif was and not why:
                self._notices.add(DoorNotice(Event.DOOR_MENDED, self._controller.at, f"no longer: {was}"))
            self._wake(has_changed=False)
