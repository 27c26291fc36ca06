"""A tiny network, pictures of two people, labelled pairs, and what a conversion of the network reports."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.conversion.conversions import (
    Report,
    convert_networks,
)
from convert.measuring import cost
from convert.spec import write_network
from convert.tensorflow_backend import load_tensorflow
from device.images import read_image
from device.vision.models import shipped_models_dir
from tests.convert.conversion.bench import LENGTH, PORTRAITS, SIZE, SPEC, plan


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
