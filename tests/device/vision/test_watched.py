"""What a page shows of a frame is what the door saw in it: one analysis, and no effect on it."""

from collections.abc import Mapping

import numpy as np
import pytest

from device.records import Frame, Image, Probe, Reason
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from device.vision.following import View
from device.vision.watched import Watched

EILEEN = Figure(image="eileen-collins", end=Place(x=0.5, y=0.8, size=1.2))


class Watching:
    """An analyzer that keeps what its watcher gets, and what the door gets."""

    def __init__(self, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> None:
        self.analyzer = FaceAnalyzer(analyzer.detector, analyzer.mesh, analyzer.embedder, analyzer.limits)
        self.seen: list[Watched] = []
        self._portraits = portraits

    def follows(self, *figures: Figure) -> list[Probe | Reason]:
        scene, view = Scene(figures, self._portraits), View()
        return [self.analyzer.follow(Frame(scene.draw(at, 1), 1 + at), view) for at in (0.0, 0.1)]


@pytest.fixture
def watching(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> Watching:
    return Watching(analyzer, portraits)


def test_watcher_gets_what_the_door_gets(watching: Watching) -> None:
    watching.analyzer.watcher = watching.seen.append
    found = watching.follows(EILEEN)
    assert [watched.found for watched in watching.seen] == found
    first = watching.seen[0]
    assert isinstance(first.found, Probe)
    assert (first.box, first.quality) == (first.found.box, first.found.quality)


def test_watching_changes_nothing(watching: Watching) -> None:
    before = watching.follows(EILEEN)
    watching.analyzer.watcher = watching.seen.append
    after = watching.follows(EILEEN)
    assert [repr(one) for one in after] == [repr(one) for one in before]


def test_chip_is_the_one_that_the_network_gets(watching: Watching) -> None:
    watching.analyzer.watcher = watching.seen.append
    (found, _) = watching.follows(EILEEN)
    chip = watching.analyzer.chip_of(watching.seen[0])
    assert chip is not None
    assert isinstance(found, Probe)
    assert np.array_equal(watching.analyzer.embedder.embed(chip), found.embedding)


def test_face_that_is_refused_has_its_quality(watching: Watching) -> None:
    watching.analyzer.watcher = watching.seen.append
    watching.follows(Figure(image="eileen-collins", end=EILEEN.end, light=0.15))
    assert watching.seen[0].found is Reason.FACE_TOO_DARK
    assert watching.seen[0].quality is not None
    assert watching.seen[0].quality.brightness < 60


def test_empty_picture_has_neither_face_nor_chip(watching: Watching) -> None:
    watching.analyzer.watcher = watching.seen.append
    watching.follows()
    assert (watching.seen[0].found, watching.seen[0].box) == (Reason.NO_FACE, None)
    assert watching.analyzer.chip_of(watching.seen[0]) is None
