"""One training after another: weights that are taken over, people who stay held out, the sidecar."""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from convert.cli.main import cli
from convert.conversion.named_network import load_network as load_named
from convert.errors import WeightsError
from convert.keras_backend import load_keras
from convert.networks import table
from convert.spec import read_spec, sidecar
from convert.tensorflow_backend import quiet
from convert.train import Trained, train
from convert.training.chips import record_alignment
from convert.training.plan import TrainingFiles
from device.errors import ImageError
from tests.convert.training.bench import ALIGNMENT, PLAN, SHORT, SIZE_PX, SMALL, Remembering, command


def test_softmax_first_and_then_triplets(softmax: Trained, data: Path, tmp_path: Path) -> None:
    files = TrainingFiles(data, tmp_path / "2.keras", initial=softmax.out)
    assert train(replace(PLAN, epochs=1, steps=1), files, Remembering()).before == softmax.after


def test_weights_of_another_network_are_refused(
    trained: tuple[Trained, Remembering], data: Path, tmp_path: Path
) -> None:
    files = TrainingFiles(data, tmp_path / "net.keras", initial=trained[0].out)
    with pytest.raises(WeightsError, match=r"net\.keras is another network"):
        train(replace(PLAN, length=16), files, Remembering())


def test_weights_of_the_same_shapes_in_another_order_are_refused(data: Path, tmp_path: Path) -> None:
    layers = load_keras().layers
    pixels = layers.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Dense(8, name="embedding")(layers.Flatten()(pixels))
    with quiet():
        load_keras().Model(pixels, layers.BatchNormalization(name="dense")(x)).save(tmp_path / "other.keras")
    files = TrainingFiles(data, tmp_path / "net.keras", initial=tmp_path / "other.keras")
    with pytest.raises(WeightsError, match=r"other\.keras is another network: its 6 tensors are not the 6 of small"):
        train(PLAN, files, Remembering())


def test_huge_network_to_start_from_is_refused_before_it_is_built(data: Path, tmp_path: Path) -> None:
    """Twelve kilobytes that declare a layer of 100,000 x 100,000 numbers."""
    whole = tmp_path / "whole.keras"
    layers = load_keras().layers
    with quiet():
        load_keras().Sequential([layers.Input((9,)), layers.Dense(9)]).save(whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(tmp_path / "huge.keras", "w") as huge:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "config.json":
                content = content.replace(b"9", b"100000")
            huge.writestr(name, content)
    files = TrainingFiles(data, tmp_path / "net.keras", initial=tmp_path / "huge.keras")
    with pytest.raises(WeightsError, match=r"Cannot read the network .*huge\.keras: .* weights, but its file has"):
        train(PLAN, files, Remembering())


@pytest.fixture(scope="module")
def aligned(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same chips, with the note of how they are aligned that `lintel-convert align` leaves."""
    folder = tmp_path_factory.mktemp("aligned") / "chips of mine"
    shutil.copytree(data, folder)
    record_alignment(ALIGNMENT, folder)
    return folder


@pytest.fixture(scope="module")
def first(aligned: Path) -> Trained:
    """A training of one step, half of the people held out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table.NETWORKS, "tiny", SMALL)
        return train(SHORT, TrainingFiles(aligned, aligned.parent / "my net.keras"), Remembering())


def test_a_trained_network_has_the_sidecar_that_the_quantizer_reads(first: Trained) -> None:
    spec = read_spec(first.out)
    assert (spec.alignment, spec.length, spec.held_out) == (ALIGNMENT, 8, 0.5)
    assert (spec.name, spec.source.member) == ("my-net", "chips of mine")
    assert load_named(str(first.out), spec).output_shape == (None, 8)


def test_chips_without_a_note_give_no_sidecar(trained: tuple[Trained, Remembering]) -> None:
    assert not sidecar(trained[0].out).exists()


def test_a_sidecar_of_another_network_does_not_stay(first: Trained, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.keras"
    shutil.copyfile(sidecar(first.out), sidecar(out))
    train(SHORT, TrainingFiles(data, out), Remembering())
    assert (out.exists(), sidecar(out).exists()) == (True, False)


def test_chips_noted_as_of_another_size_are_refused(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "chips"
    shutil.copytree(data, folder)
    record_alignment(msgspec.structs.replace(ALIGNMENT, size_px=SIZE_PX + 1), folder)
    with pytest.raises(ImageError, match="noted as 9 pixels wide, the network takes 8"):
        train(SHORT, TrainingFiles(folder, tmp_path / "net.keras"), Remembering())


@pytest.mark.parametrize("content", ["", "[]", '{"size_px": 0}', "[" * 100_000])
def test_a_damaged_note_is_refused(data: Path, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "chips"
    shutil.copytree(data, folder)
    (folder / "alignment.json").write_text(content)
    with pytest.raises(ImageError, match=r"alignment\.json does not say how chips are aligned"):
        train(SHORT, TrainingFiles(folder, tmp_path / "net.keras"), Remembering())


def test_second_stage_holds_out_no_one_from_the_first_s_training(first: Trained, aligned: Path, tmp_path: Path) -> None:
    files = TrainingFiles(aligned, tmp_path / "second.keras", initial=first.out)
    with pytest.raises(WeightsError, match=r"held out a share of 0\.5, received --held-out 0\.6"):
        train(replace(SHORT, held_out=0.6), files, Remembering())


def test_second_stage_that_holds_out_fewer_keeps_its_own_share(first: Trained, aligned: Path, tmp_path: Path) -> None:
    files = TrainingFiles(aligned, tmp_path / "second.keras", initial=first.out)
    second = train(replace(SHORT, held_out=0.4), files, Remembering())
    assert (second.knows_whom_it_saw, read_spec(second.out).held_out) == (True, 0.4)


def test_a_network_of_unknown_training_makes_the_figures_doubtful(
    trained: tuple[Trained, Remembering], aligned: Path, tmp_path: Path
) -> None:
    out = tmp_path / "second.keras"
    shown = CliRunner().invoke(cli, command(aligned, out, "--initial", str(trained[0].out)))
    assert "doesn't say whom it was trained on: the test people may be among them" in shown.output
    assert read_spec(out).held_out is None


def test_a_file_without_a_network_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "not.keras").write_text("no network")
    files = TrainingFiles(data, tmp_path / "net.keras", initial=tmp_path / "not.keras")
    with pytest.raises(WeightsError, match=r"Cannot read the network .*not\.keras"):
        train(PLAN, files, Remembering())
