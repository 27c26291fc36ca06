"""Weights in HDF5: links, other files, bombs and tensors that do not fit are refused by name."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from convert.errors import WeightsError
from convert.weights.keras_files.archive import load_weights_into, read_network
from tests.convert.weights.keras_files.bench import CONV

if TYPE_CHECKING:
    import keras


@pytest.fixture
def weights(files: Path, tmp_path: Path) -> Path:
    """A copy of the weights to tamper with."""
    return Path(shutil.copy(files / "net.weights.h5", tmp_path / "tampered.weights.h5"))


def soft_link(file: h5py.File) -> None:
    file["layers/link"] = h5py.SoftLink("/" + CONV)


def external_link(file: h5py.File) -> None:
    file["layers/link"] = h5py.ExternalLink("/etc/passwd", "/")


def twice(file: h5py.File) -> None:
    file["layers/again"] = file[CONV]


def circle(file: h5py.File) -> None:
    file["layers/conv2d/up"] = file["layers"]


def external_numbers(file: h5py.File) -> None:
    del file[CONV]
    file.create_dataset(CONV, (3, 3, 3, 4), "f4", external=[("/etc/passwd", 0, 432)])


def virtual_numbers(file: h5py.File) -> None:
    del file[CONV]
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", (3, 3, 3, 4))
    file.create_virtual_dataset(CONV, layout)


def compressed(file: h5py.File) -> None:
    del file[CONV]
    file.create_dataset(CONV, (3, 3, 3, 4), "f4", compression="gzip")


def terabyte(file: h5py.File) -> None:
    file.create_dataset("layers/huge/vars/0", (1 << 40,), "f4", chunks=(1024,))


def text(file: h5py.File) -> None:
    file["layers/text"] = "text"


def type_of_its_own(file: h5py.File) -> None:
    file["layers/type"] = np.dtype("f8")


def missing(file: h5py.File) -> None:
    del file[CONV]


def left_over(file: h5py.File) -> None:
    file["layers/more/vars/0"] = np.zeros(3, np.float32)


def transposed(file: h5py.File) -> None:
    values = file[CONV][()].transpose(3, 2, 1, 0)
    del file[CONV]
    file[CONV] = values


def doubles(file: h5py.File) -> None:
    values = file[CONV][()].astype(np.float64)
    del file[CONV]
    file[CONV] = values


def not_a_number(file: h5py.File) -> None:
    file[CONV][0, 0, 0, 0] = np.nan


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (soft_link, r"layers/link is a link to another place \(SoftLink\)"),
        (external_link, r"layers/link is a link to another place \(ExternalLink\)"),
        (twice, "for the second time"),
        (circle, "for the second time"),
        (external_numbers, f"the numbers of {CONV} lie in another file"),
        (virtual_numbers, f"the numbers of {CONV} lie in another file"),
        (compressed, f"{CONV} is compressed"),
        (terabyte, r"declares float32 \[1099511627776\], but only 0 bytes"),
        (text, "layers/text is not a tensor of numbers"),
        (type_of_its_own, "Datatype where a tensor was expected"),
        (missing, f"missing: {CONV}"),
        (left_over, "left over: layers/more/vars/0"),
        (transposed, rf"{CONV}: expected float32 \[3, 3, 3, 4\], received float32 \[4, 3, 3, 3\]"),
        (doubles, rf"{CONV}: expected float32 \[3, 3, 3, 4\], received float64"),
        (not_a_number, "conv/kernel: expected finite numbers"),
    ],
)
def test_tampered_weights_are_refused(
    tamper: Callable[..., Any], reason: str, weights: Path, fresh: "keras.Model"
) -> None:
    with h5py.File(weights, "r+") as file:
        tamper(file)
    with pytest.raises(WeightsError, match=reason):
        load_weights_into(fresh, weights)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([b"conv/kernel"], "missing: conv/bias; left over: model_weights/conv/conv/bias"),
        ([b"conv/kernel", b"conv/none"], "missing: model_weights/conv/conv/none"),
        ([b"conv/bias", b"conv/kernel"], r"conv/kernel: expected float32 \[3, 3, 3, 4\], received"),
    ],
)
def test_an_older_file_s_names_are_accounted_for(
    names: list[bytes], reason: str, files: Path, fresh: "keras.Model", tmp_path: Path
) -> None:
    path = Path(shutil.copy(files / "net.h5", tmp_path / "net.h5"))
    with h5py.File(path, "r+") as file:
        file["model_weights/conv"].attrs["weight_names"] = names
    with pytest.raises(WeightsError, match=reason):
        load_weights_into(fresh, path)


def test_weights_without_a_network_say_which_option_names_one(files: Path) -> None:
    with pytest.raises(WeightsError, match="--network"):
        read_network(files / "net.weights.h5")
