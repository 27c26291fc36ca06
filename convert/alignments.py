"""How a face is brought to each network's chip: the one table of alignments, `ALIGNMENTS`.

An alignment is a template, points in pixels of the chip, and for each the landmark of MediaPipe's face mesh that is
brought there: `device.vision.alignment` fits the similarity transform, at the door and here.
"""

from dataclasses import dataclass

import msgspec

from convert.networks import dlib_resnet, minifasnet, mobilefacenet, nn4_small2
from device.vision.manifest import Alignment, Point

PADDING = 0.25
FIVE_POINTS: tuple[Point, ...] = (
    (0.8595674595992, 0.2134981538014),
    (0.6460604764104, 0.2289674387677),
    (0.1205750620789, 0.2137274526848),
    (0.3340850613712, 0.2290642403242),
    (0.4901123135679, 0.6277975316475),
)
"""Corners of both eyes and the base of the nose in 0..1 of a chip without padding (dlib, get_face_chip_details)."""
FIVE_LANDMARKS = (263, 362, 33, 133, 2)
"""The same points in MediaPipe's face mesh."""


def dlib_alignment() -> Alignment:
    """The chip of dlib's network: point p of its template lies at (p + padding) / (1 + 2 padding) * 150 pixels."""
    span = dlib_resnet.CHIP_PX / (1 + 2 * PADDING)
    template = tuple((round((x + PADDING) * span, 4), round((y + PADDING) * span, 4)) for x, y in FIVE_POINTS)
    return Alignment(size_px=dlib_resnet.CHIP_PX, template=template, landmarks=FIVE_LANDMARKS)


def arcface_alignment() -> Alignment:
    """The chip of networks trained with ArcFace: centers of the eyes, tip of the nose, corners of the mouth.

    The template is InsightFace's for 112x112; the landmarks that stand for its points are MediaPipe's face mesh's. Of
    the two at the nose's tip, 1 and 4, the latter lies where the template has it: fitted by the other four points,
    their medians are 4 and 0.5 pixels away from it (LFW).
    """
    return Alignment(
        size_px=mobilefacenet.CHIP_PX,
        template=(
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ),
        landmarks=((33, 133), (362, 263), 4, 61, 291),
    )


def openface_alignment() -> Alignment:
    """OpenFace's chip: outer corners of the eyes and base of the nose, dlib's landmarks 36, 45 and 33.

    The template is dlib's mean face, its 68 landmarks stretched to fill the chip (`MINMAX_TEMPLATE` in OpenFace's
    align_dlib.py). OpenFace meets the three points exactly, with an affine transform; a similarity only comes near.
    """
    left, top, right, bottom = 0.0792396913815, 0.182360984545, 0.971193274221, 1.06080371126
    mean_face = (0.252418718401, 0.331052263829), (0.782865376271, 0.321305281656), (0.520712933176, 0.634268222208)
    template = tuple(
        (
            round(nn4_small2.CHIP_PX * (x - left) / (right - left), 4),
            round(nn4_small2.CHIP_PX * (y - top) / (bottom - top), 4),
        )
        for x, y in mean_face
    )
    return Alignment(size_px=nn4_small2.CHIP_PX, template=template, landmarks=(33, 263, 2))


@dataclass(frozen=True, slots=True)
class Named:
    """An alignment of the table: whose networks take such chips, and which points of the face it goes by."""

    whose: str
    points: str
    alignment: Alignment


ALIGNMENTS: dict[str, Named] = {
    "dlib": Named(
        whose="dlib's face recognition ResNet",
        points="inner and outer corners of both eyes, base of the nose",
        alignment=dlib_alignment(),
    ),
    "arcface": Named(
        whose="networks trained with ArcFace, as InsightFace's and MobileFaceNet",
        points="centers of the eyes, tip of the nose, corners of the mouth",
        alignment=arcface_alignment(),
    ),
    "openface": Named(
        whose="OpenFace's nn4.small2",
        points="outer corners of the eyes, base of the nose",
        alignment=openface_alignment(),
    ),
    "box-80": Named(
        whose="MiniFASNet",
        points="none: a crop around the detector's box",
        alignment=Alignment(size_px=minifasnet.CROP_PX, template=(), landmarks=()),
    ),
    "box-128": Named(
        whose="MiniFASNet with squeeze and excitation, 128x128",
        points="none: a crop around the detector's box",
        alignment=Alignment(size_px=minifasnet.LARGE_CROP_PX, template=(), landmarks=()),
    ),
}
"""By name, in the order in which `--help` and the docs show them."""
BY_LANDMARKS = tuple(name for name, one in ALIGNMENTS.items() if one.alignment.landmarks)
"""Those that a face is aligned by, which a network of one's own can ask for."""


def alignment_named(name: str) -> Alignment:
    """An alignment of `ALIGNMENTS` by its name."""
    return ALIGNMENTS[name].alignment


def resized(alignment: Alignment, size_px: int) -> Alignment:
    """The same part of a face on a chip of another size; pixels are counted from the middle of the first."""
    factor = size_px / alignment.size_px
    template = tuple(
        (round((x + 0.5) * factor - 0.5, 4), round((y + 0.5) * factor - 0.5, 4)) for x, y in alignment.template
    )
    return msgspec.structs.replace(alignment, size_px=size_px, template=template)
