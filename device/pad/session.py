"""One sitting before a camera: the empty view, the person, then one presentation after the other.

Between `device.pad.recording` and who says the sentences and keeps what is finished: a command, or a running service.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from device.pad.counting import LIVE
from device.pad.manifest import PadFolder
from device.pad.protocol import Ask
from device.pad.recording import Finished, Person, Recorder, Wanted
from device.records import Image
from device.vision.manifest import DecisionRule

SHOWN = {
    LIVE: "Stand before the camera and look at it, as at the door.",
    "print": "Hold a printed face before the camera, as large as a face would be. Try to be let in.",
    "phone": "Show the face on a phone, a picture or a video. Try to be let in.",
    "tablet": "Show the face on a tablet or a monitor, a picture or a video. Try to be let in.",
    "cut-out": "Hold a printed face with the eyes cut out before your own. Try to be let in.",
}
"""What a person is asked to do for each species."""
_TURNS = {
    Ask.TURN_LEFT: "Now turn it to the LEFT, as the door asks a person to.",
    Ask.TURN_RIGHT: "Now turn it to the RIGHT, as the door asks a person to.",
}
STRAIGHT = "Look straight at the camera: all else is compared with this face. It is not kept."


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be recorded of one person and hand: how many of each species in all, and on which devices."""

    person: str
    hand: str
    species: tuple[str, ...]
    count: int
    devices: Mapping[str, str] = field(default_factory=dict)

    def missing(self, there: PadFolder) -> list[tuple[str, int]]:
        """Species and number of each presentation that is not there yet."""
        return [
            (name, number) for name in self.species for number in range(1 + self._recorded(there, name), self.count + 1)
        ]

    def _recorded(self, there: PadFolder, species: str) -> int:
        wanted = (species, self.person, self.hand)
        return sum((one.species, one.person, one.hand) == wanted for one in there.presentations)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said to the person."""

    words: str


Said = Sentence | Finished | None
"""None: nothing new, a few times a second."""


class Learner(Protocol):
    """What later frames are looked at with."""

    def learn(self, empty: Sequence[Image]) -> None:
        """Takes RGB pictures of the empty view."""


def session(
    recorder: Recorder, learner: Learner, rule: DecisionRule, plan: Plan, missing: list[tuple[str, int]]
) -> Iterator[Said]:
    """What is said, and each presentation once it is finished. Raises `CameraError`."""
    for empty in recorder.empty_view():
        if isinstance(empty, list):
            learner.learn(empty)
        else:
            yield None if empty is None else Sentence(str(empty.value))
    yield Sentence(STRAIGHT)
    references = np.zeros((0, 0), np.float32)
    for found in recorder.references():
        if isinstance(found, np.ndarray):
            references = found
        else:
            yield None if found is None else Sentence(f"  {found.meaning} {found.advice}")
    person = Person(references, rule)
    for done, (species, number) in enumerate(missing):
        yield Sentence(f"{done} of {len(missing)} done. Next: {species}, {number} of {plan.count}.")
        wanted = Wanted(species, plan.person, plan.hand, plan.devices.get(species, ""))
        yield from _presented(recorder, wanted, person)


def _presented(recorder: Recorder, wanted: Wanted, person: Person) -> Iterator[Said]:
    """Until it is one."""
    is_finished = False
    while not is_finished:
        for said in recorder.presentation(wanted, person):
            is_finished = is_finished or isinstance(said, Finished)
            yield Sentence(sentence(said, wanted.species)) if isinstance(said, Ask) else said


def sentence(ask: Ask, species: str) -> str:
    """What is said of a species."""
    if ask is Ask.SHOW:
        return SHOWN[species]
    return str(ask.value) if species == LIVE else _TURNS.get(ask, str(ask.value))
