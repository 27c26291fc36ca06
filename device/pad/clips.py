"""Clips in a plain folder, by species: `live/`, `print/`, `phone/` and so on, each file or picture a presentation.

What `lintel pad evaluate` takes besides a folder that `lintel pad record` wrote. Whose face a clip shows is its name up
to the first hyphen: `live/anna-2.mp4`, `print/anna-1.mp4`. Pictures of the person are in `references/`, and of the
empty view in `empty/`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2

from device.cameras.files import video_frames, with_noise
from device.errors import ImageError
from device.failures import in_words
from device.images import SUFFIXES, read_image
from device.pad.counting import LIVE
from device.records import Frame, Image

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
REFERENCES, EMPTY = "references", "empty"
"""Folders of no species."""
MOST_CLIPS = 10_000
STILL_S, STILL_FPS = 8.0, 15.0
"""How long a still picture is held before the camera, at which rate."""
NOMINAL_FPS = 25.0
"""Of a clip that does not say its rate."""
LONGEST_PX = 640
"""A larger picture is shrunk to this, as a door's camera gives it."""
MOST_S = 600.0
"""Of a clip that is looked at."""
_SPECIES = re.compile(r"[a-z][a-z-]{0,31}")
_CHUNK = 1 << 20
_HINT = (
    "Put clips into folders by species: live/, print/, phone/, tablet/, cut-out/; name them PERSON-NUMBER, "
    "such as live/anna-1.mp4."
)


@dataclass(frozen=True, slots=True)
class Source:
    """A clip that was found: `sha256` is that of its file, by which it is known wherever it lies."""

    path: Path
    species: str
    person: str
    sha256: str


def sources_in(folder: Path) -> tuple[Source, ...]:
    """The clips below a folder, by species and name. Raises `ImageError` for none, and for what can't be read."""
    try:
        folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        found = [(path, species_of(path.parent.name)) for below in folders for path in _clips(below)]
    except OSError as error:
        raise ImageError(f"Cannot read the folder {folder}: {in_words(error)}.", hint=_HINT) from None
    if not found:
        raise ImageError(f"There are no clips by species in {folder}.", hint=_HINT)
    if len(found) > MOST_CLIPS:
        raise ImageError(f"There are {len(found)} clips in {folder}, expected at most {MOST_CLIPS}.", hint=_HINT)
    return tuple(Source(path, species, person_of(path), _sha256(path)) for path, species in found)


def species_of(name: str) -> str:
    """The species that a folder's name says; of `live-stills` it is live."""
    return LIVE if name == LIVE or name.startswith(f"{LIVE}-") else name


def person_of(path: Path) -> str:
    """Whose face a clip shows: its name up to the first hyphen."""
    return path.stem.partition("-")[0]


def reference_pictures(folder: Path, person: str) -> Iterator[Image]:
    """The pictures of a person in `references/`, RGB. Raises `ImageError`."""
    for path in _files(folder / REFERENCES, SUFFIXES):
        if person_of(path) == person:
            yield read_image(path)


def empty_pictures(folder: Path) -> Iterator[Image]:
    """The pictures of the empty view in `empty/`, or of a clip there a frame a second, RGB. Raises `LintelError`."""
    for path in _files(folder / EMPTY, SUFFIXES | VIDEO_SUFFIXES):
        yield from (frame.image for frame in islice(frames_of(path), 0, None, 25))


def frames_of(path: Path) -> Iterator[Frame]:
    """The frames of a clip at its own rate, RGB and no larger than a door's camera gives them, with their time from the
    clip's begin, seconds. A picture is held still, with a sensor's noise. Raises `LintelError`.
    """
    if path.suffix.lower() in SUFFIXES:
        image = shrunk(read_image(path))
        for number in range(round(STILL_S * STILL_FPS)):
            yield Frame(with_noise(image, number), number / STILL_FPS)
        return
    rate = _rate_of(path)
    for number, image in enumerate(islice(video_frames(path), round(MOST_S * rate))):
        yield Frame(shrunk(image), number / rate)


def shrunk(image: Image) -> Image:
    """An RGB picture, its longer side 640 pixels at most."""
    scale = LONGEST_PX / max(image.shape[:2])
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _rate_of(path: Path) -> float:
    capture = cv2.VideoCapture(str(path))
    try:
        rate = float(capture.get(cv2.CAP_PROP_FPS))
    finally:
        capture.release()
    return rate if 1.0 <= rate <= 240.0 else NOMINAL_FPS


def _clips(folder: Path) -> list[Path]:
    is_species = _SPECIES.fullmatch(folder.name) and folder.name not in (REFERENCES, EMPTY)
    return _files(folder, SUFFIXES | VIDEO_SUFFIXES) if is_species else []


def _files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """The plain files of a folder with one of these endings, by name; none if there is no such folder."""
    if not folder.is_dir():
        return []
    there = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)
    return [path for path in there if path.is_file() and not path.is_symlink()]


def _sha256(path: Path) -> str:
    made = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                made.update(chunk)
    except OSError as error:
        raise ImageError(f"Cannot read {path}: {in_words(error)}.", hint=_HINT) from None
    return made.hexdigest()
