"""What the page needs of a virtual world and of its player."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from device.records import AuditRow, Image
from device.settings.tables import Settings
from device.simulation.scenario import Happening, Scenario
from device.store.store import Store
from device.virtual.clock import SimulatedClock
from device.vision.faces import FaceAnalyzer
from device.web.messages import Level, Seen, World


class Glimpse(Protocol):
    """The camera's newest picture, and what is seen in it."""

    @property
    def image(self) -> Image | None:
        """RGB; None while the camera gives none."""

    @property
    def seen(self) -> Seen:
        """What the door sees in it."""

    @property
    def chip(self) -> Image | None:
        """The face as the network gets it; None without one."""


class LiveWorld(Protocol):
    """A world that lives: `Session`."""

    store: Store
    clock: SimulatedClock
    analyzer: FaceAnalyzer
    settings: Settings
    scenario: Scenario

    @property
    def images(self) -> Mapping[str, Image]:
        """The pictures of those who may come, by name."""

    def levels_since(self, at_s: float) -> tuple[Level, ...]:
        """Levels from then on."""

    def rows_after(self, number: int) -> tuple[AuditRow, ...]:
        """The audit's rows behind that one."""

    def look(self) -> Glimpse:
        """What the camera shows now."""

    def add_image(self, name: str, image: Image) -> None:
        """Lets someone come who looks like that."""

    def show_live(self, image: Image) -> None:
        """Puts a frame of the browser's own camera before the door's."""


class WorldPlayer(Protocol):
    """What plays it: `Playback`."""

    def state(self) -> World:
        """How everything is now."""

    def act(self, what: Happening) -> None:
        """Has something happen now, and keeps it where that is recorded. Raises `ScenarioError`."""

    def play(self) -> None:
        """Goes on with time and the scenario."""

    def go_on(self) -> None:
        """Goes on with time alone."""

    def pause(self) -> None:
        """Stands still."""

    def step(self) -> None:
        """Plays the next step to its end."""

    def seek(self, number: int, each: Callable[[int], None]) -> None:
        """Goes to the beginning of a step; `each` gets the number of each step before it. Raises `ScenarioError`."""

    def speed(self, factor: float) -> None:
        """How fast time passes."""

    def advance(self, real_s: float) -> float:
        """Lets the world's time pass that goes with that much real time; how far it is behind, seconds."""

    def record(self) -> None:
        """Begins to keep what is done by hand."""

    def stop(self) -> None:
        """Ends that."""

    def recorded(self) -> str:
        """What was kept, as a scenario in TOML. Raises `ScenarioError`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A world with its player."""

    world: LiveWorld
    player: WorldPlayer


class Opening(Protocol):
    """Makes the world of a scenario, by its name; empty: the one that was begun with."""

    def __call__(self, scenario: str) -> AbstractContextManager[Stage]:
        """Raises `LintelError`."""
