"""The biometric card says what the manifest and the figures say, and a change of either is found."""

import re
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.card import CARD, FIGURES, FOLDER, disagreements, read_figures, render, write_card
from convert.cli.main import cli
from convert.facts import read_facts
from convert.figures import Figures, GroupShare, Latency, Pairs, Point, Share, Strangers, Target
from convert.offered import offered
from device.commandline import run_command
from device.errors import ModelError
from device.vision.comparison import compare
from device.vision.embedder import Embedder
from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import EMBEDDING, load_model, shipped_models_dir


def share(errors: int, comparisons: int) -> Share:
    rate = errors / comparisons
    return Share(rate=rate, low=rate / 2, high=rate * 2, errors=errors, comparisons=comparisons)


def figures_for(folder: Path) -> Figures:
    manifest = read_manifest(folder / f"{EMBEDDING}.json")
    assert manifest.decision is not None
    points = tuple(
        Point(
            references=point.references,
            probes=point.probes,
            threshold=manifest.decision.threshold(point.references, point.probes),
            fmr=share(1, point.non_mated_comparisons),
            fnmr=share(3, 100),
        )
        for point in manifest.decision.points
    )
    return Figures(
        figures_version=1,
        model_sha256=manifest.sha256,
        manifest_seal=manifest.seal,
        people=7,
        images=70,
        draws=30,
        failures_to_acquire=share(0, 70),
        points=points,
        alike=msgspec.structs.replace(points[1], threshold=manifest.decision.threshold(3, 3)),
        halves=(points, points),
        pairs=Pairs(pairs=600, accuracy=0.99, accuracy_std=0.01, tar_at_fmr_1e2=0.98, tar_at_fmr_1e3=0.9),
        latency=(Latency(threads=1, median_ms=4.5),),
        machine="a machine",
        runtime="a runtime 1.0",
        plots={},
    )


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the shipped embedding pair with a card of made-up figures."""
    for suffix in ("json", "tflite"):
        shutil.copy(shipped_models_dir() / f"{EMBEDDING}.{suffix}", tmp_path)
    write_card(tmp_path, figures_for(tmp_path))
    return tmp_path


def test_the_shipped_card_agrees_with_what_is_shipped() -> None:
    assert disagreements(shipped_models_dir()) == ()


def test_card_manifest_and_door_agree_to_the_digit() -> None:
    """Each row of the card, and each cell for another target, has the threshold that a door compares at."""
    folder = shipped_models_dir()
    card, embedder = (folder / CARD).read_text(), Embedder(load_model(EMBEDDING, folder))
    door = embedder.at_target(1e-4).decision_rule
    for point in read_figures(folder).points:
        compared = compare(np.eye(128, dtype=np.float32)[: point.probes], np.eye(128, dtype=np.float32)[-5:], door)
        assert compared.threshold == door.threshold(5, point.probes)
        threshold = door.threshold(point.references, point.probes)
        assert f"\n| {point.references} x {point.probes} | {threshold:.5f} | " in card
    for fmr, shown in ((1e-3, "1.0e-3"), (1e-5, "1.0e-5"), (1e-6, "1.0e-6")):
        strict = embedder.at_target(fmr).decision_rule
        (row,) = (line for line in card.splitlines() if line.startswith(f"| {shown} | 0."))
        found = re.findall(r"0\.9\d{4}", row)
        assert found == [f"{strict.threshold(*of):.5f}" for of in ((1, 1), (3, 3), (1, 3), (2, 3), (4, 3), (5, 3))]


@pytest.mark.parametrize("figures", [read_figures(shipped_models_dir()), read_facts("mobilefacenet").figures])
def test_badge_is_as_hard_to_borrow_with_one_or_five_references(figures: Figures) -> None:
    """FMR by number of references, each with its threshold: within 1.2 times of each other, none above the target."""
    rates = {(one.references, one.probes): one.fmr.rate for one in figures.points}
    compared = [rates[1, 1], rates[3, 3], rates[5, 3]]
    assert max(compared) <= 1.2 * min(compared)
    assert max(rates.values()) <= 1.0e-4


def test_card_says_which_targets_are_extrapolated_and_which_refused(models: Path) -> None:
    card = (models / CARD).read_text()
    assert "| 0.94893 (296 of 29,640,749) | 0.94893, extrapolated | " in card
    path = models / f"{EMBEDDING}.json"
    manifest = read_manifest(path)
    assert manifest.decision is not None
    points = tuple(msgspec.structs.replace(one, non_mated_comparisons=2_000_000) for one in manifest.decision.points)
    rule = msgspec.structs.replace(manifest.decision, points=points)
    assert any("refused: 8,000,000 comparisons are missing" in line for line in offered(rule))
    bare = msgspec.structs.replace(rule, curves=())
    assert "along the curve" in "\n".join(offered(bare))


def test_a_fresh_card_agrees_with_its_pair(models: Path) -> None:
    assert disagreements(models) == ()


def test_another_threshold_is_found(models: Path) -> None:
    path = models / f"{EMBEDDING}.json"
    manifest = read_manifest(path)
    assert manifest.decision is not None
    rule = msgspec.structs.replace(manifest.decision, target_fmr=1e-3)
    write_manifest(msgspec.structs.replace(manifest, decision=rule), path)
    assert "the manifest was changed after the figures were measured" in disagreements(models)


def test_figures_of_another_model_are_found(models: Path) -> None:
    write_card(models, msgspec.structs.replace(figures_for(models), model_sha256="0" * 64))
    assert [what for what in disagreements(models) if "the figures are of the model 0000" in what]


def with_strangers(figures: Figures, accepted: int) -> Figures:
    """The figures with strangers of whom as many are let in, one less at the first comparison."""
    target = Target(target_fmr=1e-3, first=share(accepted - 1, 10_000), transaction=share(accepted, 10_000))
    strangers = Strangers(clips=2, visits=5, people=2_000, references=1, targets=(target,))
    return msgspec.structs.replace(figures, strangers=strangers)


def test_card_says_how_often_a_transaction_lets_a_stranger_in(models: Path) -> None:
    write_card(models, with_strangers(figures_for(models), 12))
    assert disagreements(models) == ()
    row = (
        "| 1.0e-3 | 1.1e-3 (11 of 10,000; 5.5e-4 to 2.2e-3) | 1.2e-3 (12 of 10,000; 6.0e-4 to 2.4e-3) | 1.20 | 5.83% |"
    )
    card = (models / CARD).read_text()
    assert row in card
    assert "5 visits on 2 clips, each with the badges of 2000 people who have 1 reference: 10,000 transactions" in card


def test_card_has_the_rate_within_each_known_group(models: Path) -> None:
    group = GroupShare(name="one family", people=12, fmr=share(5, 10_000))
    write_card(models, msgspec.structs.replace(figures_for(models), groups=(group,)))
    assert "| one family | 12 | 5.0e-4 (5 of 10,000; 2.5e-4 to 1.0e-3) |" in (models / CARD).read_text()
    assert disagreements(models) == ()
    wrong = msgspec.structs.replace(group, fmr=msgspec.structs.replace(share(5, 10_000), errors=1))
    write_card(models, msgspec.structs.replace(figures_for(models), groups=(wrong,)))
    assert disagreements(models) == (OF_OTHER_COUNTS,)


def test_card_without_clips_says_nothing_of_transactions(models: Path) -> None:
    assert "stolen badge, from" not in (models / CARD).read_text()


def test_rate_of_a_transaction_that_is_not_of_its_counts_is_found(models: Path) -> None:
    figures = with_strangers(figures_for(models), 12)
    assert figures.strangers is not None
    wrong = msgspec.structs.replace(figures.strangers.targets[0], transaction=share(12, 10_000))
    wrong = msgspec.structs.replace(wrong, transaction=msgspec.structs.replace(wrong.transaction, errors=1))
    strangers = msgspec.structs.replace(figures.strangers, targets=(wrong,))
    write_card(models, msgspec.structs.replace(figures, strangers=strangers))
    assert disagreements(models) == (OF_OTHER_COUNTS,)


def other_points(figures: Figures, **changes: object) -> Figures:
    """The figures with each of the points changed."""
    points = tuple(msgspec.structs.replace(point, **changes) for point in figures.points)
    return msgspec.structs.replace(figures, points=points)


AT_OTHER_THRESHOLDS = "the figures are not at the manifest's thresholds"
OF_OTHER_COUNTS = "a rate among the figures is not that of its counts"


def test_figures_at_other_thresholds_are_found(models: Path) -> None:
    write_card(models, other_points(figures_for(models), threshold=0.5))
    assert disagreements(models) == (AT_OTHER_THRESHOLDS,)


def test_figures_of_other_comparisons_are_found(models: Path) -> None:
    write_card(models, other_points(figures_for(models), fmr=share(0, 10_000)))
    assert disagreements(models) == (AT_OTHER_THRESHOLDS,)


def test_figures_of_fewer_points_are_found(models: Path) -> None:
    figures = figures_for(models)
    write_card(models, msgspec.structs.replace(figures, points=figures.points[1:]))
    assert disagreements(models) == (AT_OTHER_THRESHOLDS,)


def test_figures_of_pictures_alike_at_a_laxer_threshold_are_found(models: Path) -> None:
    figures = figures_for(models)
    assert figures.alike is not None
    write_card(models, msgspec.structs.replace(figures, alike=msgspec.structs.replace(figures.alike, threshold=0.9)))
    assert disagreements(models) == (AT_OTHER_THRESHOLDS,)


@pytest.mark.parametrize("false", [{"rate": 0.0, "low": 0.0}, {"errors": 4}, {"low": 0.04}, {"high": 0.02}])
def test_a_rate_that_its_counts_contradict_is_found(models: Path, false: dict[str, float]) -> None:
    write_card(models, other_points(figures_for(models), fnmr=msgspec.structs.replace(share(3, 100), **false)))
    assert disagreements(models) == (OF_OTHER_COUNTS,)


@pytest.mark.parametrize("field", ["alike", "halves", "failures_to_acquire"])
def test_a_false_rate_anywhere_is_found(models: Path, field: str) -> None:
    figures = figures_for(models)
    false = msgspec.structs.replace(share(3, 100), errors=0)
    point = msgspec.structs.replace(figures.points[2], fmr=false)
    changed = {"alike": point, "halves": (figures.points, (point,)), "failures_to_acquire": false}[field]
    write_card(models, msgspec.structs.replace(figures, **{field: changed}))
    assert OF_OTHER_COUNTS in disagreements(models)


def test_a_model_without_thresholds_has_no_figures(models: Path) -> None:
    path = models / f"{EMBEDDING}.json"
    write_manifest(msgspec.structs.replace(read_manifest(path), decision=None), path)
    assert AT_OTHER_THRESHOLDS in disagreements(models)


def test_a_card_that_was_edited_is_found(models: Path) -> None:
    card = models / CARD
    card.write_text(card.read_text().replace("not that it is one", "and that it is one"))
    assert disagreements(models) == (f"{CARD} is not what the figures and the manifest say",)


def test_a_missing_card_is_found(models: Path) -> None:
    (models / CARD).unlink()
    assert disagreements(models) == (f"{CARD} is not what the figures and the manifest say",)


def test_another_plot_is_found(models: Path) -> None:
    write_card(models, msgspec.structs.replace(figures_for(models), plots={"det-1x1.png": "0" * 64}))
    (models / FOLDER / "det-1x1.png").write_bytes(b"another picture")
    assert disagreements(models) == (f"the plot {FOLDER}/det-1x1.png is not the one that was drawn",)


def test_an_altered_model_is_an_error(models: Path) -> None:
    (models / f"{EMBEDDING}.tflite").write_bytes(b"altered")
    with pytest.raises(ModelError, match="altered"):
        disagreements(models)


def test_a_card_that_cannot_be_written_stays_as_it_was(models: Path, full_disk: AbstractContextManager[None]) -> None:
    before = {name: (models / name).read_bytes() for name in (CARD, FIGURES)}
    with full_disk, pytest.raises(ModelError, match="Cannot write the card"):
        write_card(models, msgspec.structs.replace(figures_for(models), people=8))
    assert {name: (models / name).read_bytes() for name in (CARD, FIGURES)} == before


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"figures_version": 2}'])
def test_damaged_figures_are_refused(models: Path, content: bytes) -> None:
    (models / FIGURES).write_bytes(content)
    with pytest.raises(ModelError, match="do not keep their contract"):
        read_figures(models)


def test_a_folder_without_figures_is_refused(models: Path) -> None:
    (models / FIGURES).unlink()
    with pytest.raises(ModelError, match="No figures"):
        disagreements(models)


@given(st.integers(0, 100), st.integers(100, 10**7))
def test_the_card_gives_the_count_beside_every_rate(errors: int, comparisons: int) -> None:
    figures = figures_for(shipped_models_dir())
    point = msgspec.structs.replace(figures.points[0], fnmr=share(errors, comparisons))
    card = render(
        read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"),
        msgspec.structs.replace(figures, points=(point,)),
    )
    assert f"({errors:,} of {comparisons:,}; " in card


@pytest.mark.parametrize("said", ["Presentation attacks", "Failure to acquire", "SHA-256", "3 x 3", "license"])
def test_the_card_says(said: str) -> None:
    manifest = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")
    assert said in render(manifest, figures_for(shipped_models_dir()))


def test_a_tar_that_the_pairs_cannot_support_is_not_on_the_card(models: Path) -> None:
    few = Pairs(pairs=600, accuracy=0.99, accuracy_std=0.01, tar_at_fmr_1e2=0.98, tar_at_fmr_1e3=None)
    write_card(models, msgspec.structs.replace(figures_for(models), pairs=few))
    assert "TAR 98.00% at FMR 1e-2, not known (too few pairs) at 1e-3." in (models / CARD).read_text()
    assert disagreements(models) == ()


def test_the_command_proves_a_card(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["card", "--check", "--models", str(models)]) == 0
    assert capsys.readouterr().out == "file, manifest, figures and card agree\n"


def test_the_command_tells_a_disagreement_by_its_exit_code(models: Path) -> None:
    (models / CARD).unlink()
    assert run_command(cli, ["card", "--check", "--models", str(models)]) == 1


@pytest.mark.parametrize("option", ["--images", "--pairs", "--seed", "--draws"])
def test_a_check_measures_nothing(models: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, ["card", "--check", "--models", str(models), option, "1"]) == 2
    assert "--check measures nothing" in capsys.readouterr().err


def test_the_command_wants_images_to_measure() -> None:
    assert run_command(cli, ["card"]) == 2
