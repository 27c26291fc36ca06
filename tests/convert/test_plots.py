"""The ROC as a picture."""

import cv2
import numpy as np
import pytest

from convert.error_rates import Rate
from convert.evaluate import Evaluation
from convert.plots import plot_roc
from device.errors import ImageError


@pytest.fixture
def evaluation() -> Evaluation:
    """One without a false match, which a logarithmic axis cannot show where it is."""
    same = np.arange(200) % 2 == 0
    similarities = np.where(same, 0.9, 0.2).astype(np.float32) + np.linspace(0, 0.05, 200, dtype=np.float32)
    return Evaluation(
        model_sha256="a" * 64,
        pairs=200,
        images=400,
        failures={},
        accuracies=np.ones(10),
        tar_at_1e2=1.0,
        tar_at_1e3=1.0,
        threshold=0.5,
        fmr=Rate(0, 100),
        fnmr=Rate(0, 100),
        similarities=similarities,
        same=same,
    )


def test_a_plot_is_a_picture(evaluation, tmp_path):
    plot_roc(evaluation, tmp_path / "roc.png")
    assert cv2.imread(str(tmp_path / "roc.png")).shape == (750, 1050, 3)


def test_a_plot_may_be_scalable(evaluation, tmp_path):
    plot_roc(evaluation, tmp_path / "roc.svg")
    assert "<svg" in (tmp_path / "roc.svg").read_text()


@pytest.mark.parametrize("name", ["roc.doc", "gone/roc.png"])
def test_a_plot_that_cannot_be_written_says_so(evaluation, tmp_path, name):
    with pytest.raises(ImageError, match="Cannot write the plot"):
        plot_roc(evaluation, tmp_path / name)
