"""Cuts the chips of labelled images once, for every network at hand, with the door's own detector, mesh and alignment.

They lie in a folder on disk, not in memory: LFW's are half a gigabyte for each alignment.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from convert.finder import Finder
from convert.representative_set import Chips
from device.errors import ImageError
from device.failures import in_words
from device.images import read_image
from device.records import Image
from device.vision.alignment import align
from device.vision.manifest import Alignment


@dataclass(frozen=True, slots=True)
class Faces:
    """The chips of the images that show a face, uint8 [n, s, s, 3] for each alignment, and why the others do not."""

    images: tuple[Path, ...]
    chips: tuple[Chips, ...] = field(repr=False)
    failures: dict[Path, str]


def cut_faces(
    images: Sequence[Path], alignments: Sequence[Alignment], finder: Finder, folder: Path, step: Callable[[], object]
) -> Faces:
    """The chips of each image, in files in `folder`; `step` is called after each image.

    Raises `ImageError` if there is no room for them.
    """
    acquired: list[Path] = []
    failures: dict[Path, str] = {}
    paths = [folder / f"{number}.chips" for number in range(len(alignments))]
    try:
        with contextlib.ExitStack() as stack:
            files = [stack.enter_context(path.open("wb")) for path in paths]
            for image in images:
                try:
                    chips = _cut(read_image(image), alignments, finder)
                except ImageError as error:
                    failures[image] = error.message
                else:
                    for file, chip in zip(files, chips, strict=True):
                        file.write(chip.tobytes())
                    acquired.append(image)
                step()
    except OSError as error:
        raise ImageError(
            f"Cannot keep the chips of {len(images)} images in {folder}: {in_words(error, quoted=True)}.",
            hint="Have TMPDIR name a folder with more room.",
        ) from error
    sizes = [alignment.size_px for alignment in alignments]
    return Faces(
        tuple(acquired),
        tuple(_stored(path, len(acquired), size) for path, size in zip(paths, sizes, strict=True)),
        failures,
    )


def _cut(image: Image, alignments: Sequence[Alignment], finder: Finder) -> list[Image]:
    landmarks = finder.locate(image)
    return [align(image, landmarks, alignment) for alignment in alignments]


def _stored(path: Path, count: int, size_px: int) -> Chips:
    """The chips in a file, read when they are asked for."""
    shape = (count, size_px, size_px, 3)
    return np.memmap(path, np.uint8, "r", shape=shape) if count else np.empty(shape, np.uint8)
