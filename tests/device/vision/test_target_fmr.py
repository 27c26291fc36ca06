"""A door compares at the false match rate that its settings ask for, if the network's data can support it."""

import shutil
from pathlib import Path

import msgspec
import pytest

from device.errors import ModelError
from device.settings.tables import DoorSettings, VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer_for, look_at_models
from device.vision.manifest import DecisionRule, read_manifest, write_manifest
from device.vision.models import EMBEDDING, shipped_models_dir


def with_rule(folder: Path, **changes: object) -> VisionSettings:
    """The settings of the shipped models, their decision rule changed."""
    models = Path(shutil.copytree(shipped_models_dir(), folder / "models"))
    path = models / f"{EMBEDDING}.json"
    manifest = read_manifest(path)
    assert manifest.decision is not None
    changed = msgspec.structs.replace(manifest.decision, **changes)
    write_manifest(msgspec.structs.replace(manifest, decision=changed), path)
    return VisionSettings(models_dir=str(models), threads=1)


def on_few_people(folder: Path, comparisons: int) -> VisionSettings:
    """A network whose thresholds were set on so many comparisons."""
    rule = shipped()
    few = [msgspec.structs.replace(one, non_mated_comparisons=comparisons) for one in rule.points]
    return with_rule(folder, points=tuple(few))


def shipped() -> DecisionRule:
    rule = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").decision
    assert rule is not None
    return rule


def test_door_compares_for_one_in_ten_thousand_unless_told() -> None:
    assert DoorSettings().target_fmr == 0.0001


@pytest.mark.parametrize(
    ("target_fmr", "single", "three"),
    [(1e-3, 0.92693, 0.92693), (1e-4, 0.93931, 0.93963), (1e-5, 0.94893, 0.94893), (1e-6, 0.95741, 0.95741)],
)
def test_door_has_the_threshold_of_its_rate(
    analyzer: FaceAnalyzer, target_fmr: float, single: float, three: float
) -> None:
    rule = analyzer.at_target(target_fmr).embedder.decision_rule
    assert (rule.threshold(1, 1), rule.threshold(3, 3)) == (single, three)


def test_one_door_s_rate_is_not_another_s(analyzer: FaceAnalyzer) -> None:
    strict = analyzer.at_target(1e-6)
    assert analyzer.embedder.decision_rule.target_fmr == 1e-4
    assert strict.embedder.network_rule == analyzer.embedder.decision_rule


@pytest.mark.parametrize(("comparisons", "missing"), [(9_999_999, "1 comparisons"), (30_000, "9,970,000 comparisons")])
def test_rate_without_data_is_refused_with_the_count_missing(tmp_path: Path, comparisons: int, missing: str) -> None:
    settings = on_few_people(tmp_path, comparisons)
    with pytest.raises(ModelError, match=rf"`target_fmr` of 1e-06: {missing} of different people are missing") as found:
        load_analyzer_for(settings, 1e-6)
    assert "larger rate" in found.value.hint
    assert load_analyzer_for(settings, 1e-4).embedder.decision_rule.target_fmr == 1e-4
    with pytest.raises(ModelError, match="are missing"):
        look_at_models(settings, [1e-4, 1e-6])


def test_network_without_a_curve_has_its_own_rate_alone(tmp_path: Path) -> None:
    settings = with_rule(tmp_path, curves=(), curve=())
    assert load_analyzer_for(settings, 1e-4).embedder.decision_rule == shipped_without_curves()
    with pytest.raises(ModelError, match=r"for a false match rate of 0\.0001 alone") as found:
        load_analyzer_for(settings, 1e-5)
    assert "Set `target_fmr` in [[doors]] to 0.0001" in found.value.hint


def shipped_without_curves() -> DecisionRule:
    return msgspec.structs.replace(shipped(), curves=(), curve=())
