"""Models that are loaded in the background: denied with the reason until they are there."""

import threading
from typing import NoReturn

import numpy as np
import pytest

from device.errors import ModelError
from device.records import Frame, Image, Reason
from device.vision.embedder import Embedder
from device.vision.following import View
from device.vision.late import LateAnalyzer
from tests.waiting import PATIENCE_S

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), 0.0)


EMBEDDER = object.__new__(Embedder)


class Loaded:
    """`Analyzer` that sees no face."""

    embedder = EMBEDDER

    def turn_back_deg(self, image: Image) -> int:  # noqa: ARG002
        return 0

    def follow(self, frame: Frame, view: View) -> Reason:  # noqa: ARG002
        return Reason.NO_FACE


def test_it_is_there_once_it_is_loaded() -> None:
    analyzer = LateAnalyzer(Loaded)
    assert analyzer.tried.wait(PATIENCE_S)
    assert (analyzer.follow(FRAME, View()), analyzer.embedder, analyzer.trouble()) == (Reason.NO_FACE, EMBEDDER, "")


def test_while_it_loads_nothing_is_compared() -> None:
    comes = threading.Event()

    def load() -> Loaded:
        assert comes.wait(PATIENCE_S)
        return Loaded()

    analyzer = LateAnalyzer(load)
    with pytest.raises(ModelError, match="still being loaded"):
        analyzer.follow(FRAME, View())
    assert analyzer.trouble() == "The models are still being loaded."
    comes.set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelError("There is no model file.", hint="Install it."), "There is no model file."),
        (ValueError("flatbuffer"), "The models can't be loaded: the program failed with ValueError at "),
    ],
)
def test_why_there_is_none_is_said(error: Exception, said: str) -> None:
    def fail() -> NoReturn:
        raise error

    analyzer = LateAnalyzer(fail)
    assert analyzer.tried.wait(PATIENCE_S)
    analyzer.close()
    assert analyzer.trouble().startswith(said)
    with pytest.raises(ModelError):
        _ = analyzer.embedder


def test_models_that_come_later_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.vision.late.RETRY_S", 0.01)
    tries, loaded = iter([ModelError("Not yet.", hint="Wait."), None]), threading.Event()

    def load() -> Loaded:
        if error := next(tries):
            raise error
        loaded.set()
        return Loaded()

    analyzer = LateAnalyzer(load)
    assert loaded.wait(PATIENCE_S)
    analyzer.close()
