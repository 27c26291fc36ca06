"""Photos by person in, aligned chips by person out, with the door's own detector, mesh and alignment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec

from convert.finder import Finder
from device.errors import ImageError
from device.failures import in_words
from device.files import write_whole
from device.images import SUFFIXES, read_image
from device.records import Image
from device.vision.alignment import align
from device.vision.faces import MIN_PRESENCE
from device.vision.manifest import Alignment

RECORD = "alignment.json"
"""The file beside the people's folders that says how their chips were aligned."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of one person, and the chip that is to be made of it."""

    path: Path
    chip: Path


@dataclass(frozen=True, slots=True)
class Aligned:
    """How many chips were made, how many were there already, and which photos gave none, with the reason."""

    made: int
    kept: int
    failures: dict[Path, str]


def photos_in(folder: Path, out: Path) -> tuple[Photo, ...]:
    """The photos in `folder`, one subfolder each person, and their chips in `out`, sorted.

    A chip has its photo's name and ends in .png. Two photos whose names differ in the ending alone keep their endings
    before it. Raises `ImageError` if there is none, or if one folder lies in the other.
    """
    inside, outside = folder.resolve(), out.resolve()
    if inside.is_relative_to(outside) or outside.is_relative_to(inside):
        raise ImageError(f"{folder} and {out} lie one in the other.", hint="Name a folder elsewhere for the chips.")
    try:
        people = sorted(path for path in folder.iterdir() if path.is_dir())
        photos = tuple(photo for person in people for photo in _photos_of(person, out / person.name))
    except OSError as error:
        raise ImageError(
            f"Cannot read the folder {error.filename}: {in_words(error)}.", hint="One subfolder for each person."
        ) from None
    if not photos:
        raise ImageError(f"No photo in the subfolders of {folder}.", hint="One subfolder for each person.")
    return photos


def align_photos(
    photos: tuple[Photo, ...],
    finder: Finder,
    alignment: Alignment,
    counter: Callable[[], object],
    *,
    again: bool = False,
) -> Aligned:
    """Writes the chips that are not there yet, each whole or not at all; with `again`, all. `counter` hears of each.

    The face nearest to the middle is meant. A photo or a chip behind a link that leads out of its folder is a failure,
    as is a photo that cannot be read.
    """
    made, kept, failures = 0, 0, {}
    for photo in photos:
        try:
            if _is_new(photo, again=again):
                _write(_chip(photo.path, finder, alignment), photo.chip)
                made += 1
            else:
                kept += 1
        except ImageError as error:
            failures[photo.path] = error.message
        counter()
    return Aligned(made, kept, failures)


def record_alignment(alignment: Alignment, out: Path) -> None:
    """Notes in `out` how its chips are aligned. Raises `ImageError` if they are aligned in another way already."""
    path = out / RECORD
    content = msgspec.json.format(msgspec.json.encode(alignment), indent=2) + b"\n"
    try:
        if path.exists() and path.read_bytes() != content:
            raise ImageError(
                f"The chips in {out} are aligned in another way, see {path.name}.", hint="Name another folder."
            )
        out.mkdir(parents=True, exist_ok=True)
        write_whole(path, content, durable=False)
    except OSError as error:
        raise _cannot_write(path, error) from None


def recorded_alignment(folder: Path) -> Alignment | None:
    """How the chips in `folder` are aligned; None if that is not noted. Raises `ImageError` for a damaged note."""
    path = folder / RECORD
    try:
        return msgspec.json.decode(path.read_bytes(), type=Alignment)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ImageError(f"Cannot read {path}: {in_words(error)}", hint="Make it readable.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ImageError(
            f"{path} does not say how chips are aligned: {error}", hint="Make the chips with `lintel-convert align`."
        ) from None


def _photos_of(person: Path, out: Path) -> Iterator[Photo]:
    paths = sorted(path for path in person.iterdir() if path.suffix.lower() in SUFFIXES)
    stems = [path.stem for path in paths]
    for path in paths:
        name = path.stem if stems.count(path.stem) == 1 else path.name
        yield Photo(path, out / f"{name}.png")


def _is_new(photo: Photo, *, again: bool) -> bool:
    """Whether a chip is to be made. Raises `ImageError` if a link leads elsewhere."""
    for path, root in ((photo.path, photo.path.parents[1]), (photo.chip.parent, photo.chip.parents[1])):
        if not path.resolve().is_relative_to(root.resolve()):
            raise ImageError(f"{path} is a link out of {root}", hint="Put the folder itself there.")
    return again or not photo.chip.exists()


def _chip(path: Path, finder: Finder, alignment: Alignment) -> Image:
    image = read_image(path)
    landmarks = finder.locate(image)
    if landmarks.presence < MIN_PRESENCE:
        raise ImageError("the detected face is not a face", hint="Leave the photo out.")
    return align(image, landmarks, alignment)


def _write(chip: Image, path: Path) -> None:
    encoded = cv2.imencode(".png", chip[:, :, ::-1])[1].tobytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encoded, durable=False)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> ImageError:
    return ImageError(f"Cannot write {path}: {in_words(error, quoted=True)}", hint="Make room, or name another folder.")
