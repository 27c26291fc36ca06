"""People in press photos: whoever is enrolled is verified, and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment
from device.images import read_image
from device.settings.tables import VisionSettings
from device.store.store import Store
from device.verification import verify_image
from device.vision.faces import FaceAnalyzer, load_analyzer
from tests.device.consented import CONSENTED

BADGES = {"alex_lacamoire": "1:1", "biden": "1:2", "kit_harington": "1:3", "obama": "1:4", "rose_leslie": "1:5"}
PROBES = {
    "test/alex_lacamoire1.jpg": "alex_lacamoire",
    "test/johnsnow_test1.jpg": "kit_harington",
    "test/obama1.jpg": "obama",
    "test_images/biden.jpg": "biden",
    "test_images/obama.jpg": "obama",
    "test_images/obama2.jpg": "obama",
    "test_images/obama3.jpg": "obama",
    "test_images/32bit.png": "obama",
}


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return load_analyzer(VisionSettings(threads=1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, analyzer: FaceAnalyzer, lintel_data: Path) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("people")) as opened:
        enrollment = Enrollment(opened, analyzer, SystemClock(), terms=CONSENTED)
        for name, badge in BADGES.items():
            pictures = sorted((lintel_data / "people" / "train" / name).iterdir())
            candidates = [Candidate(path.name, read_image(path)) for path in pictures]
            assert enrollment.enroll(parse_badge(badge), name, candidates).rejected == ()
        yield opened


@pytest.mark.parametrize("badge_of", BADGES)
@pytest.mark.parametrize("picture", PROBES)
def test_a_picture_matches_its_own_person_and_no_other(
    store: Store, analyzer: FaceAnalyzer, lintel_data: Path, picture: str, badge_of: str
) -> None:
    verdict = verify_image(store, analyzer, BADGES[badge_of], Path(lintel_data) / "people" / picture)
    assert verdict.evidence.matches == (PROBES[picture] == badge_of)
