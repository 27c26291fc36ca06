"""PyTorch's state dicts: nothing a pickle says is done, and no tensor is believed that its storage does not hold."""

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.errors import WeightsError
from tests.convert.weights.torch_bench import (
    STATE,
    STORAGE,
    Call,
    Name,
    Stored,
    described,
    encoded,
    view,
    whole,
    zipped,
)


class Malicious:
    """Unpickled, this writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        import os

        return os.system, (f"touch {self.path}",)


def test_a_malicious_pickle_is_refused_and_not_executed(
    read: Callable[[bytes], dict[str, np.ndarray]], tmp_path: Path
) -> None:
    harm = tmp_path / "harm"
    content = pickle.dumps(Malicious(harm), protocol=2)
    with pytest.raises(WeightsError, match=r"names (posix|nt)\.system, which no state dict needs"):
        read(content)
    assert not harm.exists()


def test_so_is_one_inside_an_archive(read: Callable[[bytes], dict[str, np.ndarray]], tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps({"kernel": Malicious(harm)}, protocol=2))
    with pytest.raises(WeightsError, match=r"names (posix|nt)\.system"):
        read(content.getvalue())
    assert not harm.exists()


@pytest.mark.parametrize(
    "name", ["builtins eval", "builtins getattr", "torch._utils _rebuild_parameter", "torch HalfStorage", "os system"]
)
def test_every_other_name_is_refused_by_its_name(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], name: str
) -> None:
    with pytest.raises(WeightsError, match=f"names {name.replace(' ', '.')}, which no state dict needs"):
        read(written({"kernel": Call(Name(*name.split(" ")), ())}, [STORAGE]))


def test_an_escape_in_a_name_is_a_part_of_it(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]]
) -> None:
    with pytest.raises(WeightsError, match=r"names torch\.Float\\xyStorage, which"):
        read(written({"kernel": Call(Name("torch", r"Float\xyStorage"), ())}, [STORAGE]))


def test_an_archive_whose_directory_points_far_away_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    content = zipped(described(STATE), list(STATE.values()))
    end = content.rindex(b"PK\5\6")
    with pytest.raises(WeightsError, match="its archive is damaged"):
        read(content[: end + 16] + b"\xff\xff\xff\x7f" + content[end + 20 :])


@pytest.mark.parametrize("called", [Name("torch", "FloatStorage"), Name("collections", "OrderedDict")])
def test_known_names_are_those_of_a_state_dict(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], called: Name
) -> None:
    with pytest.raises(WeightsError, match="calls what no state dict calls"):
        read(written({"kernel": Call(called, ([],))}, [STORAGE]))


@pytest.mark.parametrize("protocol", [0, 1, 3, 4, 5])
def test_pickles_of_other_protocols_are_refused(read: Callable[[bytes], dict[str, np.ndarray]], protocol: int) -> None:
    with pytest.raises(WeightsError, match=r"instruction|protocol 2"):
        read(pickle.dumps({"kernel": [1.5, b"x"]}, protocol=protocol))


def test_attributes_of_anything_but_a_dict_are_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    with pytest.raises(WeightsError, match="sets attributes"):
        read(b"\x80\x02" + encoded(Name("torch", "FloatStorage")) + encoded({"x": 1}) + b"b.")


def test_a_tuple_that_grows_as_a_key_is_refused(read: Callable[[bytes], dict[str, np.ndarray]]) -> None:
    """Its hash would take for ever: every level doubles the work."""
    levels = b"".join(b"q" + bytes([n]) + b"h" + bytes([n]) + b"\x86" for n in range(100))
    with pytest.raises(WeightsError, match="keys that are not names"):
        read(b"\x80\x02}" + encoded(()) + levels + encoded(1) + b"s.")


@pytest.mark.parametrize(
    ("described", "refusal"),
    [
        ((0, (13,), (1,)), "beyond its storage"),
        ((1, (12,), (1,)), "beyond its storage"),
        ((12, (), ()), "beyond its storage"),
        ((0, (3, 4), (5, 1)), "beyond its storage"),
        ((0, (2**70,), (1,)), "expected at most"),
        ((0, (2,), (2**70,)), "beyond its storage"),
        ((0, (100,), (0,)), "beyond its storage"),
        ((-1, (2,), (1,)), "whole numbers"),
        ((0, (2,), (-1,)), "whole numbers"),
        ((0, (-2,), (1,)), "whole numbers"),
        ((0, (True,), (1,)), "whole numbers"),
        ((0, [2], (1,)), "whole numbers"),
        ((0, ("2",), (1,)), "whole numbers"),
        ((0, (2, 2), (1,)), "a stride for each"),
        ((0, (0,), (1,)), "a stride for each"),
        ((0, (1,) * 9, (1,) * 9), "a stride for each of at most 8"),
    ],
)
def test_a_tensor_that_is_no_view_of_its_storage_is_refused(
    written: Callable[..., bytes],
    read: Callable[[bytes], dict[str, np.ndarray]],
    described: tuple[int, tuple[int | str, ...] | list[int], tuple[int, ...]],
    refusal: str,
) -> None:
    with pytest.raises(WeightsError, match=refusal):
        read(written({"kernel": view(Stored("0", STORAGE), *described)}, [STORAGE]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused_by_its_tensor_s_name(
    written: Callable[..., bytes], read: Callable[[bytes], dict[str, np.ndarray]], value: float
) -> None:
    tensor = np.array([0, value], np.float32)
    with pytest.raises(WeightsError, match="kernel: expected finite numbers"):
        read(written({"kernel": whole("0", tensor)}, [tensor]))
