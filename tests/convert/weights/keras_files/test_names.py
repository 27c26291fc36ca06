"""Weights come in by name: what lies in the right place under another name is refused, and nothing stays unnoticed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from convert.errors import WeightsError
from convert.tensorflow_backend import load_tensorflow, quiet
from convert.weights.keras_files.archive import load_weights_into, read_network
from convert.weights.keras_files.names import other_names

if TYPE_CHECKING:
    import keras

NAMES = ("c1", "c2")
FLAT, NESTED = "model_weights/norm", "model_weights/inner"


def chain(names: Sequence[str | None], values: Sequence[float] = (1.0, 2.0)) -> "keras.Model":
    """Two convolutions of one kernel's shape, one after the other, each full of its own number."""
    load_tensorflow()
    import keras
    from keras import layers

    x = pixels = keras.Input((4, 4, 3))
    for name, value in zip(names, values, strict=True):
        constant = keras.initializers.Constant(value)
        x = layers.Conv2D(3, 1, use_bias=False, kernel_initializer=constant, name=name)(x)
    return keras.Model(pixels, x)


def wired(order: tuple[int, int]) -> "keras.Model":
    """Two convolutions that nobody named, made one after the other and wired in `order`."""
    load_tensorflow()
    import keras
    from keras import layers

    pixels = keras.Input((4, 4, 3))
    made = [layers.Conv2D(3, 1, use_bias=False) for _ in order]
    return keras.Model(pixels, made[order[1]](made[order[0]](pixels)))


def halves(names: tuple[str, str]) -> "keras.Model":
    """Two networks within a network, one after the other, alike but for their names."""
    load_tensorflow()
    import keras
    from keras import layers

    x = pixels = keras.Input((4, 4, 3))
    for name in names:
        inner = keras.Input((4, 4, 3))
        x = keras.Model(inner, layers.Conv2D(3, 1, name="conv")(inner), name=name)(x)
    return keras.Model(pixels, x)


def older_network() -> "keras.Model":
    """A network for an older file, with names in names, and a layer whose weight Keras 2 called otherwise."""
    load_tensorflow()
    import keras
    from keras import layers

    x = pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.DepthwiseConv2D(3, name="deep")(x)
    x = layers.BatchNormalization(name="norm")(x)
    parts = [layers.Conv2D(3, 1, name="first"), layers.Conv2D(3, 1, name="second"), layers.Dense(3)]
    return keras.Model(pixels, keras.Sequential(parts, name="inner")(x), name="older")


def saved(model: "keras.Model", path: Path) -> Path:
    with quiet():
        if path.name.endswith(".weights.h5"):
            model.save_weights(path)
        else:
            model.save(path)
    return path


@pytest.fixture(scope="module")
def older() -> "keras.Model":
    return older_network()


@pytest.fixture
def older_file(older: "keras.Model", tmp_path: Path) -> Path:
    return saved(older, tmp_path / "net.h5")


def kernels(model: "keras.Model") -> list[float]:
    return [float(np.asarray(weight).flat[0]) for weight in model.weights]


def test_layers_of_one_class_in_another_order_are_refused(tmp_path: Path) -> None:
    path = saved(chain(NAMES), tmp_path / "net.weights.h5")
    with pytest.raises(WeightsError, match=r"other name: layers/conv2d: expected 'c2', received 'c1', .*received 'c2'"):
        load_weights_into(chain(("c2", "c1")), path)


def test_layers_in_the_same_order_come_in(tmp_path: Path) -> None:
    model = chain(NAMES, (0.0, 0.0))
    load_weights_into(model, saved(chain(NAMES), tmp_path / "net.weights.h5"))
    assert kernels(model) == [1.0, 2.0]


def test_names_that_keras_numbered_in_another_session_are_the_same(tmp_path: Path) -> None:
    path = saved(chain((None, None)), tmp_path / "net.weights.h5")
    model = chain((None, None), (0.0, 0.0))
    load_weights_into(model, path)
    assert kernels(model) == [1.0, 2.0]


def test_names_that_keras_numbered_in_another_order_are_refused(tmp_path: Path) -> None:
    path = saved(wired((0, 1)), tmp_path / "net.weights.h5")
    with pytest.raises(WeightsError, match="of another name: layers/conv2d: expected 'conv2d"):
        load_weights_into(wired((1, 0)), path)


def test_a_chosen_name_is_not_one_that_keras_numbered(tmp_path: Path) -> None:
    path = saved(chain(NAMES), tmp_path / "net.weights.h5")
    with pytest.raises(WeightsError, match="of another name: layers/conv2d: expected 'conv2d"):
        load_weights_into(chain((None, None)), path)


def test_networks_within_a_network_have_names_too(tmp_path: Path) -> None:
    path = saved(halves(("left", "right")), tmp_path / "net.weights.h5")
    with pytest.raises(WeightsError, match="layers/functional: expected 'right', received 'left'"):
        load_weights_into(halves(("right", "left")), path)


def without_names(path: Path) -> Path:
    """The file as Keras before 3.6 wrote it."""
    with h5py.File(path, "r+") as file:
        file.visititems(lambda _, item: item.attrs.pop("name", None))
    return path


def test_a_file_without_names_is_not_taken_by_order_alone(tmp_path: Path) -> None:
    path = without_names(saved(chain(NAMES), tmp_path / "net.weights.h5"))
    with pytest.raises(WeightsError, match=r"layers/conv2d has no name; Keras writes them since 3\.6"):
        load_weights_into(chain(NAMES), path)


def test_a_name_that_is_no_text_is_none(tmp_path: Path) -> None:
    path = saved(chain(NAMES), tmp_path / "net.weights.h5")
    with h5py.File(path, "r+") as file:
        file["layers/conv2d/vars"].attrs["name"] = 7
    with pytest.raises(WeightsError, match="layers/conv2d has no name"):
        load_weights_into(chain(NAMES), path)


def test_a_network_that_describes_itself_needs_no_names(tmp_path: Path) -> None:
    import zipfile

    path = saved(chain(NAMES), tmp_path / "net.keras")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (tmp_path / "weights").write_bytes(members["model.weights.h5"])
    members["model.weights.h5"] = without_names(tmp_path / "weights").read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert kernels(read_network(path)) == [1.0, 2.0]


def as_keras_2_wrote(path: Path) -> Path:
    """The names of an older file without the outer network's name, and with what TensorFlow put behind them."""
    with h5py.File(path, "r+") as file:
        for name, layer in file["model_weights"].items():
            listed = []
            for old in [str(text) for text in layer.attrs["weight_names"]]:
                new = old.removeprefix("inner/") + ":0"
                new = new.replace("deep/kernel", "deep/depthwise_kernel").replace("dense", "dense_41")
                layer.move(old, new)
                listed.append(new.encode())
            file["model_weights"][name].attrs["weight_names"] = listed
    return path


def test_a_file_of_keras_2_comes_in_by_its_names(older: "keras.Model", older_file: Path) -> None:
    model = older_network()
    load_weights_into(model, as_keras_2_wrote(older_file))
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), older.get_weights(), strict=True)]
    assert (len(same), all(same)) == (12, True)


def relisted(group: str, change: Callable[[list[str]], list[str]]) -> Callable[[h5py.File], None]:
    """A change of the order in which an older file names a layer's tensors."""

    def tamper(file: h5py.File) -> None:
        attributes = file[group].attrs
        attributes["weight_names"] = change([str(name) for name in attributes["weight_names"]])

    return tamper


def unlisted_layer(file: h5py.File) -> None:
    file["model_weights/more/kernel"] = np.zeros(3, np.float32)


def unlisted_tensor(file: h5py.File) -> None:
    file[f"{FLAT}/norm/more"] = np.zeros(3, np.float32)


def beside(file: h5py.File) -> None:
    file["more"] = np.zeros(3, np.float32)


def forgotten_layer(file: h5py.File) -> None:
    attributes = file["model_weights"].attrs
    attributes["layer_names"] = [name for name in attributes["layer_names"] if name != "norm"]


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (
            relisted(FLAT, lambda names: [names[1], names[0], *names[2:]]),
            "of another name: norm: expected 'gamma', received 'beta', norm: expected 'beta', received 'gamma'",
        ),
        (
            relisted(NESTED, lambda names: [*names[2:4], *names[:2], *names[4:]]),
            "inner: expected 'first/kernel', received 'second/kernel'",
        ),
        (relisted(FLAT, lambda names: [*names[:3], "norm/none"]), "missing: model_weights/norm/norm/none"),
        (relisted(FLAT, lambda names: [*names[:3], names[0]]), "expected 'moving_variance', received 'gamma'"),
        (relisted(FLAT, lambda names: names[:3]), r"missing: norm/moving_variance.*left over: .*norm/moving_variance"),
        (unlisted_layer, "left over: model_weights/more/kernel"),
        (unlisted_tensor, "left over: model_weights/norm/norm/more"),
        (beside, "left over: more"),
        (forgotten_layer, r"missing: norm/gamma, .*left over: model_weights/norm/norm/beta"),
    ],
)
def test_an_older_file_is_accounted_for_to_its_last_name(
    tamper: Callable[..., Any], reason: str, older: "keras.Model", older_file: Path
) -> None:
    with h5py.File(older_file, "r+") as file:
        tamper(file)
    with pytest.raises(WeightsError, match=reason):
        load_weights_into(older, older_file)


def test_everything_that_is_left_over_is_listed(tmp_path: Path) -> None:
    path = saved(chain(NAMES), tmp_path / "net.weights.h5")
    with h5py.File(path, "r+") as file:
        for number in range(120):
            file[f"layers/more{number:03}/vars/0"] = np.zeros(1, np.float32)
    with pytest.raises(WeightsError, match=r"left over: layers/more000/.*, layers/more099/vars/0 and 20 more\."):
        load_weights_into(chain(NAMES), path)


@pytest.mark.parametrize(
    ("expected", "received", "others"),
    [
        (("conv", "dense"), ("conv", "dense"), []),
        (("conv", "dense"), ("conv", "thick"), ["1"]),
        (("dense", "dense_1"), ("dense_7", "dense_8"), []),
        (("dense", "dense_1"), ("dense_9", "dense_10"), []),
        (("dense", "dense_1"), ("dense_8", "dense_7"), ["0", "1"]),
        (("dense", "conv2d"), ("dense_3", "conv2d_1"), []),
        (("dense",), ("conv2d",), ["0"]),
        (("block_1",), ("block_2",), ["0"]),
        (("p_re_lu",), ("p_re_lu_4",), []),
        (("batch_normalization_2",), ("batch_normalization",), []),
        (("dense",), ("",), ["0"]),
    ],
)
def test_which_names_are_others(expected: tuple[str, ...], received: tuple[str, ...], others: list[str]) -> None:
    places = [str(place) for place in range(len(expected))]
    assert other_names(dict(zip(places, expected, strict=True)), dict(zip(places, received, strict=True))) == others
