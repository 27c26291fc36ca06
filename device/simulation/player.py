"""Plays a scenario: the door's own code in a virtual world, and what came of it against what was expected."""

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.door.wires.gpio import level_of
from device.door_loop import DoorLoop
from device.door_times import DoorTimes
from device.enrollment import Candidate, Enrollment, EnrollmentReport, Terms
from device.errors import ScenarioError
from device.images import read_image
from device.people.bases import SIMULATED
from device.policy.clock_state import ClockReading
from device.policy.turn import Direction
from device.records import AuditRow, ClockState, DoorOutput, DoorState, Event, ReaderEvent, Transaction
from device.settings.tables import DoorSettings, OutputSettings, Settings
from device.simulation.casting import empty_view, heads_of
from device.simulation.doors import VirtualDoor, VirtualWorld, fully_wired, virtual_doors, with_pad
from device.simulation.enrolling import prepared
from device.simulation.scenario import Enrollee, Scenario, Step, built_in_scenario, read_scenario
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.pins import Level, SimulatedPins
from device.virtual.reader import SimulatedReader
from device.virtual.scene import Clip, Scene, is_clip
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

BEGINS = datetime(2026, 1, 1, 8, tzinfo=UTC)
"""When a scenario begins that says nothing of it."""
PAUSE_S = 1.0
"""Between two steps, on the scenario's clock."""
SETTLE_S = 0.2
"""After the last thing of a step: what has to be debounced, and a frame's end by silence."""
SEEN_S = 15.0
"""How long before a step at a later time the doors see what time it is: schedules are looked up every 10 s."""
TIMES_S = 0.5
"""How often the schedules are asked, as at a real door."""
POLL_S = 0.02
"""How often a virtual door's loop comes round, on the scenario's clock."""
SIGHTING_S = 0.1
"""Between two reports of a badge that stays at its reader."""
KEY_S = 0.3
"""Between two keys."""
MOST_S = 120.0
"""A step ends after this time, even if the strike is still released."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a step did: the transaction if a badge was read, the relay pin's levels, what the audit says besides, the
    state of the door in the end, the outputs that were on, and which expectations were not met.

    `began_at` is in seconds on the scenario's clock, `computed_s` the real time that the transaction took.
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


class Player:
    """One virtual world with its enrolled people; its state folder is thrown away at the end."""

    def __init__(
        self,
        path: Path | None,
        settings: Settings,
        *,
        reader_of: Callable[[SimulatedClock], SimulatedReader] = SimulatedReader,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        """Reads the scenario (without a path, the built-in one); `warn` as in `read_scenario`.

        Raises `ScenarioError`, `ConfigError`, `ImageError`, `ModelError`.
        """
        self._path = path or built_in_scenario()
        self.scenario: Scenario = read_scenario(self._path, warn)
        self._reader_of = reader_of
        self._settings = with_pad(self.scenario.settings or settings, self.scenario.pad)
        fully_wired(self._settings)
        self._check_doors()
        files = {name: self._file(source) for name, source in self.scenario.images.items()}
        self._clips = {name: Clip(path) for name, path in files.items() if is_clip(path.name)}
        photographs = {name: read_image(path) for name, path in files.items() if not is_clip(path.name)}
        self._images = photographs | {name: clip.at(0.0) for name, clip in self._clips.items()}
        self._analyzer: FaceAnalyzer = load_analyzer(settings.vision)
        for door in self._settings.doors:
            self._analyzer.at_target(door.target_fmr)
        self._clock = SimulatedClock(self.scenario.begins or BEGINS)
        self.pins = SimulatedPins(self._clock)
        heads = heads_of(self.scenario, self._images, self._analyzer)
        self._empty = Scene((), self._images, heads, self._clips, self.scenario.room)
        self._camera = SimulatedCamera(self._clock, self._empty)

    def play(self) -> Iterator[EnrollmentReport | Played]:
        """Enrolls, then plays step after step."""
        with TemporaryDirectory(prefix="lintel-") as folder, Store(Path(folder), places=KeyInMemory()) as store:
            yield from self._enrolled(store)
            world = self._world(store)
            with virtual_doors(self._settings, world) as doors:
                loops = {
                    name: DoorLoop(door.doorway, self._settings, door.reader, in_turn=True)
                    for name, door in doors.items()
                }
                times = Times(tuple(door.doorway.door for door in doors.values()), store, self._clock)
                for number, step in enumerate(self.scenario.step):
                    self._clock.sleep(PAUSE_S)
                    self._go_on_to(step.at, loops, times)
                    scene = replace(self._empty, figures=step.view, seed=number)
                    yield StepPlayer(step, doors, loops, world, times=times).play(scene)

    def _go_on_to(self, at: datetime | None, loops: Mapping[str, DoorLoop], times: "Times") -> None:
        """Skips the time until just before then, in which no one is there, and lets the doors see what time it is."""
        left_s = 0.0 if at is None else (at - self._clock.utc()).total_seconds()
        self._clock.skip(left_s - SEEN_S)
        end = self._clock.monotonic() + min(left_s, SEEN_S)
        while self._clock.monotonic() < end:
            self._clock.sleep(TIMES_S)
            times.ask()
            for loop in loops.values():
                loop.write_down()
                loop.show_state()

    def _world(self, store: Store) -> VirtualWorld:
        """Alike each time: to which side a person has to turn is drawn with a seed."""
        sides = random.Random(0)  # noqa: S311 - not a secret in a world of its own
        return VirtualWorld(
            self._clock,
            self.pins,
            self._camera,
            store,
            self._analyzer,
            self._reader_of,
            scene=empty_view(self.scenario.room),
            draw=lambda: sides.choice(tuple(Direction)),
        )

    def _enrolled(self, store: Store) -> Iterator[EnrollmentReport]:
        enrollment = Enrollment(store, self._analyzer, self._clock, terms=Terms(SIMULATED))
        yield from prepared(self.scenario, store, self._clock, enrollment=enrollment, candidates=self._candidates)

    def _candidates(self, enrollee: Enrollee) -> list[Candidate]:
        return [Candidate(name, self._images[name]) for name in enrollee.images]

    def _check_doors(self) -> None:
        known = {door.name for door in self._settings.doors}
        for step in self.scenario.step:
            named = {step.door, *(happening.door for happening in step.happen)} - {""}
            if strangers := sorted(named - known):
                raise ScenarioError(
                    f'There is no door {strangers[0]!r} for "{step.title}".',
                    hint=f"Take one of: {', '.join(sorted(known))}.",
                )

    def _file(self, source: str) -> Path:
        kind, _, name = source.rpartition(":")
        if kind != "portrait":
            return self._path.parent / source
        found = shipped_models_dir() / "portraits" / f"{name}.jpg"
        if not found.is_file():
            names = ", ".join(sorted(path.stem for path in found.parent.glob("*.jpg")))
            raise ScenarioError(f"There is no portrait {name!r}.", hint=f"Take one of: {names}.")
        return found


class Times:
    """What the schedules say of the doors, asked twice a second of the scenario's clock."""

    def __init__(self, doors: tuple[Door, ...], store: Store, clock: SimulatedClock) -> None:
        self._times = DoorTimes(doors, store, clock)
        self._clock = clock
        self._next_at = 0.0

    def ask(self) -> None:
        """Tells the doors, if it is time."""
        now = self._clock.monotonic()
        if now >= self._next_at:
            self._next_at = now + TIMES_S
            self._times.ask(ClockReading(ClockState.TRUSTED, self._clock.utc(), monotonic=now))


class StepPlayer:
    """One step, from the moment it begins until all has happened and the door it is about is at rest."""

    def __init__(
        self,
        step: Step,
        doors: Mapping[str, VirtualDoor],
        loops: Mapping[str, DoorLoop],
        world: VirtualWorld,
        *,
        times: Times | None = None,
    ) -> None:
        """Without `times` no schedule tells the doors anything."""
        self._times = times
        self._step = step
        self._doors = doors
        self._loops = loops
        self._door = doors[step.door] if step.door else next(iter(doors.values()))
        self._world = world
        self._computed_s = self._computing_s = 0.0

    def play(self, scene: Scene) -> Played:
        """Lets time pass until the step is over."""
        step, clock = self._step, self._world.clock
        began_at, known = clock.monotonic(), self._last_row()
        if step.revoke:
            with self._world.store.people() as people:
                people.revoke(parse_badge(step.revoke), clock.utc())
        for door in self._doors.values():
            door.mend_lock()
            door.take_badges_away()
        self._world.camera.show(scene, step.camera)
        self._plan()
        ends = (
            step.lasts_s,
            step.badge_at_s + step.badge_lasts_s,
            self._typed_s(),
            *(what.at_s for what in step.happen),
        )
        transaction = self._live(began_at + max(ends))
        return self._played(began_at, known, transaction)

    def _plan(self) -> None:
        clock, step = self._world.clock, self._step
        now = clock.monotonic()
        for happening in step.happen:
            door = self._doors[happening.door] if happening.door else self._door
            clock.at(now + happening.at_s, lambda door=door, what=happening: door.happen(what))  # type: ignore[misc]
        if step.badge is not None:
            badge, began_at = step.badge, now + step.badge_at_s
            for number in range(1 + round(step.badge_lasts_s / SIGHTING_S)):
                at = began_at + number * SIGHTING_S
                clock.at(at, lambda: self._door.present(badge, via=step.via, flip=step.flip))
        for number, key in enumerate(step.keys):
            clock.at(now + step.keys_at_s + number * KEY_S, partial(self._door.type, key, via=step.via))

    def _live(self, end: float) -> Transaction | None:
        """The doors' loops go round until the end, and then until no strike is released; what a badge led to."""
        clock, transaction = self._world.clock, None
        while clock.monotonic() <= end + SETTLE_S or (self._is_going_on() and clock.monotonic() < end + MOST_S):
            if self._times is not None:
                self._times.ask()
            for name, door in self._doors.items():
                transaction = self._served(name, tuple(door.events())) or transaction
                self._loops[name].write_down()
                self._loops[name].show_state()
            if not self._is_busy():
                clock.sleep(POLL_S)
        return transaction

    def _typed_s(self) -> float:
        """When the last key is typed, seconds from the beginning of the step."""
        return self._step.keys_at_s + len(self._step.keys) * KEY_S if self._step.keys else 0.0

    def _served(self, name: str, events: Iterable[ReaderEvent]) -> Transaction | None:
        """What came of these events and of a look at those who are there; the last one, if several."""
        self._world.camera.take_drawing_s()
        started, loop = time.perf_counter(), self._loops[name]
        if not loop.is_busy:
            self._computing_s = 0.0
        at_once = [loop.attend(event, Stop()) for event in events]
        over = [*filter(None, at_once), *loop.advance(Stop(), within_s=POLL_S)]
        self._computing_s += time.perf_counter() - started - self._world.camera.take_drawing_s()
        if over:
            self._computed_s = self._computing_s
        return over[-1] if over else None

    def _is_busy(self) -> bool:
        return any(loop.is_busy for loop in self._loops.values())

    def _is_going_on(self) -> bool:
        return self._is_busy() or any(door.doorway.door.state is DoorState.RELEASED for door in self._doors.values())

    def _last_row(self) -> int:
        with self._world.store.audit() as audit:
            return max((row.id for row in audit.newest(1)), default=0)

    def _played(self, began_at: float, known: int, transaction: Transaction | None) -> Played:
        settings, door = self._door.settings, self._door.doorway.door
        with self._world.store.audit() as audit:
            rows = tuple(row for row in audit if row.id > known and row.event is not Event.DECISION)
        played = Played(
            self._step,
            began_at,
            settings,
            transaction,
            self._since(settings.pin, began_at),
            rows,
            door.state,
            tuple(output for output, wire in self._door.outputs.items() if self._was_on(wire, began_at)),
            self._computed_s,
            (),
        )
        return replace(played, unmet=tuple(_unmet(played)))

    def _since(self, pin: int, began_at: float) -> tuple[Level, ...]:
        """The pin's level when the step began, and those that came."""
        history = self._world.pins.history(pin)
        before = [level for level in history if level.at < began_at]
        return (*before[-1:], *(level for level in history if level.at >= began_at))

    def _was_on(self, wire: OutputSettings, began_at: float) -> bool:
        return any(level.high == wire.active_high for level in self._since(wire.pin, began_at))


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
    yield from _missing("event", expect.events, [row.event for row in played.rows])
    yield from _missing("output", expect.outputs, played.outputs)
    if expect.within_s is not None and (transaction is None or transaction.waited_s > expect.within_s):
        received_one = f"one after {transaction.waited_s:.1f} s" if transaction else "none"
        yield f"expected a decision within {expect.within_s} s, received {received_one}"


def _missing(what: str, wanted: Iterable[StrEnum], received: Collection[StrEnum]) -> Iterator[str]:
    for one in wanted:
        if one not in received:
            yield f"expected {what} {one}, received {', '.join(received) or 'none'}"
