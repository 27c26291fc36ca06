"""A build writes three pairs that the device loads, and `--check` tells the shipped ones from any others."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from convert import check
from convert.alignments import dlib_alignment
from convert.build import Built, build, left_to_do, with_rule_of_before
from convert.check import Finding, check_models
from convert.finder import Finder
from convert.manifests import detection_draft, embedding_draft, landmarks_draft, sealed
from convert.published.sources import FACE_MESH, RESNET_WEIGHTS, SHORT_RANGE_DETECTOR
from convert.tensorflow_backend import cpu_class, load_tensorflow
from device.errors import ModelError
from device.vision.embedder import Embedder
from device.vision.manifest import BuiltWith, Manifest, Source, read_manifest, write_manifest
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir

NAMES = (DETECTION, LANDMARKS, EMBEDDING)
DRAFTS = {DETECTION: detection_draft, LANDMARKS: landmarks_draft, EMBEDDING: embedding_draft}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the shipped models."""
    return Path(shutil.copytree(shipped_models_dir(), tmp_path / "models"))


@pytest.fixture(scope="module")
def built(published: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build really makes, in a new folder."""
    for member in (SHORT_RANGE_DETECTOR, FACE_MESH, RESNET_WEIGHTS):
        published(member.name)
    folder = tmp_path_factory.mktemp("built") / "new" / "models"
    build(folder)
    return folder


@pytest.fixture
def rebuilt(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has `check_models` find that build, in place of making one each time."""

    def copy(out: Path, **_options: object) -> Built:
        shutil.copytree(built, out, dirs_exist_ok=True)
        detection, landmarks, embedding = (load_model(name, out).manifest for name in NAMES)
        return Built((detection, landmarks, embedding), Finder(out))

    monkeypatch.setattr(check, "build", copy)


def altered(models: Path, name: str, content: bytes, **fields: object) -> None:
    """Puts another file into the pair, its manifest sealed anew."""
    path = models / f"{name}.json"
    manifest = msgspec.structs.replace(sealed(read_manifest(path), content), **fields)
    (models / manifest.file).write_bytes(content)
    write_manifest(manifest, path)


def with_zeros(content: bytes, share: float) -> bytes:
    """A model whose weights from the middle on are zeros, as large a part as `share` of the file."""
    middle, count = len(content) // 2, int(len(content) * share)
    return content[:middle] + bytes(count) + content[middle + count :]


@pytest.mark.parametrize("name", NAMES)
def test_a_build_writes_pairs_that_the_device_loads(name: str, built: Path) -> None:
    model = load_model(name, built)
    assert (model.manifest.size_bytes, hashlib.sha256(model.content).hexdigest()) == (
        len(model.content),
        model.manifest.sha256,
    )


def test_a_build_writes_nothing_else(built: Path) -> None:
    assert {path.name for path in built.iterdir()} == {f"{name}.{end}" for name in NAMES for end in ("json", "tflite")}


def test_a_build_names_its_maker(built: Path) -> None:
    maker = BuiltWith(tensorflow=load_tensorflow().__version__, cpu=cpu_class(), quantization="full-int8")
    assert read_manifest(built / f"{EMBEDDING}.json").built_with == maker


def test_a_new_embedding_has_no_decision_rule(built: Path) -> None:
    with pytest.raises(ModelError, match="has no decision"):
        _ = Embedder(load_model(EMBEDDING, built)).decision_rule


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_manifest_says_what_a_build_would_write(name: str) -> None:
    def contract(manifest: Manifest) -> Manifest:
        return msgspec.structs.replace(manifest, built_with=None, decision=None, turned=None, seal="")

    shipped = load_model(name, shipped_models_dir())
    assert contract(shipped.manifest) == contract(sealed(DRAFTS[name](), shipped.content))


def test_the_shipped_embedding_is_calibrated() -> None:
    rule = Embedder(load_model(EMBEDDING, shipped_models_dir())).decision_rule
    assert (rule.metric, rule.direction, rule.target_fmr) == ("cosine-similarity", "higher-is-closer", 1e-4)


@pytest.mark.usefixtures("rebuilt")
def test_the_shipped_models_are_proven_by_a_build() -> None:
    assert [finding.proven for finding in check_models(shipped_models_dir())] == [True, True, True]


@pytest.mark.usefixtures("rebuilt")
def test_the_same_maker_makes_the_same_bytes(built: Path) -> None:
    if read_manifest(built / f"{EMBEDDING}.json").built_with != _shipped_maker():
        pytest.skip(f"the shipped model was made by {_shipped_maker()}")
    assert [finding.identical for finding in check_models(shipped_models_dir())] == [True, True, True]


def _shipped_maker() -> BuiltWith | None:
    return read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").built_with


def embedding_finding(models: Path) -> Finding:
    return check_models(models)[2]


@pytest.mark.usefixtures("rebuilt")
def test_other_bytes_of_the_same_maker_are_not_proven(built: Path, models: Path) -> None:
    maker = read_manifest(built / f"{EMBEDDING}.json").built_with
    altered(models, EMBEDDING, with_zeros(load_model(EMBEDDING, built).content, 1e-5), built_with=maker)
    finding = embedding_finding(models)
    assert finding.min_cosine is not None
    assert (finding.proven, finding.min_cosine >= 0.999) == (False, True)


@pytest.mark.usefixtures("rebuilt")
@pytest.mark.parametrize(("share", "proven"), [(1e-5, True), (0.03, False)])
def test_other_bytes_of_another_maker_are_proven_by_their_embeddings(share: float, proven: bool, models: Path) -> None:
    content = load_model(EMBEDDING, models).content
    maker = BuiltWith(tensorflow="0.1", cpu="abacus", quantization="full-int8")
    altered(models, EMBEDDING, with_zeros(content, share), built_with=maker)
    finding = embedding_finding(models)
    assert finding.min_cosine is not None
    assert (finding.proven, finding.identical, finding.min_cosine >= 0.999) == (proven, False, proven)


@pytest.mark.usefixtures("rebuilt")
def test_a_detector_of_other_bytes_is_not_proven(models: Path) -> None:
    altered(models, DETECTION, with_zeros(load_model(DETECTION, models).content, 1e-4))
    assert [finding.proven for finding in check_models(models)] == [False, True, True]


def test_an_altered_file_is_an_error_before_anything_is_built(models: Path) -> None:
    (models / "face-landmarks.tflite").write_bytes(b"altered")
    with pytest.raises(ModelError, match="has been altered"):
        check_models(models)


def test_the_file_that_the_gate_let_pass_is_the_shipped_one() -> None:
    assert read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").sha256 == (
        "1815add536fe0668460b199f0df84da34ebcaa2d7f6281a5268b7e6eeaa45c3e"
    )


def rebuilt_embedding(models: Path) -> tuple[Manifest, list[str]]:
    """What the manifest of the shipped file would be after a build into `models`, and what is told of it."""
    lines: list[str] = []
    content = load_model(EMBEDDING, shipped_models_dir()).content
    return with_rule_of_before(sealed(embedding_draft(), content), models, lines.append), lines


def test_the_same_file_keeps_its_thresholds(models: Path) -> None:
    rule = read_manifest(models / f"{EMBEDDING}.json").decision
    assert rule is not None
    manifest, (line,) = rebuilt_embedding(models)
    assert (manifest.decision, f"keeping the threshold {rule.threshold(1, 1)}" in line) == (rule, True)


def test_another_file_s_thresholds_are_dropped(models: Path) -> None:
    altered(models, EMBEDDING, b"another network, whose people are alike from 0.35 on")
    manifest, (line,) = rebuilt_embedding(models)
    assert (manifest.decision, "dropping the thresholds, which were set on another file" in line) == (None, True)


def test_thresholds_of_other_chips_are_dropped(models: Path) -> None:
    content = load_model(EMBEDDING, models).content
    altered(models, EMBEDDING, content, alignment=msgspec.structs.replace(dlib_alignment(), landmarks=(1, 2, 3, 4, 5)))
    assert rebuilt_embedding(models)[0].decision is None


def test_the_fusion_of_the_same_network_is_told(models: Path) -> None:
    altered(models, EMBEDDING, b"the same network, quantized by another TensorFlow")
    assert "--least-probe-length 0.985 --least-reference-length 0.99" in rebuilt_embedding(models)[1][0]


def test_the_fusion_of_another_network_is_not_told(models: Path) -> None:
    source = Source(package="MobileFaceNet", member="MobileFaceNet.onnx", member_sha256="0" * 64)
    altered(models, EMBEDDING, b"another network", source=source)
    assert "--least-probe-length" not in rebuilt_embedding(models)[1][0]


def test_a_manifest_that_cannot_be_read_gives_no_thresholds(models: Path) -> None:
    (models / f"{EMBEDDING}.json").write_text("{}")
    manifest, (line,) = rebuilt_embedding(models)
    assert (manifest.decision, "dropping the thresholds: The manifest" in line) == (None, True)


def test_a_build_into_an_empty_folder_drops_nothing(tmp_path: Path) -> None:
    manifest, lines = rebuilt_embedding(tmp_path)
    assert (manifest.decision, lines) == (None, [])


def test_a_shipped_model_is_ready_for_a_door() -> None:
    assert list(left_to_do(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"), Path("models"))) == []


def test_without_thresholds_a_build_names_the_command_that_sets_them() -> None:
    shipped = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")
    (line,) = left_to_do(msgspec.structs.replace(shipped, decision=None), Path("mine"))
    assert "`lintel-convert calibrate --models mine --images FOLDER`" in line


def test_file_that_the_gate_has_not_judged_names_the_command() -> None:
    shipped = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")
    (line,) = left_to_do(msgspec.structs.replace(shipped, sha256="0" * 64), Path("mine"), Path("chips"))
    assert "`lintel-convert quantize dlib-resnet --representative chips --pairs PAIRS --images FOLDER`" in line
