"""Reads image files whole, or says why not: what is in a file is Pillow's to say, what is let in is said here."""

import io
import mmap
import re
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.WebPImagePlugin  # or the first WebP would have all plugins imported
from numpy.typing import NDArray
from PIL.AvifImagePlugin import SUPPORTED as READS_AVIF
from PIL.JpegImagePlugin import JpegImageFile

from device.errors import ImageError
from device.failures import in_words
from device.packages import install_hint
from device.records import Image

SUFFIXES = frozenset({".avif", ".bmp", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".webp"})
MAX_BYTES = 64 * 1024 * 1024
WHOLE_JPEG_PIXELS = 30_000_000
"""A JPEG with more is decoded at half its width and height."""
MAX_PIXELS = dict.fromkeys(("PNG", "BMP", "AVIF", "HEIF"), 64_000_000) | {"JPEG": 120_000_000, "WEBP": 30_000_000}
"""By format. While it is decoded, a pixel takes 7 bytes, of HEIC 8, of AVIF 10, of WebP 16."""
_MOST_BYTES = 16 * MAX_PIXELS["WEBP"]

_HINT = "Give an intact JPEG, PNG, WebP, AVIF, HEIC or BMP file."
_SMALLER = "Give a smaller picture."
_AS_JPEG = "Or save the picture as JPEG."
_ORIENTATION = 0x0112
_BAND_ROWS = 256
_START_OF_SCAN = 0xDA
_BETWEEN_SCANS = frozenset({0xC4, _START_OF_SCAN, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)})
"""Markers of tables, comments and the next scan: any other one ends the pixels of a JPEG."""
_ALL_MARKERS = frozenset(range(256))
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_END_MARKER = b"\xff\xd9"
_FILLER = b"\xca\x35\x9c" * 100
"""Begins with a one: where pixels are missing, a decoder goes on with zeros."""

_FORMATS = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "BMP": re.compile(rb"BM"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "AVIF": re.compile(rb"....ftyp(?:....){0,8}?avi[fs]", re.DOTALL),
    "HEIF": re.compile(rb"....ftyp(?:....){0,8}?(?:he[iv][cxms]|mif1)", re.DOTALL),
}
"""How a file of each of Pillow's formats begins. No decoder sees a file of another one."""
_UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""What brings a picture of an EXIF orientation upright; 1 is upright."""


def read_image(path: Path) -> Image:
    """The picture in a file, RGB uint8 [height, width, 3], turned as its EXIF says. Raises `ImageError`.

    Of an animation it is the first frame. Alpha and color profiles are left out, and of 16 bits the higher 8 count. A
    JPEG of more than `WHOLE_JPEG_PIXELS` has half its width and height.
    """
    try:
        content = _content(path)
        kind = next((kind for kind, beginning in _FORMATS.items() if beginning.match(content)), None)
        if kind is None:
            raise ImageError(f"{path} is not an image that can be read.", hint=_HINT)
        return _decoded_or_refused(content, kind, path)
    except MemoryError:
        raise ImageError(f"There is not enough memory to read the image {path}.", hint=_SMALLER) from None


def image_files(folder: Path) -> tuple[Path, ...]:
    """The image files directly in a folder, by name. Raises `ImageError` if there are none."""
    try:
        found = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
    except OSError as error:
        raise ImageError(f"Cannot read the folder {folder}: {in_words(error)}.", hint=_HINT) from None
    if not found:
        raise ImageError(f"No image in the folder {folder}.", hint=_HINT)
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ImageError(f"Cannot read the image {path}: {in_words(error, quoted=True)}.", hint=_HINT) from None
    if len(content) > MAX_BYTES:
        raise ImageError(f"The image {path} is larger than {MAX_BYTES >> 20} MiB.", hint=_SMALLER)
    return content


def _decoded_or_refused(content: bytes, kind: str, path: Path) -> Image:
    """Raises `ImageError`, `MemoryError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow finds odd in a picture that it can read
            return _decoded(content, kind, path)
    except (ImageError, MemoryError):
        raise
    except PIL.Image.DecompressionBombError:
        raise _vast(path, "far too many", MAX_PIXELS[kind]) from None
    except Exception:  # hostile bytes raise anything in a decoder
        _need_memory()
        raise ImageError(f"The image {path} is truncated or damaged.", hint=_HINT) from None


def _need_memory() -> None:
    """Raises `MemoryError` if that may be why a decoder has failed: those in C don't all say so."""
    try:
        mmap.mmap(-1, _MOST_BYTES).close()
    except OSError:
        raise MemoryError from None


def _decoded(content: bytes, kind: str, path: Path) -> Image:
    """Raises whatever Pillow raises, and `ImageError`."""
    opened = _opened(content, kind, path)
    width, height = opened.size
    if width * height > MAX_PIXELS[kind]:
        raise _vast(path, f"{width} x {height}", MAX_PIXELS[kind])
    if isinstance(opened, JpegImageFile):
        opened = _whole_jpeg(opened, content, path)
    pixels = _pixels(opened)
    upright = _UPRIGHT.get(_orientation(opened))
    return pixels if upright is None else np.ascontiguousarray(upright(pixels))


def _vast(path: Path, size: str, limit: int) -> ImageError:
    return ImageError(
        f"The image {path} announces {size} pixels, expected at most {limit // 10**6} million.", hint=_SMALLER
    )


def _opened(content: bytes, kind: str, path: Path) -> PIL.Image.Image:
    """The picture with its header read. A JPEG for stereo or depth, which has several pictures, is its first one."""
    if kind == "JPEG":
        return JpegImageFile(io.BytesIO(content))
    if kind == "HEIF" and not _reads_heif():
        hint = f"{install_hint('heif')}. {_AS_JPEG}"
        raise ImageError(f"{path} is a HEIC picture, and the package that reads them is not installed.", hint=hint)
    if kind == "AVIF" and not READS_AVIF:
        raise ImageError(f"{path} is an AVIF picture, and Pillow was built without AVIF.", hint=_AS_JPEG)
    return PIL.Image.open(io.BytesIO(content), formats=(kind,))


def _reads_heif() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def _whole_jpeg(opened: JpegImageFile, content: bytes, path: Path) -> JpegImageFile:
    """The picture without what may follow it. Raises `ImageError` if pixels are missing.

    Where they are, a decoder makes some up in silence if an end marker follows. Then more bytes before that marker
    change the picture, while those after the last pixel change nothing. In a progressive one they may change the
    finest details alone.
    """
    coded = content[: _end_of_scans(content, opened)]
    width, height = opened.size
    scale = 2 if width * height > WHOLE_JPEG_PIXELS else 1
    checked_at = scale if _is_progressive(opened) else 2
    if _fingerprint(coded, checked_at) != _fingerprint(coded + _FILLER, checked_at):
        raise ImageError(f"The image {path} is truncated.", hint=_HINT)
    return _jpeg(coded, scale)


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


def _jpeg(coded: bytes, scale: int) -> JpegImageFile:
    opened = JpegImageFile(io.BytesIO(coded + _END_MARKER))
    width, height = opened.size
    opened.draft(opened.mode, (max(1, width // scale), max(1, height // scale)))
    opened.load()
    return opened


def _fingerprint(coded: bytes, scale: int) -> int:
    return zlib.crc32(_jpeg(coded, scale).tobytes())


def _pixels(opened: PIL.Image.Image) -> Image:
    """Band by band: another whole copy would take more memory than a small computer has."""
    opened.load()
    opened.info.pop("transparency", None)
    width, height = opened.size
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = opened.crop((0, top, width, min(top + _BAND_ROWS, height)))
        pixels[top : top + _BAND_ROWS] = np.asarray(_eight_bits(band).convert("RGB"))
    return pixels


def _eight_bits(band: PIL.Image.Image) -> PIL.Image.Image:
    """Pillow cuts 16 bits of gray off at 255."""
    return PIL.Image.fromarray((np.asarray(band) >> 8).astype(np.uint8)) if band.mode.startswith("I") else band


def _orientation(opened: PIL.Image.Image) -> int:
    """As EXIF has it; upright if what is there can't be read."""
    with suppress(Exception):
        return int(opened.getexif().get(_ORIENTATION, 1))
    return 1
