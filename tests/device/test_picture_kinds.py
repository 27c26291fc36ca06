"""What people give in place of a picture that can be read is named; odd pictures that can be read are read."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from device.errors import ImageError
from device.images import read_image
from tests.device.pictures import portrait, read, read_or_refused, saved


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("picture.jpg", b"picture")
    return content.getvalue()


NAMED: dict[str, tuple[Callable[[], bytes], str]] = {
    "GIF": (lambda: saved(portrait(), "GIF"), "is a GIF picture"),
    "animated GIF": (lambda: saved(portrait(), "GIF", save_all=True, append_images=[portrait()]), "is a GIF picture"),
    "TIFF": (lambda: saved(portrait(), "TIFF"), "is a TIFF or a camera's raw picture"),
    "TIFF of several pages": (
        lambda: saved(portrait(), "TIFF", save_all=True, append_images=[portrait()]),
        "is a TIFF or a camera's raw picture",
    ),
    "big-endian TIFF": (lambda: b"MM\0*\0\0\0\x08" + bytes(100), "is a TIFF or a camera's raw picture"),
    "Canon raw": (lambda: b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "is a TIFF or a camera's raw picture"),
    "Fuji raw": (lambda: b"FUJIFILMCCD-RAW 0201", "is a TIFF or a camera's raw picture"),
    "JPEG 2000": (lambda: saved(portrait(), "JPEG2000"), "is a JPEG 2000 picture"),
    "JPEG 2000 stream": (lambda: saved(portrait(), "JPEG2000", no_jp2=True), "is a JPEG 2000 picture"),
    "JPEG XL": (lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "is a JPEG XL picture"),
    "JPEG XL stream": (lambda: b"\xff\x0a" + bytes(50), "is a JPEG XL picture"),
    "Photoshop": (lambda: b"8BPS\0\x01" + bytes(50), "is a Photoshop picture"),
    "icon": (lambda: saved(portrait(), "ICO"), "is an icon"),
    "PDF": (lambda: saved(portrait(), "PDF"), "is a PDF document"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "SVG with a header": (lambda: b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg/>', "is an SVG drawing"),
    "web page": (lambda: b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
    "video": (lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "is a video"),
    "QuickTime video": (lambda: b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "is a video"),
    "WebM": (lambda: b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "is a video"),
    "ZIP": (zipped, "is an archive"),
    "gzip": (lambda: gzip.compress(b"picture"), "is an archive"),
    "text": (lambda: b"This is no picture.", "is not an image that can be read"),
    "nothing": (lambda: b"", "is empty"),
    "zeros": (lambda: bytes(5000), "is not an image that can be read"),
}


@pytest.mark.parametrize("kind", NAMED)
def test_what_is_not_read_is_named(tmp_path: Path, kind: str) -> None:
    make, said = NAMED[kind]
    refused = read_or_refused(tmp_path, make())
    assert isinstance(refused, str)
    assert said in refused


def test_hint_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as refused:
        read(tmp_path, saved(portrait(), "GIF"))
    assert refused.value.hint == "Give an intact JPEG, PNG, WebP, AVIF, HEIC or BMP file."


def top_down(bmp: bytes) -> bytes:
    """The same with its rows from the top, which a negative height announces."""
    (begin,) = struct.unpack_from("<I", bmp, 10)
    width, height = struct.unpack_from("<ii", bmp, 18)
    row = (width * 3 + 3) // 4 * 4
    rows = [bmp[begin + n * row : begin + (n + 1) * row] for n in range(height)]
    changed = bytearray(bmp[:begin] + b"".join(reversed(rows)))
    struct.pack_into("<i", changed, 22, -height)
    return bytes(changed)


def test_bmp_with_rows_from_the_top_is_right_way_up(tmp_path: Path) -> None:
    assert np.array_equal(read(tmp_path, top_down(saved(portrait(), "BMP"))), np.asarray(portrait()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 31), (255, 3), (641, 479)])
def test_picture_of_any_size_has_it(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    assert read(tmp_path, saved(portrait(size), kind)).shape == (size[1], size[0], 3)


LOSSLESS: dict[str, Callable[[], bytes]] = {
    "optimized PNG": lambda: saved(portrait(), "PNG", optimize=True),
    "PNG with a gamma and a profile": lambda: saved(portrait(), "PNG", icc_profile=b"profile", gamma=0.4),
    "PNG with opaque alpha": lambda: saved(portrait().convert("RGBA"), "PNG"),
    "BMP with alpha": lambda: saved(portrait().convert("RGBA"), "BMP"),
    "lossless WebP with alpha": lambda: saved(portrait().convert("RGBA"), "WEBP", lossless=True),
    "animated WebP": lambda: saved(
        portrait(), "WEBP", lossless=True, save_all=True, append_images=[portrait().rotate(90)]
    ),
    "animated PNG": lambda: saved(portrait(), "PNG", save_all=True, append_images=[portrait().rotate(90)]),
}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_picture_has_the_pixels_that_it_was_made_of(tmp_path: Path, kind: str) -> None:
    assert np.array_equal(read(tmp_path, LOSSLESS[kind]()), np.asarray(portrait()))


@pytest.mark.parametrize("name", ["picture", "picture.txt", "PICTURE.JPG", "picture.png", "müller.jpeg", "a b.gif"])
def test_name_of_a_file_does_not_matter(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(saved(portrait(), "PNG"))
    assert np.array_equal(read_image(tmp_path / name), np.asarray(portrait()))


def test_gray_picture_of_16_bits_keeps_its_brightness(tmp_path: Path) -> None:
    ramp = np.arange(0, 65536, 256, dtype=np.uint16).reshape(16, 16)
    assert read(tmp_path, saved(PIL.Image.fromarray(ramp), "PNG"))[:, :, 0].ravel().tolist() == list(range(256))
