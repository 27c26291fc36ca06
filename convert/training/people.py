"""Aligned chips by person: who is trained on and who is held out, and the batches of training."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.training.augment import varied
from device.errors import ImageError
from device.failures import in_words
from device.images import SUFFIXES, read_image
from device.records import Image

MIN_CHIPS = 2
"""With fewer, a person has no mated pair."""
MEMORY_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class PersonChips:
    """A folder of one person's chips, at least `MIN_CHIPS`, by name."""

    name: str
    chips: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Three groups of people, disjoint.

    `validation` says when to stop, so a figure on it flatters; `test` says what came of it.
    """

    training: tuple[PersonChips, ...]
    validation: tuple[PersonChips, ...]
    test: tuple[PersonChips, ...]


def read_people(folder: Path) -> tuple[PersonChips, ...]:
    """The people in `folder`, one subfolder each, by name; who has fewer than two chips is left out.

    Raises `ImageError` if there is no person.
    """
    try:
        folders = sorted(path for path in folder.iterdir() if path.is_dir())
        found = [PersonChips(path.name, _chips(path)) for path in folders]
    except OSError as error:
        raise ImageError(
            f"Cannot read the folder {error.filename}: {in_words(error)}.", hint="Name the folder that `align` wrote."
        ) from None
    people = tuple(person for person in found if len(person.chips) >= MIN_CHIPS)
    if not people:
        raise ImageError(
            f"No person in {folder} has at least {MIN_CHIPS} chips.",
            hint="One subfolder for each person, from `align`.",
        )
    return people


def chips_in(folder: Path) -> tuple[Path, ...]:
    """All chips in `folder`, which has one subfolder for each person; none if it can't be read."""
    return tuple(path for path in folder.glob("*/*") if path.suffix.lower() in SUFFIXES)


def split_by_name(people: tuple[PersonChips, ...], held_out: float) -> Split:
    """Holds a share `held_out` of the people out, half for validation and half for the test.

    Who is held out depends only on the name: a second training that goes on from a first holds the same people out, and
    so does one with more people. A larger share adds people to the held-out ones.
    """
    places = {person.name: _place(person.name) for person in people}
    return Split(
        training=tuple(person for person in people if held_out / 2 <= places[person.name] < 1 - held_out / 2),
        validation=tuple(person for person in people if places[person.name] >= 1 - held_out / 2),
        test=tuple(person for person in people if places[person.name] < held_out / 2),
    )


def digest(people: tuple[PersonChips, ...]) -> str:
    """The SHA-256 of the people's names and the names of their chips, hexadecimal."""
    listed = "\n".join(f"{person.name}/{path.name}" for person in people for path in person.chips)
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()


class ChipReader:
    """Reads chips of one size, and keeps as many as fit into `memory_bytes`."""

    def __init__(self, size_px: int, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._size_px = size_px
        self._free = memory_bytes // (size_px * size_px * 3)
        self._kept: dict[Path, Image] = {}

    def read(self, path: Path) -> Image:
        """The chip, uint8 [size, size, 3]. Raises `ImageError`, also for one of another size."""
        kept = self._kept.get(path)
        if kept is not None:
            return kept
        chip = read_image(path)
        if chip.shape[:2] != (self._size_px, self._size_px):
            size = self._size_px
            raise ImageError(
                f"{path} has {chip.shape[1]}x{chip.shape[0]} pixels, the network takes {size}x{size}.",
                hint="Align the photos for this network: `lintel-convert align --alignment`, and --size if none fits.",
            )
        if len(self._kept) < self._free:
            self._kept[path] = chip
        return chip

    def check(self, person: PersonChips) -> None:
        """Raises `ImageError` if a chip cannot be read: now, and not in the middle of a training."""
        for path in person.chips:
            self.read(path)

    def read_all(self, paths: tuple[Path, ...]) -> NDArray[np.float32]:
        """The chips as the network takes them, float32 [n, size, size, 3]."""
        return np.stack([self.read(path) for path in paths]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Sampler:
    """Draws batches of `people_per_batch` people with `chips_per_person` chips each, varied.

    A batch is a function of seed, epoch and number alone: who goes on after an interruption draws what they would
    have drawn.
    """

    people: tuple[PersonChips, ...] = field(repr=False)
    reader: ChipReader = field(repr=False)
    people_per_batch: int
    chips_per_person: int
    seed: int

    def draw(self, epoch: int, number: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Chips float32 [n, size, size, 3], and the number of the person on each among `people`, int32 [n]."""
        generator = np.random.default_rng([self.seed, epoch, number])
        count = min(self.people_per_batch, len(self.people))
        drawn = generator.choice(len(self.people), count, replace=False)
        chips = [
            varied(self.reader.read(path), generator)
            for one in drawn
            for path in self._some(self.people[one], generator)
        ]
        return np.stack(chips), np.repeat(drawn, self.chips_per_person).astype(np.int32)

    def _some(self, person: PersonChips, generator: np.random.Generator) -> list[Path]:
        """Different chips as long as there are any, then again."""
        order = np.resize(generator.permutation(len(person.chips)), self.chips_per_person)
        return [person.chips[index] for index in order]


def _chips(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))


def _place(name: str) -> float:
    """A place 0..1 that looks drawn by lot and is always the same."""
    hashed = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(hashed[:6], "big") / 2**48
