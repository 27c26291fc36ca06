"""What Unicode says of letters: how wide they are on a terminal, and which way they are read."""

import re
import unicodedata
from collections.abc import Iterator

ISOLATE, END_ISOLATE = "\u2068", "\u2069"
"""FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode Standard Annex 9)."""

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_TONES = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)
_ISOLATES = re.compile("[\u2066-\u2069]")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_LEFT_TO_RIGHT = frozenset({"L", "EN"})


def width(text: str) -> int:
    """Columns that text takes on a terminal: two for a wide letter, none for a mark, two for a family of emoji."""
    return len(text) if text.isascii() else sum(_widths(text))


def _widths(text: str) -> Iterator[int]:
    """Of each letter, given the one before it: an emoji of several letters has the width of its first."""
    before, columns, is_half_a_flag = "", 0, False
    for letter in text:
        is_flag = ord(letter) in _FLAGS
        if _is_joined(before, letter) or (is_flag and is_half_a_flag):
            columns = 0
        elif letter == _EMOJI_STYLE:
            columns = 1 if columns == 1 else 0
        else:
            columns = 2 if is_flag else _width_of(letter)
        is_half_a_flag = is_flag and not is_half_a_flag
        before = letter
        yield columns


def _is_joined(before: str, letter: str) -> bool:
    """Whether an emoji is a part of the one before it."""
    is_emoji = unicodedata.category(letter) in ("So", "Sk") or letter in "\u2640\u2642"
    return is_emoji and (before == _JOINER or (ord(letter) in _TONES and before != "" and _width_of(before) == 2))


def _width_of(letter: str) -> int:
    if letter != "\xad" and unicodedata.category(letter) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    if 0x1160 <= ord(letter) <= 0x11FF:  # Hangul vowels and finals stand within the syllable before them
        return 0
    return 2 if unicodedata.east_asian_width(letter) in ("W", "F") else 1


def isolated(line: str) -> str:
    """A line of text in which each run that is read from right to left is kept apart from what stands around it.

    Without, a terminal puts the badge's number and the state behind a Hebrew or Arabic name on its other side. Isolates
    that are in the line already are replaced.
    """
    line = _ISOLATES.sub("", line)
    if line.isascii():
        return line
    ways = [unicodedata.bidirectional(letter) for letter in line]
    runs = list(_runs(ways))
    for start, end in reversed(runs):
        line = f"{line[:start]}{ISOLATE}{line[start:end]}{END_ISOLATE}{line[end:]}"
    return line


def _runs(ways: list[str]) -> Iterator[tuple[int, int]]:
    """From the first letter of a run that is read from right to left to behind its last one, with its marks."""
    start, end = None, 0
    for place, way in enumerate(ways):
        if way in _RIGHT_TO_LEFT:
            start, end = (place if start is None else start), place + 1
        elif start is not None and way in ("NSM", "BN") and end == place:
            end = place + 1
        elif start is not None and way in _LEFT_TO_RIGHT:
            yield start, end
            start = None
    if start is not None:
        yield start, end
