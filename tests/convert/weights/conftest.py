"""How the tests write and read PyTorch's state dicts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convert.weights.torch_file import read_state_dict
from tests.convert.weights.torch_bench import (
    FORMATS,
)


@pytest.fixture(params=list(FORMATS))
def written(request: pytest.FixtureRequest) -> Callable[..., bytes]:
    return FORMATS[request.param]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], dict[str, np.ndarray]]:
    def write_and_read(content: bytes) -> dict[str, np.ndarray]:
        path = tmp_path / "net.pth"
        path.write_bytes(content)
        return read_state_dict(path)

    return write_and_read
