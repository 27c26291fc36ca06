"""Doors in operation in a virtual world: their loops go round on its clock, and what happens, happens between rounds.

So it makes no difference how the time is cut: the same acts at the same times give the same rows and levels.
"""

import heapq
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from device.clock import Stop
from device.credentials import parse_badge
from device.door.operation import Door
from device.door_loop import DoorLoop
from device.door_times import DoorTimes
from device.errors import ScenarioError
from device.policy.clock_state import ClockReading
from device.records import ClockState, DoorState, ReaderEvent, Transaction
from device.settings.tables import Settings
from device.simulation.doors import VirtualDoor, VirtualWorld
from device.simulation.scenario import Happening
from device.simulation.time_of_day import TimeOfDay
from device.store.full_disk import accept, refuse_without_room
from device.virtual.scene import Scene

TIMES_S = 0.5
"""How often the schedules are asked, as at a real door."""
POLL_S = 0.02
"""How often a virtual door's loop comes round, on the world's clock."""
SIGHTING_S = 0.1
"""Between two reports of a badge that stays at its reader."""
KEY_S = 0.3
"""Between two keys."""
ROUNDING_S = 1e-6
"""Times are sums of floats: what is due within this long is due now."""
VIEWS_FROM = 1000
"""Seeds of views that are put there by hand; those of steps are their numbers."""


class Times:
    """What the schedules say of the doors, asked twice a second of the world's clock."""

    def __init__(self, doors: tuple[Door, ...], world: VirtualWorld) -> None:
        self._times = DoorTimes(doors, world.store, world.clock)
        self._clock = world.clock
        self._watch = world.clock_watch
        self._next_at = 0.0

    def ask(self) -> None:
        """Asks, if it is time."""
        now = self._clock.monotonic()
        if now >= self._next_at:
            self._next_at = now + TIMES_S
            trusted = ClockReading(ClockState.TRUSTED, self._clock.utc(), monotonic=now)
            self._times.ask(self._watch.reading() if self._watch else trusted)


@dataclass(frozen=True, slots=True)
class Served:
    """A badge that led to a decision, and the real time that this took, drawing left out, in seconds."""

    door: str
    transaction: Transaction
    computed_s: float
    at_s: float
    """When it was decided, on the world's clock."""


class Running:
    """A world whose doors are in operation. One thread at a time uses it."""

    def __init__(
        self,
        doors: Mapping[str, VirtualDoor],
        world: VirtualWorld,
        settings: Settings,
        *,
        scene: Scene,
        day: TimeOfDay | None = None,
    ) -> None:
        """`scene` has the room and the pictures of all who may come, and no one in it. Without a time of day no
        schedule says anything to the doors.
        """
        self.doors = doors
        self.world = world
        self.loops = {name: DoorLoop(door.doorway, settings, door.reader, in_turn=True) for name, door in doors.items()}
        all_doors = tuple(door.doorway.door for door in doors.values())
        self._times = Times(all_doors, world) if day else None
        self.scene = scene
        self._day = day
        self.served: list[Served] = []
        """What was decided, the oldest first; who reads it may clear it."""
        self.disk = "works"
        self.last: Served | None = None
        self._computing_s = 0.0
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = self._views = 0
        self._until = world.clock.monotonic()

    def show(self, scene: Scene) -> None:
        """Begins a scene now, before a camera that works as before."""
        self.scene = scene
        self.world.camera.show(scene, self.world.camera.condition)

    def plan(self, at: float, act: Callable[[], None]) -> None:
        """Has something done before the first round at that time or later."""
        self._planned += 1
        heapq.heappush(self._plan, (at, self._planned, act))

    def act(self, what: Happening, *, door: str = "") -> None:
        """Has something happen now, at its door or else the one named or the first. Raises `ScenarioError`."""
        place = self._door(what.door or door)
        if what.badge is not None:
            self._present(place, what)
        elif what.keys:
            self._type(place, what)
        elif not self._change_world(what):
            place.happen(what)
        self._do_what_is_due()

    def _present(self, place: VirtualDoor, what: Happening) -> None:
        badge, now = what.badge or "", self.world.clock.monotonic()
        for number in range(1 + round(what.lasts_s / SIGHTING_S)):
            self.plan(now + number * SIGHTING_S, lambda: place.present(badge, via=what.via, flip=what.flip))

    def _type(self, place: VirtualDoor, what: Happening) -> None:
        now = self.world.clock.monotonic()
        for number, key in enumerate(what.keys):
            self.plan(now + number * KEY_S, partial(place.type, key, via=what.via))

    def _change_world(self, what: Happening) -> bool:
        """Whether it was about the world around the doors."""
        match what:
            case Happening(view=tuple(figures)):
                self._views += 1
                self.show(replace(self.scene, figures=figures, prompts=(), seed=VIEWS_FROM + self._views))
            case Happening(camera=str(condition)):
                self.world.camera.set(condition)
            case Happening(disk=str(disk)):
                self.disk = disk
                self.world.store.before_writing = refuse_without_room if disk == "full" else accept
            case Happening(clock_step_s=float(step_s)):
                if self._day is not None:
                    self._day.step(step_s)
            case Happening(revoke=str(badge)):
                with self.world.store.people() as people:
                    people.revoke(parse_badge(badge), self.world.clock.utc())
            case _:
                return False
        return True

    def advance(self, seconds: float) -> None:
        """Lets that much of the world's time pass; a round that began within it is finished."""
        self._until += seconds
        while self.world.clock.monotonic() < self._until - ROUNDING_S:
            self._round()

    def skip(self, seconds: float) -> None:
        """Goes on at once to then, as if no one had been there meanwhile."""
        if seconds > 0:
            self.world.clock.skip(seconds)
            self._until = max(self._until, self.world.clock.monotonic())

    def go_round(self) -> None:
        """One round of all doors, which takes `POLL_S`, or as long as their cameras do."""
        self._round()
        self._until = max(self._until, self.world.clock.monotonic())

    def _round(self) -> None:
        self._do_what_is_due()
        if self._times is not None:
            self._times.ask()
        for name, door in self.doors.items():
            self._serve(name, tuple(door.events()))
            self.loops[name].write_down()
            self.loops[name].show_state()
        if not self.is_busy:
            self.world.clock.sleep(POLL_S)

    def wait_idle(self, seconds: float) -> None:
        """Lets time pass in which nothing is looked at: between two steps."""
        self.world.clock.sleep(seconds)
        self._until = max(self._until, self.world.clock.monotonic())

    def wait(self, seconds: float) -> None:
        """Lets the time pass in which no one is there: the schedules are asked, and rows written down."""
        clock = self.world.clock
        end = clock.monotonic() + seconds
        while clock.monotonic() < end:
            clock.sleep(TIMES_S)
            if self._times is not None:
                self._times.ask()
            for loop in self.loops.values():
                loop.write_down()
                loop.show_state()
        self._until = max(self._until, clock.monotonic())

    @property
    def is_busy(self) -> bool:
        """Whether a person at a reader has no verdict yet."""
        return any(loop.is_busy for loop in self.loops.values())

    @property
    def is_going_on(self) -> bool:
        """Whether someone has no verdict yet, or a strike is released."""
        return self.is_busy or any(door.doorway.door.state is DoorState.RELEASED for door in self.doors.values())

    def _do_what_is_due(self) -> None:
        now = self.world.clock.monotonic() + ROUNDING_S
        while self._plan and self._plan[0][0] <= now:
            heapq.heappop(self._plan)[2]()

    def _door(self, name: str) -> VirtualDoor:
        if not name:
            return next(iter(self.doors.values()))
        if name not in self.doors:
            raise ScenarioError(f"There is no door {name!r}.", hint=f"Take one of: {', '.join(self.doors)}.")
        return self.doors[name]

    def _serve(self, name: str, events: Iterable[ReaderEvent]) -> None:
        """What comes of these events, and of a look at those who are there."""
        camera, loop = self.world.camera, self.loops[name]
        camera.take_drawing_s()
        started = time.perf_counter()
        if not loop.is_busy:
            self._computing_s = 0.0
        at_once = [loop.attend(event, Stop()) for event in events]
        over = [*filter(None, at_once), *loop.advance(Stop(), within_s=POLL_S)]
        self._computing_s += time.perf_counter() - started - camera.take_drawing_s()
        now = self.world.clock.monotonic()
        for transaction in over:
            self.last = Served(name, transaction, self._computing_s, now)
            self.served.append(self.last)
