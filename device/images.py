"""Reads image files whole, or says why not."""

from pathlib import Path

import cv2
import numpy as np

from device.errors import ImageError
from device.records import Image

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
MAX_BYTES = 64 * 1024 * 1024

_HINT = "Give an intact JPEG, PNG, BMP or WebP file."
_TAIL = 4096
_ENDINGS = ((b"\xff\xd8\xff", b"\xff\xd9"), (b"\x89PNG", b"IEND"))
"""How a format begins, and what must stand near its end: OpenCV fills up a truncated picture with gray without a
word.
"""


def read_image(path: Path) -> Image:
    """The picture in a file, RGB uint8 [height, width, 3], turned as its EXIF says. Raises `ImageError`."""
    content = _content(path)
    for beginning, ending in _ENDINGS:
        if content.startswith(beginning) and ending not in content[-_TAIL:]:
            raise ImageError(f"The image {path} is truncated.", hint=_HINT)
    try:
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error:
        decoded = None
    if decoded is None:
        raise ImageError(f"{path} is not an image that can be read.", hint=_HINT)
    return np.ascontiguousarray(decoded[:, :, ::-1])


def image_files(folder: Path) -> tuple[Path, ...]:
    """The image files directly in a folder, by name. Raises `ImageError` if there are none."""
    found = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
    if not found:
        raise ImageError(f"No image in the folder {folder}.", hint=_HINT)
    return found


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"The image {path} is larger than {MAX_BYTES >> 20} MiB.", hint="Give a smaller picture.")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"Cannot read the image {path}: {error.strerror}.", hint=_HINT) from None
