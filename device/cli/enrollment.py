"""What `lintel enroll` calls: pictures from files, from this machine's camera, or at a door of the running service."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from device.cameras.hanging import HangingCamera
from device.cameras.sources import open_camera
from device.cli.basis import asked_for
from device.cli.context import open_store
from device.cli.photo_progress import PhotoProgress, photo_progress
from device.cli.step_by_step import done_by_service
from device.cli.text.guided import said_line
from device.clock import SystemClock
from device.control.client import control_socket
from device.control.messages import Enroll, Enrolled
from device.credentials import parse_badge
from device.enrollment import Candidate, Enrollment, EnrollmentReport, GuidedCapture, Terms, guidance_for
from device.errors import CameraError
from device.guided_enrollment import report_of
from device.images import read_photo
from device.looking import reporting
from device.ports import Camera, Clock
from device.readers.cards.keypad import refuse_typed
from device.records import Credential, Grounds
from device.settings.tables import Settings
from device.terminal import say
from device.vision.faces import load_analyzer, look_of
from device.vision.quality.limits import Purpose


@dataclass(frozen=True, slots=True)
class HowTo:
    """Whom to enroll with which badge, on which legal basis, and whether smaller faces in a picture count."""

    badge: str
    name: str
    grounds: Grounds | None = None
    largest_face: bool = False


def enroll_pictures(settings: Settings, how: HowTo, paths: Sequence[Path]) -> EnrollmentReport:
    """Enrolls with pictures from files, in the settings' store. Raises every error an enrollment can have."""
    credential = _given(settings, how.badge)
    clock = SystemClock()
    with open_store(settings) as store:
        terms = Terms(asked_for(store, how.name, how.grounds))
        analyzer = load_analyzer(settings.vision)
        enrollment = Enrollment(store, analyzer, clock, largest_face=how.largest_face, terms=terms)
        with photo_progress(len(paths), clock) as progress:
            enrollment.holder(credential, how.name)
            return enrollment.enroll(credential, how.name, _read_in_turn(paths, progress), shown=progress.shown)


def _given(settings: Settings, written: str) -> Credential:
    """A badge that no keypad of the settings could type. Raises `CredentialError`."""
    credential = parse_badge(written)
    refuse_typed(credential, settings.readers)
    return credential


def _read_in_turn(paths: Sequence[Path], progress: PhotoProgress) -> Iterator[Candidate]:
    """One at a time: twenty large ones don't fit into a small memory."""
    for path in paths:
        progress.next_photo()
        yield Candidate(click.format_filename(path), read_photo(path), click.format_filename(path, shorten=True))


def enroll_before_camera(settings: Settings, how: HowTo, wanted: int) -> EnrollmentReport:
    """Guides the person through their pictures at this machine's camera. Raises every error an enrollment can have."""
    credential = _given(settings, how.badge)
    clock = SystemClock()
    with open_store(settings) as store:
        terms = Terms(asked_for(store, how.name, how.grounds))
        analyzer = load_analyzer(settings.vision)
        enrollment = Enrollment(store, analyzer, clock, largest_face=how.largest_face, terms=terms)
        enrollment.holder(credential, how.name)
        with closing(own_camera(settings, clock)) as camera:
            guidance = guidance_for(analyzer, wanted, clock.monotonic())
            look = look_of(analyzer, largest_face=how.largest_face, purpose=Purpose.REFERENCE)
            capture = GuidedCapture(camera, reporting(look, camera, analyzer), guidance, clock, place="camera")
            for said in capture.said():
                if said is not None:
                    say(said_line(said), err=True)
        return enrollment.enroll_good(credential, how.name, capture.good())


_ENROLL_THERE = "If the service has this camera, enroll there: `lintel enroll --at DOOR`."


def own_camera(settings: Settings, clock: Clock, *, or_else: str = _ENROLL_THERE) -> Camera:
    """The first camera here. Raises `CameraError`, which says what to do if the service has it."""
    try:
        first = settings.cameras[0]
        return HangingCamera(open_camera(first, clock), first.rotate)
    except CameraError as error:
        socket = control_socket()
        if socket is None or not socket.exists():
            raise
        hint = f"{or_else} {error.hint}"
        raise CameraError(error.message, hint=hint) from None


def enroll_at(badge: str | None, name: str, door: str, wanted: int, grounds: Grounds | None) -> EnrollmentReport:
    """Has the running service guide the person at a door. Raises `DoorError`, also what the enrollment there met.

    Where no grounds are stated, those count that the person has there, or that the service's settings have.
    """
    request = Enroll(door=door, name=name, badge=badge, pictures=wanted)
    if grounds:
        request = msgspec.structs.replace(
            request, basis=grounds.kind, basis_text_version=grounds.version, basis_text=grounds.text
        )
    done = done_by_service(request)
    if not isinstance(done, Enrolled):
        raise TypeError(type(done).__name__)
    return report_of(done)
