"""People who turn their head when asked, and pictures of them that are held up, turned and replayed, at a virtual door.

    python benchmarks/simulated_attacks.py [--presentations 100] [--species live print] [--room hall] [--jobs 2]

The door is the real one's code with `pad = "turn"` and no passive network, from the camera's frames to the decision. A
presentation is drawn by its number alone, so that the same numbers give the same table. Faces are the two portraits
that came with Lintel, and with LINTEL_DATA first pictures of people of LFW, alone in view, who look ahead within 8
degrees. Before a plain wall the door knows nothing of the view, so that no picture is refused for hiding it: what is
left is the turn. Pictures are turned to the asked side by 20 to 55 degrees, with a hand's shake; bent prints are bent
by 30 to 110. Bounds are Clopper and Pearson's at 95 %, by presentation; presentations of one face are alike, so faces
are counted.
"""

import argparse
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from device.images import image_files, read_image
from device.pad.exact import interval
from device.records import Image, PadMode, Probe
from device.settings.tables import Settings, VisionSettings
from device.simulation.doors import with_pad
from device.simulation.trials import Setup, Species, Trial, booth
from device.virtual.figures import Room
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

MOST_PEOPLE, PEOPLE_APART = 60, 40
"""One of LFW's folders in 40 is looked at, and this many faces are taken at most."""
AHEAD_DEG = 8.0
NOT_ALONE = frozenset(
    [
        "b784db34",
        "3d91f47b",
        "1b895b32",
        "30879235",
        "d372c111",
        "13ebb6e5",
        "aecb79b4",
        "28a419dd",
        "ad112bda",
        "e2219975",
    ]
)
"""Pictures with a second person, or with hands, goggles or a ball before the face, seen by eye: the first eight digits
of their SHA-256. Such a photograph makes no head of one person.
"""
CHUNK = 50
WANTED = {Species.LIVE: "BPCER <= 3 %", Species.PRINT: "APCER <= 1 %", Species.BENT_PRINT: "APCER <= 1 %"}


@dataclass(frozen=True, slots=True)
class Task:
    """Presentations of one species, by number, for one process."""

    species: Species
    numbers: range
    room: Room
    data: str


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--presentations", type=int, default=100, help="of each species")
    arguments.add_argument("--species", nargs="*", type=Species, default=list(Species), help="which; left out: all")
    arguments.add_argument("--room", type=Room, default=Room.WALL, help="hall: with a view that the door knows")
    arguments.add_argument("--jobs", type=int, default=1)
    arguments.add_argument("--data", default=os.environ.get("LINTEL_DATA", ""), help="none: the portraits")
    arguments.add_argument("--small", action="store_true", help="one presentation of a live person and of a print")
    chosen = arguments.parse_args()
    species = [Species.LIVE, Species.PRINT] if chosen.small else chosen.species
    count = 1 if chosen.small else chosen.presentations
    print(f"{count} presentations of each species, room: {chosen.room}, no passive network")
    print(f"{'species':24s} {'faces':>5s} {'granted':>9s}  {'error':>7s}  {'exact 95 %':>14s}  wanted; reasons")
    for one in species:
        report(one, trials(one, count, chosen))


def trials(species: Species, count: int, chosen: argparse.Namespace) -> list[Trial]:
    """What came of all presentations of a species; the same for any number of processes."""
    data = "" if chosen.small else chosen.data
    tasks = [
        Task(species, range(first, min(count, first + CHUNK)), chosen.room, data) for first in range(0, count, CHUNK)
    ]
    if chosen.jobs < 2:
        return [trial for task in tasks for trial in tried(task)]
    with ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as processes:
        return [trial for made in processes.map(tried, tasks) for trial in made]


def tried(task: Task) -> list[Trial]:
    """Runs in a process of its own."""
    cv2.setNumThreads(1)
    analyzer = load_analyzer(VisionSettings(threads=1))
    settings = with_pad(Settings(vision=VisionSettings(threads=1)), PadMode.TURN)
    with booth(Setup(settings, analyzer, people(analyzer, task.data), task.room)) as door:
        return [door.present(task.species, number) for number in task.numbers]


def people(analyzer: FaceAnalyzer, data: str) -> dict[str, Image]:
    """The photographs, by name."""
    found = {path.stem: read_image(path) for path in sorted((shipped_models_dir() / "portraits").glob("*.jpg"))}
    for path in lfw_pictures(data):
        if len(found) >= MOST_PEOPLE:
            break
        image = read_image(path)
        seen = analyzer.analyze(image)
        if isinstance(seen, Probe) and abs(seen.quality.yaw) <= AHEAD_DEG:
            found[path.stem] = image
    return found


def lfw_pictures(data: str) -> Iterator[Path]:
    """The first picture of each fortieth person."""
    folders = sorted(path for path in (Path(data) / "lfw").iterdir() if path.is_dir()) if data else []
    for folder in folders[::PEOPLE_APART]:
        first = image_files(folder)[0]
        if hashlib.sha256(first.read_bytes()).hexdigest()[:8] not in NOT_ALONE:
            yield first


def report(species: Species, done: Sequence[Trial]) -> None:
    """A line of the table: of live people errors are refusals, of attacks grants."""
    granted = sum(trial.granted for trial in done)
    errors = len(done) - granted if species is Species.LIVE else granted
    low, high = interval(errors, len(done))
    reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(trial.reason for trial in done).most_common())
    print(
        f"{species:24s} {len({trial.person for trial in done}):5d} {granted:4d}/{len(done):4d}  "
        f"{errors / len(done):7.2%}  {low:6.2%} {high:7.2%}  {WANTED.get(species, 'stated')}; {reasons}",
        flush=True,
    )


if __name__ == "__main__":
    main()
