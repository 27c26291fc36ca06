"""A page looks at the virtual camera's picture beside the door: the door's own frames stay what they are."""

import numpy as np
import pytest

from device.errors import CameraError
from device.records import Frame
from device.virtual.camera import Condition, SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.scene import Scene

EMPTY = Scene((), {})


def read(looks: int) -> list[Frame | None]:
    """What the door reads while a page looks that often each round."""
    clock = SimulatedClock()
    camera, frames = SimulatedCamera(clock, EMPTY), []
    for _ in range(12):
        for _ in range(looks):
            camera.newest()
        frames.append(camera.read(0.02))
    return frames


@pytest.mark.parametrize("looks", [1, 3])
def test_looking_beside_takes_no_frame_from_the_door(looks: int) -> None:
    alone, beside = read(0), read(looks)
    assert [frame and frame.captured_at for frame in beside] == [frame and frame.captured_at for frame in alone]
    pairs = zip(alone, beside, strict=True)
    assert all(np.array_equal(one.image, two.image) for one, two in pairs if one is not None and two is not None)


def test_newest_picture_is_the_one_that_the_door_read() -> None:
    clock = SimulatedClock()
    camera = SimulatedCamera(clock, EMPTY)
    clock.sleep(0.5)
    given, newest = camera.read(0.1), camera.newest()
    assert given is not None
    assert newest is not None
    assert newest.image is given.image


def test_picture_is_drawn_once_however_many_look() -> None:
    camera = SimulatedCamera(SimulatedClock(), EMPTY)
    first, second = camera.newest(), camera.newest()
    assert first is not None
    assert second is not None
    assert first.image is second.image


@pytest.mark.parametrize("condition", ["dead", "frozen"])
def test_camera_that_gives_nothing_shows_nothing(condition: Condition) -> None:
    camera = SimulatedCamera(SimulatedClock(), EMPTY)
    camera.show(EMPTY, condition)
    assert camera.newest() is None


def test_camera_that_repeats_shows_its_first_picture() -> None:
    clock = SimulatedClock()
    camera = SimulatedCamera(clock, EMPTY)
    camera.show(EMPTY, "repeats")
    first = camera.newest()
    clock.sleep(3.0)
    last = camera.newest()
    assert first is not None
    assert last is not None
    assert np.array_equal(first.image, last.image)
    with pytest.raises(CameraError):
        camera.read(0.1)
