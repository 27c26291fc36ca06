"""People of the built-in scenarios have two pictures: one is enrolled, the other comes to the door."""

from collections.abc import Mapping

import numpy as np
import pytest

from device.records import Image, Probe
from device.simulation.casting import head_of
from device.simulation.scenario import BUILT_IN, built_in_scenario, figures_of, read_scenario
from device.simulation.second_pictures import second_picture
from device.vision.faces import FaceAnalyzer
from device.vision.quality.limits import Purpose

NAMES = ("eileen-collins", "grace-hopper")


@pytest.fixture(scope="module")
def seconds(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> dict[str, Image]:
    return {name: second_picture(head_of(portraits[name], analyzer)) for name in NAMES}


def embedded(analyzer: FaceAnalyzer, image: Image) -> np.ndarray:
    found = analyzer.analyze(image, Purpose.REFERENCE)
    assert isinstance(found, Probe)
    return np.asarray(found.embedding)


@pytest.mark.parametrize("name", NAMES)
def test_second_picture_is_like_its_person_and_differs(
    name: str, analyzer: FaceAnalyzer, portraits: Mapping[str, Image], seconds: dict[str, Image]
) -> None:
    """From the photograph itself it would be 0.999."""
    similarity = float(embedded(analyzer, portraits[name]) @ embedded(analyzer, seconds[name]))
    assert 0.94 < similarity < 0.99


def test_second_pictures_of_two_people_do_not_match(analyzer: FaceAnalyzer, seconds: dict[str, Image]) -> None:
    one, other = (embedded(analyzer, seconds[name]) for name in NAMES)
    assert float(one @ other) < 0.93


def test_head_of_a_second_picture_is_turned(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], seconds: dict[str, Image]
) -> None:
    first, second = (analyzer.analyze(of["eileen-collins"], Purpose.REFERENCE) for of in (portraits, seconds))
    assert isinstance(first, Probe)
    assert isinstance(second, Probe)
    assert second.quality.yaw - first.quality.yaw > 5.0


def test_second_picture_is_alike_each_time(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], seconds: dict[str, Image]
) -> None:
    again = second_picture(head_of(portraits["grace-hopper"], analyzer))
    assert np.array_equal(again, seconds["grace-hopper"])


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_one_comes_with_the_picture_they_enrolled_with(name: str) -> None:
    scenario = read_scenario(built_in_scenario(name))
    enrolled = {image for person in scenario.enroll for image in person.images}
    shown = {figure.image for step in scenario.step for figure in figures_of(step)}
    assert not enrolled & shown
    assert not {scenario.images[image] for image in enrolled} & {scenario.images[image] for image in shown}
