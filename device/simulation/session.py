"""A virtual world: people, doors, a store, and a time that passes when the caller lets it.

What the terminal plays, what the page shows and what CI replays is one of these. All that happens goes through the
ports, the policy and the store of a real door. Its state folder is thrown away at the end.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import msgspec

from device.clock_watch import ClockWatch
from device.enrollment import Candidate, Enrollment, EnrollmentReport, Terms
from device.errors import ScenarioError
from device.people.bases import SIMULATED
from device.policy.turn import Direction
from device.records import AuditRow, Image
from device.settings.tables import Settings
from device.simulation.casting import Cast, empty_view
from device.simulation.doors import VirtualWorld, fully_wired, virtual_doors, with_pad
from device.simulation.enrolling import prepared
from device.simulation.eyes import Eyes, Look
from device.simulation.playing import Playing
from device.simulation.running import Running
from device.simulation.scenario import Enrollee, Happening, Scenario, Step, built_in_scenario, read_scenario, wrong_with
from device.simulation.snapshot import door_view, levels_since
from device.simulation.time_of_day import TimeOfDay
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import BEGINS, SimulatedClock
from device.virtual.pins import SimulatedPins
from device.virtual.reader import SimulatedReader
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.web.messages import Level, World

LIVE = "webcam"
"""What a browser's own camera is called among the pictures."""
ROWS_AT_ONCE = 1000
PAUSE_S = 1.0
"""Between two steps, on the world's clock."""
SEEN_S = 15.0
"""How long before a step at a later time the doors see what time it is: schedules are looked up every 10 s."""
SEEDS_APART = 100_000
"""Between the seeds of two worlds that are to differ."""


class Session:
    """One world. Use within `with`: `enroll` it first, then let time pass. One thread at a time uses it."""

    store: Store
    """The world's own."""
    running: Running
    """Its doors in operation."""
    clock: SimulatedClock
    pins: SimulatedPins

    def __init__(
        self,
        path: Path | None,
        settings: Settings,
        *,
        seed: int = 0,
        reader_of: Callable[[SimulatedClock], SimulatedReader] = SimulatedReader,
        warn: Callable[[str], None] | None = None,
    ) -> None:
        """Reads the scenario (without a path, the built-in one); `warn` as in `read_scenario`. Worlds of one seed are
        alike.

        Raises `ScenarioError`, `ConfigError`, `ImageError`, `ModelError`.
        """
        self.path = path or built_in_scenario()
        self.scenario: Scenario = read_scenario(self.path, warn)
        self.settings = with_pad(self.scenario.settings or settings, self.scenario.pad)
        fully_wired(self.settings)
        self._check_doors()
        self.analyzer: FaceAnalyzer = load_analyzer(settings.vision)
        for door in self.settings.doors:
            self.analyzer.at_target(door.target_fmr)
        self.cast = Cast(self.scenario, self.path, self.analyzer)
        self.seed = seed or self.scenario.seed
        """Worlds of one seed are alike."""
        self._reader_of = reader_of
        self._eyes = Eyes(self.analyzer)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.clock = SimulatedClock(self.scenario.begins or BEGINS)
        self.pins = SimulatedPins(self.clock)
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="lintel-")))
        self.store = self._stack.enter_context(Store(folder, places=KeyInMemory()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def again(self) -> None:
        """Begins once more from nothing, with everyone enrolled: alike the first time, for the same acts."""
        self._stack.close()
        self._eyes = Eyes(self.analyzer)
        self.__enter__()
        for _ in self.enroll():
            pass

    def enroll(self) -> Iterator[EnrollmentReport]:
        """Enrolls everyone, each with a report; then the doors are in operation. Raises `ScenarioError`."""
        enrollment = Enrollment(self.store, self.analyzer, self.clock, terms=Terms(SIMULATED))
        yield from prepared(self.scenario, self.store, self.clock, enrollment=enrollment, candidates=self._candidates)
        empty = self.cast.scene()
        day = TimeOfDay(self.clock, self.store, self.settings)
        world = self._world(SimulatedCamera(self.clock, empty), day.watch)
        doors = self._stack.enter_context(virtual_doors(self.settings, world))
        self.running = Running(doors, world, self.settings, scene=empty, day=day)

    def act(self, what: Happening) -> None:
        """Has something happen now. Raises `ScenarioError` for what can't be done."""
        if wrong := wrong_with(what):
            raise ScenarioError(f"What is to happen {wrong}.", hint="docs/scenarios.md has examples.")
        self.cast.prepare(what.view or ())
        self.running.act(what)

    def advance(self, seconds: float) -> None:
        """Lets that much of the world's time pass."""
        self.running.advance(seconds)

    @property
    def images(self) -> Mapping[str, Image]:
        """Pictures of those who may come, by name, RGB."""
        return self.cast.images

    def add_image(self, name: str, image: Image) -> None:
        """Lets someone come who looks like that, RGB."""
        self.cast.add(name, image)

    def show_live(self, image: Image) -> None:
        """A frame of a real camera, RGB, for the figure with the image `webcam` that is shown as a clip."""
        self.cast.show_live(LIVE, image)

    def state(self) -> World:
        """How everything is now. Below a millisecond for each door."""
        running = self.running
        return World(
            at_s=self.clock.monotonic(),
            utc=self.clock.utc().isoformat(timespec="milliseconds"),
            doors=tuple(door_view(door) for door in running.doors.values()),
            scenario=self.path.stem,
            camera=running.world.camera.condition,
            disk=running.disk,
            view=tuple(msgspec.to_builtins(figure) for figure in running.scene.figures),
        )

    def levels_since(self, at_s: float) -> tuple[Level, ...]:
        """The levels of strikes and outputs from then on, the oldest first."""
        return levels_since(self.running, self.pins, at_s)

    def rows_after(self, number: int) -> tuple[AuditRow, ...]:
        """The audit's next rows behind that one, `ROWS_AT_ONCE` at most. Raises `StoreError`."""
        with self.store.audit() as audit:
            return tuple(audit.after(number, ROWS_AT_ONCE))

    def look(self) -> Look:
        """The camera's newest picture, and what is seen in it."""
        return self._eyes.look(self.running)

    def begin(self, number: int) -> Playing:
        """Begins the scenario's step of that number, after the pause or at the time that it names."""
        return self.begin_step(self.scenario.step[number], number)

    def begin_step(self, step: Step, number: int) -> Playing:
        """The same for any step, played as if it were the scenario's of that number."""
        self.running.wait_idle(PAUSE_S)
        if step.at is not None:
            left_s = (step.at - self.clock.utc()).total_seconds()
            self.running.skip(left_s - SEEN_S)
            self.running.wait(min(left_s, SEEN_S))
        return Playing(step, self.running, seed=number + SEEDS_APART * self.seed)

    def _world(self, camera: SimulatedCamera, watch: ClockWatch) -> VirtualWorld:
        """Alike each time: to which side a person has to turn is drawn with a seed."""
        sides = random.Random(self.seed)  # noqa: S311 - not a secret in a world of its own
        return VirtualWorld(
            self.clock,
            self.pins,
            camera,
            self.store,
            self.analyzer,
            self._reader_of,
            scene=empty_view(self.scenario.room),
            draw=lambda: sides.choice(tuple(Direction)),
            clock_watch=watch,
        )

    def _candidates(self, enrollee: Enrollee) -> list[Candidate]:
        return [Candidate(name, self.cast.images[name]) for name in enrollee.images]

    def _check_doors(self) -> None:
        known = {door.name for door in self.settings.doors}
        for step in self.scenario.step:
            named = {step.door, *(happening.door for happening in step.happen)} - {""}
            if strangers := sorted(named - known):
                raise ScenarioError(
                    f'There is no door {strangers[0]!r} for "{step.title}".',
                    hint=f"Take one of: {', '.join(sorted(known))}.",
                )
