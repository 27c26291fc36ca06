"""What the converter's tests share: published files out of the cache, and the network made of them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from convert.measuring.comparisons import Templates
from convert.measuring.door_protocol import Acquired
from convert.published.fetch import fetch, is_cached
from convert.published.sources import RESNET_WEIGHTS
from convert.representative_set import portraits_dir
from convert.tensorflow_backend import load_tensorflow
from convert.weights.dlib import ResnetWeights, load, parse
from device.images import image_files, read_image
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.faces import load_analyzer

CAP = 6.0

if TYPE_CHECKING:
    import keras


@pytest.fixture(scope="session")
def published() -> Callable[[str], Path]:
    """A published file by its name, if it is in the cache: tests do not use the network."""

    def cached(name: str) -> Path:
        if not is_cached(name):
            pytest.skip(f"{name} is not in the cache; `lintel-convert build --fetch-only` gets it")
        return fetch(name)

    return cached


@pytest.fixture(scope="session")
def resnet_weights(published: Callable[[str], Path]) -> ResnetWeights:
    return parse(published(RESNET_WEIGHTS.name).read_bytes())


@pytest.fixture(scope="session")
def resnet(resnet_weights: ResnetWeights) -> "keras.Model":
    """dlib's network in Keras, as it is."""
    load_tensorflow()
    return load(resnet_weights)


@pytest.fixture(scope="session")
def bounded_resnet(resnet_weights: ResnetWeights) -> "keras.Model":
    """The network that is quantized: its last stage bounded."""
    load_tensorflow()
    return load(resnet_weights, cap=CAP)


@pytest.fixture(scope="session")
def portrait_chips() -> np.ndarray:
    """The aligned faces of the two portraits, uint8 [2, 150, 150, 3]."""
    analyzer = load_analyzer(VisionSettings(threads=1))
    chips = []
    for path in image_files(portraits_dir()):
        image = read_image(path)
        landmarks = analyzer.mesh.locate(image, analyzer.detector.detect(image)[0])
        chips.append(align(image, landmarks, analyzer.embedder.alignment))
    return np.stack(chips)


@pytest.fixture(scope="session")
def labelled() -> Callable[..., Acquired]:
    """So many unit vectors of each person, noisy around a direction of his own: a labelled folder without a picture."""

    def people(images: list[int], *, seed: int = 0, noise: float = 0.3) -> Acquired:
        chance = np.random.default_rng(seed)
        of = np.repeat(np.arange(len(images)), images)
        vectors = chance.normal(size=(len(images), 6))[of] + noise * chance.normal(size=(len(of), 6))
        unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return Acquired(
            Templates(unit, of), tuple(f"p{index:03d}" for index in range(len(images))), np.array(images), {}
        )

    return people
