"""From a frame to the one probe it holds, or to the reason why it holds none."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from device.records import Cues, Frame, Image, Probe, Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.alignment import align
from device.vision.attack.cues import CuesOf, is_embedded
from device.vision.attack.passive import PassiveNetwork
from device.vision.attack.pose import mean_face_of
from device.vision.detector import Detection, Detector
from device.vision.embedder import Embedder, decision_rule_at
from device.vision.following import View, around, is_the_same
from device.vision.landmarks import FaceMesh, Landmarks
from device.vision.models import DETECTION, EMBEDDING, LANDMARKS, load_model, shipped_models_dir
from device.vision.quality.judging import Issue, issues, measure
from device.vision.quality.limits import Purpose
from device.vision.quality.pixels import blur_in
from device.vision.quality.prototypes import Prototypes, prototypes_of
from device.vision.runtime import runtime_in_use
from device.vision.upright import is_turned, quarters_back, standing, upside_down
from device.vision.watched import Watched

MIN_PRESENCE = 0.5
"""Below this probability the face mesh says that the detector was wrong."""
LIKELY_SCORE = 0.7
"""From this score of the detector a face that the mesh denies is likely one that is covered."""
CLEARLY_LARGER = 1.5
"""How many times as high as the next face the largest must be to be the one that a picture is of."""
TURN_IT = "Turn the picture the right way up. If a camera took it, set `rotate` under [[cameras]]."
TURNED_PRESENCE = 0.999
"""From this probability on the mesh says that a face turned back is one. A masked one, turned over, has less."""
MAX_DENIED = 2
"""How many detections that the mesh denies are looked at again, in case that the picture hangs turned."""
MAX_FACES = 5
"""How many detections are examined at most: a poster of a crowd must not hold the door up."""


class FaceAnalyzer:
    """Detector, landmarks, alignment, quality and embedder in a row."""

    cues_of: CuesOf | None = None
    """What looks for presentation attacks, where a door does."""
    watcher: Callable[[Watched], None] | None = None
    """Gets what each followed frame showed, in the thread that follows: a simulation's page. A door has none."""

    def __init__(self, detector: Detector, mesh: FaceMesh, embedder: Embedder, limits: VisionSettings) -> None:
        self.detector = detector
        self.mesh = mesh
        self.embedder = embedder
        self.limits = limits
        self._prototypes: Prototypes | None = None

    def analyze(self, image: Image, purpose: Purpose = Purpose.PROBE) -> Probe | Reason:
        """The probe of the only face in an RGB image, or why there is none that can be compared."""
        found = self._only_face(image)
        return found if isinstance(found, Reason) else self._judged(image, found, purpose)

    def follow(self, frame: Frame, view: View) -> Probe | Reason:
        """The same for a frame of a camera, `view` being what it showed before: the mesh follows the face, and the
        detector looks for others every `DETECT_EVERY_S`. What the frame says about a live person is left in `view`.
        """
        view.cues = None
        followed = self._followed(frame, view)
        found = followed or self._only_face(frame.image)
        if isinstance(found, Reason):
            view.lost()
            self._show(Watched(frame, found))
            return found
        if not followed:
            view.detected(around(found[1], found[0].score), frame.captured_at)
        quality = replace(measure(frame.image, *found), motion=view.motion)
        judged = self._judged(frame.image, found, Purpose.PROBE, quality)
        view.cues = self._cues(frame.image, found, view, judged)
        self._show(Watched(frame, judged, found[0].box, found[1], quality, view.cues))
        return judged

    def chip_of(self, watched: Watched) -> Image | None:
        """The face of a frame as the network gets it, RGB; None without one."""
        if watched.landmarks is None:
            return None
        return align(watched.frame.image, watched.landmarks, self.embedder.alignment)

    def _show(self, watched: Watched) -> None:
        if self.watcher is not None:
            self.watcher(watched)

    def analyze_largest(self, image: Image, purpose: Purpose = Purpose.PROBE) -> Probe | Reason:
        """The same, but of several faces the largest if it is clearly larger than the next: people behind don't count.

        For pictures that an operator looks at, when enrolling. Never at the door, where a second face is a second
        person.
        """
        found = self._only_face(image)
        if found is Reason.SEVERAL_FACES:
            found = self._largest_face(image)
        return found if isinstance(found, Reason) else self._judged(image, found, purpose)

    def measured(self, image: Image, reason: Reason, purpose: Purpose) -> Issue | None:
        """What was measured of an operator's picture that was refused for a reason; None if no measure says so."""
        found = self._only_face(image)
        if found is Reason.SEVERAL_FACES:
            found = self._largest_face(image)
        wrong = () if isinstance(found, Reason) else issues(measure(image, *found), self.limits, purpose)
        return next((issue for issue in wrong if issue.reason is reason), None)

    def turn_back_deg(self, image: Image) -> int:
        """By how many degrees clockwise an RGB image has to be turned until its face is upright: 0, 90, 180 or 270.

        0 if no turned face is seen.
        """
        turned = self._turned_face(image, self._near(self.detector.detect(image))[:MAX_FACES])
        return 0 if turned is None else quarters_back(turned)

    def at_target(self, fmr: float) -> "FaceAnalyzer":
        """The same analyzer for a door with that target rate, used by the same thread. Raises `ModelError` if the
        network's data cannot support it.
        """
        other = copy.copy(self)
        other.embedder = self.embedder.at_target(fmr)
        return other

    def probe(self, image: Image, face: Detection, landmarks: Landmarks) -> Probe:
        """The probe of one detected face, whatever its quality."""
        chip = align(image, landmarks, self.embedder.alignment)
        return Probe(self.embedder.embed(chip), measure(image, face, landmarks), face.box)

    def _cues(
        self, image: Image, found: tuple[Detection, Landmarks], view: View, judged: Probe | Reason
    ) -> Cues | None:
        """Those of a followed face, with its embedding if a turn is asked for and nothing else is wrong with it."""
        if self.cues_of is None:
            return None
        face, landmarks = found
        cues = self.cues_of.of(image, face.box, landmarks, view.scene)
        if not view.embeds_turned or judged is not Reason.FACE_TURNED or not is_embedded(cues):
            return cues
        return replace(cues, embedding=self.embedder.embed(align(image, landmarks, self.embedder.alignment)))

    def _followed(self, frame: Frame, view: View) -> tuple[Detection, Landmarks] | None:
        """The face where it is expected; None if it is not there, or if the detector has to look."""
        expected = view.expected(frame.captured_at)
        if expected is None:
            return None
        landmarks = self.mesh.locate(frame.image, expected)
        face = around(landmarks, expected.score)
        if landmarks.presence < MIN_PRESENCE or not is_the_same(expected, face):
            return None
        view.followed(face, frame.captured_at)
        return face, landmarks

    def _only_face(self, image: Image) -> tuple[Detection, Landmarks] | Reason:
        """The face at the door; those of less than half the smallest useful size are people in the background."""
        faces = self.detector.detect(image)
        near = self._near(faces)
        present = self._present(image, near[:MAX_FACES])
        if len(present) > 1:
            return Reason.SEVERAL_FACES
        if present:
            return self._upright(image, *present[0])
        if self._turned_face(image, near[:MAX_DENIED]) is not None:
            return Reason.PICTURE_TURNED
        if any(blur_in(face.box, image) > self.limits.max_blur for face in near):
            return Reason.FACE_BLURRED
        if any(face.score >= LIKELY_SCORE for face in near):
            return Reason.FACE_UNCLEAR
        return Reason.FACE_TOO_SMALL if len(faces) > len(near) else Reason.NO_FACE

    def _largest_face(self, image: Image) -> tuple[Detection, Landmarks] | Reason:
        """Of several faces. One with another's middle inside may be a mistake of the detector, and isn't taken."""
        found = self._present(image, self.detector.detect(image))
        first, *others = sorted(found, key=lambda each: size_of(each[0]), reverse=True)
        is_rivaled = any(rivals(first[0], other) for other, _ in others)
        return Reason.SEVERAL_FACES if is_rivaled else self._upright(image, *first)

    def _present(self, image: Image, faces: Sequence[Detection]) -> list[tuple[Detection, Landmarks]]:
        """Those that the face mesh takes for faces as well."""
        located = [(face, self.mesh.locate(image, face)) for face in faces]
        return [(face, landmarks) for face, landmarks in located if landmarks.presence >= MIN_PRESENCE]

    def _near(self, faces: Sequence[Detection]) -> list[Detection]:
        return [face for face in faces if size_of(face) >= self.limits.min_face_px / 2]

    def _turned_face(self, image: Image, faces: Sequence[Detection]) -> Detection | None:
        """The first of these faces, or one that is seen only in the whole picture upside down, that hangs turned."""
        doubtful = (*faces, *self._near(upside_down(self.detector, image))[:1])
        stand = (standing(self.detector, image, face, self.mesh.locate(image, face)) for face in doubtful)
        return next((face for face in stand if self._is_surely_turned(image, face)), None)

    def _upright(self, image: Image, face: Detection, landmarks: Landmarks) -> tuple[Detection, Landmarks] | Reason:
        """The face if it stands upright, or why it can't be compared."""
        stands = standing(self.detector, image, face, landmarks)
        if not is_turned(stands):
            return face, landmarks
        if self._is_surely_turned(image, stands):
            return Reason.PICTURE_TURNED
        wrong = issues(measure(image, face, landmarks), self.limits, Purpose.PROBE)
        return wrong[0].reason if wrong else Reason.FACE_UNCLEAR

    def _is_surely_turned(self, image: Image, face: Detection) -> bool:
        """Whether a face lies on its side or upside down, and the mesh sees one there, turned back."""
        return is_turned(face) and self.mesh.locate(image, face).presence >= TURNED_PRESENCE

    def _judged(
        self,
        image: Image,
        found: tuple[Detection, Landmarks],
        purpose: Purpose,
        measured: Quality | None = None,
    ) -> Probe | Reason:
        """`measured`: what is known of its quality already."""
        face, landmarks = found
        quality = measured or measure(image, face, landmarks)
        if wrong := issues(quality, self.limits, purpose):
            return wrong[0].reason
        chip = align(image, landmarks, self.embedder.alignment)
        probe = Probe(self.embedder.embed(chip), quality, face.box)
        if purpose is Purpose.REFERENCE and self._is_worthless(probe):
            return Reason.FACE_LIKE_MANY
        return probe

    def _is_worthless(self, probe: Probe) -> bool:
        """Whether it matches a prototype of worthless pictures; these are computed when they are asked for first."""
        if self._prototypes is None:
            self._prototypes = prototypes_of(self.detector, self.mesh, self.embedder)
        threshold = self.embedder.network_rule.threshold(1, 1)
        return self._prototypes.resembled(probe.embedding, threshold) is not None


Look = Callable[[Image], Probe | Reason]
"""How a picture is looked at."""


def look_of(analyzer: FaceAnalyzer, *, largest_face: bool, purpose: Purpose = Purpose.PROBE) -> Look:
    """How an operator's picture is looked at: for one face, or for the largest of several."""
    return partial(analyzer.analyze_largest if largest_face else analyzer.analyze, purpose=purpose)


def advice(reason: Reason, *, largest_face: bool) -> str:
    """What an operator can do about a picture, who can also cut it."""
    if reason is Reason.PICTURE_TURNED:
        return TURN_IT
    if reason is not Reason.SEVERAL_FACES:
        return reason.advice
    if largest_face:
        return f"No face is {CLEARLY_LARGER} times as high as the others: crop the picture to the one you mean."
    return "Crop the picture to the face you mean, or, if the others are far away, add --largest-face."


def load_analyzer(settings: VisionSettings) -> FaceAnalyzer:
    """The analyzer made of the three models in the settings' folder. Raises `ModelError`."""
    folder = _folder_of(settings)
    return FaceAnalyzer(
        Detector(load_model(DETECTION, folder), threads=settings.threads),
        FaceMesh(load_model(LANDMARKS, folder), threads=settings.threads),
        Embedder(load_model(EMBEDDING, folder), threads=settings.threads),
        settings,
    )


def look_for_attacks(analyzer: FaceAnalyzer, network: PassiveNetwork | None = None) -> FaceAnalyzer:
    """The analyzer, which takes cues of each frame from now on. Raises `ModelError` without the shipped portraits."""
    analyzer.cues_of = CuesOf(mean_face_of(analyzer.detector, analyzer.mesh), network)
    return analyzer


def load_detector(settings: VisionSettings) -> Detector:
    """The detector alone, on one thread. Raises `ModelError`."""
    return Detector(load_model(DETECTION, _folder_of(settings)))


def look_at_models(settings: VisionSettings, target_fmrs: Sequence[float]) -> Path:
    """The folder whose models `load_analyzer_for` would load, with their hashes and a runtime, but does not.

    Raises `ModelError` if one of them is missing or altered, or if the network's data cannot support a door's rate.
    """
    folder = _folder_of(settings)
    load_model(DETECTION, folder)
    runtime_in_use()
    load_model(LANDMARKS, folder)
    manifest = load_model(EMBEDDING, folder).manifest
    for target_fmr in target_fmrs:
        decision_rule_at(manifest, target_fmr)
    return folder


def _folder_of(settings: VisionSettings) -> Path:
    return Path(settings.models_dir) if settings.models_dir else shipped_models_dir()


def load_analyzer_for(settings: VisionSettings, target_fmr: float) -> FaceAnalyzer:
    """The same for a door with that false match rate. Raises `ModelError` if the network's data cannot support it."""
    return load_analyzer(settings).at_target(target_fmr)


def size_of(face: Detection) -> float:
    """The longer side of a face's box, pixels."""
    return max(face.box.width, face.box.height)


def rivals(largest: Detection, other: Detection) -> bool:
    """Whether another face keeps the largest one from being the one that is meant."""
    (x, y), box = other.box.center, largest.box
    inside = box.left <= x <= box.left + box.width and box.top <= y <= box.top + box.height
    return inside or size_of(largest) < CLEARLY_LARGER * size_of(other)
