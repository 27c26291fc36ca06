"""Recorded folders for the tests of `lintel pad`: whole ones, made of frames and not of a camera."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from device.pad.folder import opened
from device.pad.manifest import PadFolder, Prompt
from device.pad.recording import Finished, Wanted, keep
from device.pad.values import frame_record
from tests.device.pad.recorded import face

RATE = 8.0


@dataclass(frozen=True)
class Made:
    """A presentation that is made: `live` is what a network says of it, `turns` whether its head turns as asked."""

    species: str
    person: str
    hand: str
    live: float | None
    turns: bool = False


def write_folder(folder: Path, networks: PadFolder, presentations: Iterable[Made]) -> None:
    """A folder as `lintel pad record` leaves it."""
    with opened(folder, networks) as store:
        for number, made in enumerate(presentations):
            keep(finished(made, number), store, None)


def finished(made: Made, number: int = 0) -> Finished:
    """Five seconds, with a turn to the left asked for after two; each `number` differs a little from the others."""
    wanted = Wanted(made.species, made.person, made.hand, "a device")
    live = None if made.live is None else made.live + 1e-6 * number
    seen = [face(at / RATE, _yaw(at / RATE, made), live=live) for at in range(int(5 * RATE))]
    frames = tuple(frame_record(one, 0.0, 0.99) for one in seen)
    prompts = (Prompt(at=2.0, ask="turn-left"),)
    return Finished(wanted, datetime(2026, 11, 30, tzinfo=UTC), 3, prompts, frames)


def _yaw(at: float, made: Made) -> float:
    return float(np.interp(at - 2.3, [0.0, 0.6, 1.0, 1.6], [0.0, 45.0, 45.0, 0.0])) if made.turns else 0.0


def enough(live: float = 0.9, attack: float = 0.1) -> list[Made]:
    """What a threshold takes: 20 live presentations by 3 people, and each attack once."""
    people = [Made("live", f"p{at % 3}", f"p{at % 3}", live, turns=True) for at in range(20)]
    return [*people, *(Made(species, "p0", "p0", attack) for species in ("phone", "tablet", "print"))]
