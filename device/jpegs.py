"""Decodes JPEGs for `images`: what is whole, at half size, and an area at full size without the rest's colors."""

import io
import re
import zlib

import numpy as np
import PIL.Image
from PIL.JpegImagePlugin import JpegImageFile

from device.records import Area, Image

_START_OF_SCAN = 0xDA
_BETWEEN_SCANS = frozenset({0xC4, _START_OF_SCAN, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""Markers of tables, comments and the next scan: any other one ends the pixels of a JPEG."""
_ALL_MARKERS = frozenset(range(256))
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_BAND_ROWS = 256
_END_MARKER = b"\xff\xd9"
_FILLER = b"\xca\x35\x9c" * 100
"""Begins with a one: where pixels are missing, a decoder goes on with zeros."""


def whole_scans(content: bytes, *, scale: int) -> bytes | None:
    """A JPEG without what may follow its pixels, to be decoded at a `scale` of 1 or 2; None if pixels are missing.

    Where they are, a decoder makes some up in silence if an end marker follows. Then more bytes before that marker
    change the picture, while those after the last pixel change nothing. In a progressive one they may change the
    finest details alone.
    """
    opened = JpegImageFile(io.BytesIO(content))
    scans = memoryview(content)[: _end_of_scans(content, opened)]  # not a copy more than is decoded: they are large
    checked_at = scale if _is_progressive(opened) else 2
    is_whole = _fingerprint(scans, b"", checked_at) == _fingerprint(scans, _FILLER, checked_at)
    return b"".join((scans, _END_MARKER)) if is_whole else None


def decoded(scans: bytes, *, scale: int, mode: str = "") -> JpegImageFile:
    """The picture at a scale, in its own mode or in "L", its brightness alone, which takes a quarter of the memory."""
    opened = JpegImageFile(io.BytesIO(scans))
    width, height = opened.size
    opened.draft(mode or opened.mode, (max(1, width // scale), max(1, height // scale)))
    opened.load()
    return opened


def area_at_full_size(scans: bytes, half: Image, area: Area) -> Image:
    """An area of a picture, RGB uint8: its brightness at full size, its colors from the picture at half size.

    108 megapixels take 108 MB so, in place of 432. Phones store colors at half size, and nothing is lost of those.
    """
    left, top, right, bottom = area
    bright = decoded(scans, scale=1, mode="L")
    if bright.mode != "L":
        return np.asarray(bright.crop(area).convert("RGB"))
    colors = PIL.Image.fromarray(half[top // 2 : (bottom + 1) // 2, left // 2 : (right + 1) // 2]).convert("YCbCr")
    twice = colors.resize((2 * colors.width, 2 * colors.height), PIL.Image.Resampling.BILINEAR)
    at = (left % 2, top % 2)
    _, blue, red = twice.crop((*at, at[0] + right - left, at[1] + bottom - top)).split()
    return np.asarray(PIL.Image.merge("YCbCr", (bright.crop(area), blue, red)).convert("RGB"))


def _end_of_scans(content: bytes, opened: JpegImageFile) -> int:
    """Where the coded pixels end: at the end marker, or, if that is missing, where something else begins."""
    at, ends_scans = 2, frozenset[int]()
    while found := _MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        if marker in ends_scans:
            return found.start()
        if marker == _START_OF_SCAN:
            has_all = content[at + 2] == opened.layers and not _is_progressive(opened)
            ends_scans = _ALL_MARKERS if has_all else _ALL_MARKERS - _BETWEEN_SCANS
        at += int.from_bytes(content[at : at + 2], "big")
    return len(content.rstrip(b"\xff"))


def _is_progressive(opened: JpegImageFile) -> bool:
    return "progressive" in opened.info


def _fingerprint(scans: memoryview, tail: bytes, scale: int) -> int:
    picture, found = decoded(b"".join((scans, tail, _END_MARKER)), scale=scale), 0
    for top in range(0, picture.height, _BAND_ROWS):
        band = picture.crop((0, top, picture.width, min(top + _BAND_ROWS, picture.height)))
        found = zlib.crc32(band.tobytes(), found)
    return found
