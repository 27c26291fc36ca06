"""A training on a small network: what it comes to, what it writes, what it refuses, and its command."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from convert.cli.main import cli
from convert.errors import WeightsError
from convert.keras_backend import load_keras
from convert.networks import table
from convert.tensorflow_backend import quiet
from convert.train import Trained, train
from convert.training.checkpoints import State
from convert.training.held_out import pairs_of, verify
from convert.training.people import ChipReader, read_people, split_by_name
from convert.training.plan import TrainingFiles
from device.commandline import run_command
from device.errors import ModelError
from tests.convert.training.bench import PEOPLE, PLAN, SIZE_PX, SMALL, Remembering, command, outputs, small_network


def files_of(trained: tuple[Trained, Remembering], data: Path) -> TrainingFiles:
    return TrainingFiles(data, trained[0].out)


def test_the_loss_falls(trained: tuple[Trained, Remembering]) -> None:
    epochs = trained[0].epochs
    assert epochs[-1].loss < epochs[0].loss


def test_the_listener_hears_of_each_step_and_epoch(trained: tuple[Trained, Remembering]) -> None:
    result, heard = trained
    assert (len(heard.steps), tuple(heard.epochs)) == (12, result.epochs)


def test_the_network_that_is_written_gives_float32_of_the_length(trained: tuple[Trained, Remembering]) -> None:
    found = outputs(trained[0].out)
    assert (found.shape, found.dtype) == ((4, 8), np.dtype(np.float32))


def test_the_figure_is_that_of_the_written_network(trained: tuple[Trained, Remembering], data: Path) -> None:
    with quiet():
        network = load_keras().models.load_model(trained[0].out, safe_mode=True)
    test = pairs_of(split_by_name(read_people(data), PLAN.held_out).test)
    assert verify(network, test, ChipReader(SIZE_PX)) == trained[0].after


def test_resumed_after_its_end_it_trains_no_more(trained: tuple[Trained, Remembering], data: Path) -> None:
    heard = Remembering()
    again = train(PLAN, files_of(trained, data), heard, resume=True)
    assert (heard.steps, again) == ([], trained[0])


def test_another_plan_cannot_go_on(trained: tuple[Trained, Remembering], data: Path) -> None:
    files = files_of(trained, data)
    with pytest.raises(WeightsError, match=r"with another plan: margin is 0\.2, not 0\.5"):
        train(replace(PLAN, margin=0.5), files, Remembering(), resume=True)


def test_other_chips_cannot_go_on(trained: tuple[Trained, Remembering], data: Path, tmp_path: Path) -> None:
    for number in range(PEOPLE - 1):
        (tmp_path / f"person{number:02d}").symlink_to(data / f"person{number:02d}")
    with pytest.raises(WeightsError, match="with other chips"):
        train(PLAN, TrainingFiles(tmp_path, trained[0].out), Remembering(), resume=True)


def test_a_damaged_checkpoint_is_an_error(data: Path, tmp_path: Path) -> None:
    files = TrainingFiles(data, tmp_path / "net.keras")
    (files.checkpoints / "epoch-00001").mkdir(parents=True)
    (files.checkpoints / "epoch-00001" / "state.json").write_text("{}")
    with pytest.raises(WeightsError, match="Not a checkpoint of a training"):
        train(PLAN, files, Remembering(), resume=True)


def test_only_the_last_whole_epoch_is_kept(trained: tuple[Trained, Remembering]) -> None:
    folder = TrainingFiles(Path(), trained[0].out).checkpoints
    assert sorted(path.name for path in folder.rglob("*")) == [
        "best.weights.h5",
        "epoch-00003",
        "model.keras",
        "state.json",
    ]


def test_half_precision_keeps_float32_and_ends_with_training(softmax: Trained) -> None:
    with quiet():
        layers = load_keras().models.load_model(softmax.out, safe_mode=True).layers
    policies = {layer.dtype_policy.name for layer in layers} | {load_keras().config.dtype_policy().name}
    assert policies == {"float32"}


def test_epochs_without_gain_end_the_training(trained: tuple[Trained, Remembering]) -> None:
    first, *_ = trained[0].epochs
    state = State(replace(PLAN, epochs=30, patience=2), "", trained[0].before, (first,))
    same = [replace(first, number=number) for number in (2, 3)]
    overs = [replace(state, epochs=(first, *same[:count])).over for count in (0, 1, 2)]
    assert overs == [False, False, True]


def test_a_loss_that_is_no_number_ends_the_training(data: Path, tmp_path: Path) -> None:
    plan = replace(PLAN, learning_rate=float("inf"), epochs=1, steps=2)
    with pytest.raises(ModelError, match="The loss of epoch 1 is nan"):
        train(plan, TrainingFiles(data, tmp_path / "net.keras"), Remembering())


def test_logs_are_what_tensorboard_reads(trained: tuple[Trained, Remembering]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(trained[0].out.parent / "logs")).Reload()
    found = [(event.step, event.value) for event in read.Scalars("loss")]
    assert found == [(epoch.number, pytest.approx(epoch.loss)) for epoch in trained[0].epochs]


def test_the_command_says_what_came_of_it(trained: tuple[Trained, Remembering], data: Path) -> None:
    shown = CliRunner().invoke(cli, command(data, trained[0].out, "--resume"))
    told = [line.split("  ")[0] for line in shown.stdout.splitlines()]
    assert told == ["trained on", "tested on", "", "before", "after", "written to", "note"]


def test_a_damaged_chip_is_told_before_the_training(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for person in data.glob("person*"):
        (tmp_path / "chips" / person.name).mkdir(parents=True)
        for chip in person.iterdir():
            (tmp_path / "chips" / person.name / chip.name).write_bytes(chip.read_bytes())
    (tmp_path / "chips" / "person07" / "1.png").write_bytes(b"no picture")
    assert run_command(cli, command(tmp_path / "chips", tmp_path / "net.keras")) == 5
    assert "person07/1.png is not an image that can be read" in capfd.readouterr().err


def test_an_output_of_another_kind_is_refused(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(cli, command(data, tmp_path / "net.tflite")) == 4
    assert "expected a name in .keras" in capfd.readouterr().err


def test_a_length_that_a_network_cannot_have_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(table.NETWORKS, "tiny", replace(SMALL, build=lambda _length: small_network(4)))
    assert run_command(cli, command(data, tmp_path / "net.keras")) == 4
    assert "The embeddings of tiny have 4 numbers, received a length of 8" in capfd.readouterr().err


def test_the_tiny_network_is_small_enough_for_a_processor() -> None:
    from convert.networks.tiny import tiny

    network = tiny(size_px=16, length=4)
    names = [layer.name for layer in network.layers]
    assert (network.output_shape, names[1], network.count_params() < 800_000) == ((None, 4), "normalization", True)
