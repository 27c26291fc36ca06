"""A house with a client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.device.remote.world import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "state")
    yield house
    house.close()
