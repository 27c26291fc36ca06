"""What the gate lets pass becomes a models folder with its thresholds; what it refuses goes nowhere."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from convert.calibrate import UNIT_LENGTH, Target
from convert.conversion.conversions import (
    Report,
)
from convert.conversion.install import install, install_calibrated, refit
from convert.finder import Finder
from convert.gate import Cost
from convert.measuring.door_protocol import design_of
from device.errors import ModelError
from device.settings.tables import VisionSettings
from device.vision.embedder import Embedder
from device.vision.faces import load_analyzer
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir
from tests.convert.conversion.bench import LENGTH, PORTRAITS, SIZE, SPEC, found_loss, quantized, told


def test_what_costs_too_much_is_refused_and_goes_nowhere(
    tiny: Path, labelled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("convert.conversion.conversions.cost_of", lambda *_: Cost(1.0, found_loss(1.0)))
    assert quantized(tiny, *labelled, "--into", tmp_path / "models", "--out", tmp_path / "out") == 1
    assert {path.name for path in tmp_path.rglob("*")} == {"out", "report.json", "report.md"}
    assert "float32, refused: it costs 100.00 points of TAR, expected at most 0.3" in told(capfd)[0]


def test_what_few_pairs_say_is_not_believed_and_goes_nowhere(
    tiny: Path, labelled: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert quantized(tiny, *labelled, "--into", tmp_path / "models") == 1
    assert not (tmp_path / "models").exists()
    shown = told(capfd)[0]
    assert "not judged: 6 mated comparisons cannot show a loss of 0.3 points of TAR: it takes 334" in shown
    assert "not judged: 6 non-mated comparisons cannot support an FMR of 0.001: it takes 3000" in shown
    assert "not judged: the mated comparisons are of 2 people: it takes 30" in shown


def test_what_cannot_be_calibrated_leaves_the_models_as_they_are(
    tiny: Path, labelled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("convert.conversion.conversions.cost_of", lambda *_: Cost(1.0, found_loss(0.0)))
    models = Path(shutil.copytree(shipped_models_dir(), tmp_path / "models"))
    before = load_model(EMBEDDING, models)
    assert quantized(tiny, *labelled, "--into", models) == 5
    assert load_model(EMBEDDING, models) == before
    assert "images" in told(capfd)[1]


def test_what_passes_is_installed_with_its_thresholds(report: Report, images: Path, tmp_path: Path) -> None:
    people = tmp_path / "people"
    for name in PORTRAITS:
        for alias in (name, f"{name}-again"):
            shutil.copytree(images / name, people / alias)
    target = Target(0.5, design_of(1, 1), UNIT_LENGTH, "some people")
    models = tmp_path / "models"
    found = install_calibrated(
        report.conversions[0],
        models,
        shipped_models_dir(),
        lambda trial: refit(trial, people, target, finder=Finder(shipped_models_dir()), step=lambda: None),
    )
    assert Embedder(load_model(EMBEDDING, models)).decision_rule == found.rule


def test_what_is_installed_is_not_calibrated(report: Report, tmp_path: Path) -> None:
    install(report.conversions[0], tmp_path, shipped_models_dir())
    embedder = Embedder(load_model(EMBEDDING, tmp_path))
    assert (embedder.alignment, embedder.spec.length) == (SPEC.alignment, LENGTH)
    with pytest.raises(ModelError, match="has no decision"):
        _ = embedder.decision_rule


def test_a_new_models_folder_is_whole(report: Report, tmp_path: Path) -> None:
    install(report.conversions[0], tmp_path / "models", shipped_models_dir())
    for name in (DETECTION, LANDMARKS):
        assert load_model(name, tmp_path / "models") == load_model(name, shipped_models_dir())
    analyzer = load_analyzer(VisionSettings(models_dir=str(tmp_path / "models"), threads=1))
    chip = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    assert analyzer.embedder.embed(chip).shape == (LENGTH,)


def test_a_detector_that_is_there_stays(report: Report, tmp_path: Path) -> None:
    models = Path(shutil.copytree(shipped_models_dir(), tmp_path / "models"))
    (models / "face-detection.tflite").write_bytes(b"mine")
    install(report.conversions[0], models, shipped_models_dir())
    assert (models / "face-detection.tflite").read_bytes() == b"mine"


def test_a_model_that_cannot_be_written_is_an_error(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="Cannot write the model"):
        install(report.conversions[0], tmp_path / "file", shipped_models_dir())


def test_what_is_installed_is_calibrated_on_labelled_images(report: Report, images: Path, tmp_path: Path) -> None:
    people = tmp_path / "people"
    for name in PORTRAITS:
        for alias in (name, f"{name}-again"):
            shutil.copytree(images / name, people / alias)
    install(report.conversions[0], tmp_path, shipped_models_dir())
    steps = []
    target = Target(0.5, design_of(1, 1), UNIT_LENGTH, "some people")
    found = refit(tmp_path, people, target, finder=Finder(tmp_path), step=lambda: steps.append(1))
    assert Embedder(load_model(EMBEDDING, tmp_path)).decision_rule == found.rule
    assert (found.rule.dataset, len(steps)) == ("some people", 12)
