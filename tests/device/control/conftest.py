"""A service's socket with doors behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.control.client import FILE_NAME
from device.control.desk import door_desk
from device.control.server import ControlServer
from device.records import DoorState, DoorStatus, Outputs
from tests.device.control.bench import Notes, ToldDoor


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def door() -> ToldDoor:
    return ToldDoor()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def server(path: Path, door: ToldDoor, notes: Notes) -> Iterator[ControlServer]:
    server = ControlServer(path, door_desk({"main": door}, notes))
    yield server
    server.close()


@pytest.fixture
def two(path: Path, notes: Notes) -> Iterator[dict[str, ToldDoor]]:
    """Two doors: main and back."""
    doors = {name: ToldDoor(DoorStatus(name, DoorState.LOCKED, 0.0, (), Outputs())) for name in ("main", "back")}
    server = ControlServer(path, door_desk(doors, notes))
    yield doors
    server.close()
