"""What a verification of the audit finds, in words that name the rows."""

from dataclasses import dataclass
from enum import StrEnum

MOST = 1000
"""Findings that are kept; more are only counted."""


class Flaw(StrEnum):
    """What is wrong with rows."""

    CHANGED = "changed"
    EXCHANGED = "exchanged"
    MISSING = "missing"
    ADDED = "added"
    CUT_OFF = "cut-off"
    REWRITTEN = "rewritten"
    """Changed and chained again, which takes no key; a signature says that it was otherwise."""
    EMPTIED = "emptied"
    """Badge, person and text removed without the door's key."""
    UNSIGNED = "unsigned"
    """The signature of the head, of a checkpoint or a cut is missing, or of another key."""
    NOTED = "noted"
    """Lintel itself has found at that time that the audit was not as it had left it, and wrote that row."""
    ROLLED_BACK = "rolled-back"
    """The witness beside the keys knows rows that are not there, or were others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the rows from `first` to `last`, in a sentence."""

    flaw: Flaw
    first: int
    last: int
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification came to: how many rows it read, of which some are erased, and where they begin and end."""

    rows: int
    erased: int
    first: int
    last: int
    checkpoints: int
    """How many signed checkpoints, cuts among them, agree with their rows."""
    findings: tuple[Finding, ...] = ()
    more: int = 0
    """Findings that were only counted."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def rows_words(first: int, last: int) -> str:
    """The rows from a number to another."""
    return f"row {first}" if first == last else f"rows {first} to {last}"
