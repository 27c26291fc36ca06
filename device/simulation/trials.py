"""Presentations by the hundred at a virtual door: people who turn when asked, and pictures of them that are turned.

Each is drawn by its number alone: whose face, how near, how lit, how the hand shakes. The door is the real one's code,
from the camera's frames to the audit; nothing of it is copied here.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, Terms
from device.errors import LintelError
from device.people.bases import SIMULATED
from device.policy.turn import Direction
from device.records import Decision, Image
from device.settings.tables import Settings
from device.simulation.casting import empty_view, head_of
from device.simulation.doors import VirtualWorld, virtual_doors
from device.simulation.playing import Playing
from device.simulation.running import Running
from device.simulation.scenario import Step
from device.store.store import Store
from device.store.vault.device_key import KeyInMemory
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place, Room, Thing
from device.virtual.pins import SimulatedPins
from device.virtual.scene import HEIGHT, WIDTH, Head, Scene
from device.vision.faces import FaceAnalyzer

APART_S = 40.0
"""Between two presentations, so that none waits for the one before."""


class Species(StrEnum):
    """What is presented."""

    LIVE = "live"
    PRINT = "print"
    BENT_PRINT = "bent print"
    PHONE = "phone"
    PHONE_THAT_TURNS = "phone, its face turns"
    MONITOR = "monitor"
    MONITOR_THAT_TURNS = "monitor, its face turns"


_THINGS = {
    Species.LIVE: (Thing.PERSON,),
    Species.PRINT: (Thing.PRINT,),
    Species.BENT_PRINT: (Thing.BENT_PRINT,),
    Species.PHONE: (Thing.PHONE, Thing.PHONE_LANDSCAPE),
    Species.PHONE_THAT_TURNS: (Thing.PHONE, Thing.PHONE_LANDSCAPE),
    Species.MONITOR: (Thing.MONITOR,),
    Species.MONITOR_THAT_TURNS: (Thing.MONITOR,),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a presentation; `reason` is that of the decision."""

    species: Species
    number: int
    person: str
    decision: Decision | None

    @property
    def granted(self) -> bool:
        """Whether the door opened."""
        return self.decision is not None and self.decision.granted

    @property
    def reason(self) -> str:
        """Its code; "no decision" if the door made none."""
        return self.decision.reason.code if self.decision else "no decision"


def figure_of(species: Species, number: int, name: str, head: Head) -> Figure:
    """How the presentation of that number looks: as a person would come, or as an attacker would hold a picture.

    What is held is turned to the asked side, by 20 to 55 degrees; a bent print is bent by 30 to 110.
    """
    rng = np.random.default_rng((list(Species).index(species), number))
    things = _THINGS[species]
    place = _place(head, face_px=rng.uniform(150, 200), x=rng.uniform(0.42, 0.58), y=rng.uniform(0.42, 0.5))
    return Figure(
        image=name,
        thing=things[int(rng.integers(len(things)))],
        start=place,
        end=place,
        light=rng.uniform(0.75, 1.1),
        turns="when-asked",
        turn_deg=rng.normal(45.0, 4.0) if species is Species.LIVE else rng.uniform(20, 55),
        plays="turning" if species in (Species.PHONE_THAT_TURNS, Species.MONITOR_THAT_TURNS) else "still",
        bend_deg=rng.uniform(30, 110),
        shake_px=rng.uniform(0.5, 4.0),
    )


def _place(head: Head, *, face_px: float, x: float, y: float) -> Place:
    """Where a photograph has to be for its face to be that wide, and there."""
    low, high = head.points.min(axis=0), head.points.max(axis=0)
    scale = face_px / float(high[0] - low[0])
    rows, columns = head.image.shape[:2]
    right, down = ((low + high) / 2 - (columns / 2, rows / 2)) * scale

    def share(value: float) -> float:
        return float(np.clip(value, 0.0, 1.0))

    return Place(x=share(x - right / WIDTH), y=share(y - down / HEIGHT), size=min(3.0, rows * scale / HEIGHT))


@dataclass(frozen=True, slots=True)
class Setup:
    """A door, what it sees with, and the photographs of those who are enrolled at it, by name. Of a plain wall behind
    them nothing can be known, so that no picture is refused for hiding it.
    """

    settings: Settings
    analyzer: FaceAnalyzer
    people: Mapping[str, Image]
    room: Room


class Booth:
    """A virtual door whose people are enrolled; one presentation after the other."""

    def __init__(self, stack: ExitStack, setup: Setup) -> None:
        """People whose photograph cannot be a reference, or shows no face, are left out."""
        people = setup.people
        self._clock = SimulatedClock()
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lintel-")))
        self._store = stack.enter_context(Store(folder, places=KeyInMemory()))
        self.heads = dict(self._enrolled(setup.analyzer, people))
        self._empty = Scene((), {name: people[name] for name in self.heads}, self.heads, room=setup.room)
        camera = SimulatedCamera(self._clock, self._empty)
        self._sides = random.Random(0)  # noqa: S311 - not a secret in a world of its own
        self._world = VirtualWorld(
            self._clock,
            SimulatedPins(self._clock),
            camera,
            self._store,
            setup.analyzer,
            scene=empty_view(setup.room),
            draw=lambda: self._sides.choice(tuple(Direction)),
        )
        doors = stack.enter_context(virtual_doors(setup.settings, self._world))
        self._running = Running(doors, self._world, setup.settings, scene=self._empty)

    def present(self, species: Species, number: int) -> Trial:
        """What the door makes of it, with the badge of the person who is shown."""
        name = list(self.heads)[number % len(self.heads)]
        figure = figure_of(species, number, name, self.heads[name])
        step = Step(title=f"{species} {number}", view=(figure,), badge=_badge(list(self.heads).index(name)))
        self._clock.sleep(APART_S)
        self._sides.seed(number)
        playing = Playing(step, self._running, seed=number)
        while not playing.is_over:
            self._running.go_round()
        played = playing.played()
        return Trial(species, number, name, played.transaction.decision if played.transaction else None)

    def _enrolled(self, analyzer: FaceAnalyzer, people: Mapping[str, Image]) -> Iterator[tuple[str, Head]]:
        enrollment, number = Enrollment(self._store, analyzer, self._clock, terms=Terms(SIMULATED)), 0
        for name, image in people.items():
            try:
                head = head_of(image, analyzer, name)
                report = enrollment.enroll(parse_badge(_badge(number)), name, [Candidate("photograph", image)])
            except LintelError:
                continue
            if report.accepted:
                number += 1
                yield name, head


@contextmanager
def booth(setup: Setup) -> Iterator[Booth]:
    """Opens the door, and throws its state away at the end."""
    with ExitStack() as stack:
        yield Booth(stack, setup)


def _badge(number: int) -> str:
    return f"17:{1000 + number}"
