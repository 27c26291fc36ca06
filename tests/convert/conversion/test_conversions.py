"""The parts of a conversion: chips to show and to measure with, faces cut once, networks by name."""

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
import pytest

from convert.catalogue import DLIB_RESNET
from convert.conversion.conversion_report import write_report
from convert.conversion.conversions import (
    Report,
    convert_networks,
    cost_of,
    label_pairs,
    people_of,
    representative,
)
from convert.conversion.named_network import dlib_spec, load_network, spec_of
from convert.conversion.runtimes import Loading
from convert.finder import Finder
from convert.gate import Cost, Outcome
from convert.measuring.cost import Drift
from convert.measuring.faces import Faces, cut_faces
from convert.measuring.protocols import Pair
from convert.spec import read_spec, write_network
from convert.tensorflow_backend import load_tensorflow
from device.errors import ImageError, LintelError, ModelError
from device.images import read_image
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.faces import load_analyzer
from device.vision.manifest import Alignment
from device.vision.models import shipped_models_dir
from tests.convert.conversion.bench import LENGTH, SIZE, SPEC, found_loss, plan

if TYPE_CHECKING:
    import keras


@pytest.mark.parametrize("changed", [{"length": 9}, {"alignment": msgspec.structs.replace(SPEC.alignment, size_px=25)}])
def test_a_sidecar_of_another_network_is_an_error(tiny: Path, changed: dict[str, Alignment | int]) -> None:
    with pytest.raises(LintelError, match="does not fit its sidecar"):
        load_network(str(tiny), msgspec.structs.replace(SPEC, **changed))


def test_a_report_that_cannot_be_written_is_an_error(report: Report, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="Cannot write the report"):
        write_report(report, tmp_path / "file")


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


def test_dlib_s_network_is_the_bounded_one(bounded_resnet: "keras.Model") -> None:
    assert load_network(DLIB_RESNET, dlib_spec()).to_json() == bounded_resnet.to_json()
