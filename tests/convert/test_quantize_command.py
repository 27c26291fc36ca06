"""`lintel-convert quantize`: networks in, files and a table out; what costs too much is refused and goes nowhere."""

import json
import shutil
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from convert.calibrate import UNIT_LENGTH, Target
from convert.cli.main import cli
from convert.conversion.conversion_report import write_report
from convert.conversion.conversions import (
    Plan,
    Report,
    convert_networks,
    cost_of,
    label_pairs,
    people_of,
    representative,
)
from convert.conversion.install import install, install_calibrated, refit
from convert.conversion.named_network import DLIB_RESNET, dlib_spec, load_network, spec_of
from convert.conversion.runtimes import Loading
from convert.finder import Finder
from convert.gate import Budget, Cost, Outcome, TarLoss
from convert.measuring import cost
from convert.measuring.cost import Drift
from convert.measuring.door_protocol import design_of
from convert.measuring.faces import Faces, cut_faces
from convert.measuring.protocols import Pair
from convert.quantize import Quantization
from convert.spec import NetworkSpec, encoded, read_spec, sidecar, write_network
from convert.tensorflow_backend import load_tensorflow
from device.commandline import run_command
from device.errors import ImageError, LintelError, ModelError
from device.images import read_image
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.embedder import Embedder
from device.vision.faces import load_analyzer
from device.vision.manifest import Alignment, Source
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir

SIZE = 24
LENGTH = 8
PORTRAITS = ("eileen-collins", "grace-hopper")
SPEC = NetworkSpec(
    spec_version=1,
    name="tiny",
    description="A network for tests.",
    alignment=Alignment(size_px=SIZE, template=((8.0, 9.0), (16.0, 9.0), (12.0, 14.0)), landmarks=((33, 133), 263, 2)),
    length=LENGTH,
    source=Source(package="tests", member="tiny", member_sha256="0" * 64),
    license="Apache-2.0",
    terms="Anything.",
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of a few layers, one of which has no integer kernel, with its sidecar."""
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    x = pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -1.0, name="normalization")(x)
    x = layers.ELU(name="float_only")(layers.Conv2D(12, 3, strides=2, name="first")(x))
    x = layers.Flatten(name="flat")(layers.AveragePooling2D(3, name="pooled")(x))
    path = tmp_path_factory.mktemp("tiny") / "tiny.keras"
    write_network(keras.Model(pixels, layers.Dense(LENGTH, name="last")(x), name="tiny"), SPEC, path)
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures each of two people, one folder a person, and one of nobody."""
    folder = tmp_path_factory.mktemp("data") / "images"
    for name in PORTRAITS:
        portrait = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
        (folder / name).mkdir(parents=True)
        for number, light in enumerate((1.0, 0.9, 0.8)):
            cv2.imwrite(str(folder / name / f"{number}.jpg"), (portrait * light).astype(np.uint8))
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 200, 3), 99, np.uint8))
    return folder


@pytest.fixture(scope="module")
def pairs(images: Path) -> Path:
    one, other = PORTRAITS
    mated = [f"{name}/{a}.jpg,{name}/{b}.jpg,1" for name in PORTRAITS for a, b in ((0, 1), (0, 2), (1, 2))]
    non_mated = [f"{one}/{a}.jpg,{other}/{b}.jpg,0" for a in (0, 1, 2) for b in (0, 1)]
    rows = [row for both in zip(mated, non_mated, strict=True) for row in both]
    path = images.parent / "pairs.csv"
    path.write_text("\n".join(["image_a,image_b,same", *rows, "wall.png,wall.png,0"]) + "\n")
    return path


@pytest.fixture(scope="module")
def labelled(pairs: Path, images: Path) -> list[str]:
    """The options that name the labelled pairs."""
    return ["--pairs", str(pairs), "--images", str(images)]


@pytest.fixture(scope="module")
def report(tiny: Path) -> Report:
    """The network in float32, measured on chips."""
    return convert_networks([str(tiny)], plan())


@pytest.fixture(autouse=True)
def _few_replicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "REPLICATES", 20)


def told(capfd: pytest.CaptureFixture[str]) -> tuple[str, str]:
    shown = capfd.readouterr()
    return shown.out, shown.err


@pytest.fixture(scope="module")
def everything(tiny: Path, labelled: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `--all` with labelled pairs writes."""
    out = tmp_path_factory.mktemp("out") / "report"
    arguments = ["quantize", str(tiny), "--all", *labelled, "--out", str(out), "--max-tar-loss", "100"]
    assert run_command(cli, arguments) == 0
    return out


@pytest.fixture(scope="module")
def document(everything: Path):
    return json.loads((everything / "report.json").read_text())


def test_every_quantization_is_written(everything: Path) -> None:
    files = {f"tiny-{quantization.value}.tflite" for quantization in Quantization}
    assert {path.name for path in everything.iterdir()} == {*files, "report.json", "report.md"}


def test_the_report_knows_what_it_was_measured_on(document) -> None:
    assert (document["pairs"], document["images"]) == (12, 7)
    assert [Path(one["image"]).name for one in document["failures_to_acquire"]] == ["wall.png"]
    assert document["networks"][0]["terms"] == "Anything."


def test_the_report_has_a_row_for_each_file(everything: Path, document) -> None:
    for row in document["conversions"]:
        assert (everything / row["file"]).stat().st_size == row["size_bytes"]
        assert row["outcome"] == "not judged"
        assert row["embeddings"]["cosine_worst"] > 0.9
        assert row["pairs"]["pearson"] > 0.9
        assert min(row["latency"].values()) > 0
    assert [row["quantization"] for row in document["conversions"]] == [one.value for one in Quantization]


def test_float32_costs_nothing(document) -> None:
    exact = document["conversions"][0]
    assert exact["embeddings"]["distance_worst"] < 1e-4
    assert (exact["pairs"]["accuracy_change"], exact["pairs"]["tar_change"]) == (0.0, 0.0)


def test_what_stays_float_is_told(document) -> None:
    assert document["conversions"][-1]["float_operators"] == {"ELU": 1}


def test_a_file_is_tried_in_every_runtime_installed(document) -> None:
    for row in document["conversions"]:
        assert {one["runtime"] for one in row["runtimes"]} >= {"ai-edge-litert", "tensorflow"}
        assert all(one["cosine"] > 0.99 for one in row["runtimes"])


def test_the_table_is_markdown(everything: Path) -> None:
    lines = (everything / "report.md").read_text().splitlines()
    assert lines[0].startswith("| network | quantization | size, MB |")
    assert [line.split(" | ")[1] for line in lines[2:7]] == ["Keras float32", *(one.value for one in Quantization)]
    assert {line.count("|") for line in lines[:7]} == {11}
    assert any("Measured on 12 labelled pairs of 7 images, 1 without a face" in line for line in lines)


def found_loss(share: float) -> TarLoss:
    return TarLoss(share, mated=9000, non_mated=10**6, people=900)


def quantized(tiny: Path, *more: Path | str) -> int:
    return run_command(cli, ["quantize", str(tiny), "--quantization", "float32", *map(str, more)])


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
    with pytest.raises(ModelError, match="states no decision"):
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


def test_without_pairs_nothing_is_judged(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, "--json") == 0
    out, err = told(capfd)
    (row,) = json.loads(out)["conversions"]
    assert (row["outcome"], row["pairs"], row["embeddings"]["faces"]) == ("not judged", None, 60)
    assert "Embedding with tiny float32" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all", "--quantization", "float16"],
        ["--quantization", "float16", "--integer-io"],
        ["--pairs", "pairs.txt"],
        ["--into", "models"],
        ["--all", "--pairs", "p.csv", "--images", "i", "--into", "models"],
        ["--integer-io", "--pairs", "p.csv", "--images", "i", "--into", "models"],
        ["--dataset", "LFW"],
        ["--fmr", "1e-3"],
        ["--pairs", "p.csv", "--images", "i", "--fmr", "1e-4"],
        ["--protocol", "csv"],
        ["--max-tar-loss", "0.3"],
        ["--quantization", "float16", "--pairs", "p.csv", "--images", "i", "--representative", "chips"],
        ["--representative", "chips", "--models", "models"],
        ["--require", "abacus"],
    ],
)
def test_what_contradicts_itself_is_a_mistake(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["quantize", "tiny.keras", *arguments]) == 2
    assert told(capfd)[0] == ""


@pytest.fixture
def of_boxes(tiny: Path, tmp_path: Path) -> Path:
    """The network, as one that takes crops of boxes: without landmarks to align a face by."""
    path = Path(shutil.copyfile(tiny, tmp_path / "tiny.keras"))
    boxes = Alignment(size_px=SIZE, template=(), landmarks=())
    sidecar(path).write_bytes(encoded(msgspec.structs.replace(SPEC, alignment=boxes)))
    return path


@pytest.mark.parametrize("labelled_too", [False, True])
def test_without_landmarks_no_chips_can_be_cut(
    of_boxes: Path, labelled: list[str], labelled_too: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chips = ["--representative", tmp_path] if labelled_too else []
    more = [*chips, "--quantization", "full-int8", *labelled] if labelled_too else []
    assert run_command(cli, ["quantize", str(of_boxes), *map(str, more)]) == 4
    out, err = told(capfd)
    assert (out, "tiny is not aligned by landmarks" in err, "--representative" in err) == ("", True, True)


def test_without_landmarks_crops_of_one_s_own_are_taken(
    of_boxes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "crops").mkdir()
    for number in range(5):
        cv2.imwrite(str(tmp_path / "crops" / f"{number}.png"), np.full((SIZE, SIZE, 3), 50 * number, np.uint8))
    assert quantized(of_boxes, "--representative", tmp_path / "crops") == 0
    assert "not judged: there are no labelled pairs" in told(capfd)[0]


@pytest.mark.parametrize("content", [None, b"", b"PK\x05\x06" + bytes(18), b"not a network" * 100])
def test_a_file_that_is_no_network_is_an_error(
    tiny: Path, content: bytes | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    network = tmp_path / "broken.keras"
    shutil.copyfile(sidecar(tiny), sidecar(network))
    if content is not None:
        network.write_bytes(content)
    assert quantized(network) == 15
    assert told(capfd)[1].startswith("Error: ")


def test_a_network_without_a_sidecar_is_an_error(tiny: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copyfile(tiny, tmp_path / "alone.keras")
    assert quantized(tmp_path / "alone.keras") == 15
    assert "has no sidecar alone.json" in told(capfd)[1]


@pytest.mark.parametrize("changed", [{"length": 9}, {"alignment": msgspec.structs.replace(SPEC.alignment, size_px=25)}])
def test_a_sidecar_of_another_network_is_an_error(tiny: Path, changed: dict[str, Alignment | int]) -> None:
    with pytest.raises(LintelError, match="does not fit its sidecar"):
        load_network(str(tiny), msgspec.structs.replace(SPEC, **changed))


def test_networks_of_one_name_are_an_error(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, str(tiny)) == 15
    assert "Several networks are called tiny" in told(capfd)[1]


def test_a_runtime_that_is_nowhere_cannot_be_required(tiny: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert quantized(tiny, "--require", "tflite-runtime") == 4
    assert "asks for tflite-runtime, which is not installed here" in told(capfd)[1]


def test_a_report_that_cannot_be_written_is_an_error(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="Cannot write the report"):
        write_report(report, tmp_path / "file")


def plan(**changed: Path) -> Plan:
    return Plan((Quantization.FLOAT32,), Finder(shipped_models_dir()), (), Budget(), **changed)


def test_a_folder_of_chips_is_held_out_in_part(tmp_path: Path) -> None:
    for number in range(11):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), np.full((SIZE, SIZE, 3), number, np.uint8))
    shown, held = representative(SPEC, plan(representative=tmp_path), hold_out=True)
    assert (shown[:, 0, 0, 0].tolist(), held[:, 0, 0, 0].tolist()) == ([0, 1, 2, 3, 5, 6, 7, 8, 10], [4, 9])
    shown, held = representative(SPEC, plan(representative=tmp_path), hold_out=False)
    assert (len(shown), len(held)) == (11, 0)


def test_four_chips_are_too_few_to_hold_one_out(tmp_path: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((SIZE, SIZE, 3), np.uint8))
    with pytest.raises(ImageError, match="expected at least 5"):
        representative(SPEC, plan(representative=tmp_path), hold_out=True)


def test_chips_of_the_portraits_are_not_measured_with() -> None:
    shown, held = representative(SPEC, plan(), hold_out=True)
    seen = {chip.tobytes() for chip in shown}
    assert (len(shown), len(held), any(chip.tobytes() in seen for chip in held)) == (300, 60, False)


def test_faces_are_cut_as_the_door_cuts_them(images: Path, tmp_path: Path) -> None:
    analyzer = load_analyzer(VisionSettings(threads=1))
    alignments = (SPEC.alignment, analyzer.embedder.alignment)
    paths = sorted(images.rglob("*.*"))
    steps = []
    faces = cut_faces(paths, alignments, Finder(shipped_models_dir()), tmp_path, lambda: steps.append(1))
    assert ([path.name for path in faces.failures], len(steps)) == (["wall.png"], 7)
    for row, path in enumerate(faces.images):
        image = read_image(path)
        landmarks = analyzer.mesh.locate(image, analyzer.detector.detect(image)[0])
        for chips, alignment in zip(faces.chips, alignments, strict=True):
            np.testing.assert_array_equal(chips[row], align(image, landmarks, alignment))


def test_chips_without_room_are_an_error(images: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Cannot keep the chips of 1 images"):
        cut_faces([images / "wall.png"], [SPEC.alignment], Finder(shipped_models_dir()), tmp_path / "gone", print)


def test_nobody_gives_no_chips(images: Path, tmp_path: Path) -> None:
    faces = cut_faces([images / "wall.png"], [SPEC.alignment], Finder(shipped_models_dir()), tmp_path, lambda: None)
    assert (faces.images, faces.chips[0].shape) == ((), (0, SIZE, SIZE, 3))


def test_pairs_without_a_face_are_left_out() -> None:
    a, b, c = Path("a"), Path("b"), Path("c")
    faces = Faces((a, c), (), {b: "no face was found"})
    all_pairs = [Pair(a, c, True, 0), Pair(a, b, True, 1), Pair(c, a, False, 2)]
    labelled = label_pairs(all_pairs, faces)
    assert (labelled.rows.tolist(), labelled.same.tolist(), labelled.folds.tolist()) == (
        [[0, 1], [1, 0]],
        [True, False],
        [0, 2],
    )
    with pytest.raises(ImageError, match="Too few of the images show a face: 1 failed"):
        label_pairs(all_pairs[:2], faces)


DRIFT = Drift(faces=9, cosine_median=0.99, cosine_worst=0.9, distance_median=0.1, distance_worst=0.4)


def test_the_gate_is_told_what_does_not_run() -> None:
    loadings = [Loading("tensorflow", "tensorflow 2", 1.0), Loading("tflite-runtime", "tflite-runtime 2", reason="no")]
    loss = found_loss(0.01)
    assert cost_of(DRIFT, loss, loadings) == Cost(0.99, loss, frozenset({"tflite-runtime"}))


def test_people_are_known_by_their_folders() -> None:
    faces = Faces((Path("a/b/1"), Path("c/a/2"), Path("d/b/3")), (), {})
    assert people_of(faces).tolist() == [1, 0, 1]


def test_a_network_that_fails_is_refused(tmp_path: Path) -> None:
    load_tensorflow()
    import keras
    from keras import layers

    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Flatten()(layers.Rescaling(1e38, 1e38, name="normalization")(pixels))
    network = keras.Model(pixels, layers.Dense(LENGTH, kernel_initializer="ones")(x), name="tiny")
    write_network(network, SPEC, tmp_path / "overflows.keras")
    with np.errstate(invalid="ignore", over="ignore"):
        report = convert_networks([str(tmp_path / "overflows.keras")], plan())
    assert report.conversions[0].verdict.outcome is Outcome.REFUSED


def test_dlib_s_network_has_a_sidecar_too() -> None:
    assert spec_of(DLIB_RESNET) == dlib_spec()
    assert (dlib_spec().alignment.size_px, dlib_spec().length) == (150, 128)


def test_a_network_of_one_s_own_has_its_sidecar(tiny: Path) -> None:
    assert spec_of(str(tiny)) == read_spec(tiny) == SPEC


def test_dlib_s_network_is_the_bounded_one(bounded_resnet) -> None:
    assert load_network(DLIB_RESNET, dlib_spec()).to_json() == bounded_resnet.to_json()
