"""What the tests of Keras files share: a small network, and archives written by hand."""

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convert.tensorflow_backend import load_tensorflow

if TYPE_CHECKING:
    import keras

PIXELS = np.random.default_rng(1).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
CONV = "layers/conv2d/vars/0"


def small_network() -> "keras.Model":
    """A network within a network, with weights, running statistics and a layer that draws random numbers."""
    load_tensorflow()
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    x = pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -1.0, name="normalization")(x)
    x = layers.Conv2D(4, 3, kernel_regularizer="l2", activation="relu", name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Add(name="sum")([x, layers.PReLU(shared_axes=[1, 2], name="slopes")(x)])
    x = layers.Dropout(0.1, name="drop")(x)
    inner = [layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.Dense(5, name="dense")]
    return keras.Model(pixels, keras.Sequential(inner, name="inner")(x), name="small")


def archive_of(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def with_layer(parts: dict[str, bytes], layer: dict[str, object]) -> bytes:
    """The description with another second layer, wired as the one before."""
    config = json.loads(parts["config.json"])
    before = config["config"]["layers"][1]
    kept = {key: before[key] for key in ("name", "inbound_nodes")}
    config["config"]["layers"][1] = {"module": "keras.layers", "config": {"name": "odd"}, **kept, **layer}
    return json.dumps(config).encode()
