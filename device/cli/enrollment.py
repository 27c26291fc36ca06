"""What `lintel enroll` calls: pictures from files or the camera, and the enrollment itself."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import click

from device.cameras.sources import open_camera
from device.cli.context import open_store
from device.clock import SystemClock
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, EnrollmentReport, capture_candidates
from device.images import read_image
from device.settings.tables import Settings
from device.terminal import say
from device.vision.faces import FaceAnalyzer, load_analyzer, look_of
from device.vision.quality.limits import Purpose

CAPTURE_TIMEOUT_S = 60.0

Pictures = Callable[[FaceAnalyzer], Iterable[Candidate]]


def pictures_from_files(paths: Sequence[Path]) -> Pictures:
    """The pictures in files, each read when its turn comes: twenty large ones don't fit into a small memory."""
    return lambda _analyzer: (_candidate(path) for path in paths)


def _candidate(path: Path) -> Candidate:
    return Candidate(click.format_filename(path), read_image(path), click.format_filename(path, shorten=True))


def pictures_from_camera(settings: Settings, wanted: int, *, largest_face: bool) -> Pictures:
    """Pictures of the person in front of the camera."""

    def capture(analyzer: FaceAnalyzer) -> Sequence[Candidate]:
        clock = SystemClock()
        look = look_of(analyzer, largest_face=largest_face, purpose=Purpose.REFERENCE)
        with closing(open_camera(settings.cameras[0], clock)) as camera:
            say("Look at the camera, and turn your head a little between pictures.", err=True)
            return capture_candidates(camera, clock, look, wanted=wanted, timeout_s=CAPTURE_TIMEOUT_S)

    return capture


def enroll_pictures(
    settings: Settings, badge: str, name: str, pictures: Pictures, *, largest_face: bool
) -> EnrollmentReport:
    """Enrolls in the settings' store. Raises every error an enrollment can have."""
    credential = parse_badge(badge)
    with open_store(settings) as store:
        analyzer = load_analyzer(settings.vision)
        enrollment = Enrollment(store, analyzer, SystemClock(), largest_face=largest_face)
        enrollment.holder(credential, name)
        return enrollment.enroll(credential, name, pictures(analyzer))
