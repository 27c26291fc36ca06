"""What is said about a picture, in two languages: to the person before the camera, and to the operator.

English is that of `Reason`; an operator's sentence adds what was measured and what was expected.
"""

import math
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from device.records import Reason
from device.vision.quality.judging import Issue


class Language(Enum):
    """A language, by its code."""

    ENGLISH = "en"
    GERMAN = "de"


GERMAN: Mapping[Reason, tuple[str, str]] = MappingProxyType(
    {
        Reason.NO_FACE: ("Es war kein Gesicht zu sehen.", "Stellen Sie sich vor die Kamera und sehen Sie hinein."),
        Reason.SEVERAL_FACES: ("Es war mehr als ein Gesicht zu sehen.", "Treten Sie einzeln vor die Kamera."),
        Reason.FACE_TOO_SMALL: ("Das Gesicht war zu klein im Bild.", "Kommen Sie näher an die Kamera."),
        Reason.FACE_TOO_CLOSE: ("Das Gesicht füllte das Bild.", "Treten Sie einen Schritt von der Kamera zurück."),
        Reason.FACE_CUT_OFF: ("Das Gesicht war nicht ganz im Bild.", "Stellen Sie sich in die Mitte des Bildes."),
        Reason.FACE_TURNED: ("Das Gesicht war abgewandt.", "Sehen Sie gerade in die Kamera."),
        Reason.PICTURE_TURNED: (
            "Das Bild steht verkehrt: Das Gesicht darin liegt auf der Seite oder auf dem Kopf.",
            "Lassen Sie die Kamera drehen, oder `rotate` unter [[cameras]] setzen.",
        ),
        Reason.FACE_TILTED: ("Der Kopf war zur Seite geneigt.", "Halten Sie den Kopf aufrecht."),
        Reason.FACE_TOO_DARK: ("Das Gesicht war zu dunkel.", "Wenden Sie sich zum Licht, oder machen Sie Licht."),
        Reason.FACE_TOO_BRIGHT: ("Das Gesicht war zu hell.", "Wenden Sie sich vom Licht ab."),
        Reason.FACE_BACKLIT: (
            "Das Licht kam von hinten, das Gesicht war zu dunkel.",
            "Drehen Sie sich so, dass das Licht auf Ihr Gesicht fällt.",
        ),
        Reason.FACE_HALF_DARK: (
            "Ein Teil des Gesichts lag im Dunkeln.",
            "Drehen Sie sich so, dass das Licht auf Ihr ganzes Gesicht fällt.",
        ),
        Reason.FACE_FOGGY: (
            "Das Bild hatte zu wenig Kontrast.",
            "Halten Sie Licht von der Kamera fern, oder putzen Sie ihr Objektiv.",
        ),
        Reason.FACE_NOISY: ("Das Bild rauschte zu stark.", "Machen Sie Licht."),
        Reason.FACE_COMPRESSED: (
            "Das Bild war zu stark komprimiert.",
            "Nehmen Sie ein besseres Bild, oder lassen Sie die Kamera prüfen.",
        ),
        Reason.FACE_COVERED: (
            "Der Mund war verdeckt.",
            "Nehmen Sie die Maske ab, oder die Hand vom Gesicht.",
        ),
        Reason.EYES_COVERED: ("Die Augen waren verdeckt.", "Nehmen Sie die dunkle Brille ab."),
        Reason.BROWS_COVERED: ("Die Brauen waren verdeckt.", "Schieben Sie Hut oder Haare zurück."),
        Reason.EYES_CLOSED: ("Die Augen waren geschlossen.", "Öffnen Sie die Augen."),
        Reason.FACE_UNCLEAR: (
            "Das Gesicht war nicht deutlich zu erkennen.",
            "Sehen Sie gerade in die Kamera, bei gutem Licht und mit nichts vor dem Gesicht.",
        ),
        Reason.FACE_MOVED: ("Das Gesicht bewegte sich zu schnell.", "Bleiben Sie vor der Kamera stehen."),
        Reason.FACE_LIKE_MANY: (
            "Das Bild gleicht jedem Gesicht, das verdeckt, dunkel, im Nebel oder auf dem Kopf ist.",
            "Nehmen Sie ein Bild des unverdeckten Gesichts auf, aufrecht und bei gutem Licht.",
        ),
        Reason.FACE_BLURRED: ("Das Gesicht war unscharf.", "Halten Sie still, oder putzen Sie das Objektiv."),
    }
)
"""What each reason means, and what the person can do."""

NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "face_px": ("height of the face", "Höhe des Gesichts"),
        "eyes_px": ("distance between the eyes", "Augenabstand"),
        "in_view": ("part of the face in the picture", "Anteil des Gesichts im Bild"),
        "margin": ("distance to the picture's edge", "Abstand zum Bildrand"),
        "motion": ("motion", "Bewegung"),
        "brightness": ("brightness", "Helligkeit"),
        "white": ("white part of the face", "weißer Anteil des Gesichts"),
        "black": ("black part of the face", "schwarzer Anteil des Gesichts"),
        "side_light": ("difference of both sides", "Unterschied beider Seiten"),
        "contrast": ("contrast", "Kontrast"),
        "noise": ("noise", "Rauschen"),
        "blocks": ("blocks of compression", "Blöcke der Kompression"),
        "blur": ("blur", "Unschärfe"),
        "turn": ("offset of the nose", "Versatz der Nase"),
        "yaw": ("turn to the side", "Drehung zur Seite"),
        "pitch": ("turn up or down", "Neigung nach oben oder unten"),
        "roll": ("tilt", "Schieflage"),
        "eyes_bright": ("brightness of the eyes", "Helligkeit der Augen"),
        "mouth": ("edges at the mouth", "Kanten am Mund"),
        "forehead": ("brightness of the forehead", "Helligkeit der Stirn"),
        "eyes_open": ("opening of the eyes", "Öffnung der Augen"),
        "presence": ("certainty of the face mesh", "Sicherheit des Gesichtsnetzes"),
        "score": ("certainty of the detector", "Sicherheit der Gesichtssuche"),
    }
)
"""What each measure is called."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "pixels": "Pixel",
        "share": "Anteil",
        "face widths": "Gesichtsbreiten",
        "face widths a second": "Gesichtsbreiten je Sekunde",
        "luma": "Luma",
        "gray levels": "Graustufen",
        "ratio": "Verhältnis",
        "degrees": "Grad",
        "probability": "Wahrscheinlichkeit",
    }
)
"""Each unit in German."""


def for_person(reason: Reason, language: Language) -> str:
    """What the person can do, in one sentence; in English where there is no other."""
    return GERMAN[reason][1] if language is Language.GERMAN and reason in GERMAN else reason.advice


def for_operator(issue: Issue, language: Language) -> str:
    """What was wrong, with the value and its limit: "The picture was too noisy: noise 13 gray levels, at most 6."."""
    german = language is Language.GERMAN and issue.reason in GERMAN
    meaning = GERMAN[issue.reason][0] if german else issue.reason.meaning
    return f"{meaning.rstrip('.')}: {figures(issue, language)}."


def figures(issue: Issue, language: Language) -> str:
    """The measure with its value and its limit: "noise 13 gray levels, at most 6"."""
    german = language is Language.GERMAN
    unit = UNITS[issue.unit] if german else issue.unit
    limit, bound = (issue.range.least, 0) if issue.value < issue.range.least else (issue.range.most, 1)
    words = (("mindestens", "höchstens") if german else ("at least", "at most"))[bound]
    shown = "?" if math.isnan(issue.value) else f"{issue.value:.3g}"
    return f"{NAMES[issue.measure][german]} {shown} {unit}, {words} {limit:g}"
