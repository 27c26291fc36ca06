"""A few of the power cuts and kills of `make power-loss`, and that the trial would notice what is lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.power_loss.operations import Kind
from tests.power_loss.trials import Recording, after_kill, after_power_cut, kill_points, killed_for_real, record
from tests.rig.strace import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"needs strace: {missing()}")
CUTS, KILLS = 10, 12


@pytest.fixture(scope="module", params=["day", "import", "migrate", "restore"])
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(request.param, tmp_path_factory.mktemp("recorded") / "life")


def test_power_cuts_lose_nothing_acknowledged(recording: Recording, tmp_path: Path) -> None:
    assert [wrong for seed in range(CUTS) if (wrong := after_power_cut(recording, seed, tmp_path / "image"))] == []


def test_kills_lose_nothing_acknowledged(recording: Recording, tmp_path: Path) -> None:
    points = kill_points(recording)
    some = points[:: max(1, len(points) // KILLS)]
    assert [wrong for point in some if (wrong := after_kill(recording, point, tmp_path / "image"))] == []


def test_kill_by_the_kernel_loses_nothing_acknowledged(recording: Recording, tmp_path: Path) -> None:
    assert killed_for_real(recording, "pwrite64", len(kill_points(recording)) // 3, tmp_path / "life") == ""


def test_trial_notices_a_store_that_does_not_sync(recording: Recording, tmp_path: Path) -> None:
    hasty = tuple(one for one in recording.operations if one.kind is not Kind.SYNC)
    unsynced = replace(recording, operations=hasty)
    assert any(after_power_cut(unsynced, seed, tmp_path / "image") for seed in range(20))
