"""`lintel-convert turned`: which of people's own turned frames match, counted by the angle, and where that is kept."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from convert.cli.main import cli
from convert.turned import Held, clips_of, own_frames
from device.commandline import run_command
from device.errors import ImageError
from device.vision.manifest import read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir
from tests.convert.test_transactions import RULE, clip_of, unit

CLIP = Path("clip.mp4")
SELF, ASKEW, OTHER = unit(1, 0), unit(0.8, 0.6), unit(0, 1)
"""The threshold for 1e-3 is 0.7 in that rule."""


def held(at: float, yaw: float, embedding: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]" = SELF) -> Held:
    return Held(at, yaw, 0.0, embedding)


AHEAD = [held(0.1 * number, 5.0) for number in range(20)]
"""Two seconds of a person whose camera hangs 5 degrees to the side."""


def test_frames_are_counted_by_the_turn_from_the_person_s_own_0() -> None:
    turned = [held(3, 14.9), held(3.1, 15.0, ASKEW), held(3.2, 29.9, OTHER), held(3.3, -29.9), held(3.4, 40.0)]
    found = own_frames([*AHEAD, *turned], RULE, CLIP)
    assert [(one.to_deg, one.frames, one.matching) for one in found] == [
        (10, 1, 1),
        (20, 1, 1),
        (25, 1, 0),
        (30, 0, 0),
        (35, 1, 1),
    ]


def test_the_references_own_two_seconds_are_not_counted() -> None:
    assert sum(one.frames for one in own_frames(AHEAD, RULE, CLIP)) == 0


def test_a_nodding_head_is_not_counted() -> None:
    found = own_frames([*AHEAD, Held(3, 5.0, 25.1, SELF)], RULE, CLIP)
    assert sum(one.frames for one in found) == 0


def test_turned_frames_of_the_first_seconds_are_no_references() -> None:
    begin = [held(0.1 * number, 5.0 if number < 6 else 40.0, SELF if number < 6 else OTHER) for number in range(20)]
    found = own_frames([*begin, held(3, 5.0), held(3.1, 5.0, OTHER)], RULE, CLIP)
    assert (found[0].frames, found[0].matching) == (2, 1)


@pytest.mark.parametrize("held_there", [[], AHEAD[5:], AHEAD[:2]])
def test_a_clip_that_does_not_begin_with_a_person_is_refused(held_there: list[Held]) -> None:
    with pytest.raises(ImageError, match="does not begin with one person who looks at the camera"):
        own_frames(held_there, RULE, CLIP)


def test_a_folder_stands_for_its_clips(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mov", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in clips_of([tmp_path, CLIP])] == ["a.mov", "b.mp4", "clip.mp4"]


def test_the_command_writes_what_it_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = shutil.copytree(shipped_models_dir(), tmp_path / "models", ignore=shutil.ignore_patterns("card"))
    clip_of("grace-hopper", tmp_path / "grace.avi", frames=33)
    clip = str(tmp_path / "grace.avi")
    assert run_command(cli, ["turned", "--clips", clip, "--models", str(models), "--dataset", "one", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)["turned"]
    assert (printed["dataset"], printed["clips"], printed["own_frames"][0]["frames"]) == ("one", 1, 3)
    kept = read_manifest(models / f"{EMBEDDING}.json").turned
    assert kept is not None
    assert [(one.from_deg, one.frames, one.matching) for one in kept.own_frames] == [
        (0, 3, 3),
        (10, 0, 0),
        (20, 0, 0),
        (25, 0, 0),
        (30, 0, 0),
    ]
