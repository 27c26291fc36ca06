"""docs/evidence/pad.md keeps what was promised of the clips, and its labels are those of a turn."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pad_clips import clips_in
from pad_page import Page, page, share
from pad_turns import Made, made_after, moments

from device.pad.counting import Share
from device.policy.turn import Direction

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evidence" / "pad.md").read_text(encoding="utf-8")


def row(policy: str) -> list[str]:
    """The cells of the first table of attacks."""
    (found,) = re.findall(rf"^\| {re.escape(policy)} \| (\d of 5 [^|]*(?:\|[^|]*){{3}}) \|$", PAGE, re.MULTILINE)
    return [cell.partition(" (")[0] for cell in found.split(" | ")]


def lives(policy: str) -> tuple[int, int]:
    """Valid tries from ahead that were granted, and all of them."""
    (found,) = re.findall(rf"^\| {re.escape(policy)} \| \*\*all\*\* \| (\d+) of (\d+) ", PAGE, re.MULTILINE)
    return int(found[0]), int(found[1])


def yaws(*degrees: float) -> list[tuple[float, float]]:
    """A head's yaw each tenth of a second."""
    return [(round(0.1 * number, 1), yaw) for number, yaw in enumerate(degrees)]


RESTS = [0.0] * 6
TURN = yaws(*RESTS, 10, 20, 30, *[40.0] * 5)
"""Leaves its place after 0.5 s, and has turned 25 degrees at 0.8 s."""


def test_with_a_network_no_attack_passed_the_turn() -> None:
    replays, tries, stills, held = row("turn, minifasnet-v2")
    assert (replays, stills) == ("0 of 5", "0 of 5")
    assert (tries.partition(" ")[0], held.partition(" ")[0]) == ("0", "0")


def test_without_a_network_no_print_passed_and_replays_are_stated() -> None:
    replays, tries, stills, _ = row("turn, no network")
    assert stills == "0 of 5"
    assert int(replays[0]) > 0
    assert re.fullmatch(r"\d+ of 1\d\d", tries)


def test_without_detection_each_attack_opens() -> None:
    assert row("off")[0] == "5 of 5"


def test_nine_of_ten_valid_live_tries_were_granted_with_a_network() -> None:
    granted, tries = lives("turn, minifasnet-v2")
    assert granted >= 0.9 * tries > 0


def test_a_turn_is_made_if_it_begins_after_the_request() -> None:
    assert made_after(0.0, Direction.LEFT, TURN) == Made(began_at=0.5, reached_at=0.8)


@pytest.mark.parametrize(
    ("asked_at", "way"), [(0.4, Direction.LEFT), (0.9, Direction.LEFT), (0.0, Direction.RIGHT), (9.0, Direction.LEFT)]
)
def test_no_turn_to_that_side_follows_the_request(asked_at: float, way: Direction) -> None:
    """It was under way already, it was over, it went to the other side, or no face is seen."""
    assert made_after(asked_at, way, TURN) is None


def test_a_head_that_goes_the_other_way_first_does_not_turn_as_asked() -> None:
    swings = yaws(*RESTS, -6, -11, 0, 15, 30, 40)
    assert made_after(0.0, Direction.LEFT, swings) is None


def test_moments_are_those_before_the_turn() -> None:
    (left,) = moments(Direction.LEFT, TURN)
    assert left == pytest.approx((0.0, 0.3))
    assert moments(Direction.RIGHT, TURN) == ()


def test_every_clip_of_the_data_has_a_row(lintel_data: Path) -> None:
    folder = lintel_data / "attack"
    endings = ("mp4", "mov", "webm")
    clips = {path.relative_to(folder).as_posix() for ending in endings for path in folder.rglob(f"*.{ending}")}
    assert clips - {clip.path for clip in clips_in(folder)} == set()


def test_a_share_has_its_exact_bounds() -> None:
    assert (share(Share(0, 5)), share(Share(0, 0))) == ("0 of 5 (0 to 52 %)", "-")


def test_each_part_of_the_page_is_there_whatever_was_found() -> None:
    empty = page(Page((), {}, {}, (), (), {}, (), ()))
    titles = re.findall(r"^## .*", PAGE, re.MULTILINE)
    assert re.findall(r"^## .*", empty, re.MULTILINE) == titles


def test_without_data_nothing_is_measured_and_it_says_why(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "pad_evidence.py"), "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("Nothing is measured: no clips of presentation attacks at")
    assert ended.returncode == 0
