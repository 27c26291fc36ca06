"""Crops lie in the picture, too little around a face gives no verdict, and a manifest that contradicts itself none."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import ModelError
from device.records import Box
from device.vision.attack.passive import Crop, PassiveNetwork, Room, crop_around, live_probability, load_passive
from device.vision.manifest import AttackSpec, Manifest, Preprocessing, Source, TensorSpec
from device.vision.models import Model, shipped_models_dir

SPEC = AttackSpec(crop_scale=2.7, output="logits", live_index=1, threshold=0.7)
MANIFEST = Manifest(
    manifest_version=2,
    name="mine",
    task="presentation-attack",
    description="Made up.",
    file="mine.tflite",
    sha256="0" * 64,
    size_bytes=1,
    inputs=(TensorSpec(shape=(1, 80, 80, 3), dtype="float32"),),
    outputs=(TensorSpec(shape=(1, 3), dtype="float32"),),
    preprocessing=Preprocessing(color="BGR", scale=1.0, offset=0.0),
    source=Source(package="own", member="mine", member_sha256="0" * 64),
    license="MIT",
    attack=SPEC,
)

lengths = st.floats(1, 400)
places = st.floats(-200, 800)
boxes = st.builds(Box, places, places, lengths, lengths)
pictures = st.tuples(st.integers(8, 640), st.integers(8, 640))


def test_a_crop_is_centered_where_the_picture_has_room() -> None:
    assert crop_around(Box(300, 200, 100, 100), (480, 640), 2.7) == Crop(215, 115, 270, 270, 2.7)


@pytest.mark.parametrize(
    ("box", "left", "top"),
    [
        (Box(10, 200, 100, 100), 0, 115),
        (Box(530, 200, 100, 100), 370, 115),
        (Box(300, 10, 100, 100), 215, 0),
        (Box(300, 370, 100, 100), 215, 210),
    ],
)
def test_at_an_edge_it_is_shifted_and_keeps_its_size(box: Box, left: int, top: int) -> None:
    assert crop_around(box, (480, 640), 2.7) == Crop(left, top, 270, 270, 2.7)


def test_a_near_face_gets_a_crop_as_large_as_the_picture() -> None:
    assert crop_around(Box(100, 50, 300, 300), (480, 640), 2.7) == Crop(10, 0, 480, 480, 1.6)


@given(boxes, pictures, st.floats(1.2, 8))
def test_every_crop_lies_in_the_picture(box: Box, picture: tuple[int, int], scale: float) -> None:
    crop = crop_around(box, picture, scale)
    inside = 0 <= crop.left < crop.left + crop.width <= picture[1] and 0 <= crop.top < crop.top + crop.height
    assert (inside, crop.top + crop.height <= picture[0], crop.scale <= scale) == (True, True, True)


@given(boxes, pictures, st.floats(1.2, 8))
def test_no_crop_is_padded_or_out_of_shape(box: Box, picture: tuple[int, int], scale: float) -> None:
    crop = crop_around(box, picture, scale)
    pixels = crop.of(np.zeros((*picture, 3), np.uint8))
    assert pixels.shape == (crop.height, crop.width, 3)
    assert abs(crop.width - crop.scale * box.width) <= 1
    assert abs(crop.height - crop.scale * box.height) <= 1


@pytest.mark.parametrize(
    ("face_px", "room"), [(401, Room.TOO_LITTLE), (400, Room.LITTLE), (321, Room.LITTLE), (320, Room.ENOUGH)]
)
def test_room_ends_at_1_2_and_1_5_face_boxes(face_px: int, room: Room) -> None:
    assert crop_around(Box(0, 0, face_px, face_px), (480, 640), 2.7).room is room


@pytest.mark.parametrize("box", [Box(0, 0, 0, 9), Box(0, 0, 9, -1), Box(math.nan, 0, 9, 9), Box(0, 0, math.nan, 9)])
def test_a_box_without_an_area_is_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="expected a box and a picture with an area"):
        crop_around(box, (480, 640), 2.7)


@pytest.mark.parametrize(
    ("logits", "index", "live"),
    [([0, 0], 0, 0.5), ([0, math.log(3), 0], 1, 0.6), ([1000, 0, 0], 0, 1.0), ([1000, 0, 0], 1, 0.0)],
)
def test_logits_give_the_live_class_s_probability(logits: list[float], index: int, live: float) -> None:
    assert live_probability(np.array(logits, np.float32), index) == pytest.approx(live, abs=1e-6)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_no_verdict(broken: float) -> None:
    with pytest.raises(ModelError, match="no usable numbers"):
        live_probability(np.array([0, broken, 1], np.float32), 1)


def with_shapes(*, taken: tuple[int, ...] = (1, 80, 80, 3), given: tuple[int, ...] = (1, 3)) -> Manifest:
    tensors = {"inputs": taken, "outputs": given}
    specs = {side: (TensorSpec(shape=shape, dtype="float32"),) for side, shape in tensors.items()}
    return msgspec.structs.replace(MANIFEST, **specs)


@pytest.mark.parametrize(
    "manifest",
    [
        with_shapes(taken=(1, 80, 64, 3)),
        with_shapes(taken=(1, 3, 80, 80)),
        with_shapes(taken=(80,)),
        with_shapes(given=(1, 1)),
        with_shapes(given=(3,)),
        msgspec.structs.replace(MANIFEST, attack=msgspec.structs.replace(SPEC, live_index=3)),
        msgspec.structs.replace(MANIFEST, outputs=()),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(manifest: Manifest) -> None:
    with pytest.raises(ModelError, match="contradicts itself"):
        PassiveNetwork(Model(manifest, b""))


def test_a_manifest_that_does_not_say_how_to_ask_is_refused() -> None:
    with pytest.raises(ModelError, match="does not say how its network is asked"):
        PassiveNetwork(Model(msgspec.structs.replace(MANIFEST, attack=None), b""))


def test_another_network_in_its_place_is_refused() -> None:
    with pytest.raises(ModelError, match="'face-detection', expected 'presentation-attack'") as caught:
        load_passive("face-detection", shipped_models_dir())
    assert "lintel-convert install" in caught.value.hint


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop_scale": 1.1},
        {"crop_scale": 9.0},
        {"live_index": -1},
        {"threshold": 0.0},
        {"threshold": 1.0},
        {"output": "probabilities"},
    ],
)
def test_a_manifest_with_a_value_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(SPEC), **wrong}, AttackSpec)


@pytest.mark.parametrize("task", ["face-detection", "face-landmarks", "face-embedding"])
def test_no_other_network_can_ask_for_bgr(task: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"expected RGB for {task}, received BGR"):
        msgspec.convert({**msgspec.to_builtins(MANIFEST), "task": task}, Manifest)
