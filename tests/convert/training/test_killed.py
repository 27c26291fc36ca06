"""A training that is killed goes on to the same end, and one on another backend of Keras comes to the like."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from convert.cli.main import cli
from convert.errors import WeightsError
from convert.train import Trained, train
from convert.training.plan import TrainingFiles
from tests.convert.training.bench import (
    PLAN,
    ROOT,
    Remembering,
    command,
    outputs,
)

KILLED = """
import os, signal, sys
from pathlib import Path
from convert.train import train
from convert.networks import table
from convert.training.plan import TrainingFiles
from tests.convert.training.bench import PLAN, Remembering, SMALL

class Killed(Remembering):
    def step(self, loss):
        super().step(loss)
        if len(self.epochs) == 1:
            os.kill(os.getpid(), signal.SIGKILL)

table.NETWORKS["tiny"] = SMALL
train(PLAN, TrainingFiles(Path(sys.argv[2]), Path(sys.argv[3])), Killed())
"""


@pytest.fixture(scope="module")
def killed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingFiles:
    """What a training leaves that was killed in its second epoch."""
    out = tmp_path_factory.mktemp("killed") / "net.keras"
    arguments = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(data), str(out)]
    finished = subprocess.run(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert finished.returncode == -signal.SIGKILL
    return TrainingFiles(data, out)


def test_a_killed_training_is_not_thrown_away(killed: TrainingFiles) -> None:
    with pytest.raises(WeightsError, match=r"net\.keras\.training holds a training that has not finished"):
        train(PLAN, killed, Remembering())


def test_killed_and_resumed_by_the_command_it_comes_to_the_same(
    trained: tuple[Trained, Remembering], killed: TrainingFiles
) -> None:
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
from convert.networks import table
from convert.training.plan import TrainingFiles
from tests.convert.training.bench import PLAN, Remembering, SMALL

import keras

table.NETWORKS["tiny"] = SMALL
found = train(PLAN, TrainingFiles(Path(sys.argv[2]), Path(sys.argv[3])), Remembering())
print(json.dumps([keras.backend.backend(), found.epochs[0].loss, found.epochs[-1].loss]))
"""


@pytest.mark.slow(small="tests/convert/test_triplet.py::test_another_backend_says_the_same")
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_trains_too(backend: str, data: Path, tmp_path: Path) -> None:
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
