"""Presentation attacks on clips: what the door's own policy makes of them, written to docs/evidence/pad.md.

    .venv/bin/python scripts/pad_evidence.py --write docs/evidence/pad.md
    .venv/bin/python scripts/pad_evidence.py --also minifasnet-v2-se=PACKAGE.tgz --models mobilefacenet=FOLDER

The clips are in the folder that LINTEL_DATA names, by default ../shared/data; without it nothing is measured, and the
exit code is 0. The weights of MiniFASNet V2 come from there too: they are imported into a folder of the run. Nothing
that is seen is kept. Ends in a line of figures.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from environments import ROOT
from numpy.typing import NDArray
from pad_clips import Clip, Watched, clips_in, references_in, references_of, shares_of, size_of, view_of, watch
from pad_page import LeftOut, Page, SceneSeen, line, page
from pad_timing import frame_times, swipe_times
from pad_tries import Policy, Presented, present

from convert.passive import import_passive
from convert.turned import measured
from device.pad.counting import LIVE, Share
from device.pad.threshold import threshold_of
from device.records import PadMode
from device.settings.tables import VisionSettings
from device.vision.attack.cues import CuesOf
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.attack.pose import mean_face_of
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import Turned

V2 = "minifasnet-v2"
SIMULATION = ROOT / "benchmarks" / "simulated_attacks.py"
WEIGHTS = Path("weights") / "minifasnet" / "2.7_80x80_MiniFASNetV2.pth"
PASSIVE = "passive"
NO_DATA = "Nothing is measured: no clips of presentation attacks at {}. LINTEL_DATA names the folder of the data."

References = Mapping[str, NDArray[np.float32] | None]
"""Those of each clip, by its path; None where there are none."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What everything is measured with."""

    folder: Path
    out: Path
    """Where the imported networks lie."""
    analyzer: FaceAnalyzer
    networks: Mapping[str, PassiveNetwork]


def main() -> int:
    """Measures, prints a line of figures, and writes the page if it is asked to."""
    arguments, began = _arguments(), time.monotonic()
    data = Path(arguments.data)
    folder = data / "attack"
    if not clips_in(folder) or not (data / WEIGHTS).is_file():
        _say(NO_DATA.format(folder))
        return 0
    with tempfile.TemporaryDirectory(prefix="lintel-pad-") as temporary:
        sources = {V2: data / WEIGHTS, **dict(_named(arguments.also))}
        bench = Bench(folder, Path(temporary), _analyzer(), dict(_imported(sources, Path(temporary))))
        found = _measured(bench, dict(_named(arguments.models)), tuple(_simulated(arguments.presentations, data)))
    _say(f"{line(found)}; {time.monotonic() - began:.0f} s")
    if arguments.write:
        Path(arguments.write).write_text(page(found), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LINTEL_DATA") or str(ROOT.parent / "shared" / "data")
    arguments.add_argument("--data", default=default, help="folder of the data")
    arguments.add_argument("--also", action="append", default=[], metavar="NAME=FILE", help="another network's weights")
    arguments.add_argument(
        "--models", action="append", default=[], metavar="NAME=FOLDER", help="for own frames by angle"
    )
    arguments.add_argument("--presentations", type=int, default=10, help="simulated, of each species; 0, none")
    arguments.add_argument("--write", help="the page")
    return arguments.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _named(given: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for one in given:
        name, _, path = one.partition("=")
        yield name, Path(path)


def _simulated(presentations: int, data: Path) -> Iterator[str]:
    """What the simulated measurement prints, in a process of its own."""
    if not presentations:
        return
    species = ("live", "print", "bent print")
    arguments = ("--presentations", str(presentations), "--data", str(data), "--species", *species)
    command = [sys.executable, str(SIMULATION), *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    yield f"`python benchmarks/{SIMULATION.name} --presentations {presentations}`, a small run of it:"
    yield from ("", "```text", *printed.splitlines(), "```")


def _analyzer() -> FaceAnalyzer:
    analyzer = load_analyzer(VisionSettings(threads=1))
    analyzer.cues_of = CuesOf(mean_face_of(analyzer.detector, analyzer.mesh))
    return analyzer


def _imported(sources: Mapping[str, Path], out: Path) -> Iterator[tuple[str, PassiveNetwork]]:
    for name, source in sources.items():
        import_passive(name, source, out)
        yield name, load_passive(name, out)


def _policies(networks: Mapping[str, PassiveNetwork]) -> Iterator[Policy]:
    yield Policy("off", PadMode.OFF)
    yield Policy("turn, no network", PadMode.TURN)
    for name in networks:
        yield Policy(f"passive, {name}", PadMode.PASSIVE, name)
        yield Policy(f"turn, {name}", PadMode.TURN, name)


def _measured(bench: Bench, models: Mapping[str, Path], simulated: tuple[str, ...]) -> Page:
    watched = tuple(watch(clip, bench.folder, bench.analyzer, bench.networks) for clip in clips_in(bench.folder))
    references = _references(watched, bench)
    rule = bench.analyzer.embedder.decision_rule
    presented = {
        policy.name: tuple(present(one, policy, references[one.clip.path], rule) for one in watched)
        for policy in _policies(bench.networks)
    }
    passive = presented[f"{PASSIVE}, {V2}"]
    return Page(
        watched,
        {one.clip.path: size_of(bench.folder / one.clip.path) for one in watched},
        presented,
        tuple(_scenes(watched)),
        tuple(_left_out(passive)),
        dict(_turned(bench, models)),
        (*frame_times(bench.out / V2), *_swipes(watched, references, bench)),
        simulated,
    )


def _references(watched: Sequence[Watched], bench: Bench) -> References:
    by_path = {one.clip.path: one for one in watched}
    return {one.clip.path: _reference(one.clip, by_path, bench) for one in watched}


def _reference(clip: Clip, by_path: Mapping[str, Watched], bench: Bench) -> NDArray[np.float32] | None:
    if not clip.references:
        return None
    if clip.references in by_path:
        return references_in(by_path[clip.references].frames)
    return references_of(clip.references, bench.folder, bench.analyzer)


def _swipes(watched: Sequence[Watched], references: References, bench: Bench) -> Iterator[tuple[str, str]]:
    live = [
        (one, known) for one in watched if one.clip.species == LIVE and (known := references[one.clip.path]) is not None
    ]
    policies = (
        Policy("passive, no network", PadMode.PASSIVE),
        Policy(f"{PASSIVE}, {V2}", PadMode.PASSIVE, V2),
        Policy("turn, no network", PadMode.TURN),
        Policy(f"turn, {V2}", PadMode.TURN, V2),
    )
    yield from swipe_times(live, policies, bench.analyzer.embedder.decision_rule)


def _scenes(watched: Sequence[Watched]) -> Iterator[SceneSeen]:
    by_path = {one.clip.path: one for one in watched}
    for one in watched:
        if one.clip.view_of not in by_path:
            continue
        view = view_of(by_path[one.clip.view_of])
        shares = [share for share in shares_of(one, view) if share is not None]
        refused = sum(share < 0.60 for share in shares)
        yield SceneSeen(
            one.clip.path,
            one.clip.view_of,
            one.clip.species,
            len(shares),
            min(shares),
            float(np.median(shares)),
            refused,
            sum(share < 0.75 for share in shares) - refused,
        )


def _left_out(presented: Sequence[Presented]) -> Iterator[LeftOut]:
    """Each person of a live clip, at the threshold that the live clips of all others set."""
    means = {one.watched.clip.path: _means(one) for one in presented}
    people = sorted({one.watched.clip.person for one in presented if one.watched.clip.species == LIVE})
    for person in people:
        own = [one for one in presented if one.watched.clip.person == person]
        others = [
            means[one.watched.clip.path][0]
            for one in presented
            if one.watched.clip.species == LIVE and one not in own and means[one.watched.clip.path]
        ]
        threshold = threshold_of(others)
        live = [mean for one in own if one.watched.clip.species == LIVE for mean in means[one.watched.clip.path]]
        attacks = [mean for one in own if one.watched.clip.species != LIVE for mean in means[one.watched.clip.path]]
        yield LeftOut(
            person,
            threshold,
            Share(sum(mean < threshold for mean in live), len(live)),
            Share(sum(mean >= threshold for mean in attacks), len(attacks)),
        )


def _means(presented: Presented) -> list[float]:
    """The mean probability of a live face that the door decided by, of each try in which it did."""
    return [tried.live for tried in presented.shown.tried if tried.live is not None]


def _turned(bench: Bench, models: Mapping[str, Path]) -> Iterator[tuple[str, Turned]]:
    clips = [bench.folder / clip.path for clip in clips_in(bench.folder) if clip.species == LIVE]
    yield "the one Lintel comes with", measured(clips, bench.analyzer, "attack")[0]
    for name, folder in models.items():
        analyzer = load_analyzer(VisionSettings(models_dir=str(folder), threads=1))
        yield name, measured(clips, analyzer, "attack")[0]


if __name__ == "__main__":
    sys.exit(main())
