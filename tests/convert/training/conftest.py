"""Chips of forty people, and the small network under the name of the tiny one."""

from dataclasses import replace
from pathlib import Path

import pytest

from convert.networks import table
from convert.train import Trained, train
from convert.training.plan import Objective, Precision, TrainingFiles
from tests.convert.training.bench import PLAN, SMALL, Remembering, write_chips


@pytest.fixture(autouse=True)
def _small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.NETWORKS, "tiny", SMALL)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty people, three chips of each, and one with a single chip; not to be changed."""
    folder = tmp_path_factory.mktemp("chips")
    write_chips(folder)
    return folder


@pytest.fixture(scope="session")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Remembering]:
    """A whole training of `PLAN` with its logs, and who heard of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table.NETWORKS, "tiny", SMALL)
        heard = Remembering()
        folder = tmp_path_factory.mktemp("once")
        return train(PLAN, TrainingFiles(data, folder / "net.keras", logs=folder / "logs"), heard), heard


@pytest.fixture(scope="session")
def softmax(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A first stage, in half precision."""
    plan = replace(PLAN, epochs=1, steps=2, objective=Objective.SOFTMAX, precision=Precision.FLOAT16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table.NETWORKS, "tiny", SMALL)
        return train(plan, TrainingFiles(data, tmp_path_factory.mktemp("softmax") / "1.keras"), Remembering())
