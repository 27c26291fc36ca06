"""Groups of faces: metrics against brute force, methods against their definitions, the command on portraits."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from convert import cluster as module
from convert.cli.main import cli
from convert.cluster import (
    Agreement,
    Clustering,
    Method,
    agreements,
    algorithm,
    b_cubed,
    cluster,
    face_files,
    grouped,
    pairwise,
)
from convert.contact_sheet import (
    Row,
    check_sheet_path,
    contact_sheet,
    face_tiles,
    heading_of,
    rows_of,
    write_sheet,
)
from device.commandline import run_command
from device.errors import DependencyMissing, ImageError
from device.images import read_image
from device.settings.tables import VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.models import shipped_models_dir

labelled = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25)
scattered = st.integers(0, 2**32 - 1)


def nobody_counts() -> None:
    pass


def arrays(rows: list[tuple[int, int]]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


@given(labelled)
def test_pairwise_counts_pairs(rows: list[tuple[int, int]]) -> None:
    pairs = [(a, b) for index, a in enumerate(rows) for b in rows[:index]]
    in_group = [a[1] == b[1] for a, b in pairs if a[0] == b[0]]
    mated = [a[0] == b[0] for a, b in pairs if a[1] == b[1]]
    found = pairwise(*arrays(rows))
    assert found.precision == pytest.approx(sum(in_group) / len(in_group) if in_group else 1.0)
    assert found.recall == pytest.approx(sum(mated) / len(mated) if mated else 1.0)


@given(labelled)
def test_b_cubed_asks_every_face(rows: list[tuple[int, int]]) -> None:
    precisions = [np.mean([b[1] == a[1] for b in rows if b[0] == a[0]]) for a in rows]
    recalls = [np.mean([b[0] == a[0] for b in rows if b[1] == a[1]]) for a in rows]
    found = b_cubed(*arrays(rows))
    assert (found.precision, found.recall) == pytest.approx((np.mean(precisions), np.mean(recalls)))


@pytest.mark.parametrize("metric", [pairwise, b_cubed])
@given(rows=labelled)
def test_swapping_groups_and_people_swaps_precision_and_recall(
    metric: Callable[..., Any], rows: list[tuple[int, int]]
) -> None:
    groups, people = arrays(rows)
    found, swapped = metric(groups, people), metric(people, groups)
    assert (found.precision, found.recall) == (swapped.recall, swapped.precision)


@pytest.mark.parametrize("metric", [pairwise, b_cubed])
@given(rows=labelled)
def test_the_names_of_groups_do_not_matter(metric: Callable[..., Any], rows: list[tuple[int, int]]) -> None:
    groups, people = arrays(rows)
    found, renamed = metric(groups, people), metric(7 - groups, people)
    assert (renamed.precision, renamed.recall) == pytest.approx((found.precision, found.recall))


@pytest.mark.parametrize(
    ("response", "precision"),
    [([0] * 5 + [1] * 7, 0.76), ([0] * 5 + [1] * 2 + [0] * 5, 0.58)],
    ids=["a small one merged", "two large ones merged"],
)
def test_b_cubed_is_the_published_one(response: list[int], precision: float) -> None:
    # Bagga and Baldwin 1998, section 4.2: chains of 5, 2 and 5, of which two are taken for one.
    found = b_cubed(np.array(response), np.array([0] * 5 + [1] * 2 + [2] * 5))
    assert (round(found.precision, 2), found.recall) == (precision, 1.0)


@pytest.mark.parametrize(("precision", "recall", "f1"), [(1.0, 1.0, 1.0), (0.5, 1.0, 2 / 3), (0.0, 0.0, 0.0)])
def test_f1_is_the_harmonic_mean(precision: float, recall: float, f1: float) -> None:
    assert Agreement(precision, recall).f1 == pytest.approx(f1)


def people_apart(seed: int, counts: tuple[int, int, int] = (8, 6, 4)) -> tuple[NDArray[Any], NDArray[Any]]:
    """Unit vectors of people who are far apart, and who they are, in any order."""
    generator = np.random.default_rng(seed)
    people = generator.permutation(np.repeat(np.arange(len(counts)), counts))
    vectors = np.eye(16, dtype=np.float32)[people] + generator.normal(scale=0.03, size=(len(people), 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), people


@pytest.mark.parametrize("method", Method)
def test_people_who_are_far_apart_are_told_apart(method: Method) -> None:
    vectors, people = people_apart(3)
    groups = grouped(vectors, algorithm(method, None if method is Method.HDBSCAN else 0.8))
    assert pairwise(groups, people) == b_cubed(groups, people) == Agreement(1.0, 1.0)


@pytest.mark.parametrize("method", Method)
def test_groups_come_by_their_size(method: Method) -> None:
    vectors, _ = people_apart(3)
    groups = grouped(vectors, algorithm(method, None if method is Method.HDBSCAN else 0.8))
    assert np.bincount(groups).tolist() == [8, 6, 4]


class Found:
    """An algorithm that has its answer ready."""

    def __init__(self, *groups: int) -> None:
        self.groups = np.array(groups)

    def fit_predict(self, _vectors: NDArray[Any]) -> NDArray[Any]:
        return self.groups


@pytest.mark.parametrize(
    ("found", "groups"),
    [([-1, -1, -1], [0, 1, 2]), ([4, -1, 7, 7], [1, 2, 0, 0]), ([1, 0, 1, 0], [0, 1, 0, 1])],
    ids=["noise is alone", "the largest first", "of equals the first one met"],
)
def test_groups_are_numbered_anew(found: list[int], groups: list[int]) -> None:
    assert grouped(np.eye(4, dtype=np.float32), Found(*found)).tolist() == groups


@given(scattered, st.floats(-0.5, 0.9))
def test_average_linkage_leaves_no_two_groups_that_it_would_join(seed: int, threshold: float) -> None:
    vectors = np.random.default_rng(seed).normal(size=(12, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    groups = grouped(vectors, algorithm(Method.AVERAGE, threshold))
    means = np.stack([vectors[groups == group].mean(axis=0) for group in range(groups.max() + 1)])
    between = (means @ means.T)[np.triu_indices(len(means), 1)]
    assert np.all(between <= threshold + 1e-5)


@given(scattered, st.floats(-0.5, 0.9))
def test_dbscan_groups_are_the_chains(seed: int, threshold: float) -> None:
    vectors = np.random.default_rng(seed).normal(size=(12, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    reach = vectors @ vectors.T >= threshold
    for _ in vectors:
        reach = reach @ reach
    groups = grouped(vectors, algorithm(Method.DBSCAN, threshold))
    assert np.array_equal(groups[:, None] == groups[None, :], reach)


@pytest.mark.parametrize(
    ("method", "threshold"), [(Method.HDBSCAN, 0.5), (Method.AVERAGE, None), (Method.DBSCAN, None)]
)
def test_a_threshold_is_given_where_one_is_taken(method: Method, threshold: float | None) -> None:
    with pytest.raises(ValueError, match="threshold"):
        algorithm(method, threshold)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DependencyMissing, match="scikit-learn") as missing:
        algorithm(Method.AVERAGE, 0.9)
    assert "-py3-none-any.whl[convert]'" in missing.value.hint


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures of Eileen Collins, two of Grace Hopper, one folder a person, and one of nobody."""
    root = tmp_path_factory.mktemp("pictures")
    for name, lights in (("eileen-collins", (1.0, 0.8, 0.6)), ("grace-hopper", (1.0, 0.7))):
        portrait = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
        (root / name).mkdir()
        for number, light in enumerate(lights):
            cv2.imwrite(str(root / name / f"{number}.png"), (portrait * light).astype(np.uint8))
    (root / "nobody").mkdir()
    cv2.imwrite(str(root / "nobody" / "wall.png"), np.full((200, 200, 3), 99, np.uint8))
    return root


@pytest.fixture(scope="module")
def clustering(pictures: Path, analyzer: FaceAnalyzer) -> Clustering:
    threshold = analyzer.embedder.decision_rule.threshold(1, 1)
    paths = face_files(pictures, Method.AVERAGE)
    return cluster(paths, analyzer, algorithm(Method.AVERAGE, threshold), nobody_counts)


def test_pictures_are_grouped_by_whom_they_show(clustering: Clustering, pictures: Path) -> None:
    names = [[str(path.relative_to(pictures)) for path in group] for group in clustering.groups]
    assert names == [
        ["eileen-collins/0.png", "eileen-collins/1.png", "eileen-collins/2.png"],
        ["grace-hopper/0.png", "grace-hopper/1.png"],
    ]


def test_a_picture_of_nobody_is_a_failure_to_acquire(clustering: Clustering) -> None:
    assert {path.name: why for path, why in clustering.failures.items()} == {"wall.png": "no face was found"}


def test_groups_are_compared_with_folders(clustering: Clustering, pictures: Path) -> None:
    perfect = Agreement(1.0, 1.0)
    assert agreements(clustering, pictures) == {"pairwise": perfect, "b-cubed": perfect}


def test_a_person_s_folder_may_have_folders() -> None:
    paths = Path("all/ada/2020/1.jpg"), Path("all/ada/2021/1.jpg")
    assert agreements(Clustering((paths,), {}), Path("all"))["pairwise"] == Agreement(1.0, 1.0)


def test_a_picture_in_nobody_s_folder_cannot_be_compared() -> None:
    with pytest.raises(ImageError, match="outside of people's folders"):
        agreements(Clustering(((Path("all/ada/1.jpg"), Path("all/2.jpg")),), {}), Path("all"))


def test_pictures_without_two_faces_cannot_be_grouped(pictures: Path, analyzer: FaceAnalyzer) -> None:
    paths = [pictures / "nobody" / "wall.png", pictures / "eileen-collins" / "0.png"]
    with pytest.raises(ImageError, match="Of 2 pictures 1 show a face") as few:
        cluster(paths, analyzer, Found(0), nobody_counts)
    assert "no face was found" in few.value.hint


def files_in(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.JPG").touch()
    (folder / "notes.txt").touch()
    return folder


def test_pictures_are_found_in_folders_below(tmp_path: Path) -> None:
    deep = files_in(files_in(tmp_path / "a", 1) / "b", 2)
    assert face_files(tmp_path, Method.AVERAGE) == (tmp_path / "a" / "0.JPG", deep / "0.JPG", deep / "1.JPG")


@pytest.mark.parametrize(("count", "said"), [(0, "no pictures"), (1, "1 picture")])
def test_too_few_pictures_are_refused(tmp_path: Path, count: int, said: str) -> None:
    with pytest.raises(ImageError, match=f"holds {said},"):
        face_files(files_in(tmp_path / "few", count), Method.AVERAGE)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="holds no pictures"):
        face_files(tmp_path / "nowhere", Method.AVERAGE)


def test_too_many_pictures_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.MAX_FACES, Method.AVERAGE, 3)
    assert len(face_files(files_in(tmp_path / "enough", 3), Method.AVERAGE)) == 3
    with pytest.raises(ImageError, match="4 pictures, expected at most 3") as many:
        face_files(files_in(tmp_path / "many", 4), Method.AVERAGE)
    assert "--method dbscan" in many.value.hint


def groups_of(*sizes: int) -> Clustering:
    names = iter(range(sum(sizes)))
    return Clustering(tuple(tuple(Path(f"{next(names):05d}.jpg") for _ in range(size)) for size in sizes), {})


def blank_tiles(rows: tuple[Row, ...]) -> dict[Path, NDArray[Any]]:
    return {path: np.full((96, 96, 3), 7, np.uint8) for row in rows for path in row.pictures}


def test_rows_are_groups_with_their_size_and_those_alone_last() -> None:
    rows = rows_of(groups_of(3, 2, 1, 1))
    assert [(row.label, len(row.pictures)) for row in rows] == [
        (("group 1", "3 faces"), 3),
        (("group 2", "2 faces"), 2),
        (("alone", "2 faces"), 2),
    ]


def test_a_large_group_is_shown_in_part_from_first_to_last() -> None:
    (row,) = rows_of(groups_of(100))
    assert row.label == ("group 1", "100 faces", "12 shown")
    assert [row.pictures[0].name, row.pictures[-1].name] == ["00000.jpg", "00099.jpg"]
    assert len(set(row.pictures)) == 12


def test_a_sheet_is_bounded_however_many_there_are() -> None:
    many = groups_of(*[30] * 500, *[1] * 5000)
    rows = rows_of(many)
    sheet = contact_sheet(heading_of(many), rows, blank_tiles(rows))
    assert len(rows) == 41
    assert sheet.shape[0] * sheet.shape[1] < 6_000_000


@settings(max_examples=12)
@given(st.lists(st.integers(2, 20), max_size=4), st.integers(0, 20))
def test_every_shown_face_has_its_place(sizes: list[int], alone: int) -> None:
    rows = rows_of(groups_of(*sorted(sizes, reverse=True), *[1] * alone))
    sheet = contact_sheet("", rows, blank_tiles(rows))
    shown = sum(len(row.pictures) for row in rows)
    assert np.count_nonzero((sheet == 7).all(axis=2)) == shown * 96**2


@pytest.mark.parametrize(
    ("sizes", "heading"),
    [
        ((3, 2, 1), "6 faces: 2 groups, 1 alone"),
        ((2,) * 41, "82 faces: 41 groups, 0 alone; the 40 largest groups are shown"),
    ],
)
def test_the_heading_says_how_many(sizes: tuple[int, ...], heading: str) -> None:
    assert heading_of(groups_of(*sizes)) == heading


def test_tiles_show_the_face(clustering: Clustering, analyzer: FaceAnalyzer) -> None:
    tiles = face_tiles(rows_of(clustering), analyzer.detector, nobody_counts)
    assert {tile.shape for tile in tiles.values()} == {(96, 96, 3)}
    (face,) = analyzer.detector.detect(tiles[clustering.groups[0][0]])
    assert face.box.center == pytest.approx((96 / 2, 96 / 2), abs=96 / 8)


@pytest.mark.parametrize("name", ["sheet.jpg", "gone/sheet.png", "sheet"])
def test_a_sheet_that_could_not_be_written_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="Cannot write the contact sheet"):
        check_sheet_path(tmp_path / name)


def test_a_folder_in_the_place_of_the_sheet_is_told(tmp_path: Path) -> None:
    (tmp_path / "sheet.png").mkdir()
    with pytest.raises(ImageError, match="Is a directory"):
        write_sheet(np.zeros((2, 2, 3), np.uint8), tmp_path / "sheet.png")


def test_a_sheet_keeps_its_colors(tmp_path: Path) -> None:
    sheet = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    write_sheet(sheet, tmp_path / "sheet.png")
    assert np.array_equal(read_image(tmp_path / "sheet.png"), sheet)


def test_the_command_prints_groups_and_agreement(pictures: Path, tmp_path: Path) -> None:
    ended = CliRunner().invoke(cli, ["cluster", str(pictures), "--labelled", "--out", str(tmp_path / "sheet.png")])
    assert ended.stdout.splitlines()[0] == "faces     5"
    assert "b-cubed   precision 1.0000  recall 1.0000  F1 1.0000" in ended.stdout
    assert read_image(tmp_path / "sheet.png").shape[1] > 3 * 96


def test_the_command_prints_json(pictures: Path) -> None:
    document = json.loads(CliRunner().invoke(cli, ["cluster", str(pictures), "--method", "hdbscan", "--json"]).stdout)
    assert (document["method"], document["threshold"], document["agreement"]) == ("hdbscan", None, None)
    assert [len(group) for group in document["groups"]] == [3, 2]
    assert [failure["why"] for failure in document["failures_to_acquire"]] == ["no face was found"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "hdbscan", "--threshold", "0.9"], "takes no --threshold"),
        (["--method", "dbscan"], "needs a --threshold"),
        (["--method", "whispers"], "whispers"),
        (["--threshold", "2"], "received 2"),
        (["--threshold", "nan"], "received nan"),
    ],
)
def test_a_wrong_option_is_told(
    pictures: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run_command(cli, ["cluster", str(pictures), *arguments]) == 2
    assert said in capfd.readouterr().err


@pytest.mark.parametrize("arguments", [["--out", "sheet.jpg"], ["--models", "nowhere"]])
def test_an_error_is_told_without_a_traceback(
    pictures: Path, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run_command(cli, ["cluster", str(pictures), *arguments]) in (4, 5)
    shown = capfd.readouterr()
    assert (shown.out, "What to do: " in shown.err) == ("", True)
