"""A pair of model and manifest is what it says, or it is refused."""

import hashlib
import json
import os
import shutil
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ModelError
from device.settings.tables import VisionSettings
from device.vision.faces import load_analyzer
from device.vision.manifest import DecisionRule, OperatingPoint, read_manifest, seal_of, write_manifest
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir
from device.vision.runtime import RUNTIME_VARIABLE, Interpreter, Runtime, runtime_in_use

NAMES = (DETECTION, LANDMARKS, EMBEDDING)
POINT = {"references": 1, "probes": 1, "threshold": 0.5, "non_mated_comparisons": 1}
RULE = {
    "metric": "cosine-similarity",
    "direction": "higher-is-closer",
    "target_fmr": 1e-4,
    "dataset": "none",
    "fusion": {"least_probe_length": 0.5, "least_reference_length": 0.5},
    "points": [POINT],
}


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
    """Changes fields of a manifest, takes those away that become None, and seals it as if it had been made so."""
    path = folder / f"{name}.json"
    stated = {**json.loads(path.read_text()), **changes}
    kept = {field: value for field, value in stated.items() if value is not None}
    path.write_text(json.dumps({**kept, "seal": seal_of(kept)}))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_pair_is_intact(name: str) -> None:
    assert load_model(name, shipped_models_dir()).manifest.name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_survives_being_written(name: str, tmp_path: Path) -> None:
    manifest = read_manifest(shipped_models_dir() / f"{name}.json")
    write_manifest(manifest, tmp_path / "copy.json")
    assert read_manifest(tmp_path / "copy.json") == manifest


def test_a_manifest_that_cannot_be_written_stays_as_it_was(
    models: Path, full_disk: AbstractContextManager[None]
) -> None:
    path = models / f"{EMBEDDING}.json"
    before = path.read_bytes()
    manifest = read_manifest(path)
    with full_disk, pytest.raises(OSError, match="File too large"):
        write_manifest(msgspec.structs.replace(manifest, license="other terms"), path)
    assert path.read_bytes() == before
    assert load_model(EMBEDDING, models).manifest == manifest


@pytest.mark.parametrize("suffix", ["json", "tflite"])
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_part_is_named(models: Path, name: str, suffix: str) -> None:
    (models / f"{name}.{suffix}").unlink()
    with pytest.raises(ModelError, match=f"{name}.{suffix}"):
        load_analyzer(VisionSettings(models_dir=str(models)))


class Hashes:
    """Counts how often something is hashed."""

    def __init__(self) -> None:
        self.count = 0
        self._real = hashlib.sha256

    def __call__(self, content: bytes = b"") -> Any:
        self.count += len(content) > 100_000
        return self._real(content)


def test_model_is_hashed_once_in_a_process(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = Hashes()
    monkeypatch.setattr("device.vision.models.hashlib.sha256", hashes)
    for _ in range(3):
        for name in NAMES:
            load_model(name, models)
    assert hashes.count == 3


@pytest.mark.parametrize("how", ["in place", "replaced", "longer"])
def test_model_that_changes_after_it_was_loaded_is_hashed_again(models: Path, how: str) -> None:
    path = models / f"{DETECTION}.tflite"
    load_model(DETECTION, models)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    if how == "replaced":
        path.with_suffix(".new").write_bytes(content)
        path.with_suffix(".new").replace(path)
    else:
        path.write_bytes(content if how == "in place" else content + b"1")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="altered"):
        load_model(DETECTION, models)


@given(position=st.integers(0, 229_713), bit=st.integers(0, 7))
def test_a_single_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, bit: int) -> None:
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
        {"manifest_version": 1},
        {"decision": {"metric": "euclidean"}},
        {"decision": {**RULE, "points": []}},
        {"decision": {**RULE, "points": [{**POINT, "references": 3}]}},
        {"decision": {**RULE, "points": [{**POINT, "threshold": 1.5}]}},
    ],
)
def test_a_manifest_that_does_not_keep_its_contract_is_refused(models: Path, changes: dict[str, Any]) -> None:
    edit_manifest(models, EMBEDDING, **changes)
    with pytest.raises(ModelError, match="is invalid"):
        load_model(EMBEDDING, models)


@given(st.floats(0, 1))
def test_a_threshold_changed_by_hand_is_found(threshold: float) -> None:
    stated = json.loads((shipped_models_dir() / f"{EMBEDDING}.json").read_text())
    before = stated["decision"]["points"][0]["threshold"]
    stated["decision"]["points"][0]["threshold"] = threshold
    assert (seal_of(stated) == stated["seal"]) is (threshold == before)


def test_a_manifest_whose_seal_is_broken_is_refused(models: Path) -> None:
    path = models / f"{EMBEDDING}.json"
    path.write_text(path.read_text().replace('"threshold": 0.9', '"threshold": 0.1'))
    with pytest.raises(ModelError, match="altered"):
        load_model(EMBEDDING, models)


counts = st.integers(1, 9)


@given(counts, counts, st.lists(st.tuples(counts, counts, st.floats(0, 1)), max_size=5))
def test_more_pictures_never_lower_the_threshold(
    references: int, probes: int, rest: list[tuple[int, int, float]]
) -> None:
    points = [OperatingPoint(references=r, probes=p, threshold=t, non_mated_comparisons=1) for r, p, t in rest]
    rule = msgspec.convert({**RULE, "points": [POINT, *points]}, DecisionRule, from_attributes=True)
    assert rule.threshold(references, probes) >= rule.threshold(1, 1) >= POINT["threshold"]
    assert rule.threshold(references + 1, probes) >= rule.threshold(references, probes)
    assert rule.threshold(references, probes + 1) >= rule.threshold(references, probes)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_what_is_no_manifest_is_refused(models: Path, content: bytes) -> None:
    (models / f"{EMBEDDING}.json").write_bytes(content)
    with pytest.raises(ModelError, match="is invalid"):
        load_model(EMBEDDING, models)


def test_a_manifest_of_another_model_is_refused(models: Path) -> None:
    shutil.copy(models / f"{DETECTION}.json", models / f"{EMBEDDING}.json")
    with pytest.raises(ModelError, match="expected 'face-embedding'"):
        load_model(EMBEDDING, models)


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_manifest_that_does_not_fit_its_model_is_refused(models: Path, side: str) -> None:
    edit_manifest(models, EMBEDDING, **{side: [{"shape": [1, 7], "dtype": "float32"}]})
    with pytest.raises(ModelError, match="does not fit its model"):
        Interpreter(load_model(EMBEDDING, models))


@pytest.mark.parametrize("part", ["alignment", "embedding", "decision"])
def test_an_embedding_model_must_state_what_the_door_needs(models: Path, part: str) -> None:
    edit_manifest(models, EMBEDDING, **{part: None})
    with pytest.raises(ModelError, match=part):
        assert load_analyzer(VisionSettings(models_dir=str(models))).embedder.decision_rule


def test_what_is_no_tflite_file_is_refused_in_words(models: Path) -> None:
    content = b"no model at all"
    (models / f"{EMBEDDING}.tflite").write_bytes(content)
    edit_manifest(models, EMBEDDING, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelError, match="cannot load"):
        Interpreter(load_model(EMBEDDING, models))


def test_the_runtime_in_use_is_an_installed_one() -> None:
    runtime, number = runtime_in_use()
    assert number == version(runtime.package)


def test_a_runtime_is_found_by_another_name_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.vision.runtime.RUNTIMES", (Runtime("no-such-package", "no.such", ("numpy",)),))
    monkeypatch.delenv(RUNTIME_VARIABLE, raising=False)
    assert runtime_in_use()[1] == version("numpy")


def test_a_runtime_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUNTIME_VARIABLE, "crystal-ball")
    with pytest.raises(ModelError, match="crystal-ball"):
        runtime_in_use()


def test_a_runtime_that_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.vision.runtime.RUNTIMES", (Runtime("no-such-package", "no.such"),))
    monkeypatch.delenv(RUNTIME_VARIABLE, raising=False)
    with pytest.raises(ModelError, match="No TFLite runtime"):
        runtime_in_use()


@pytest.mark.parametrize(
    "changes",
    [
        {"preprocessing": {"color": "RGB", "scale": 0.0, "offset": 0.0}},
        {"alignment": {"size_px": 100, "template": [[1, 1], [2, 2]], "landmarks": [1, 2]}},
        {"alignment": {"size_px": 150, "template": [[1, 1], [2, 2]], "landmarks": [1, 9999]}},
        {"alignment": {"size_px": 150, "template": [[1, 1], [2, 2]], "landmarks": [1, [2, 9999]]}},
        {"alignment": {"size_px": 150, "template": [[1, 1], [2, 2]], "landmarks": [1, []]}},
        {"alignment": {"size_px": 150, "template": [[1, 1]], "landmarks": [1, 2]}},
        {"embedding": {"length": 64, "normalization": "unit-length", "mirror": "mean"}},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    models: Path, changes: dict[str, dict[str, float | str | list[int | list[int]]]]
) -> None:
    edit_manifest(models, EMBEDDING, **changes)
    with pytest.raises(ModelError, match="contradicts itself"):
        load_analyzer(VisionSettings(models_dir=str(models)))


def test_a_manifest_for_another_task_is_refused(models: Path) -> None:
    edit_manifest(models, EMBEDDING, task="face-detection")
    with pytest.raises(ModelError, match="for the task"):
        load_analyzer(VisionSettings(models_dir=str(models)))
