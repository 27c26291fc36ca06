"""The false match rate that a door's settings state is that for which its network's threshold was set."""

import shutil
from pathlib import Path

import msgspec
import pytest

from device.errors import ModelError
from device.settings.tables import VisionSettings
from device.vision.faces import FaceAnalyzer, keep_to, load_analyzer_for
from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import shipped_models_dir


@pytest.fixture
def coarse(tmp_path: Path) -> VisionSettings:
    """A network whose threshold was set for one false match in a thousand."""
    shutil.copytree(shipped_models_dir(), tmp_path / "models")
    path = tmp_path / "models" / "face-embedding.json"
    manifest = read_manifest(path)
    assert manifest.decision is not None
    coarse = msgspec.structs.replace(manifest.decision, target_fmr=0.001)
    write_manifest(msgspec.structs.replace(manifest, decision=coarse), path)
    return VisionSettings(models_dir=str(tmp_path / "models"), threads=1)


@pytest.mark.parametrize("target_fmr", [None, 0.0001])
def test_shipped_network_keeps_to_one_in_ten_thousand(analyzer: FaceAnalyzer, target_fmr: float | None) -> None:
    keep_to(analyzer, target_fmr)
    assert analyzer.embedder.decision_rule.target_fmr == 0.0001


def test_door_takes_any_network_if_it_states_nothing(coarse: VisionSettings) -> None:
    assert load_analyzer_for(coarse, None).embedder.decision_rule.target_fmr == 0.001


def test_network_for_another_rate_is_refused(coarse: VisionSettings) -> None:
    with pytest.raises(ModelError, match=r"rate of 0\.001, the door's `target_fmr` is 0\.0001") as refused:
        load_analyzer_for(coarse, 0.0001)
    assert "Leave `target_fmr` out" in refused.value.hint
