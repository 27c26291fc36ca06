"""Training learns, goes on where it was killed, and holds the same people out whatever happens."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from convert.cli.main import cli
from convert.conversion.named_network import load_network as load_named
from convert.errors import WeightsError
from convert.spec import read_spec, sidecar
from convert.tensorflow import quiet
from convert.train import Trained, train
from convert.training import trainable
from convert.training.augment import varied
from convert.training.backend import load_keras
from convert.training.checkpoints import Epoch, State
from convert.training.chips import record_alignment
from convert.training.held_out import FoldMean, auc, embed, pairs_of, verify
from convert.training.people import ChipReader, PersonChips, Sampler, read_people, split_by_name
from convert.training.plan import Objective, Precision, TrainingFiles, TrainingPlan
from device.commandline import run_command
from device.errors import ImageError, ModelError
from device.vision.manifest import Alignment

ROOT = Path(__file__).parents[2]
SIZE_PX = 8
PEOPLE = 40


def small_network(length: int):
    """A network of few weights for chips of 8x8 pixels, with what makes resuming hard: dropout and running means."""
    layers = load_keras().layers
    return load_keras().Sequential(
        [
            layers.Input((SIZE_PX, SIZE_PX, 3)),
            layers.Rescaling(1 / 128, offset=-1, name="normalization"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(length, name="dense"),
            layers.BatchNormalization(name="embedding"),
        ],
        name="small",
    )


@pytest.fixture(autouse=True)
def _small_networks(monkeypatch):
    monkeypatch.setitem(trainable.NETWORKS, "tiny", small_network)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Forty people who differ by a color each, three noisy chips of each, and one with a single chip."""
    folder = tmp_path_factory.mktemp("chips")
    generator = np.random.default_rng(0)
    for person in range(PEOPLE):
        color = generator.uniform(60, 200, (2, 2, 3)).repeat(4, axis=0).repeat(4, axis=1)
        (folder / f"person{person:02d}").mkdir()
        for number in range(3):
            chip = np.clip(color + generator.normal(0, 12, color.shape), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"person{person:02d}" / f"{number}.png"), chip)
    (folder / "somebody").mkdir()
    cv2.imwrite(str(folder / "somebody" / "0.png"), chip)
    return folder


@dataclass
class Remembering:
    """A listener that keeps what it is told."""

    steps: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)

    def begin(self, epoch: int, steps: int) -> None:
        pass

    def step(self, loss: float) -> None:
        self.steps.append(loss)

    def end(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)


PLAN = TrainingPlan(
    "tiny", length=8, people=8, per_person=2, epochs=3, steps=4, learning_rate=0.01, patience=9, held_out=0.5, seed=1
)


SHORT = replace(PLAN, epochs=1, steps=1)
ALIGNMENT = Alignment(size_px=SIZE_PX, template=((2.0, 3.0), (6.0, 3.0)), landmarks=(33, 263))


def outputs(path: Path) -> np.ndarray:
    with quiet():
        network = load_keras().models.load_model(path, safe_mode=True)
    chips = np.random.default_rng(0).uniform(0, 255, (4, SIZE_PX, SIZE_PX, 3)).astype(np.float32)
    return np.asarray(network.predict_on_batch(chips))


def command(data: Path, out: Path, *more: str) -> list[str]:
    """The command line of `PLAN`."""
    batches = "--network tiny --length 8 --people 8 --per-person 2 --steps 4"
    course = "--epochs 3 --learning-rate 0.01 --patience 9 --held-out 0.5 --seed 1"
    return ["train", "--data", str(data), "--out", str(out), *batches.split(), *course.split(), *more]


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> tuple[Trained, Remembering]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trainable.NETWORKS, "tiny", small_network)
        heard = Remembering()
        folder = tmp_path_factory.mktemp("once")
        return train(PLAN, TrainingFiles(data, folder / "net.keras", logs=folder / "logs"), heard), heard


def files_of(trained: tuple[Trained, Remembering], data: Path) -> TrainingFiles:
    return TrainingFiles(data, trained[0].out)


def test_the_loss_falls(trained):
    epochs = trained[0].epochs
    assert epochs[-1].loss < epochs[0].loss


def test_the_listener_hears_of_each_step_and_epoch(trained):
    result, heard = trained
    assert (len(heard.steps), tuple(heard.epochs)) == (12, result.epochs)


def test_the_network_that_is_written_gives_float32_of_the_length(trained):
    found = outputs(trained[0].out)
    assert (found.shape, found.dtype) == ((4, 8), np.float32)


def test_the_figure_is_that_of_the_written_network(trained, data):
    with quiet():
        network = load_keras().models.load_model(trained[0].out, safe_mode=True)
    test = pairs_of(split_by_name(read_people(data), PLAN.held_out).test)
    assert verify(network, test, ChipReader(SIZE_PX)) == trained[0].after


def test_resumed_after_its_end_it_trains_no_more(trained, data):
    heard = Remembering()
    again = train(PLAN, files_of(trained, data), heard, resume=True)
    assert (heard.steps, again) == ([], trained[0])


def test_another_plan_cannot_go_on(trained, data):
    files = files_of(trained, data)
    with pytest.raises(WeightsError, match=r"with another plan: margin is 0\.2, not 0\.5"):
        train(replace(PLAN, margin=0.5), files, Remembering(), resume=True)


def test_other_chips_cannot_go_on(trained, data, tmp_path):
    for number in range(PEOPLE - 1):
        (tmp_path / f"person{number:02d}").symlink_to(data / f"person{number:02d}")
    with pytest.raises(WeightsError, match="with other chips"):
        train(PLAN, TrainingFiles(tmp_path, trained[0].out), Remembering(), resume=True)


def test_a_damaged_checkpoint_is_an_error(data, tmp_path):
    files = TrainingFiles(data, tmp_path / "net.keras")
    (files.checkpoints / "epoch-00001").mkdir(parents=True)
    (files.checkpoints / "epoch-00001" / "state.json").write_text("{}")
    with pytest.raises(WeightsError, match="is no checkpoint of a training"):
        train(PLAN, files, Remembering(), resume=True)


def test_only_the_last_whole_epoch_is_kept(trained):
    folder = TrainingFiles(Path(), trained[0].out).checkpoints
    assert sorted(path.name for path in folder.rglob("*")) == [
        "best.weights.h5",
        "epoch-00003",
        "model.keras",
        "state.json",
    ]


@pytest.fixture(scope="module")
def softmax(data, tmp_path_factory) -> Trained:
    """A first stage, in half precision."""
    plan = replace(PLAN, epochs=1, steps=2, objective=Objective.SOFTMAX, precision=Precision.FLOAT16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trainable.NETWORKS, "tiny", small_network)
        return train(plan, TrainingFiles(data, tmp_path_factory.mktemp("softmax") / "1.keras"), Remembering())


def test_softmax_first_and_then_triplets(softmax, data, tmp_path):
    files = TrainingFiles(data, tmp_path / "2.keras", initial=softmax.out)
    assert train(replace(PLAN, epochs=1, steps=1), files, Remembering()).before == softmax.after


def test_half_precision_leaves_a_network_in_float32_and_ends_with_the_training(softmax):
    with quiet():
        layers = load_keras().models.load_model(softmax.out, safe_mode=True).layers
    policies = {layer.dtype_policy.name for layer in layers} | {load_keras().config.dtype_policy().name}
    assert policies == {"float32"}


def test_epochs_without_gain_end_the_training(trained):
    first, *_ = trained[0].epochs
    state = State(replace(PLAN, epochs=30, patience=2), "", trained[0].before, (first,))
    same = [replace(first, number=number) for number in (2, 3)]
    overs = [replace(state, epochs=(first, *same[:count])).over for count in (0, 1, 2)]
    assert overs == [False, False, True]


def test_a_loss_that_is_no_number_ends_the_training(data, tmp_path):
    plan = replace(PLAN, learning_rate=float("inf"), epochs=1, steps=2)
    with pytest.raises(ModelError, match="The loss of epoch 1 is nan"):
        train(plan, TrainingFiles(data, tmp_path / "net.keras"), Remembering())


def test_weights_of_another_network_are_refused(trained, data, tmp_path):
    files = TrainingFiles(data, tmp_path / "net.keras", initial=trained[0].out)
    with pytest.raises(WeightsError, match=r"net\.keras is another network"):
        train(replace(PLAN, length=16), files, Remembering())


def test_weights_of_the_same_shapes_in_another_order_are_refused(data, tmp_path):
    layers = load_keras().layers
    pixels = layers.Input((SIZE_PX, SIZE_PX, 3))
    x = layers.Dense(8, name="embedding")(layers.Flatten()(pixels))
    with quiet():
        load_keras().Model(pixels, layers.BatchNormalization(name="dense")(x)).save(tmp_path / "other.keras")
    files = TrainingFiles(data, tmp_path / "net.keras", initial=tmp_path / "other.keras")
    with pytest.raises(WeightsError, match=r"other\.keras is another network: its 6 tensors are not the 6 of small"):
        train(PLAN, files, Remembering())


def test_a_network_to_start_from_that_would_fill_the_memory_is_refused_before_it_is_built(data, tmp_path):
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
def aligned(data, tmp_path_factory) -> Path:
    """The same chips, with the note of how they are aligned that `lintel-convert align` leaves."""
    folder = tmp_path_factory.mktemp("aligned") / "chips of mine"
    shutil.copytree(data, folder)
    record_alignment(ALIGNMENT, folder)
    return folder


@pytest.fixture(scope="module")
def first(aligned) -> Trained:
    """A training of one step, half of the people held out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(trainable.NETWORKS, "tiny", small_network)
        return train(SHORT, TrainingFiles(aligned, aligned.parent / "my net.keras"), Remembering())


def test_a_trained_network_has_the_sidecar_that_the_quantizer_reads(first):
    spec = read_spec(first.out)
    assert (spec.alignment, spec.length, spec.held_out) == (ALIGNMENT, 8, 0.5)
    assert (spec.name, spec.source.member) == ("my-net", "chips of mine")
    assert load_named(str(first.out), spec).output_shape == (None, 8)


def test_chips_without_a_note_give_no_sidecar(trained):
    assert not sidecar(trained[0].out).exists()


def test_chips_noted_as_of_another_size_are_refused(data, tmp_path):
    folder = tmp_path / "chips"
    shutil.copytree(data, folder)
    record_alignment(msgspec.structs.replace(ALIGNMENT, size_px=SIZE_PX + 1), folder)
    with pytest.raises(ImageError, match="noted as 9 pixels wide, the network takes 8"):
        train(SHORT, TrainingFiles(folder, tmp_path / "net.keras"), Remembering())


@pytest.mark.parametrize("content", ["", "[]", '{"size_px": 0}', "[" * 100_000])
def test_a_damaged_note_is_refused(data, tmp_path, content):
    folder = tmp_path / "chips"
    shutil.copytree(data, folder)
    (folder / "alignment.json").write_text(content)
    with pytest.raises(ImageError, match=r"alignment\.json does not say how chips are aligned"):
        train(SHORT, TrainingFiles(folder, tmp_path / "net.keras"), Remembering())


def test_a_second_stage_cannot_hold_out_people_whom_the_first_trained_on(first, aligned, tmp_path):
    files = TrainingFiles(aligned, tmp_path / "second.keras", initial=first.out)
    with pytest.raises(WeightsError, match=r"held out a share of 0\.5, received --held-out 0\.6"):
        train(replace(SHORT, held_out=0.6), files, Remembering())


def test_a_second_stage_that_holds_out_fewer_is_as_good_as_its_own_share(first, aligned, tmp_path):
    files = TrainingFiles(aligned, tmp_path / "second.keras", initial=first.out)
    second = train(replace(SHORT, held_out=0.4), files, Remembering())
    assert (second.knows_whom_it_saw, read_spec(second.out).held_out) == (True, 0.4)


def test_a_network_of_unknown_training_makes_the_figures_doubtful(trained, aligned, tmp_path):
    out = tmp_path / "second.keras"
    shown = CliRunner().invoke(cli, command(aligned, out, "--initial", str(trained[0].out)))
    assert "does not say whom it saw: those tested may be among them" in shown.output
    assert read_spec(out).held_out is None


def test_a_file_without_a_network_is_refused(data, tmp_path):
    (tmp_path / "not.keras").write_text("no network")
    files = TrainingFiles(data, tmp_path / "net.keras", initial=tmp_path / "not.keras")
    with pytest.raises(WeightsError, match=r"Cannot read the network .*not\.keras"):
        train(PLAN, files, Remembering())


def test_logs_are_what_tensorboard_reads(trained):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(trained[0].out.parent / "logs")).Reload()
    found = [(event.step, event.value) for event in read.Scalars("loss")]
    assert found == [(epoch.number, pytest.approx(epoch.loss)) for epoch in trained[0].epochs]


KILLED = """
import os, signal, sys
from pathlib import Path
from convert.train import train
from convert.training import trainable
from convert.training.plan import TrainingFiles
sys.path.insert(0, sys.argv[1])
from test_train import PLAN, Remembering, small_network

class Killed(Remembering):
    def step(self, loss):
        super().step(loss)
        if len(self.epochs) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

trainable.NETWORKS["tiny"] = small_network
train(PLAN, TrainingFiles(Path(sys.argv[2]), Path(sys.argv[3])), Killed())
"""


@pytest.fixture(scope="module")
def killed(data, tmp_path_factory) -> TrainingFiles:
    """What a training leaves that was killed in its second epoch."""
    out = tmp_path_factory.mktemp("killed") / "net.keras"
    arguments = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(data), str(out)]
    finished = subprocess.run(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert finished.returncode == -signal.SIGKILL
    return TrainingFiles(data, out)


def test_a_killed_training_is_not_thrown_away(killed):
    with pytest.raises(WeightsError, match=r"net\.keras\.training holds a training that has not ended"):
        train(PLAN, killed, Remembering())


def test_killed_and_resumed_by_the_command_it_comes_to_the_same(trained, killed):
    shown = CliRunner().invoke(cli, command(killed.data, killed.out, "--json", "--resume"))
    document = json.loads(shown.stdout)
    losses = [epoch["loss"] for epoch in document["epochs"]]
    assert losses == pytest.approx([epoch.loss for epoch in trained[0].epochs], rel=1e-3)
    assert [line.split(":")[0] for line in shown.stderr.splitlines()] == [
        "Epoch 2/3",
        "epoch 2",
        "Epoch 3/3",
        "epoch 3",
    ]
    assert outputs(killed.out) == pytest.approx(outputs(trained[0].out), abs=1e-4)


ELSEWHERE = """
import json, sys
from pathlib import Path
from convert.train import train
from convert.training import trainable
from convert.training.plan import TrainingFiles
sys.path.insert(0, sys.argv[1])
from test_train import PLAN, Remembering, small_network

import keras

trainable.NETWORKS["tiny"] = small_network
found = train(PLAN, TrainingFiles(Path(sys.argv[2]), Path(sys.argv[3])), Remembering())
print(json.dumps([keras.backend.backend(), found.epochs[0].loss, found.epochs[-1].loss]))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_too(backend, data, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    finished = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(Path(__file__).parent), str(data), str(tmp_path / "net.keras")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    name, first, last = json.loads(finished.stdout)
    assert (name, last < first, outputs(tmp_path / "net.keras").shape) == (backend, True, (4, 8))


names = st.lists(st.text("abcdefgh", min_size=1, max_size=6), unique=True, max_size=40)


@given(names, st.floats(0.05, 0.9))
def test_nobody_is_in_two_groups_and_everybody_in_one(found, held_out):
    people = tuple(PersonChips(name, ()) for name in found)
    split = split_by_name(people, held_out)
    assert sorted((*split.training, *split.validation, *split.test), key=people.index) == list(people)


@given(names, names)
def test_who_is_held_out_hangs_on_the_name_alone(found, others):
    def tested(listed: list[str]) -> set[str]:
        return {person.name for person in split_by_name(tuple(PersonChips(name, ()) for name in listed), 0.4).test}

    assert tested(found) == tested([*found, *(name for name in others if name not in found)]) & set(found)


@given(names, st.floats(0.05, 0.45))
def test_a_larger_share_holds_the_same_people_out_and_more(found, held_out):
    people = tuple(PersonChips(name, ()) for name in found)
    less, more = split_by_name(people, held_out), split_by_name(people, 2 * held_out)
    assert (set(less.test) <= set(more.test), set(less.validation) <= set(more.validation)) == (True, True)


def test_people_with_a_single_chip_are_left_out(data):
    assert [person.name for person in read_people(data)] == [f"person{number:02d}" for number in range(PEOPLE)]


def test_a_folder_without_people_is_refused(tmp_path):
    with pytest.raises(ImageError, match="has nobody with at least 2 chips"):
        read_people(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ImageError, match="Cannot read the folder"):
        read_people(tmp_path / "nowhere")


def test_too_few_people_cannot_be_held_out(data):
    with pytest.raises(ImageError, match="3 people are held out, expected at least 4"):
        pairs_of(read_people(data)[:3])


def test_chips_of_another_size_are_refused(data):
    with pytest.raises(ImageError, match="has 8x8 pixels, the network takes 112x112"):
        ChipReader(112).read(data / "person00" / "0.png")


@pytest.mark.parametrize("memory_bytes", [0, 1 << 20])
def test_chips_are_the_same_kept_or_read_again(memory_bytes, data):
    reader = ChipReader(SIZE_PX, memory_bytes=memory_bytes)
    first, second = (reader.read(data / "person00" / "0.png") for _ in range(2))
    assert (np.array_equal(first, second), first is second) == (True, memory_bytes > 0)


@pytest.fixture(scope="module")
def sampler(data) -> Sampler:
    return Sampler(read_people(data), ChipReader(SIZE_PX), people_per_batch=6, chips_per_person=4, seed=3)


def test_a_batch_has_so_many_people_and_so_many_chips_of_each(sampler):
    chips, labels = sampler.draw(1, 0)
    counts = np.unique(labels, return_counts=True)[1].tolist()
    assert (chips.shape, chips.dtype, counts) == ((24, SIZE_PX, SIZE_PX, 3), np.float32, [4] * 6)


def test_a_batch_hangs_on_its_number_and_on_nothing_before(sampler):
    expected = sampler.draw(2, 5)
    sampler.draw(1, 0)
    assert [np.array_equal(one, other) for one, other in zip(sampler.draw(2, 5), expected, strict=True)] == [True, True]


@pytest.mark.parametrize("other", [(1, 5), (2, 4)])
def test_batches_differ(other, sampler):
    assert not np.array_equal(sampler.draw(2, 5)[0], sampler.draw(*other)[0])


def test_a_varied_chip_is_another_within_the_range():
    chip = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    found = [varied(chip, np.random.default_rng(seed)) for seed in range(20)]
    assert {(one.shape, one.dtype, bool(one.min() >= 0), bool(one.max() <= 255)) for one in found} == {
        ((32, 32, 3), np.dtype(np.float32), True, True)
    }
    assert len({one.tobytes() for one in found}) == 20


def test_about_half_of_the_varied_chips_are_mirrored():
    chip = np.zeros((32, 32, 3), np.uint8)
    chip[:, 20:] = 255
    left = [float(varied(chip, np.random.default_rng(seed))[:, :8].mean()) for seed in range(60)]
    assert 20 < sum(value > 100 for value in left) < 40


def test_pairs_are_of_people_in_one_fold(data):
    pairs = pairs_of(read_people(data))
    folds_of = {}
    for side in (pairs.a, pairs.b):
        for chip, fold in zip(side, pairs.folds, strict=True):
            folds_of.setdefault(pairs.paths[chip].parent, set()).add(int(fold))
    assert {len(folds) for folds in folds_of.values()} == {1}


def test_pairs_are_labelled_by_their_people_and_as_many_of_each_kind(data):
    pairs = pairs_of(read_people(data))
    same = [pairs.paths[a].parent == pairs.paths[b].parent for a, b in zip(pairs.a, pairs.b, strict=True)]
    assert (same, sum(same), len(same)) == (pairs.same.tolist(), 3 * PEOPLE, 2 * 3 * PEOPLE)


def test_chip_and_mirror_have_one_embedding(data, tmp_path):
    chip = cv2.imread(str(data / "person00" / "0.png"))
    cv2.imwrite(str(tmp_path / "0.png"), chip)
    cv2.imwrite(str(tmp_path / "1.png"), chip[:, ::-1])
    one, other = embed(small_network(8), (tmp_path / "0.png", tmp_path / "1.png"), ChipReader(SIZE_PX))
    assert (one, np.linalg.norm(one)) == (pytest.approx(other, abs=1e-5), pytest.approx(1))


similarities = st.lists(st.integers(-3, 3).map(lambda third: third / 3), min_size=1, max_size=8)


@given(similarities, similarities)
def test_auc_is_the_share_of_pairs_in_the_right_order(mated, non_mated):
    values = np.array([*mated, *non_mated], np.float32)
    expected = np.mean([(m > n) + (m == n) / 2 for m in mated for n in non_mated])
    assert auc(values, np.arange(len(values)) < len(mated)) == pytest.approx(expected)


def test_the_interval_is_student_s():
    low, high = FoldMean((0.6, 0.7, 0.8)).interval
    assert (low, high) == (pytest.approx(0.7 - 4.303 * 0.1 / 3**0.5), pytest.approx(0.7 + 4.303 * 0.1 / 3**0.5))


def test_the_command_says_what_came_of_it(trained, data):
    shown = CliRunner().invoke(cli, command(data, trained[0].out, "--resume"))
    told = [line.split("  ")[0] for line in shown.stdout.splitlines()]
    assert told == ["trained on", "tested on", "", "before", "after", "written to", "note"]


def test_a_damaged_chip_is_told_before_the_training(data, tmp_path, capfd):
    for person in data.glob("person*"):
        (tmp_path / "chips" / person.name).mkdir(parents=True)
        for chip in person.iterdir():
            (tmp_path / "chips" / person.name / chip.name).write_bytes(chip.read_bytes())
    (tmp_path / "chips" / "person07" / "1.png").write_bytes(b"no picture")
    assert run_command(cli, command(tmp_path / "chips", tmp_path / "net.keras")) == 5
    assert "person07/1.png is not an image that can be read" in capfd.readouterr().err


def test_an_output_of_another_kind_is_refused(data, tmp_path, capfd):
    assert run_command(cli, command(data, tmp_path / "net.tflite")) == 4
    assert "expected a name in .keras" in capfd.readouterr().err


def test_a_length_that_a_network_cannot_have_is_refused(data, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(trainable.NETWORKS, "tiny", lambda _length: small_network(4))
    assert run_command(cli, command(data, tmp_path / "net.keras")) == 4
    assert "The embeddings of tiny have 4 numbers, received a length of 8" in capfd.readouterr().err


def test_every_network_of_the_table_can_be_named():
    import convert.cli.train as command

    choice = next(option for option in command.train.params if option.name == "network")
    assert set(choice.type.choices) == set(trainable.NETWORKS)


def test_the_tiny_network_is_small_enough_for_a_processor():
    from convert.networks.tiny import tiny

    network = tiny(size_px=16, length=4)
    names = [layer.name for layer in network.layers]
    assert (network.output_shape, names[1], network.count_params() < 800_000) == ((None, 4), "normalization", True)
