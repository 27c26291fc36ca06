"""`lintel-convert evaluate` and `calibrate`: pairs in, error rates out, on real portraits and on labelled data."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.calibrate import calibrate, decision_rule, person_images, split_similarities, with_rule
from convert.evaluate import evaluate, images_of
from convert.protocols import Protocol, read_pairs
from device.config import VisionSettings
from device.errors import ImageError
from device.images import read_image
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir

FOLDS_IN_TEST = 2


def nobody_counts() -> None:
    pass


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three pictures each of two people, one folder a person, and one of nobody."""
    for name in ("eileen-collins", "grace-hopper"):
        portrait = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number, light in enumerate((1.0, 0.8, 0.6), start=1):
            cv2.imwrite(str(folder / f"{name}_{number:04d}.jpg"), (portrait * light).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "images" / "wall.png"), np.full((200, 200, 3), 99, np.uint8))
    return tmp_path / "images"


def csv_of(folder: Path, *rows: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text("image_a,image_b,same\n" + "".join(f"{row}\n" for row in rows))
    return path


E = "eileen-collins/eileen-collins_000{}.jpg"
G = "grace-hopper/grace-hopper_000{}.jpg"


def some_pairs(images: Path) -> Path:
    mated = [f"{name.format(a)},{name.format(b)},1" for name in (E, G) for a, b in ((1, 2), (1, 3), (2, 3))]
    non_mated = [f"{E.format(a)},{G.format(b)},0" for a in (1, 2, 3) for b in (1, 2)]
    return csv_of(images.parent, *(row for pair in zip(mated, non_mated, strict=True) for row in pair))


def test_people_who_differ_are_told_apart(images, analyzer):
    evaluation = evaluate(read_pairs(some_pairs(images), images, Protocol.CSV), analyzer, nobody_counts)
    assert (evaluation.pairs, evaluation.accuracies.mean()) == (12, 1.0)


def test_each_image_is_embedded_once(images, analyzer):
    counted = []
    pairs = read_pairs(some_pairs(images), images, Protocol.CSV)
    evaluate(pairs, analyzer, lambda: counted.append(1))
    assert len(counted) == len(images_of(pairs)) == 6


def test_a_failure_to_acquire_is_listed(images, analyzer):
    pairs_file = csv_of(
        images.parent,
        f"{E.format(1)},{E.format(2)},1",
        f"{E.format(1)},{G.format(1)},0",
        f"wall.png,{G.format(1)},0",
        "gone.jpg,wall.png,1",
    )
    evaluation = evaluate(read_pairs(pairs_file, images, Protocol.CSV), analyzer, nobody_counts)
    assert {path.name: why.split(":")[0] for path, why in evaluation.failures.items()} == {
        "gone.jpg": f"Cannot read the image {images / 'gone.jpg'}",
        "wall.png": "no face was found",
    }
    assert evaluation.pairs == 2


def test_pictures_without_faces_cannot_be_evaluated(images, analyzer):
    pairs_file = csv_of(images.parent, "wall.png,wall.png,1", "wall.png,wall.png,0")
    with pytest.raises(ImageError, match="Too few"):
        evaluate(read_pairs(pairs_file, images, Protocol.CSV), analyzer, nobody_counts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "image_a,image_b\na,b\n",
        "image_a,image_b,same\na,b,maybe\n",
        "image_a,image_b,same\na,b\n",
        "image_a,image_b,same\na,b,1\n",
        "\ufeffnothing",
    ],
)
def test_what_is_no_pairs_csv_is_refused(tmp_path, text):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ImageError):
        read_pairs(tmp_path / "pairs.csv", tmp_path, Protocol.CSV)


@pytest.mark.parametrize(
    "text", ["", "10\n", "x y\n", "1 1\na 1 2\n", "1 1\na 1 2\na 1 b 2 c\n", "1 1\na 1 2\na one b 2\n"]
)
def test_what_is_no_lfw_file_is_refused(tmp_path, text):
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(ImageError):
        read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)


def test_lfw_pairs_keep_their_folds(tmp_path):
    (tmp_path / "pairs.txt").write_text("2 1\nA 1 2\nA 1 B 3\nC 4 5\nC 4 A 1\n")
    pairs = read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)
    assert [(pair.image_a.name, pair.image_b.name, pair.same, pair.fold) for pair in pairs] == [
        ("A_0001.jpg", "A_0002.jpg", True, 0),
        ("A_0001.jpg", "B_0003.jpg", False, 0),
        ("C_0004.jpg", "C_0005.jpg", True, 1),
        ("C_0004.jpg", "A_0001.jpg", False, 1),
    ]


def test_all_pairs_are_compared_once():
    vectors = np.eye(4, dtype=np.float32)
    mated, non_mated = split_similarities(vectors, np.array([0, 0, 1, 2]))
    assert (len(mated), len(non_mated)) == (1, 5)


def test_too_little_data_cannot_support_a_target(images, analyzer):
    for person in ("ada", "mary"):
        (images / person).mkdir()
        cv2.imwrite(str(images / person / "1.jpg"), cv2.imread(str(images / E.format(1))))
    with pytest.raises(ImageError, match="cannot support"):
        calibrate(images, analyzer, 1e-4, nobody_counts)


def test_two_people_are_too_few_to_calibrate(images):
    with pytest.raises(ImageError, match="fewer than four"):
        person_images(images)


def test_the_shipped_threshold_says_what_it_was_set_on():
    rule = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").decision
    assert rule is not None
    assert rule.non_mated_comparisons * rule.target_fmr >= 3


def test_the_lfw_protocol_on_some_folds(analyzer, lintel_data):
    lines = (lintel_data / "lfw" / "pairs.txt").read_text().splitlines()
    pairs = read_pairs(lintel_data / "lfw" / "pairs.txt", lintel_data / "lfw", Protocol.LFW)
    assert len(pairs) == len(lines) - 1
    some = tuple(pair for pair in pairs if pair.fold < FOLDS_IN_TEST)
    evaluation = evaluate(some, analyzer, nobody_counts)
    assert evaluation.failures == {}
    assert evaluation.accuracies.mean() >= 0.985
    assert evaluation.fmr.value <= 0.002


def test_a_calibration_holds_on_people_it_has_not_seen(analyzer, lintel_data, tmp_path):
    for folder in sorted((lintel_data / "lfw").iterdir())[:400]:
        if folder.is_dir():
            (tmp_path / folder.name).symlink_to(folder)
    calibration = calibrate(tmp_path, analyzer, 1e-2, nobody_counts)
    assert calibration.fmr.value <= 3e-2
    rule = decision_rule(calibration, "some of LFW")
    manifest = with_rule(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"), rule)
    assert manifest.decision == rule
    assert json.dumps(manifest.decision.dataset) == '"some of LFW"'
