"""From an operator's photo to the probe of the face that it is of, or to a sentence about the photo that says why not.

A photo has any size, and there is time: a face that the door's one look misses is looked for closely. What is found is
cut out at full size, and judged by the door's own rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.records import Box, Image, Photo, Probe, Reason
from device.vision.detector import SMALL_FACE, Detection, distinct
from device.vision.faces import MIN_PRESENCE, FaceAnalyzer, advice, look_of, rivals, size_of
from device.vision.pyramid import MIN_SCORE, Shown, look_closer
from device.vision.quality.limits import Purpose
from device.vision.quality.sentences import Language, figures

SMALLEST = 0.75
"""Faces are looked for down to this share of the smallest useful size, to say of one that it is too small."""
SURE_PRESENCE = 0.95
"""Below this probability the mesh denies a face that only a closer look found: among so many squares some resemble one.
Of 1,194 faces of 40 to 110 pixels two were denied.
"""
AROUND = 4.0
"""The side of what is cut out around a face, as a multiple of the face's."""
ENOUGH_PX = 400.0
"""A face of this size in a picture at half size is not needed at full size: the network sees a third of it."""


SENTENCES = {
    Reason.NO_FACE: (
        "No face was found in the picture.",
        "Give a picture of the person, upright and from the front, the face at least {smallest_px:.0f} pixels high.",
    ),
    Reason.FACE_TOO_SMALL: (
        "The face is about {face_px:.0f} pixels high in the picture, expected at least {smallest_px:.0f}.",
        "Take one from closer by, or give the original if this is a reduced copy.",
    ),
    Reason.FACE_CUT_OFF: ("The face is partly outside the picture.", "Give a picture with the whole head."),
    Reason.FACE_TURNED: ("The face is turned away.", "Give a picture in which the person looks at the camera."),
    Reason.FACE_TILTED: ("The head is tilted to one side.", "Give a picture with the head upright."),
    Reason.FACE_TOO_DARK: ("The face is too dark.", "Give a picture with more light on the face."),
    Reason.FACE_TOO_BRIGHT: ("The face is too bright.", "Give a picture with less light on the face."),
    Reason.FACE_BACKLIT: ("The light comes from behind the face.", "Give a picture with light from the front."),
    Reason.FACE_HALF_DARK: ("One part of the face is in the dark.", "Give a picture with even light on the face."),
    Reason.FACE_FOGGY: ("The picture has too little contrast.", "Give one without light shining into the camera."),
    Reason.FACE_NOISY: ("The picture is too noisy.", "Give one that was taken in more light."),
    Reason.FACE_COMPRESSED: ("The picture is compressed too much.", "Give the original, not a copy from a messenger."),
    Reason.FACE_COVERED: ("Something covers the mouth.", "Give a picture without a mask and without hands."),
    Reason.EYES_COVERED: ("Something covers the eyes.", "Give a picture without dark glasses."),
    Reason.BROWS_COVERED: ("Something covers the brows.", "Give a picture without a hat or hair before the brows."),
    Reason.EYES_CLOSED: ("The eyes are closed.", "Give a picture with open eyes."),
    Reason.FACE_LIKE_MANY: (
        "The face resembles any that is covered, dark, foggy or upside down.",
        "Give a picture of the uncovered face, upright and in good light.",
    ),
    Reason.FACE_UNCLEAR: (
        "The face can't be made out clearly.",
        "Give a picture from the front, in good light, with nothing before the face.",
    ),
    Reason.FACE_BLURRED: ("The face is blurred.", "Give a sharp picture, not an enlarged one."),
}
"""What is wrong with a photo, and what the operator can do: `Reason` speaks to a person who stands at a door."""


_WITHOUT_FIGURES = {Reason.FACE_TOO_SMALL, Reason.SEVERAL_FACES, Reason.NO_FACE}
"""Their sentences say what was found, or there is no face to measure."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a photo gives no probe: what is wrong with it, and what the operator can do."""

    reason: Reason
    meaning: str
    advice: str


def nothing_shown(_share: float) -> None:
    """Shows no progress."""


class PhotoLook:
    """Looks at an operator's photos: for one face, or for the largest of several."""

    def __init__(
        self,
        analyzer: FaceAnalyzer,
        *,
        largest_face: bool,
        purpose: Purpose = Purpose.PROBE,
    ) -> None:
        self._analyzer = analyzer
        self._look = look_of(analyzer, largest_face=largest_face, purpose=purpose)
        self._largest_face = largest_face
        self._purpose = purpose

    def __call__(self, photo: Photo, shown: Shown = nothing_shown) -> Probe | Unusable:
        """The probe of the face, or why there is none. `shown` gets how much is done, 0..1, while that takes long.

        Raises `ImageError` if an area cannot be read again.
        """
        at_once, seen = self._look(photo.image), self._analyzer.detector.detect(photo.image)
        if at_once is Reason.SEVERAL_FACES or any(self._is_large(face, photo.image) for face in seen):
            return self._said(at_once, seen, photo)
        closer = self._closer(photo, shown)
        if not closer:
            return self._said(at_once, seen, photo)
        sure = [face for face in seen if face.score >= MIN_SCORE and self._presence(photo.image, face) >= SURE_PRESENCE]
        meant = self._meant(distinct((*closer, *sure)), photo.shrunk)
        if isinstance(meant, Reason):
            return self._said(meant, closer, photo)
        face = _cut_out(photo, meant.box)
        return self._said(self._look(face), closer, photo, face)

    def _closer(self, photo: Photo, shown: Shown) -> tuple[Detection, ...]:
        return look_closer(
            self._analyzer.detector,
            photo.image,
            smallest_px=SMALLEST * self._analyzer.limits.min_face_px / photo.shrunk,
            is_face=lambda face: self._presence(photo.image, face) >= SURE_PRESENCE,
            shown=shown,
        )

    def _is_large(self, face: Detection, image: Image) -> bool:
        is_large = face.box.width >= SMALL_FACE * max(image.shape[:2])
        return is_large and face.score >= MIN_SCORE and self._presence(image, face) >= MIN_PRESENCE

    def _presence(self, image: Image, face: Detection) -> float:
        return self._analyzer.mesh.locate(image, face).presence

    def _meant(self, faces: Sequence[Detection], shrunk: int) -> Detection | Reason:
        """The only face, or the largest; those of less than half the smallest useful size are in the background."""
        first, *others = sorted(faces, key=size_of, reverse=True)
        background_px = self._analyzer.limits.min_face_px / 2 / shrunk
        near = [other for other in others if size_of(other) >= background_px]
        if near and (not self._largest_face or any(rivals(first, other) for other in near)):
            return Reason.SEVERAL_FACES
        return first

    def _said(
        self, found: Probe | Reason, seen: Sequence[Detection], photo: Photo, face: Image | None = None
    ) -> Probe | Unusable:
        """The probe, or what is wrong with the photo; `face` is what was cut out of it, if that was looked at."""
        if isinstance(found, Probe):
            return found
        looked_at = photo.image if face is None else face
        general = advice_on(self._analyzer, found, looked_at, largest_face=self._largest_face)
        meaning, what_to_do = SENTENCES.get(found, (found.meaning, general))
        smallest_px, face_px = self._analyzer.limits.min_face_px, photo.shrunk * max(map(size_of, seen), default=0.0)
        if found is Reason.SEVERAL_FACES:
            meaning = "The picture shows more than one face."
        if found is Reason.FACE_TOO_SMALL and face_px >= smallest_px:
            meaning = "The face is too small in the picture."
        sizes = {"face_px": face_px, "smallest_px": smallest_px}
        said = self._with_figures(found, meaning.format(**sizes), looked_at)
        return Unusable(found, said, what_to_do.format(**sizes))

    def _with_figures(self, reason: Reason, meaning: str, image: Image) -> str:
        """The sentence with what was measured and what was expected, where a measure is the reason."""
        issue = None if reason in _WITHOUT_FIGURES else self._analyzer.measured(image, reason, self._purpose)
        return meaning if issue is None else f"{meaning.rstrip('.')}: {figures(issue, Language.ENGLISH)}."


def advice_on(analyzer: FaceAnalyzer, reason: Reason, image: Image, *, largest_face: bool) -> str:
    """What an operator can do about a picture, `image`, that is unusable for a reason."""
    if reason is Reason.PICTURE_TURNED and (back_deg := analyzer.turn_back_deg(image)):
        return f"Turn the picture clockwise by {back_deg} degrees, and give it again."
    return advice(reason, largest_face=largest_face)


def _cut_out(photo: Photo, box: Box) -> Image:
    """The face with what is around it, at full size unless it is large enough in the picture at half size."""
    height, width = photo.image.shape[:2]
    (x, y), size = box.center, max(box.width, box.height)
    reach = AROUND / 2 * size
    left, right = max(0, round(x - reach)), min(width, round(x + reach))
    top, bottom = max(0, round(y - reach)), min(height, round(y + reach))
    if size >= ENOUGH_PX:
        return np.ascontiguousarray(photo.image[top:bottom, left:right])
    scale = photo.shrunk
    return np.ascontiguousarray(photo.area((scale * left, scale * top, scale * right, scale * bottom)))
