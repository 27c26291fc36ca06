"""How long a clip's file has to be by its own structure, for `files`: what is cut off is said, what is trimmed isn't.

Counts of frames can't say it: a trimmed clip has more than it shows, and one of variable frame rate has no count.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_CHUNK = 1 << 20
_FILLERS = (b"free", b"skip", b"wide")
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"styp", b"pnot", *_FILLERS)
_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many bytes a file has by its structure, and how many are there."""

    whole: int
    there: int


def extent(path: Path) -> Extent | None:
    """Of an MP4, QuickTime, Matroska, WebM or AVI file; None where the structure doesn't say it. Raises `OSError`."""
    with path.open("rb") as file:
        beginning, there = file.read(12), _length(file)
        if beginning[4:8] in _FIRST_BOXES:
            return _extent_of_boxes(file)
        whole = None
        if beginning[:4] == b"RIFF":
            whole = max((at + 8 + size for at, size in _riffs(file)), default=None)
        if beginning[:4] == _EBML:
            whole = _end_of_segment(file)
        return None if whole is None else Extent(whole, min(whole, there))


def _extent_of_boxes(file: BinaryIO) -> Extent | None:
    """Of ISO 14496-12: boxes one after the other. One of size 0 reaches to the end of the file, wherever that is.

    A film that ends in zeros is a download that was begun at full size and not finished.
    """
    end = film_end = 0
    for kind, at, size in _boxes(file):
        if size == 0:
            return None
        end, film_end = at + size, at + size if kind == b"mdat" else film_end
    if not end:
        return None
    return Extent(end, min(end, _length(file)) - _zeros_before(file, film_end))


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and size of each box, until one is not all there, that included."""
    at, length = 0, _length(file)
    while at + 8 <= length:
        file.seek(at)
        header = file.read(16)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:], "big")
        yield kind, at, size
        if size < 8:
            return
        at += size


def _zeros_before(file: BinaryIO, end: int) -> int:
    """How many zeros stand in a row before a place."""
    end = min(end, _length(file))
    at = end
    while at > 0:
        begin = max(0, at - _CHUNK)
        file.seek(begin)
        zeros_from = len(file.read(at - begin).rstrip(b"\0"))
        at = begin + zeros_from
        if zeros_from:
            break
    return end - at


def _riffs(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Place and size of each RIFF of an AVI; one of more than 1 GB has several. Without a size it was not closed."""
    at, length = 0, _length(file)
    while at + 8 <= length:
        file.seek(at)
        kind, size = file.read(4), int.from_bytes(file.read(4), "little")
        if kind != b"RIFF" or size in {0, 0xFFFFFFFF}:
            return
        yield at, size
        at += 8 + size


def _end_of_segment(file: BinaryIO) -> int | None:
    """Of RFC 8794: a header, and one segment. A size of nothing but ones is not known: it was written as a stream."""
    file.seek(4)
    header_end = _number(file)
    if header_end is None:
        return None
    file.seek(header_end + file.tell())
    if file.read(4) != _SEGMENT:
        return None
    size = _number(file)
    return None if size is None else file.tell() + size


def _number(file: BinaryIO) -> int | None:
    """A number of 1 to 8 bytes; the zeros that it begins with say how many follow."""
    first = file.read(1)[:1]
    if not first or first == b"\0":
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(first + file.read(more), "big")
    unknown = (1 << 7 * (more + 1)) - 1
    value &= unknown
    return None if value == unknown else value


def _length(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
