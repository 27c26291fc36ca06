"""A step of a scenario under way in a running world, from the moment it begins until its door is at rest."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from device.credentials import parse_badge
from device.door.wires.gpio import level_of
from device.records import AuditRow, DoorOutput, DoorState, Event, Transaction
from device.settings.tables import DoorSettings, OutputSettings
from device.simulation.running import KEY_S, Running, Served
from device.simulation.scenario import Happening, Step
from device.virtual.pins import Level

SETTLE_S = 0.2
"""After the last thing of a step: what has to be debounced, and a frame's end by silence."""
MOST_S = 120.0
"""A step ends after this time, even if the strike is still released."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a step did: the transaction if a badge was read, the relay pin's levels, what the audit says besides, the
    state of the door in the end, the outputs that were on, and which expectations were not met.

    `began_at` is in seconds on the scenario's clock, `computed_s` the real time that the transaction took. `reasons`
    are those of all decisions, in their order.
    """

    step: Step
    began_at: float
    door: DoorSettings
    transaction: Transaction | None
    levels: tuple[Level, ...]
    rows: tuple[AuditRow, ...]
    state: DoorState
    outputs: tuple[DoorOutput, ...]
    computed_s: float
    unmet: tuple[str, ...]
    reasons: tuple[str, ...] = ()


class Playing:
    """One step, which begins at once; the caller has the doors go round until it is over."""

    def __init__(self, step: Step, running: Running, *, seed: int) -> None:
        """`seed` is how people react and hands shake."""
        self._step = step
        self._running = running
        self._world = running.world
        self._door = running.doors[step.door] if step.door else next(iter(running.doors.values()))
        self._began_at = self._world.clock.monotonic()
        self._known = self._last_row()
        running.served.clear()
        if step.revoke:
            with self._world.store.people() as people:
                people.revoke(parse_badge(step.revoke), self._world.clock.utc())
        for door in running.doors.values():
            door.mend_lock()
            door.take_badges_away()
        self._world.camera.set(step.camera)
        running.show(replace(running.scene, figures=step.view, prompts=(), seed=seed))
        self._plan()
        self._ends_at = self._began_at + max(self._ends())

    @property
    def is_over(self) -> bool:
        """Whether all has happened, no one is without a verdict and no strike is released."""
        now = self._world.clock.monotonic()
        if now <= self._ends_at + SETTLE_S:
            return False
        return not self._running.is_going_on or now >= self._ends_at + MOST_S

    def played(self) -> Played:
        """What has come of it so far."""
        settings, served = self._door.settings, tuple(self._running.served)
        last: Served | None = served[-1] if served else None
        with self._world.store.audit() as audit:
            rows = tuple(row for row in audit if row.id > self._known and row.event is not Event.DECISION)
        played = Played(
            self._step,
            self._began_at,
            settings,
            last.transaction if last else None,
            self._since(settings.pin),
            rows,
            self._door.doorway.door.state,
            tuple(output for output, wire in self._door.outputs.items() if self._was_on(wire)),
            last.computed_s if last else 0.0,
            (),
            tuple(one.transaction.decision.reason.code for one in served if one.transaction.decision),
        )
        return replace(played, unmet=tuple(_unmet(played)))

    def _plan(self) -> None:
        step = self._step
        for what in step.happen:
            self._plan_one(what.at_s, what)
        if step.badge is not None:
            badge = Happening(badge=step.badge, lasts_s=step.badge_lasts_s, via=step.via, flip=step.flip)
            self._plan_one(step.badge_at_s, badge)
        if step.keys:
            self._plan_one(step.keys_at_s, Happening(keys=step.keys, via=step.via))

    def _plan_one(self, at_s: float, what: Happening) -> None:
        self._running.plan(self._began_at + at_s, lambda: self._running.act(what, door=self._step.door))

    def _ends(self) -> Iterator[float]:
        """When each thing is over, seconds from the beginning of the step."""
        step = self._step
        yield from (step.lasts_s, step.badge_at_s + step.badge_lasts_s)
        if step.keys:
            yield step.keys_at_s + len(step.keys) * KEY_S
        yield from (what.at_s + what.lasts_s + len(what.keys) * KEY_S for what in step.happen)

    def _last_row(self) -> int:
        with self._world.store.audit() as audit:
            return max((row.id for row in audit.newest(1)), default=0)

    def _since(self, pin: int) -> tuple[Level, ...]:
        """The pin's level when the step began, and those that came."""
        history = self._world.pins.history(pin)
        before = [level for level in history if level.at < self._began_at]
        return (*before[-1:], *(level for level in history if level.at >= self._began_at))

    def _was_on(self, wire: OutputSettings) -> bool:
        return any(level.high == wire.active_high for level in self._since(wire.pin))


def _unmet(played: Played) -> Iterator[str]:
    """What was expected and received otherwise, one sentence each."""
    expect, transaction = played.step.expect, played.transaction
    decision = transaction.decision if transaction else None
    released = any(level.high == level_of(played.door, released=True) for level in played.levels[1:])
    received = {
        "outcome": decision and decision.outcome.value,
        "reason": decision and decision.reason.code,
        "strike": "released" if released else "secure",
        "state": played.state.value,
    }
    for name, value in received.items():
        wanted = getattr(expect, name)
        if wanted is not None and wanted != value:
            yield f"expected {name} {wanted}, received {value or 'none'}"
    if expect.reasons is not None and expect.reasons != played.reasons:
        yield f"expected reasons {', '.join(expect.reasons) or 'none'}, received {', '.join(played.reasons) or 'none'}"
    yield from _missing("event", expect.events, [row.event for row in played.rows])
    yield from _missing("output", expect.outputs, played.outputs)
    if expect.within_s is not None and (transaction is None or transaction.waited_s > expect.within_s):
        received_one = f"one after {transaction.waited_s:.1f} s" if transaction else "none"
        yield f"expected a decision within {expect.within_s} s, received {received_one}"


def _missing(what: str, wanted: Iterable[StrEnum], received: Collection[StrEnum]) -> Iterator[str]:
    for one in wanted:
        if one not in received:
            yield f"expected {what} {one}, received {', '.join(received) or 'none'}"
