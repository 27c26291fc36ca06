"""The one table of card formats, each drawn with a letter a bit (`device.readers.formats` decodes by it). Pure."""

from dataclasses import dataclass
from functools import lru_cache
from graphlib import TopologicalSorter

from device.readers.cards.byte_order import Order

MIN_BITS = 9
"""A shorter frame is a key."""


@dataclass(frozen=True, slots=True)
class CardFormat:
    """One row of the table; `name` is the format of the credentials that it gives."""

    name: str
    layout: str
    parity: tuple[str, ...]
    about: str
    order: Order = Order.SENT

    @property
    def title(self) -> str:
        """The name as it stands in the settings, with the order."""
        return f"{self.name}:{self.order}" if self.order else self.name

    @property
    def payload(self) -> tuple[int, ...]:
        """Where facility code and number stand, from 0."""
        return tuple(at for at, letter in enumerate(self.layout) if letter in "FN")

    @property
    def length(self) -> int:
        """Bits of a frame."""
        return len(self.layout)

    @property
    def has_facility(self) -> bool:
        """Whether a part of it says to which site a card belongs."""
        return "F" in self.layout


BUILT_IN = (
    CardFormat(
        "h10301",
        "PFFFFFFFFNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXX.............",
            ".............XXXXXXXXXXXXO",
        ),
        "26 bits, the industry's standard",
    ),
    CardFormat(
        "h10306",
        "PFFFFFFFFFFFFFFFFNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXX.................",
            ".................XXXXXXXXXXXXXXXXO",
        ),
        "34 bits",
    ),
    CardFormat(
        "c1k35s",
        "PPFFFFFFFFFFFFNNNNNNNNNNNNNNNNNNNNP",
        (
            ".EXX.XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.",
            ".XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.XX.O",
            "OXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        ),
        "35 bits, Corporate 1000",
    ),
    CardFormat(
        "h10302",
        "PNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXXXX..................",
            "..................XXXXXXXXXXXXXXXXXXO",
        ),
        "37 bits, number only",
    ),
    CardFormat(
        "h10304",
        "PFFFFFFFFFFFFFFFFNNNNNNNNNNNNNNNNNNNP",
        (
            "EXXXXXXXXXXXXXXXXXX..................",
            "..................XXXXXXXXXXXXXXXXXXO",
        ),
        "37 bits, with a facility code",
    ),
    CardFormat("csn4", "N" * 32, (), "32 bits, a serial number of 4 bytes (ISO 14443)"),
    CardFormat("csn7", "N" * 56, (), "56 bits, a serial number of 7 bytes (ISO 14443)"),
)

ALIASES = {"csn32": "csn4", "csn56": "csn7"}
"""Other names; a length in bits is a name as well, where only one format has it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One parity bit: where it stands, from 0 on the left, and its group, itself included, as bits of a number."""

    position: int
    odd: bool
    group: int


def unguarded(known: CardFormat) -> tuple[int, ...]:
    """The bits, from 0, that no parity bit covers: one of them that is flipped makes another card, or none."""
    texts = known.parity
    return tuple(at for at in range(known.length) if all(text[at] == "." for text in texts))


@lru_cache(maxsize=256)
def checks(known: CardFormat) -> tuple[Check, ...]:
    """A format's parity bits, each after those that it covers. Raises `CycleError` if some cover each other."""
    by_position = {stands_at(text): text for text in known.parity}
    covered = {at: [p for p in by_position if p != at and text[p] == "X"] for at, text in by_position.items()}
    return tuple(
        Check(at, "O" in by_position[at], int("".join("01"[letter != "."] for letter in by_position[at]), 2))
        for at in TopologicalSorter(covered).static_order()
    )


def stands_at(text: str) -> int:
    """Where the parity bit of a text stands, -1 if it has none."""
    return max(text.find("E"), text.find("O"))
