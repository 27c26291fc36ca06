"""Fixtures of the tests beside it."""

from collections.abc import Iterator

import pytest

from tests.device.readers.wiegand.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.reader.close()
