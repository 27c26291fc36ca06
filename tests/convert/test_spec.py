"""A network and its sidecar: written as a pair, read with bounds, refused with what to do."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.errors import WeightsError
from convert.spec import NetworkSpec, encoded, read_spec, sidecar, write_network
from device.vision.manifest import Alignment, Source

SPEC = NetworkSpec(
    spec_version=1,
    name="mine",
    description="A network.",
    alignment=Alignment(size_px=112, template=((1.0, 2.0), (3.0, 4.0)), landmarks=((33, 133), 4)),
    length=128,
    source=Source(package="https://example.org/mine", member="net.onnx", member_sha256="0" * 64),
    license="MIT",
    terms="Anything.",
)


class Saved:
    """Stands for a Keras network: it can be saved, or fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def save(self, path: Path) -> None:
        path.write_bytes(b"half")
        if self.fails:
            raise OSError(28, "No space left on device")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_network(Saved(), SPEC, tmp_path / "new" / "mine.keras")
    assert read_spec(tmp_path / "new" / "mine.keras") == SPEC


@pytest.mark.parametrize("landmarks", [(33, 468), (33, -1), (33, ()), (33, (1, 9999)), (33,), (33, 1, 2)])
def test_an_alignment_by_points_that_the_mesh_has_not_is_refused(
    tmp_path: Path, landmarks: tuple[int | tuple[int, ...], ...]
) -> None:
    alignment = msgspec.structs.replace(SPEC.alignment, landmarks=landmarks)
    (tmp_path / "mine.json").write_bytes(encoded(msgspec.structs.replace(SPEC, alignment=alignment)))
    with pytest.raises(WeightsError, match="names other points for its alignment than the face mesh has"):
        read_spec(tmp_path / "mine.keras")


def test_a_network_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"There is no network .*mine\.keras"):
        read_spec(tmp_path / "mine.keras")


def test_the_pair_is_all_that_is_left(tmp_path: Path) -> None:
    write_network(Saved(), SPEC, tmp_path / "mine.keras")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.json", "mine.keras"]


def test_network_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No space left") as caught:
        write_network(Saved(fails=True), SPEC, tmp_path / "mine.keras")
    assert ("--out" in caught.value.hint, list(tmp_path.iterdir())) == (True, [])


def test_a_pair_that_was_there_outlives_a_failure(tmp_path: Path) -> None:
    write_network(Saved(), SPEC, tmp_path / "mine.keras")
    with pytest.raises(WeightsError):
        write_network(Saved(fails=True), msgspec.structs.replace(SPEC, license="other"), tmp_path / "mine.keras")
    assert read_spec(tmp_path / "mine.keras") == SPEC


@pytest.mark.parametrize(("path", "expected"), [("a/net.keras", "a/net.json"), ("a/net.v1", "a/net.v1.json")])
def test_a_sidecar_lies_beside_a_file_or_a_folder(path: str, expected: str) -> None:
    assert sidecar(Path(path)) == Path(expected)


def test_a_missing_sidecar_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.keras").write_bytes(b"a network")
    with pytest.raises(WeightsError, match=r"has no sidecar net\.json beside it") as caught:
        read_spec(tmp_path / "net.keras")
    assert "lintel-convert import" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a valid sidecar"),
        (b"\xff", "is not a valid sidecar"),
        (b"[" * 100_000, "is not a valid sidecar"),
        (encoded(SPEC).replace(b'"spec_version": 1', b'"spec_version": 2'), "is not a valid sidecar"),
        (encoded(SPEC).replace(b'"length": 128', b'"length": 0'), "is not a valid sidecar"),
        (encoded(SPEC).replace(b'"terms"', b'"more"'), "is not a valid sidecar"),
        (b" " * (1_048_577), "has more than"),
    ],
)
def test_a_broken_sidecar_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "net.json").write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        read_spec(tmp_path / "net.keras")


@given(st.integers(0, len(encoded(SPEC)) - 2))
def test_a_truncated_sidecar_is_refused(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.keras"
    sidecar(path).write_bytes(encoded(SPEC)[:length])
    with pytest.raises(WeightsError):
        read_spec(path)
