"""Fixtures of the tests beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from device.records import (
    Image,
)
from device.vision.faces import FaceAnalyzer
from tests.device.service.world import Manager, World


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def world(tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], manager: Manager) -> Iterator[World]:
    made = World(tmp_path / "state", analyzer, portraits, manager)
    yield made
    made.store.close()
