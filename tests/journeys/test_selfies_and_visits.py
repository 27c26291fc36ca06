"""As at a door: selfies are references, clips of other days and cameras are visits."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.clock import SystemClock
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment
from device.images import read_image
from device.records import Embedding, Image
from device.settings.tables import VisionSettings
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer, load_analyzer
from tests.device.consented import CONSENTED
from tests.device.probes import probe_of

BADGES = {"p4": "1:4", "p5": "1:5"}
VISITS = {"p4-a.mp4": "p4", "p4-b.mp4": "p4", "p5.webm": "p5"}
EVERY = 10
"""One of so many frames of a clip is looked at, as at 3 frames a second."""


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, analyzer: FaceAnalyzer, lintel_data: Path) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("selfies")) as opened:
        for name, badge in BADGES.items():
            pictures = sorted((lintel_data / "attack" / "more" / "selfies").glob(f"{name}-*.jpg"))
            candidates = [Candidate(path.name, read_image(path)) for path in pictures]
            report = Enrollment(opened, analyzer, SystemClock(), terms=CONSENTED).enroll(
                parse_badge(badge), name, candidates
            )
            assert report.rejected == ()
        yield opened


def frames(clip: Path) -> Iterator[Image]:
    capture, number = cv2.VideoCapture(str(clip)), 0
    while (read := capture.read())[0]:
        if number % EVERY == 0:
            yield np.ascontiguousarray(np.asarray(read[1], np.uint8)[..., ::-1])
        number += 1


@pytest.mark.parametrize("clip", VISITS)
def test_every_visit_is_granted_to_its_own_badge_alone(
    store: Store, analyzer: FaceAnalyzer, lintel_data: Path, clip: str
) -> None:
    path = lintel_data / "attack" / "more" / "live" / clip
    probes: list[Embedding] = [probe_of(analyzer.analyze(frame)).embedding for frame in frames(path)]
    visits = [probes[first : first + 3] for first in range(len(probes) - 2)]
    assert len(visits) >= 3
    for name, badge in BADGES.items():
        with store.people() as people:
            claim = people.claim(parse_badge(badge), analyzer.embedder.model_sha256)
        assert claim is not None
        granted = [compare(each, claim.references, analyzer.embedder.decision_rule).matches for each in visits]
        assert granted == [name == VISITS[clip]] * len(visits)
