"""A pair of model and manifest is what it says, or it is refused."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.config import VisionSettings
from device.errors import ModelError
from device.vision.faces import load_analyzer
from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir
from device.vision.runtime import RUNTIME_VARIABLE, RUNTIMES, Interpreter, runtime_in_use

NAMES = (DETECTION, LANDMARKS, EMBEDDING)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the shipped models that a test may spoil."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in NAMES:
        for suffix in ("json", "tflite"):
            shutil.copy(shipped_models_dir() / f"{name}.{suffix}", folder)
    return folder


def edit_manifest(folder: Path, name: str, **changes: object) -> None:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_pair_is_intact(name):
    assert load_model(name, shipped_models_dir()).manifest.name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_survives_being_written(name, tmp_path):
    manifest = read_manifest(shipped_models_dir() / f"{name}.json")
    write_manifest(manifest, tmp_path / "copy.json")
    assert read_manifest(tmp_path / "copy.json") == manifest


@pytest.mark.parametrize("suffix", ["json", "tflite"])
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_part_is_named(models, name, suffix):
    (models / f"{name}.{suffix}").unlink()
    with pytest.raises(ModelError, match=f"{name}.{suffix}"):
        load_analyzer(VisionSettings(models_dir=str(models)))


@given(position=st.integers(0, 229_713), bit=st.integers(0, 7))
def test_a_single_flipped_bit_is_found(tmp_path_factory, position, bit):
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copy(shipped_models_dir() / f"{DETECTION}.json", folder)
    content = bytearray((shipped_models_dir() / f"{DETECTION}.tflite").read_bytes())
    content[position] ^= 1 << bit
    (folder / f"{DETECTION}.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="altered"):
        load_model(DETECTION, folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "no hash"},
        {"task": "fortune-telling"},
        {"surprise": 1},
        {"inputs": [{"shape": [1, -3], "dtype": "float32"}]},
        {"inputs": [{"shape": [1, 150, 150, 3], "dtype": "int8"}]},
        {"file": "../../etc/passwd"},
        {"manifest_version": 2},
        {"decision": {"metric": "euclidean"}},
    ],
)
def test_a_manifest_that_does_not_keep_its_contract_is_refused(models, changes):
    edit_manifest(models, EMBEDDING, **changes)
    with pytest.raises(ModelError, match="does not keep its contract"):
        load_model(EMBEDDING, models)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_what_is_no_manifest_is_refused(models, content):
    (models / f"{EMBEDDING}.json").write_bytes(content)
    with pytest.raises(ModelError, match="does not keep its contract"):
        load_model(EMBEDDING, models)


def test_a_manifest_of_another_model_is_refused(models):
    shutil.copy(models / f"{DETECTION}.json", models / f"{EMBEDDING}.json")
    with pytest.raises(ModelError, match="expected 'face-embedding'"):
        load_model(EMBEDDING, models)


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_manifest_that_does_not_fit_its_model_is_refused(models, side):
    edit_manifest(models, EMBEDDING, **{side: [{"shape": [1, 7], "dtype": "float32"}]})
    with pytest.raises(ModelError, match="does not fit its model"):
        Interpreter(load_model(EMBEDDING, models))


@pytest.mark.parametrize("part", ["alignment", "embedding", "decision"])
def test_an_embedding_model_must_state_what_the_door_needs(models, part):
    path = models / f"{EMBEDDING}.json"
    stated = json.loads(path.read_text())
    del stated[part]
    path.write_text(json.dumps(stated))
    with pytest.raises(ModelError, match=part):
        assert load_analyzer(VisionSettings(models_dir=str(models))).embedder.decision_rule


def test_what_is_no_tflite_file_is_refused_in_words(models):
    import hashlib

    content = b"no model at all"
    (models / f"{EMBEDDING}.tflite").write_bytes(content)
    edit_manifest(models, EMBEDDING, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="cannot load"):
        Interpreter(load_model(EMBEDDING, models))


def test_the_runtime_in_use_is_an_installed_one():
    runtime, number = runtime_in_use()
    assert number == version(runtime.package)


def test_a_runtime_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setenv(RUNTIME_VARIABLE, "crystal-ball")
    with pytest.raises(ModelError, match="crystal-ball"):
        runtime_in_use()


def test_a_runtime_that_is_not_installed_is_refused(monkeypatch):
    monkeypatch.setattr("device.vision.runtime.RUNTIMES", (RUNTIMES[0].__class__("no-such-package", "no.such"),))
    monkeypatch.delenv(RUNTIME_VARIABLE, raising=False)
    with pytest.raises(ModelError, match="No TFLite runtime"):
        runtime_in_use()


@pytest.mark.parametrize(
    "changes",
    [
        {"preprocessing": {"color": "RGB", "scale": 0.0, "offset": 0.0}},
        {"alignment": {"size_px": 100, "template": [[1, 1], [2, 2]], "landmarks": [1, 2]}},
        {"alignment": {"size_px": 150, "template": [[1, 1], [2, 2]], "landmarks": [1, 9999]}},
        {"alignment": {"size_px": 150, "template": [[1, 1]], "landmarks": [1, 2]}},
        {"embedding": {"length": 64, "normalization": "unit-length", "mirror": "mean"}},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(models, changes):
    edit_manifest(models, EMBEDDING, **changes)
    with pytest.raises(ModelError, match="contradicts itself"):
        load_analyzer(VisionSettings(models_dir=str(models)))


def test_a_manifest_for_another_task_is_refused(models):
    edit_manifest(models, EMBEDDING, task="face-detection")
    with pytest.raises(ModelError, match="for the task"):
        load_analyzer(VisionSettings(models_dir=str(models)))
