"""Lays groups of faces out as one picture, a row for each group, for people to look at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from convert.cluster import Clustering
from convert.finder import nearest
from device.errors import ImageError
from device.failures import in_words
from device.files import write_whole
from device.images import read_image
from device.records import Image
from device.vision.detector import Detector

MAX_ROWS = 40
MAX_COLUMNS = 12
TILE_PX = 96
MARGIN_PX = 1.4
"""The side of what a tile shows, in sides of the face's box."""

_GAP_PX = 4
_LABEL_PX = 130
_HEADING_PX = 36
_PAPER, _INK = (250, 250, 250), (40, 40, 40)


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says beside its pictures, line by line, and which pictures it shows."""

    label: tuple[str, ...]
    pictures: tuple[Path, ...]


def rows_of(clustering: Clustering) -> tuple[Row, ...]:
    """The `MAX_ROWS` largest groups of two or more, `MAX_COLUMNS` pictures of each; last, the faces that are alone."""
    several = [group for group in clustering.groups if len(group) > 1][:MAX_ROWS]
    rows = [_row(f"group {number}", group) for number, group in enumerate(several, start=1)]
    return (*rows, _row("alone", clustering.alone)) if clustering.alone else tuple(rows)


def face_tiles(rows: tuple[Row, ...], detector: Detector, counter: Callable[[], object]) -> dict[Path, Image]:
    """The face nearest to the middle of each picture, RGB uint8 [TILE_PX, TILE_PX, 3]; calls `counter` after each."""
    tiles = {}
    for path in (path for row in rows for path in row.pictures):
        tiles[path] = _tile(read_image(path), detector)
        counter()
    return tiles


def contact_sheet(heading: str, rows: tuple[Row, ...], tiles: Mapping[Path, Image]) -> Image:
    """The sheet, RGB uint8, of `rows` with the tiles of their pictures."""
    step = TILE_PX + _GAP_PX
    columns = max((len(row.pictures) for row in rows), default=0)
    width = _LABEL_PX + max(columns, MAX_COLUMNS // 2) * step + _GAP_PX
    sheet = np.full((_HEADING_PX + len(rows) * step, width, 3), _PAPER, np.uint8)
    _write(sheet, heading, (10, 24))
    for number, row in enumerate(rows):
        top = _HEADING_PX + number * step
        for line, text in enumerate(row.label):
            _write(sheet, text, (10, top + 38 + 22 * line))
        for column, path in enumerate(row.pictures):
            left = _LABEL_PX + column * step
            sheet[top : top + TILE_PX, left : left + TILE_PX] = tiles[path]
    return sheet


def heading_of(clustering: Clustering) -> str:
    """How many faces, groups and faces alone there are, and how many groups are shown."""
    several = len(clustering.groups) - len(clustering.alone)
    shown = f"; the {MAX_ROWS} largest groups are shown" if several > MAX_ROWS else ""
    return f"{clustering.faces} faces: {several} groups, {len(clustering.alone)} alone{shown}"


def check_sheet_path(path: Path) -> None:
    """Raises `ImageError` if a sheet cannot be written there, before hours of work are spent on it."""
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise ImageError(
            f"Cannot write the contact sheet {path}: expected a .png file in a folder that exists.",
            hint="Name another file with --out.",
        )


def write_sheet(sheet: Image, path: Path) -> None:
    """Writes a PNG. Raises `ImageError`."""
    check_sheet_path(path)
    encoded = cv2.imencode(".png", sheet[:, :, ::-1])[1].tobytes()
    try:
        write_whole(path, encoded, durable=False)
    except OSError as error:
        raise ImageError(
            f"Cannot write the contact sheet {path}: {in_words(error)}.", hint="Name another file with --out."
        ) from None


def _row(name: str, pictures: tuple[Path, ...]) -> Row:
    count = min(len(pictures), MAX_COLUMNS)
    places = np.linspace(0, len(pictures) - 1, count).round().astype(int).tolist()
    faces = "1 face" if len(pictures) == 1 else f"{len(pictures)} faces"
    shown = (f"{count} shown",) if count < len(pictures) else ()
    return Row((name, faces, *shown), tuple(pictures[place] for place in places))


def _tile(image: Image, detector: Detector) -> Image:
    faces = detector.detect(image)
    if not faces:
        raise ImageError(
            "A picture that showed a face shows none now.", hint="Don't change the folder while the command runs."
        )
    box = nearest(faces, image).box
    side = max(2, round(MARGIN_PX * max(box.width, box.height)))
    cropped = cv2.getRectSubPix(image, (side, side), box.center)
    return np.asarray(cv2.resize(cropped, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _write(sheet: Image, text: str, at: tuple[int, int]) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, _INK, 1, cv2.LINE_AA)
