"""Reads image files whole, or says why not."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from device.errors import ImageError
from device.records import Image

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
MAX_BYTES = 64 * 1024 * 1024
MAX_PIXELS = 64_000_000

Size = tuple[int, int]
"""(width, height) in pixels."""

_HINT = "Give an intact JPEG, PNG, BMP or WebP file."
_SMALLER = "Give a smaller picture."
_JPEG_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_image(path: Path) -> Image:
    """The picture in a file, RGB uint8 [height, width, 3], turned as its EXIF says. Raises `ImageError`."""
    content = _content(path)
    width, height = _announced_size(content, path)
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"The image {path} announces {width} x {height} pixels, expected at most {MAX_PIXELS // 10**6} million.",
            hint=_SMALLER,
        )
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise _no_image(path)
    return np.ascontiguousarray(decoded[:, :, ::-1])


def image_files(folder: Path) -> tuple[Path, ...]:
    """The image files directly in a folder, by name. Raises `ImageError` if there are none."""
    try:
        found = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
    except OSError as error:
        raise ImageError(f"Cannot read the folder {folder}: {error.strerror}.", hint=_HINT) from None
    if not found:
        raise ImageError(f"No image in the folder {folder}.", hint=_HINT)
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ImageError(f"Cannot read the image {path}: {getattr(error, 'strerror', error)}.", hint=_HINT) from None
    if len(content) > MAX_BYTES:
        raise ImageError(f"The image {path} is larger than {MAX_BYTES >> 20} MiB.", hint=_SMALLER)
    return content


def _announced_size(content: bytes, path: Path) -> Size:
    """What the file says before anything is decoded. Raises `ImageError` if it is cut off or in another format."""
    for beginning, size_of in _FORMATS:
        if beginning.match(content):
            size = size_of(content)
            if size is None:
                raise ImageError(f"The image {path} is truncated.", hint=_HINT)
            return size
    raise _no_image(path)


def _no_image(path: Path) -> ImageError:
    return ImageError(f"{path} is not an image that can be read.", hint=_HINT)


def _jpeg_size(content: bytes) -> Size | None:
    """From marker to marker up to the end's own, which a thumbnail inside a segment cannot give in its stead.

    Without it, OpenCV before 5.0 fills a truncated picture up with gray and says nothing.
    """
    size, at = (0, 0), 2
    while found := _JPEG_MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        if marker == 0xD9:
            return size
        if marker in _JPEG_SIZES:
            size = int.from_bytes(content[at + 5 : at + 7], "big"), int.from_bytes(content[at + 3 : at + 5], "big")
        at += int.from_bytes(content[at : at + 2], "big")
    return None


def _png_size(content: bytes) -> Size | None:
    """From chunk to chunk up to the one that ends the file."""
    at = 8
    while at + 12 <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        if content[at + 4 : at + 8] == b"IEND":
            return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
        at += 12 + length
    return None


def _bmp_size(content: bytes) -> Size | None:
    if len(content) < max(26, int.from_bytes(content[2:6], "little")):
        return None
    width, height = struct.unpack_from("<HH" if content[14] == 12 else "<ii", content, 18)
    return abs(width), abs(height)


def _webp_size(content: bytes) -> Size | None:
    """Of the three kinds of first chunk: extended, lossless, and lossy."""
    if len(content) < max(30, 8 + int.from_bytes(content[4:8], "little")):
        return None
    if content[12:16] == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(content[26:28], "little") & 0x3FFF, int.from_bytes(content[28:30], "little") & 0x3FFF


_FORMATS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], Size | None]], ...] = (
    (re.compile(rb"\xff\xd8\xff"), _jpeg_size),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png_size),
    (re.compile(rb"BM"), _bmp_size),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _webp_size),
)
"""How a format begins, and the size of the picture in a whole file; None if it is cut off."""
