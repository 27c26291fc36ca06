"""Fixtures of the tests beside it."""

from pathlib import Path

import pytest

from device.door.mode import ModeFile
from device.door.operation import Door
from device.virtual.clock import SimulatedClock
from tests.device.door.bench import FakeDoorIO
from tests.device.door.mode_files import again
from tests.device.door.operated import opened


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def io(clock: SimulatedClock) -> FakeDoorIO:
    return FakeDoorIO(clock)


@pytest.fixture
def door(io: FakeDoorIO, clock: SimulatedClock) -> Door:
    return opened(io, clock)


@pytest.fixture
def memory(tmp_path: Path) -> ModeFile:
    return again(tmp_path)
