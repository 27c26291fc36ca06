"""Worlds for the tests of the way in."""

from collections.abc import Callable, Iterator

import pytest

from tests.device.access.world import OPENED, World, world_in


@pytest.fixture(autouse=True)
def closed_worlds() -> Iterator[None]:
    """Closes what a test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module")
def world_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes a world in which BADGE is enrolled, and whose analyzer finds what it is told."""
    made: list[World] = []

    def make(*found: object, **how: object) -> World:
        made.append(world_in(tmp_path_factory.mktemp("world"), *found, **how))  # type: ignore[arg-type]
        OPENED.remove(made[-1].store)
        return made[-1]

    yield make
    for world in made:
        world.store.close()
