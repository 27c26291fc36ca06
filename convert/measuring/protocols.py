"""Labelled images: pairs in LFW's `pairs.txt` or a CSV of one's own, or a folder with a subfolder for each person."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from convert.measuring.tables import read_rows, read_text
from device.errors import ImageError
from device.images import SUFFIXES


class Protocol(StrEnum):
    """The form of a pairs file."""

    LFW = "lfw"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images, whether they show one person (a mated pair), and the fold of the cross-validation."""

    image_a: Path
    image_b: Path
    same: bool
    fold: int


CSV_FOLDS = 10
HINT = "Give LFW's pairs.txt or a CSV."
HINT_CSV = "Columns: image_a,image_b,same (1 or 0)."


def person_images(folder: Path, least_people: int = 2) -> tuple[Path, ...]:
    """The images in a folder with a subfolder for each person, sorted. Raises `ImageError` for too few people."""
    images = tuple(sorted(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES))
    people = len({path.parent for path in images})
    if people < least_people:
        raise ImageError(
            f"{folder} has images of {people} people, expected at least {least_people}.",
            hint="One subfolder for each person.",
        )
    return images


def read_pairs(path: Path, images: Path, protocol: Protocol) -> tuple[Pair, ...]:
    """The pairs in a file; images are below the folder `images`. Raises `ImageError` for a file not in that form."""
    pairs = _lfw_pairs(path, images) if protocol is Protocol.LFW else _csv_pairs(path, images)
    if not any(pair.same for pair in pairs) or all(pair.same for pair in pairs):
        raise ImageError(
            f"The pairs {path} need mated and non-mated ones.", hint="Label mated pairs 1 and non-mated pairs 0."
        )
    if len({pair.fold for pair in pairs}) < 2:
        raise ImageError(
            f"The pairs {path} are of one fold, expected two or more: each is judged at the threshold of the others.",
            hint="Divide them into more; LFW's first line, `10 300`, says ten folds of 300 pairs of a kind.",
        )
    return pairs


def _lfw_pairs(path: Path, images: Path) -> tuple[Pair, ...]:
    """`folds  pairs-of-a-kind`, then per fold that many mated (`name i j`) and as many non-mated (`name i name j`)."""
    lines = read_text(path, what="pairs", hint=HINT).splitlines()
    try:
        folds, of_a_kind = (int(word) for word in lines[0].split())
        rows = [line.split() for line in lines[1:] if line.strip()]
        if folds < 1 or of_a_kind < 1:
            raise ValueError(f"announces {folds} folds of {of_a_kind} pairs of a kind")
        if len(rows) != 2 * folds * of_a_kind:
            raise ValueError(f"announces {2 * folds * of_a_kind} pairs and has {len(rows)}")
        return tuple(_lfw_pair(row, images, index // (2 * of_a_kind)) for index, row in enumerate(rows))
    except (ValueError, IndexError) as error:
        raise ImageError(f"Not an LFW pairs file: {path}: {error}.", hint="Its first line is `10 300`.") from None


def _lfw_pair(row: list[str], images: Path, fold: int) -> Pair:
    match row:
        case [name, a, b]:
            return Pair(_lfw_image(images, name, a), _lfw_image(images, name, b), same=True, fold=fold)
        case [name_a, a, name_b, b]:
            return Pair(_lfw_image(images, name_a, a), _lfw_image(images, name_b, b), same=False, fold=fold)
    raise ValueError(f"a line has {len(row)} words, expected 3 or 4")


def _lfw_image(images: Path, name: str, number: str) -> Path:
    return images / name / f"{name}_{int(number):04d}.jpg"


def _csv_pairs(path: Path, images: Path) -> tuple[Pair, ...]:
    """Columns `image_a,image_b,same` (1 or 0); the folds take turns."""
    rows = read_rows(path, ("image_a", "image_b", "same"), what="pairs", hint=HINT_CSV)
    labels = {"0": False, "1": True, "false": False, "true": True}
    try:
        return tuple(
            Pair(images / row["image_a"], images / row["image_b"], labels[row["same"].lower()], index % CSV_FOLDS)
            for index, row in enumerate(rows)
        )
    except KeyError as error:
        raise ImageError(f"Not a CSV of pairs: {path}: expected 1 or 0, received {error}.", hint=HINT_CSV) from None
