"""A world for the page's tests whose store and people are real, and whose doors and camera are not there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
from starlette.testclient import TestClient

from device.credentials import parse_badge
from device.errors import ScenarioError
from device.records import AuditRow, Event, Image
from device.settings.tables import Settings
from device.simulation.scenario import Happening, Scenario, Step
from device.simulation.web.app import SimulationApp
from device.simulation.web.driver import Driver
from device.simulation.web.worlds import Stage
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.virtual.clock import SimulatedClock
from device.vision.faces import FaceAnalyzer
from device.web.guard import Gate, Guard
from device.web.messages import Level, Seen, World

PORT = 8123
TOKEN = "a-token-of-a-test"
ADDRESS = f"http://127.0.0.1:{PORT}"
SHOWN = {"authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Looked:
    image: Image | None
    seen: Seen
    chip: Image | None = None


@dataclass
class StagedWorld:
    """Keeps what it was asked; a command leaves a row and a level."""

    store: Store
    analyzer: FaceAnalyzer
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    settings: Settings = field(default_factory=Settings)
    scenario: Scenario = field(default_factory=lambda: Scenario("Staged", (Step("Nothing"),)))
    images: dict[str, Image] = field(default_factory=dict)
    acts: list[Happening] = field(default_factory=list)
    live: list[Image] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)

    def levels_since(self, at_s: float) -> tuple[Level, ...]:
        return tuple(level for level in self.levels if level.at_s >= at_s)

    def rows_after(self, number: int) -> tuple[AuditRow, ...]:
        with self.store.audit() as audit:
            return audit.after(number, 10_000)

    def look(self) -> Looked:
        at_s = self.clock.monotonic()
        return Looked(np.full((48, 64, 3), 90, np.uint8), Seen(at_s=at_s))

    def add_image(self, name: str, image: Image) -> None:
        self.images[name] = image

    def show_live(self, image: Image) -> None:
        self.live.append(image)


@dataclass
class StagedPlayer:
    world: StagedWorld
    factor: float = 1.0
    done: list[str] = field(default_factory=list)
    breaks: bool = False
    """As a world with a fault in its code."""

    def state(self) -> World:
        is_recording = self.done[-1:] == ["record"]
        now = self.world.clock
        return World(at_s=now.monotonic(), utc=now.utc().isoformat(), speed=self.factor, is_recording=is_recording)

    def act(self, what: Happening) -> None:
        if what.command is None:
            raise ScenarioError("Only commands are staged.", hint="Command the door.")
        self.world.acts.append(what)
        self.world.levels.append(Level(17, self.world.clock.monotonic(), len(self.world.levels) % 2 == 0))
        with self.world.store.audit() as audit:
            audit.note(Event.DOOR_COMMANDED, self.world.clock.utc(), fault=what.command.value)

    def play(self) -> None:
        self.done.append("play")

    def go_on(self) -> None:
        self.done.append("go-on")

    def pause(self) -> None:
        self.done.append("pause")

    def step(self) -> None:
        self.done.append("step")

    def seek(self, number: int, each: Callable[[int], None]) -> None:
        each(0)
        if number > 3:
            raise ScenarioError("There is no such step.", hint="Take one of 0 to 3.")

    def speed(self, factor: float) -> None:
        self.factor = factor

    def advance(self, real_s: float) -> float:
        if self.breaks:
            raise OverflowError("date value out of range")
        self.world.clock.sleep(real_s * self.factor)
        return 0.0

    def record(self) -> None:
        self.done.append("record")

    def stop(self) -> None:
        self.done.append("stop")

    def recorded(self) -> str:
        return 'title = "Recorded"\n'


class Staging:
    """`Opening` of staged worlds, which are kept for a test to look at."""

    def __init__(self, analyzer: FaceAnalyzer, images: Mapping[str, Image]) -> None:
        self.opened: list[str] = []
        self.stages: list[StagedWorld] = []
        self._analyzer = analyzer
        self._images = images

    @contextmanager
    def __call__(self, scenario: str) -> Iterator[Stage]:
        self.opened.append(scenario)
        if scenario == "getting-in":
            raise ScenarioError("This one can't be made.", hint="Load another.")
        with TemporaryDirectory() as folder, Store(Path(folder), places=KeyInMemory()) as store:
            world = StagedWorld(store, self._analyzer, images=dict(self._images))
            with store.people() as people:
                person = people.add("Eileen Collins", world.clock.utc())
                people.issue(parse_badge("17:1001"), person, world.clock.utc())
            self.stages.append(world)
            yield Stage(world, StagedPlayer(world))


@dataclass(frozen=True)
class Staged:
    """A page that is served without a network."""

    client: TestClient
    page: SimulationApp
    staging: Staging

    @property
    def world(self) -> StagedWorld:
        return self.staging.stages[-1]

    def post(self, path: str, body: object) -> int:
        answer = self.client.post(path, content=msgspec.json.encode(body), headers=JSON)
        return int(answer.status_code)


JSON = {**SHOWN, "content-type": "application/json"}


@contextmanager
def staged(analyzer: FaceAnalyzer, images: Mapping[str, Image]) -> Iterator[Staged]:
    staging = Staging(analyzer, images)
    page = SimulationApp(lambda publisher: Driver(staging, publisher), explain=lambda *_: ("why",), version="0")
    with closing(page.driver), TestClient(Guard(page.app, Gate(PORT, TOKEN)), base_url=ADDRESS) as client:
        page.driver.start().result(30)
        yield Staged(client, page, staging)
