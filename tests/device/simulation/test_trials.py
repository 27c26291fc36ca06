"""Presentations by number: what is drawn shows one face, as near as at a door, and is the same each time."""

from collections.abc import Mapping

import numpy as np
import pytest

from device.records import Image
from device.simulation.casting import head_of
from device.simulation.trials import Species, figure_of
from device.virtual.figures import Room
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer


@pytest.mark.parametrize("species", Species)
@pytest.mark.parametrize("who", ["eileen-collins", "grace-hopper"])
def test_presentation_shows_one_face_near_the_door(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], species: Species, who: str
) -> None:
    head = head_of(portraits[who], analyzer)
    figures = (figure_of(species, 3, who, head),)
    one, again = (Scene(figures, portraits, {who: head}, room=Room.HALL, seed=3).draw(0.3, 1) for _ in "12")
    (face,) = analyzer.detector.detect(one)
    assert np.array_equal(one, again)
    assert 110 < face.box.width < 260
