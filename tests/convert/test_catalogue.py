"""The table of known networks: every entry can be imported, says where it is from, and what it allows."""

from pathlib import Path

import msgspec
import pytest

from convert.alignments import ALIGNMENTS
from convert.catalogue import catalogue, hash_of, hash_of_file, hash_of_folder
from convert.errors import WeightsError
from convert.published.sources import RESNET_WEIGHTS
from convert.weights.published import IMPORTERS

ENTRIES = catalogue()
READABLE = {name: entry for name, entry in ENTRIES.items() if entry.readable}
PROJECTS = ("https://github.com/",)


def test_published_forms_are_each_read_by_one_importer() -> None:
    assert sorted(entry.importer for entry in READABLE.values()) == sorted(IMPORTERS)


@pytest.mark.parametrize("name", READABLE)
def test_an_entry_that_can_be_read_has_a_hash_and_an_alignment(name: str) -> None:
    assert (len(READABLE[name].sha256), READABLE[name].alignment in ALIGNMENTS) == (64, True)


@pytest.mark.parametrize("wrong", [{"network": "resnet_9000"}, {"alignment": "by-eye"}])
def test_entry_must_name_what_the_tables_have(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no such network or alignment"):
        msgspec.structs.replace(ENTRIES["mobilefacenet"], **wrong)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_says_where_it_is_from_and_what_it_allows(name: str) -> None:
    entry = ENTRIES[name]
    assert all((entry.address.startswith("https://"), entry.license, entry.training_data, len(entry.terms) > 40))


@pytest.mark.parametrize("name", ENTRIES)
def test_an_address_is_that_of_a_project(name: str) -> None:
    assert ENTRIES[name].address.startswith(PROJECTS)


@pytest.mark.parametrize("name", ["mobilefacenet", "keras-facenet", "facenet-20180402"])
def test_weights_from_withdrawn_data_are_not_for_a_door(name: str) -> None:
    assert "Not for a door without a lawyer of your own" in ENTRIES[name].terms


def test_dlib_s_weights_are_those_of_the_build() -> None:
    assert ENTRIES["dlib-resnet"].sha256 == RESNET_WEIGHTS.sha256


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ENTRIES["more"] = ENTRIES["mobilefacenet"]  # type: ignore[index]


def test_the_hash_of_a_folder_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("1")
    (tmp_path / "a.csv").write_text("2")
    (tmp_path / "c.txt").write_text("3")
    before = hash_of_folder(tmp_path, "*.csv")
    (tmp_path / "a.csv").rename(tmp_path / "d.csv")
    assert (hash_of_folder(tmp_path, "*.txt"), before == hash_of_folder(tmp_path, "*.csv")) == (
        "2c1ee30b49c76d6356c509a117873e02c05821d5596a6791caa4c920d75abdc1",
        False,
    )


def test_files_that_are_not_hashed_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("2")
    before = hash_of_folder(tmp_path, "*.csv", ("b.csv",))
    (tmp_path / "b.csv").write_text("1")
    assert hash_of_folder(tmp_path, "*.csv", ("b.csv",)) == before


def test_a_missing_file_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Cannot read"):
        hash_of_file(tmp_path / "none")
    with pytest.raises(WeightsError, match="Not a folder"):
        hash_of_folder(tmp_path / "none", "*.csv")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("nn4-small2", "openface-nn4.small2"),
        ("mobilefacenet", "mobilefacenet/MobileFaceNet.onnx"),
        ("minifasnet-v2", "minifasnet/2.7_80x80_MiniFASNetV2.pth"),
        ("minifasnet-v1se", "minifasnet/4_0_0_80x80_MiniFASNetV1SE.pth"),
    ],
)
def test_the_hashes_are_those_of_the_published_files(name: str, path: str, lintel_data: Path) -> None:
    assert hash_of(lintel_data / "weights" / path, ENTRIES[name]) == ENTRIES[name].sha256
