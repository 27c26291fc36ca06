"""What a swipe takes on the clips, by the frames' own times, at 15 frames a second: for docs/evidence/pad.md.

The processor time of a frame is measured by `benchmarks/pad_cues.py`, which runs as it does by itself.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from environments import ROOT
from pad_clips import Watched
from pad_tries import Policy, Start, starts_of
from pad_turns import Made

from device.vision.comparison import Vectors
from device.vision.manifest import DecisionRule

RATE = 15.0
Row = tuple[str, str]


def frame_times(network: Path) -> Iterator[Row]:
    """What each part of a frame costs, as the benchmark prints it."""
    command = [sys.executable, str(ROOT / "benchmarks" / "pad_cues.py"), "--network", str(network)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, value in re.findall(r"^(\w[\w, ]*?) +(\d+\.\d\d ms)", printed, re.MULTILINE):
        yield f"{name}, a frame of 640x480, processor time", value


def thinned(watched: Watched) -> Watched:
    """The same clip at 15 frames a second at most."""
    step = max(1, round(watched.rate / RATE))
    lives = {name: values[::step] for name, values in watched.lives.items()}
    return replace(watched, frames=watched.frames[::step], lives=lives, grays=watched.grays[::step])


def swipe_times(
    watched: Sequence[tuple[Watched, Vectors]], policies: Sequence[Policy], rule: DecisionRule
) -> Iterator[Row]:
    """From the badge to the grant, by the frames' own times, with each policy, on live clips that are no slower."""
    able = [(thinned(one), references) for one, references in watched if one.rate >= RATE]
    for policy in policies:
        tried = [starts_of(one, policy, references, rule) for one, references in able]
        granted = [start for starts in tried for start in starts if start.ended.granted]
        if policy.asks:
            yield from _with_a_turn(policy, granted)
        else:
            yield f"{policy.name}: badge to grant", _spread([start.ended.at - start.at for start in granted])


def _with_a_turn(policy: Policy, granted: Sequence[Start]) -> Iterator[Row]:
    """What the door adds to what the person takes: they turned when they liked, so the wait for that is left out."""
    made = [(start, start.made) for start in granted if start.made]
    yield (
        f"{policy.name}: badge to the first request",
        _spread([start.ended.prompts[0] - start.at for start, _ in made]),
    )
    yield (
        f"{policy.name}: begin of the turn to grant",
        _spread([start.ended.at - turn.began_at for start, turn in made]),
    )
    yield f"{policy.name}: both", _spread([_both(start, turn) for start, turn in made])


def _both(start: Start, turn: Made) -> float:
    return start.ended.prompts[0] - start.at + start.ended.at - turn.began_at


def _spread(times: Sequence[float]) -> str:
    if not times:
        return "-"
    return f"median {np.median(times):.2f} s, 95 % within {np.percentile(times, 95):.2f} s ({len(times)} tries)"
