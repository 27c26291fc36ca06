"""Visits at a door from clips: what its own vision code finds in the frames of each few seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.progress import bar
from device.errors import ImageError
from device.records import Frame, Image, Probe, Reason
from device.vision.faces import FaceAnalyzer
from device.vision.following import View

SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
RATE_FPS = 15.0
"""As many frames a second as a door looks at; of a faster clip some are left out."""
LONGEST_PX = 640
"""A larger picture is shrunk to this, as a door's camera gives it."""
NOMINAL_FPS = 25.0
"""Of a clip that does not say its rate."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a frame shows, `at` in seconds from the clip's begin."""

    at: float
    found: Probe | Reason


Visit = tuple[Seen, ...]


def clips_in(folder: Path) -> tuple[Path, ...]:
    """The clips in a folder, sorted. Raises `ImageError` if there are none."""
    clips = tuple(sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES))
    if not clips:
        raise ImageError(f"No clips in {folder}.", hint=f"Clips end in {', '.join(sorted(SUFFIXES))}.")
    return clips


def visits_in(folder: Path, analyzer: FaceAnalyzer, *, timeout_s: float, every_s: float) -> list[tuple[Visit, ...]]:
    """The visits of each clip in a folder, as `visits` cuts them. Raises `ImageError`."""
    clips = clips_in(folder)
    with bar("Clips", len(clips)) as step:
        found = []
        for clip in clips:
            found.append(visits(seen_in(clip, analyzer), timeout_s, every_s))
            step()
    return found


def seen_in(clip: Path, analyzer: FaceAnalyzer) -> Visit:
    """What a door sees in a clip. Raises `ImageError` if no frame can be decoded."""
    view = View()
    seen = tuple(Seen(at, analyzer.follow(Frame(image, at), view)) for at, image in frames_of(clip))
    if not seen:
        raise ImageError(f"{clip} is not a clip, or damaged.", hint="Convert it to MP4.")
    return seen


def visits(seen: Visit, timeout_s: float, every_s: float) -> tuple[Visit, ...]:
    """Parts of `timeout_s` of what a clip shows, one begun each `every_s`; of a shorter clip the whole."""
    last = max(0.0, seen[-1].at - timeout_s)
    starts = np.arange(0.0, last + 1e-6, every_s)
    return tuple(tuple(one for one in seen if start <= one.at < start + timeout_s) for start in starts)


def frames_of(clip: Path) -> Iterator[tuple[float, Image]]:
    """The frames of a clip that are looked at, RGB, with their time in seconds."""
    capture = cv2.VideoCapture(str(clip))
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS)) or NOMINAL_FPS
        step, number = max(1, round(rate / RATE_FPS)), 0
        while (read := capture.read())[0]:
            if number % step == 0:
                yield number / rate, _shrunk(np.asarray(read[1], np.uint8))
            number += 1
    finally:
        capture.release()


def _shrunk(bgr: Image) -> Image:
    scale = min(1.0, LONGEST_PX / max(bgr.shape[:2]))
    small = bgr if scale == 1 else cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1], np.uint8)
