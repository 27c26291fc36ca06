"""`lintel-convert evaluate` and `calibrate`: images in, error rates out, on real portraits and on labelled data."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from convert.calibrate import People, Target, calibrate
from convert.cli.main import cli
from convert.evaluate import evaluate, images_of
from convert.measuring import bootstrap
from convert.measuring.door_protocol import Design, acquire
from convert.measuring.protocols import Protocol, person_images, read_pairs
from device.commandline import run_command
from device.errors import ImageError
from device.images import read_image
from device.settings.tables import VisionSettings
from device.vision.faces import FaceAnalyzer, load_analyzer
from device.vision.manifest import read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir

FOLDS_IN_TEST = 2


def nobody_counts() -> None:
    pass


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Three pictures each of two people, one folder a person, and one of nobody."""
    for name in ("eileen-collins", "grace-hopper"):
        portrait = read_image(shipped_models_dir() / "portraits" / f"{name}.jpg")[:, :, ::-1]
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        for number, light in enumerate((1.0, 0.8, 0.6), start=1):
            cv2.imwrite(str(folder / f"{name}_{number:04d}.jpg"), (portrait * light).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "images" / "wall.png"), np.full((200, 200, 3), 99, np.uint8))
    return tmp_path / "images"


def csv_of(folder: Path, *rows: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text("image_a,image_b,same\n" + "".join(f"{row}\n" for row in rows))
    return path


E = "eileen-collins/eileen-collins_000{}.jpg"
G = "grace-hopper/grace-hopper_000{}.jpg"


def some_pairs(images: Path) -> Path:
    mated = [f"{name.format(a)},{name.format(b)},1" for name in (E, G) for a, b in ((1, 2), (1, 3), (2, 3))]
    non_mated = [f"{E.format(a)},{G.format(b)},0" for a in (1, 2, 3) for b in (1, 2)]
    return csv_of(images.parent, *(row for pair in zip(mated, non_mated, strict=True) for row in pair))


def test_people_who_differ_are_told_apart(images: Path, analyzer: FaceAnalyzer) -> None:
    evaluation = evaluate(read_pairs(some_pairs(images), images, Protocol.CSV), analyzer, nobody_counts)
    assert (evaluation.pairs, evaluation.accuracies.mean()) == (12, 1.0)


def test_each_image_is_embedded_once(images: Path, analyzer: FaceAnalyzer) -> None:
    counted = []
    pairs = read_pairs(some_pairs(images), images, Protocol.CSV)
    evaluate(pairs, analyzer, lambda: counted.append(1))
    assert len(counted) == len(images_of(pairs)) == 6


def test_a_failure_to_acquire_is_listed(images: Path, analyzer: FaceAnalyzer) -> None:
    pairs_file = csv_of(
        images.parent,
        f"{E.format(1)},{E.format(2)},1",
        f"{E.format(1)},{G.format(1)},0",
        f"wall.png,{G.format(1)},0",
        "gone.jpg,wall.png,1",
    )
    evaluation = evaluate(read_pairs(pairs_file, images, Protocol.CSV), analyzer, nobody_counts)
    assert {path.name: why.split(":")[0] for path, why in evaluation.failures.items()} == {
        "gone.jpg": f"Cannot read the image {images / 'gone.jpg'}",
        "wall.png": "no face was found",
    }
    assert evaluation.pairs == 2


def test_pictures_without_faces_cannot_be_evaluated(images: Path, analyzer: FaceAnalyzer) -> None:
    pairs_file = csv_of(images.parent, "wall.png,wall.png,1", "wall.png,wall.png,0")
    with pytest.raises(ImageError, match="Too few"):
        evaluate(read_pairs(pairs_file, images, Protocol.CSV), analyzer, nobody_counts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "image_a,image_b\na,b\n",
        "image_a,image_b,same\na,b,maybe\n",
        "image_a,image_b,same\na,b\n",
        "image_a,image_b,same\na,b,1\n",
        "\ufeffnothing",
    ],
)
def test_what_is_no_pairs_csv_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(ImageError):
        read_pairs(tmp_path / "pairs.csv", tmp_path, Protocol.CSV)


@pytest.mark.parametrize(
    "text", ["", "10\n", "x y\n", "1 1\na 1 2\n", "1 1\na 1 2\na 1 b 2 c\n", "1 1\na 1 2\na one b 2\n"]
)
def test_what_is_no_lfw_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(ImageError):
        read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)


def test_pairs_of_one_fold_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("1 1\nA 1 2\nA 1 B 3\n")
    with pytest.raises(ImageError, match="are of one fold, expected two or more") as refused:
        read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)
    assert "`10 300`" in refused.value.hint


def test_pairs_of_which_one_fold_is_left_are_refused(images: Path, analyzer: FaceAnalyzer) -> None:
    folds = [f"{E.format(1)},{E.format(2)},1", *["gone.jpg,gone.jpg,1"] * 9, f"{E.format(1)},{G.format(1)},0"]
    with pytest.raises(ImageError, match="Accuracy over folds takes two folds or more, received 1"):
        evaluate(read_pairs(csv_of(images.parent, *folds), images, Protocol.CSV), analyzer, nobody_counts)


def test_lfw_pairs_keep_their_folds(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_text("2 1\nA 1 2\nA 1 B 3\nC 4 5\nC 4 A 1\n")
    pairs = read_pairs(tmp_path / "pairs.txt", tmp_path, Protocol.LFW)
    assert [(pair.image_a.name, pair.image_b.name, pair.same, pair.fold) for pair in pairs] == [
        ("A_0001.jpg", "A_0002.jpg", True, 0),
        ("A_0001.jpg", "B_0003.jpg", False, 0),
        ("C_0004.jpg", "C_0005.jpg", True, 1),
        ("C_0004.jpg", "A_0001.jpg", False, 1),
    ]


@pytest.fixture
def people(images: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four people of six pictures each, of whom two look like one and two like the other; and their groups."""
    monkeypatch.setattr(bootstrap, "REPLICATES", 30)
    monkeypatch.setattr(bootstrap, "BAND_REPLICATES", 20)
    for person, copied in (("ada", E), ("mary", G), ("eileen-collins", E), ("grace-hopper", G)):
        (images / person).mkdir(exist_ok=True)
        for number in (1, 2, 3):
            pixels = read_image(images / copied.format(number))[:, :, ::-1]
            cv2.imwrite(str(images / person / f"{person}_{number:04d}.jpg"), pixels)
            cv2.imwrite(str(images / person / f"{person}_{number + 3:04d}.jpg"), (pixels * 0.9).astype(np.uint8))
    (images / "groups.csv").write_text("person,group\nada,x\nmary,y\neileen-collins,x\n")
    return images


def run_json(capfd: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code = run_command(cli, [str(argument) for argument in arguments])
    shown = capfd.readouterr()
    assert code == 0, shown.err
    document: dict[str, Any] = json.loads(shown.out)
    return document


def test_all_pairs_of_a_folder_are_compared(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = run_json(capfd, "evaluate", "--images", people, "--json")
    assert (found["people"], found["images"], found["draws"]) == (4, 24, 0)
    assert (found["mated"], found["non_mated"]) == (4 * 15, 6 * 36)
    assert found["fnmr"] == 0.0
    assert found["fmr"] == pytest.approx(2 / 6)  # those who look alike, as they are the same
    assert [found[f"tar_at_fmr_1e-{n}"] for n in (3, 4, 5)] == [None, None, None]
    assert len([note for note in found["notes"] if "cannot support" in note]) == 3


def test_several_references_meet_several_probes(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("--references", 2, "--probes", 2, "--seed", 3, "--draws", 4, "--json")
    found = run_json(capfd, "evaluate", "--images", people, *arguments)
    assert (found["mated"], found["non_mated"], found["non_mated_a_draw"]) == (4 * 8, 4 * 24, 24)
    assert (found["references"], found["probes"], found["seed"], found["draws"]) == (2, 2, 3, 4)
    assert found["if_probes_are_alike"]["threshold"] == found["threshold"]
    assert found == run_json(capfd, "evaluate", "--images", people, *arguments)


def test_groups_are_set_beside_each_other(people: Path, capfd: pytest.CaptureFixture[str]) -> None:
    groups = run_json(capfd, "evaluate", "--images", people, "--json")["groups"]
    assert [(group["group"], group["people"]) for group in groups["by_group"]] == [("x", 2), ("y", 1)]
    assert [group["fmr_within"]["comparisons"] for group in groups["by_group"]] == [36, 0]
    assert groups["across"][0]["fmr"]["comparisons"] == 72
    assert groups["people_without_group"] == 1
    assert "FMR within y: 0 comparisons" in " ".join(groups["too_few"])


def test_people_read_what_machines_read(people: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_command(
        cli, ["evaluate", "--images", str(people), "--probes", "2", "--draws", "2", "--plots", str(tmp_path / "p")]
    )
    shown = capfd.readouterr().out
    assert "1 reference x 2 probes: 16 mated, 48 non-mated" in shown
    assert "by group, at the door's threshold:" in shown
    assert "if the probes of a visit are all one picture" in shown
    assert len(list((tmp_path / "p").iterdir())) == 3


def test_pairs_can_be_drawn(images: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = (
        "--pairs",
        some_pairs(images),
        "--images",
        images,
        "--plot",
        tmp_path / "det.svg",
        "--plot-kind",
        "det",
    )
    found = run_json(capfd, "evaluate", *arguments, "--json")
    assert found["accuracy"]["mean"] == 1.0
    assert "<svg" in (tmp_path / "det.svg").read_text()


def test_few_pairs_cannot_support_a_tar(images: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arguments = ("evaluate", "--images", images, "--pairs", some_pairs(images))
    found = run_json(capfd, *arguments, "--json")
    assert [found[f"tar_at_fmr_1e-{n}"] for n in (2, 3)] == [None, None]
    assert found["notes"] == [
        "6 non-mated comparisons cannot support a TAR at FMR 1e-2: it takes 300 (rule of three)",
        "6 non-mated comparisons cannot support a TAR at FMR 1e-3: it takes 3000 (rule of three)",
    ]
    assert run_command(cli, [str(argument) for argument in arguments]) == 0
    shown = capfd.readouterr().out
    assert "TAR at FMR   1e-2: cannot be said   1e-3: cannot be said" in shown
    assert "note: 6 non-mated comparisons cannot support a TAR at FMR 1e-2" in shown


@pytest.mark.parametrize(("non_mated", "given"), [(299, 0), (300, 1), (2999, 1), (3000, 2)])
def test_a_tar_is_given_from_as_many_pairs_as_lfw_has(
    images: Path, analyzer: FaceAnalyzer, non_mated: int, given: int
) -> None:
    rows = [f"{E.format(1)},{E.format(2)},1"] * 2 + [f"{E.format(1)},{G.format(1)},0"] * non_mated
    found = evaluate(read_pairs(csv_of(images.parent, *rows), images, Protocol.CSV), analyzer, nobody_counts)
    assert [found.tar_at_1e2, found.tar_at_1e3] == [1.0] * given + [None] * (2 - given)


def test_the_doors_protocol_beside_pairs(people: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first, *_, last = sorted(people.glob("*/*.[jp]*g"))
    names = [str(path.relative_to(people)) for path in (first, last)]
    rows = [f"{names[0]},{names[0]},1", f"{names[0]},{names[1]},0"] * 2
    (tmp_path / "pairs.csv").write_text("\n".join(["image_a,image_b,same", *rows]))
    arguments = ("--images", people, "--pairs", tmp_path / "pairs.csv", "--references", 1, "--probes", 2, "--draws", 2)
    found = run_json(capfd, "evaluate", *arguments, "--json")
    assert (found["references"], found["probes"], found["non_mated"], found["pairs"]["pairs"]) == (1, 2, 48, 4)


@pytest.mark.parametrize("option", ["--fmr", "--least-probe-length", "--least-reference-length"])
def test_what_is_not_a_number_is_in_no_range(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["calibrate", "--images", "x", option, "nan"]) == 2
    assert "received nan" in capfd.readouterr().err


def test_a_form_without_pairs_is_a_mistake(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["evaluate", "--images", "x", "--protocol", "lfw"]) == 2
    assert "Usage:" in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        "evaluate --images x --pairs p --seed 0",
        "evaluate --images x --pairs p --draws 5",
        "evaluate --images x --seed 3",
        "evaluate --images x --pairs p --references 1 --seed 3",
        "calibrate --images x --references 1 --probes 1 --draws 5",
        "calibrate --images x --references 1 --probes 1 --seed 0",
    ],
)
def test_what_would_draw_nothing_is_a_mistake(arguments: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, arguments.split()) == 2
    shown = capfd.readouterr().err
    assert "Usage:" in shown
    assert "--draws" in shown


@pytest.mark.parametrize("drawn", [("--draws", 3), ("--draws", 3, "--seed", 1), ("--probes", 2, "--seed", 1)])
def test_what_draws_is_none(people: Path, capfd: pytest.CaptureFixture[str], drawn: tuple[int | str, ...]) -> None:
    assert run_json(capfd, "evaluate", "--images", people, *drawn, "--json")["draws"] in {3, 30}


def test_a_folder_of_one_person_cannot_be_evaluated(images: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["evaluate", "--images", str(images / "grace-hopper")]) == 5
    assert "has images of 0 people, expected at least 2" in capfd.readouterr().err


@pytest.fixture
def own_models(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_models_dir(), tmp_path / "models"))


def test_a_calibration_is_written_into_the_manifest(
    people: Path, own_models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--images", people, "--dataset", "ours", "--fmr", 0.1, "--references", 1, "--probes", 1)
    found = run_json(capfd, "calibrate", *arguments, "--models", own_models, "--json")
    rule = read_manifest(own_models / f"{EMBEDDING}.json").decision
    assert rule is not None
    assert (rule.dataset, rule.target_fmr, rule.points[0].non_mated_comparisons) == ("ours", 0.1, 216)
    assert rule.points[0].threshold == found["rule"]["points"][0]["threshold"] == found["rates"][0]["threshold"]
    assert load_analyzer(VisionSettings(models_dir=str(own_models))).embedder.decision_rule == rule


def test_a_dry_run_leaves_the_manifest_and_shows_both_halves(
    people: Path, own_models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (own_models / f"{EMBEDDING}.json").read_bytes()
    arguments = ["--images", str(people), "--dataset", "ours", "--fmr", "0.1", "--references", "1", "--probes", "1"]
    assert run_command(cli, ["calibrate", *arguments, "--models", str(own_models), "--dry-run"]) == 0
    shown = capfd.readouterr().out
    assert shown.count("set on one half of the people, tried on the other") == 2
    assert (own_models / f"{EMBEDDING}.json").read_bytes() == before


def test_too_little_data_cannot_support_a_target(
    people: Path, own_models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (own_models / f"{EMBEDDING}.json").read_bytes()
    assert run_command(cli, ["calibrate", "--images", str(people), "--dataset", "x", "--models", str(own_models)]) == 5
    said = capfd.readouterr().err
    assert "216 non-mated comparisons of single pairs cannot support an FMR of 0.0001: it takes 100000" in said
    assert "99784 are missing" in said
    assert (own_models / f"{EMBEDDING}.json").read_bytes() == before


def test_a_card_is_of_the_images_that_were_drawn_for_the_calibration(
    people: Path, own_models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    images = ("--images", people, "--models", own_models, "--references", 2, "--probes", 1)
    drawn = ("--seed", 3, "--draws", 2)
    run_json(capfd, "calibrate", *images, *drawn, "--fmr", 0.1, "--json")
    assert run_command(cli, [str(argument) for argument in ("card", *images)]) == 4
    assert "same --images, --references, --probes, --seed and --draws" in capfd.readouterr().err
    assert run_command(cli, [str(argument) for argument in ("card", *images, *drawn)]) == 0
    assert run_command(cli, ["card", "--check", "--models", str(own_models)]) == 0


def test_two_people_are_too_few_to_calibrate(images: Path) -> None:
    with pytest.raises(ImageError, match="2 people, expected at least 4"):
        person_images(images, least_people=4)


def test_the_shipped_threshold_says_what_it_was_set_on() -> None:
    rule = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json").decision
    assert rule is not None
    assert all(point.non_mated_comparisons * rule.target_fmr >= 3 for point in rule.points)


@pytest.mark.slow(small="test_a_calibration_holds_on_people_it_has_not_seen")
def test_the_lfw_protocol_on_some_folds(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    lines = (lintel_data / "lfw" / "pairs.txt").read_text().splitlines()
    pairs = read_pairs(lintel_data / "lfw" / "pairs.txt", lintel_data / "lfw", Protocol.LFW)
    assert len(pairs) == len(lines) - 1
    some = tuple(pair for pair in pairs if pair.fold < FOLDS_IN_TEST)
    evaluation = evaluate(some, analyzer, nobody_counts)
    assert evaluation.failures == {}
    assert evaluation.accuracies.mean() >= 0.985
    assert evaluation.fmr.value <= 0.002


def test_a_calibration_holds_on_people_it_has_not_seen(analyzer: FaceAnalyzer, lintel_data: Path) -> None:
    folders = sorted(folder for folder in (lintel_data / "lfw").iterdir() if folder.is_dir())[:240]
    paths = tuple(path for folder in folders for path in sorted(folder.glob("*.jpg")))
    acquired = acquire(paths, analyzer, nobody_counts)
    target = Target(1e-2, Design(), analyzer.embedder.decision_rule.fusion, "some of LFW")
    calibration = calibrate(People(acquired.templates, len(acquired.names)), target)
    assert [half[0].rates.fmr.rate.value <= 3e-2 for half in calibration.halves] == [True, True]
    assert calibration.rates[0].rates.fmr.rate.value <= 1e-2
