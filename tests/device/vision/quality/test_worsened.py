"""Portraits made worse in one way are refused with the reason that fits."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import pytest

from device.records import Image, Reason
from device.vision.faces import FaceAnalyzer
from device.vision.landmarks import Landmarks
from device.vision.quality import worsening as made
from device.vision.quality.limits import Purpose

Worsen = Callable[[Image, Landmarks], Image]
NAMES = ("eileen-collins", "grace-hopper")
COVERED = {Reason.FACE_COVERED, Reason.FACE_UNCLEAR}
FACE_PX = 105


def noise(sigma: float) -> Worsen:
    return lambda picture, _: made.noisy(picture, np.random.default_rng(1), sigma=sigma)


def backlit(picture: Image, mesh: Landmarks) -> Image:
    """The head in the dark before a bright wall."""
    low, high = mesh.points.min(axis=0) - 10, mesh.points.max(axis=0) + 10
    head = np.zeros(picture.shape[:2], bool)
    head[max(0, int(low[1])) : int(high[1]), max(0, int(low[0])) : int(high[0])] = True
    return np.where(head[..., np.newaxis], (picture * 0.2).astype(np.uint8), np.uint8(230))


def seen(analyzer: FaceAnalyzer, portrait: Image, worsen: Worsen, purpose: Purpose = Purpose.PROBE) -> object:
    """What comes of a portrait with a face as large as at a door."""
    (face,) = analyzer.detector.detect(portrait)
    scale = FACE_PX / np.ptp(analyzer.mesh.locate(portrait, face).points, axis=0).max()
    picture = np.asarray(cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    mesh = analyzer.mesh.locate(picture, analyzer.detector.detect(picture)[0])
    return analyzer.analyze(worsen(picture, mesh), purpose)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("worsen", "reasons"),
    [
        (lambda p, m: made.masked(p, m, color=made.WHITE), COVERED),
        (lambda p, m: made.masked(p, m, color=made.BLACK), COVERED),
        (lambda p, m: made.masked(p, m, color=made.BLUE), COVERED),
        (made.with_glasses, {Reason.EYES_COVERED}),
        (noise(25), {Reason.FACE_NOISY}),
        (lambda p, _: made.foggy(p, contrast=0.12), {Reason.FACE_FOGGY}),
        (lambda p, _: made.compressed(p, quality=4), {Reason.FACE_COMPRESSED, Reason.FACE_UNCLEAR}),
        (backlit, {Reason.FACE_BACKLIT}),
    ],
    ids=["white mask", "black mask", "blue mask", "dark glasses", "noise", "fog", "compressed", "backlit"],
)
def test_a_worse_portrait_has_a_reason_that_fits(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, worsen: Worsen, reasons: set[Reason]
) -> None:
    assert seen(analyzer, portraits[name], worsen) in reasons


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("worsen", "reason"),
    [(lambda p, m: made.with_hat(p, m, color=made.BLACK), Reason.BROWS_COVERED), (noise(12), Reason.FACE_NOISY)],
    ids=["dark hat", "some noise"],
)
def test_a_reference_is_refused_for_what_a_probe_may_show(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, worsen: Worsen, reason: Reason
) -> None:
    assert seen(analyzer, portraits[name], worsen, Purpose.REFERENCE) is reason


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("name", NAMES)
def test_a_portrait_as_it_is_serves_both_purposes(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], name: str, purpose: Purpose
) -> None:
    assert not isinstance(seen(analyzer, portraits[name], lambda picture, _: picture, purpose), Reason)
