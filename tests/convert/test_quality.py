"""`lintel-convert quality`: what is counted, and the command itself on a few pictures."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from convert.cli.main import cli
from convert.measuring.gate_rates import Gate, rates_of
from convert.measuring.gate_views import MEASURES, Views, half_of
from convert.quality import known, people_in
from device.commandline import run_command
from device.errors import ImageError
from device.images import read_image
from device.vision.models import shipped_models_dir

NAMES = ("ada", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")
SECOND = half_of(NAMES, second=True)


def views(*vectors: Sequence[float]) -> Views:
    rows = np.array(vectors, np.float32)
    return Views(np.zeros((len(rows), len(MEASURES)), np.float32), rows)


def gate(references: Sequence[int], probes: Sequence[int]) -> Gate:
    return Gate(np.array(references, bool), np.array(probes, bool), {})


@given(st.lists(st.text(max_size=8), unique=True, max_size=20))
def test_everybody_is_in_one_half(names: list[str]) -> None:
    halves = half_of(names, second=False), half_of(names, second=True)
    assert sorted([*halves[0], *halves[1]]) == sorted(names)


def test_pairs_that_the_gate_refuses_count_as_no_match() -> None:
    same = views((1, 0), (1, 0), (1, 0))
    rates = rates_of("x", (same, gate([1, 1, 1], [1, 1, 1])), (same, gate([1, 0, 0], [1, 1, 0])), threshold=0.9)
    assert (rates.same.rate.errors, rates.same.rate.trials) == (1, 6)
    assert (rates.passed.errors, rates.passed.trials) == (1, 1)
    assert (rates.clean.rate.errors, rates.clean.rate.trials) == (4, 6)
    assert (rates.refused_references.rate.errors, rates.refused_probes.rate.errors) == (2, 1)


def test_mated_pairs_are_those_that_pass() -> None:
    references, probes = views((1, 0), (0, 1), (1, 0)), views((1, 0), (1, 0), (1, 0))
    rates = rates_of("x", (references, gate([1, 1, 0], [1, 1, 1])), (probes, gate([1] * 3, [1] * 3)), threshold=0.9)
    assert (rates.fnmr.rate.errors, rates.fnmr.rate.trials) == (1, 2)


def test_a_rate_without_matches_has_an_upper_end_above_zero() -> None:
    apart = views((1, 0), (0, 1))
    rates = rates_of("x", (apart, gate([1, 1], [1, 1])), (apart, gate([1, 1], [1, 1])), threshold=0.9)
    assert rates.same.rate.value == 0.0
    assert rates.same.interval[1] > 0.1


def test_an_unknown_condition_is_refused_with_those_there_are() -> None:
    with pytest.raises(ImageError) as raised:
        known(["noise-10", "rain"])
    assert raised.value.message == "Unknown condition: rain."
    assert "mask-white" in raised.value.hint


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two pictures each of two people of the second half."""
    for name, portrait in zip(SECOND, ("eileen-collins", "grace-hopper"), strict=False):
        picture = read_image(shipped_models_dir() / "portraits" / f"{portrait}.jpg")[:, :, ::-1]
        (tmp_path / "images" / name).mkdir(parents=True)
        for number, light in enumerate((1.0, 0.8)):
            cv2.imwrite(str(tmp_path / "images" / name / f"{number}.png"), (picture * light).astype(np.uint8))
    return tmp_path / "images"


def test_people_without_two_pictures_are_left_out(images: Path) -> None:
    next((images / SECOND[0]).glob("1.png")).unlink()
    with pytest.raises(ImageError, match="1 people of that half"):
        people_in(images, second_half=True, most=None)


def test_the_command_prints_a_row_a_condition_and_uses_its_cache(images: Path, tmp_path: Path) -> None:
    line = ["quality", "--images", str(images), "--condition", "clean", "--condition", "glasses"]
    line += ["--cache", str(tmp_path / "seen"), "--threads", "1"]
    first, again = (CliRunner().invoke(cli, line) for _ in range(2))
    assert first.exit_code == 0
    assert [row.split()[1] for row in first.stdout.splitlines()[2:]] == ["clean", "glasses"]
    assert again.stdout == first.stdout
    assert len(list((tmp_path / "seen").glob("*.npz"))) == 3


def test_json_has_counts_and_intervals(images: Path) -> None:
    line = ["quality", "--images", str(images), "--condition", "glasses", "--threads", "1", "--json"]
    found = json.loads(CliRunner().invoke(cli, line).stdout)["glasses"]
    assert found["same"]["trials"] == 2
    assert found["refused_references"]["errors"] == 2
    assert set(found["reasons"]) == {"eyes-covered"}


@pytest.mark.parametrize(("most", "code"), [("0.5", 1), ("1", 0)])
def test_a_rate_beyond_the_most_allowed_has_its_own_exit_code(images: Path, most: str, code: int) -> None:
    for picture in (images / SECOND[0]).iterdir():  # two people of one face: every pair matches
        shutil.copy(picture, images / SECOND[1] / picture.name)
    line = ["quality", "--images", str(images), "--condition", "clean", "--most", most, "--threads", "1"]
    assert run_command(cli, line) == code
