"""Reads image files whole, or says why not: what is in a file is Pillow's to say, what is let in is said here."""

import functools
import io
import mmap
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import PIL.Image
import PIL.WebPImagePlugin  # or the first WebP would have all plugins imported
from numpy.typing import NDArray
from PIL.AvifImagePlugin import SUPPORTED as READS_AVIF
from PIL.JpegImagePlugin import JpegImageFile

from device.errors import ImageError
from device.failures import in_words
from device.jpegs import area_at_full_size, decoded, whole_scans
from device.packages import install_hint
from device.records import Area, Image, Photo, photo_of

T = TypeVar("T")
Turn = Callable[[NDArray[Any]], NDArray[Any]]
AreaOf = Callable[[Area], Image]

SUFFIXES = frozenset({".avif", ".bmp", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png", ".webp"})
MAX_BYTES = 64 * 1024 * 1024
WHOLE_PIXELS = 30_000_000
"""A picture with more is decoded at half its width and height."""
MAX_PIXELS = dict.fromkeys(("PNG", "BMP", "AVIF", "HEIF"), 64_000_000) | {"JPEG": 120_000_000, "WEBP": 30_000_000}
"""By format. While it is decoded, a pixel takes 7 bytes, of HEIC 5, of AVIF 10, of WebP 16."""
_MOST_BYTES = 16 * MAX_PIXELS["WEBP"]

_HINT = "Give an intact JPEG, PNG, WebP, AVIF, HEIC or BMP file."
_SMALLER = "Give a smaller picture."
_AS_JPEG = "Or save the picture as JPEG."
_ORIENTATION = 0x0112
_BAND_ROWS = 256

_FORMATS = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "BMP": re.compile(rb"BM"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "AVIF": re.compile(rb"....ftyp(?:....){0,8}?avi[fs]", re.DOTALL),
    "HEIF": re.compile(rb"....ftyp(?:....){0,8}?(?:he[iv][cxms]|mif1)", re.DOTALL),
}
"""How a file of each of Pillow's formats begins. No decoder sees a file of another one."""
_NOT_READ = {
    "is a GIF picture": rb"GIF8",
    "is a TIFF or a camera's raw picture": rb"II\*\0|MM\0\*|II\+\0|MM\0\+|IIU\0|IIRO|IIRS|FUJIFILMCCD|....ftypcrx",
    "is a JPEG 2000 picture": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "is a JPEG XL picture": rb"\0\0\0\x0cJXL |\xff\x0a",
    "is a Photoshop picture": rb"8BPS",
    "is an icon": rb"\0\0[\x01\x02]\0",
    "is a PDF document": rb"\s*%PDF-",
    "is an SVG drawing": rb"(?:\xef\xbb\xbf)?\s*(?:<[?!][^>]*>\s*)*<svg",
    "is a web page": rb"(?i:(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body))",
    "is a video": rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ",
    "is an archive": rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!",
}
"""What people take for a picture that can be read, and how such a file begins."""
_UPRIGHT: dict[int, Turn] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""What brings a picture of an EXIF orientation upright."""


def read_image(path: Path) -> Image:
    """The picture in a file, RGB uint8 [height, width, 3], turned as its EXIF says. Raises `ImageError`.

    Of an animation it is the first frame. Alpha and color profiles are left out, and of 16 bits the higher 8 count. A
    picture of more than `WHOLE_PIXELS` has half its width and height.
    """
    return read_photo(path).image


def read_photo(path: Path) -> Photo:
    """The same, with access to any area of a large picture at full size. Raises `ImageError`, also for an area."""
    try:
        content = _content(path)
    except MemoryError:
        raise _no_memory(path) from None
    return _read(content, path)


def image_in(content: bytes, name: str, *, most_pixels: int) -> Image:
    """The picture in these bytes, as `read_image` gives it. Raises `ImageError`, of more pixels before it decodes."""
    return _read(content, Path(name), most_pixels).image


def _read(content: bytes, path: Path, most_pixels: int | None = None) -> Photo:
    kind = next((kind for kind, beginning in _FORMATS.items() if beginning.match(content)), None)
    if kind is None:
        raise ImageError(f"{path} {_other_kind(content)}.", hint=_HINT)
    most = min(MAX_PIXELS[kind], most_pixels or MAX_PIXELS[kind])
    return _or_refused(lambda: _photo(content, kind, path, most), kind, path)


def image_files(folder: Path) -> tuple[Path, ...]:
    """The image files directly in a folder, by name. Raises `ImageError` if there are none."""
    try:
        found = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
    except OSError as error:
        raise ImageError(f"Cannot read the folder {folder}: {in_words(error)}.", hint=_HINT) from None
    if not found:
        raise ImageError(f"No image in the folder {folder}.", hint=_HINT)
    return found


def _other_kind(content: bytes) -> str:
    beginning = content[:1000]
    if not content:
        return "is empty"
    named = (what for what, pattern in _NOT_READ.items() if re.match(pattern, beginning, re.DOTALL))
    return next((f"{what}, which cannot be read" for what in named), "is not an image that can be read")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise ImageError(f"Cannot read the image {path}: {in_words(error, quoted=True)}.", hint=_HINT) from None
    if len(content) > MAX_BYTES:
        raise ImageError(f"The image {path} is larger than {MAX_BYTES >> 20} MiB.", hint=_SMALLER)
    return content


def _or_refused(decode: Callable[[], T], kind: str, path: Path) -> T:
    """What `decode` gives. Raises `ImageError`, whatever it raises."""
    _let_pillow_be_quiet()
    try:
        return decode()
    except ImageError:
        raise
    except PIL.Image.DecompressionBombError:
        raise _vast(path, "far too many", MAX_PIXELS[kind]) from None
    except Exception as error:  # hostile bytes raise anything in a decoder
        if isinstance(error, MemoryError) or _is_memory_short():
            raise _no_memory(path) from None
        raise ImageError(f"The image {path} is truncated or damaged.", hint=_HINT) from None


@functools.cache
def _let_pillow_be_quiet() -> None:
    """What Pillow finds odd in a picture that it can read is not reported. For good: to undo it is not thread-safe."""
    warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")


def _no_memory(path: Path) -> ImageError:
    return ImageError(f"There is not enough memory to read the image {path}.", hint=_SMALLER)


def _is_memory_short() -> bool:
    """Whether that may be why a decoder has failed: those in C don't all say so."""
    try:
        mmap.mmap(-1, _MOST_BYTES).close()
    except OSError:
        return True
    return False


def _photo(content: bytes, kind: str, path: Path, most: int) -> Photo:
    """Raises whatever Pillow raises, and `ImageError`."""
    opened = _opened(content, kind, path)
    width, height = opened.size
    if width * height > most:
        raise _vast(path, f"{width} x {height}", most)
    scale = 2 if width * height > WHOLE_PIXELS else 1
    turn = _UPRIGHT[_orientation(opened)]
    if kind == "JPEG":
        pixels, area_of = _jpeg(content, path, scale)
    else:
        area_of = _heif_areas(content, opened) if kind == "HEIF" else _areas(opened)
        pixels = _pixels(area_of, opened.size, scale)
    upright = np.ascontiguousarray(turn(pixels))
    if scale == 1:
        return photo_of(upright)
    return Photo(
        upright,
        scale,
        lambda area: _or_refused(lambda: turn(area_of(_stored(area, (height, width), turn))), kind, path),
    )


def _jpeg(content: bytes, path: Path, scale: int) -> tuple[Image, AreaOf]:
    """A JPEG's pixels at a scale, and what gives an area at full size. Raises `ImageError` if pixels are missing."""
    scans = whole_scans(content, scale=scale)
    if scans is None:
        raise ImageError(f"The image {path} is truncated.", hint=_HINT)
    opened = decoded(scans, scale=scale)
    pixels = _pixels(_areas(opened), opened.size, 1)
    return pixels, functools.partial(area_at_full_size, scans, pixels)


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


def _pixels(area_of: AreaOf, size: tuple[int, int], scale: int) -> Image:
    """At a scale of 1 or 2, band by band: another whole copy would take more memory than a small computer has."""
    width, height = (-(-side // scale) for side in size)
    pixels = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        bottom = min(top + _BAND_ROWS, height)
        band = area_of((0, scale * top, size[0], min(scale * bottom, size[1])))
        pixels[top:bottom] = np.asarray(PIL.Image.fromarray(band).reduce(scale)) if scale > 1 else band
    return pixels


def _areas(opened: PIL.Image.Image) -> AreaOf:
    """What gives the areas of a decoded picture."""
    opened.load()
    opened.info.pop("transparency", None)
    return lambda area: np.asarray(_eight_bits(opened.crop(area)).convert("RGB"))


def _heif_areas(content: bytes, opened: PIL.Image.Image) -> AreaOf:
    """The same without Pillow's copy of the pixels, which is larger than the picture."""
    import pillow_heif

    pixels = np.asarray(pillow_heif.open_heif(io.BytesIO(content)))
    if pixels.shape != (opened.height, opened.width, 3) or pixels.dtype != np.uint8:
        return _areas(opened)
    return lambda area: pixels[area[1] : area[3], area[0] : area[2]]


def _stored(area: Area, shape: tuple[int, int], turn: Turn) -> Area:
    """Where an area of the upright picture lies in the file's, whose (height, width) is `shape`."""
    left, top, right, bottom = area
    every_row, every_column = np.arange(shape[0])[:, np.newaxis], np.arange(shape[1])
    rows, columns = (
        turn(np.broadcast_to(index, shape))[top:bottom, left:right][[0, -1], [0, -1]]
        for index in (every_row, every_column)
    )
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def _eight_bits(band: PIL.Image.Image) -> PIL.Image.Image:
    """Pillow cuts 16 bits of gray off at 255."""
    return PIL.Image.fromarray((np.asarray(band) >> 8).astype(np.uint8)) if band.mode.startswith("I") else band


def _orientation(opened: PIL.Image.Image) -> int:
    """As EXIF has it, 1 to 8; upright if what is there can't be read or makes no sense."""
    found = 1
    with suppress(Exception):
        found = int(opened.getexif().get(_ORIENTATION, 1))
    return found if found in _UPRIGHT else 1
