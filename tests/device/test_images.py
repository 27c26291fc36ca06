"""Reading images: whole pictures in RGB, right way up, or an `ImageError` that says why not."""

import os
import struct
import threading
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from device.errors import ImageError
from device.images import image_files, read_image
from device.records import Image
from device.vision.models import shipped_models_dir
from tests.there import there

MAX_BYTES = 64 * 1024 * 1024

PORTRAIT = (shipped_models_dir() / "portraits" / "grace-hopper.jpg").read_bytes()
COLORS = {"R": (255, 0, 0), "G": (0, 255, 0), "B": (0, 0, 255), "W": (255, 255, 255)}
FORMATS = (".bmp", ".jpg", ".png", ".webp")


def quarters(height: int = 48, width: int = 64) -> Image:
    """Red, green, blue and white, row by row."""
    tiles = [[COLORS["R"], COLORS["G"]], [COLORS["B"], COLORS["W"]]]
    return np.asarray(np.kron(np.array(tiles, np.uint8), np.ones((height // 2, width // 2, 1), np.uint8)), np.uint8)


def corner_colors(image: Image) -> str:
    """The colors of the four corners, row by row."""
    letters = {tuple(channel > 128 for channel in color): letter for letter, color in COLORS.items()}
    return "".join(letters[tuple(image[y, x] > 128)] for y in (4, -5) for x in (4, -5))


def encoded(suffix: str, pixels: np.ndarray) -> bytes:
    """`pixels` gray, BGR or BGRA."""
    return cv2.imencode(suffix, pixels)[1].tobytes()


QUARTERS = {suffix: encoded(suffix, quarters()[:, :, ::-1]) for suffix in FORMATS}
CUT_UP = {".jpg": PORTRAIT, **{suffix: QUARTERS[suffix] for suffix in (".bmp", ".png", ".webp")}}


def png_of_size(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1 << 20))), (b"IEND", b""))
    sealed = ((kind + data, len(data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body)) for body, length in sealed
    )


def bmp_of_size(width: int, height: int) -> bytes:
    content = bytearray(QUARTERS[".bmp"])
    struct.pack_into("<ii", content, 18, width, height)
    return bytes(content)


def jpeg_of_size(width: int, height: int) -> bytes:
    content = bytearray(QUARTERS[".jpg"])
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    return bytes(content)


def webp_of_size(width: int, height: int) -> bytes:
    canvas = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"WEBPVP8X" + struct.pack("<I", len(canvas)) + canvas
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def with_exif(jpeg: bytes, content: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 8) + b"Exif\0\0" + content + jpeg[2:]


def orientation(number: int) -> bytes:
    """EXIF with nothing but the tag 0x0112."""
    return b"II" + struct.pack("<HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, number, 0, 0)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to be written over by each example."""
    return tmp_path_factory.mktemp("images") / "picture"


@pytest.mark.parametrize("suffix", FORMATS)
def test_picture_is_rgb(picture: Path, suffix: str) -> None:
    picture.write_bytes(QUARTERS[suffix])
    assert corner_colors(read_image(picture)) == "RGBW"


@pytest.mark.parametrize("suffix", FORMATS)
def test_picture_has_its_shape(picture: Path, suffix: str) -> None:
    picture.write_bytes(QUARTERS[suffix])
    assert read_image(picture).shape == (48, 64, 3)


def test_picture_is_contiguous_bytes(picture: Path) -> None:
    picture.write_bytes(PORTRAIT)
    image = read_image(picture)
    assert (image.dtype, image.flags.c_contiguous) == (np.dtype(np.uint8), True)


@pytest.mark.parametrize(
    ("number", "colors"),
    [(1, "RGBW"), (2, "GRWB"), (3, "WBGR"), (4, "BWRG"), (5, "RBGW"), (6, "BRWG"), (7, "WGBR"), (8, "GWRB")],
)
def test_picture_is_turned_as_its_exif_says(picture: Path, number: int, colors: str) -> None:
    picture.write_bytes(with_exif(QUARTERS[".jpg"], orientation(number)))
    assert corner_colors(read_image(picture)) == colors


def test_gray_picture_gets_three_equal_channels(picture: Path) -> None:
    picture.write_bytes(encoded(".png", np.full((8, 8), 77, np.uint8)))
    assert np.unique(read_image(picture)).tolist() == [77]


def test_alpha_is_left_out(picture: Path) -> None:
    picture.write_bytes(encoded(".png", np.full((8, 8, 4), (30, 20, 10, 0), np.uint8)))
    assert read_image(picture)[0, 0].tolist() == [10, 20, 30]


def test_sixteen_bits_become_eight(picture: Path) -> None:
    picture.write_bytes(encoded(".png", np.full((8, 8, 3), 0x4D4D, np.uint16)))
    assert np.unique(read_image(picture)).tolist() == [0x4D]


def test_what_a_phone_appends_to_a_picture_does_not_matter(picture: Path) -> None:
    picture.write_bytes(PORTRAIT + b"ftypmp42" + bytes(10_000))
    assert read_image(picture).shape == (600, 512, 3)


def test_picture_comes_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(PORTRAIT,))
    writer.start()
    image = read_image(pipe)
    writer.join()
    assert image.shape == (600, 512, 3)


def read_or_refused(picture: Path, content: bytes) -> Image | None:
    picture.write_bytes(content)
    try:
        return read_image(picture)
    except ImageError:
        return None


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
@example(share=0.0)
@example(share=0.5)
@example(share=1 - 1e-9)
def test_picture_cut_off_anywhere_is_refused_or_whole(picture: Path, suffix: str, share: float) -> None:
    whole = CUT_UP[suffix]
    image = read_or_refused(picture, whole[: int(share * len(whole))])
    assert image is None or np.array_equal(image, there(read_or_refused(picture, whole)))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("missing", [1, 2, 4, 8, 12, 100])
def test_picture_without_its_last_bytes_is_refused_or_whole(picture: Path, suffix: str, missing: int) -> None:
    whole = CUT_UP[suffix]
    image = read_or_refused(picture, whole[:-missing])
    assert image is None or np.array_equal(image, there(read_or_refused(picture, whole)))


def test_end_of_a_thumbnail_is_not_the_end_of_the_picture(picture: Path) -> None:
    content = with_exif(PORTRAIT, QUARTERS[".jpg"])
    picture.write_bytes(content[: len(content) - len(PORTRAIT) + 3000])
    with pytest.raises(ImageError, match="truncated"):
        read_image(picture)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([b"", *(content[:40] for content in CUT_UP.values())]))
def test_garbage_is_a_picture_or_refused(picture: Path, content: bytes, beginning: bytes) -> None:
    image = read_or_refused(picture, beginning + content)
    assert image is None or image.ndim == 3


@settings(max_examples=60)
@given(st.integers(2, len(PORTRAIT) - 1), st.integers(0, 255))
def test_altered_picture_is_a_picture_or_refused(picture: Path, at: int, value: int) -> None:
    image = read_or_refused(picture, PORTRAIT[:at] + bytes([value]) + PORTRAIT[at + 1 :])
    assert image is None or image.ndim == 3


@pytest.mark.parametrize(
    "content",
    [
        png_of_size(9000, 9000),
        png_of_size(2**31 - 1, 2**31 - 1),
        bmp_of_size(9000, 9000),
        bmp_of_size(9000, -9000),
        bmp_of_size(-(2**31), -(2**31)),
        jpeg_of_size(65500, 65500),
        webp_of_size(16383, 16383),
    ],
    ids=["PNG", "vast PNG", "BMP", "BMP upside down", "vast BMP", "JPEG", "WebP"],
)
def test_huge_picture_is_refused_before_it_is_decoded(picture: Path, content: bytes) -> None:
    picture.write_bytes(content)
    with pytest.raises(ImageError, match=r"announces .* pixels, expected at most (120|64|30) million"):
        read_image(picture)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello", "is not an image"),
        (b"GIF89a" + bytes(100), "is a GIF picture, which cannot be read"),
        (encoded(".tiff", quarters()), "is a TIFF or a camera's raw picture, which cannot be read"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\xff\xd8\xff\xd9", "is not an image|truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (b"BM", "truncated"),
        (b"RIFF\xff\xff\xff\xffWEBP", "truncated"),
        (b"RIFF\x04\x00\x00\x00WAVE", "is not an image"),
    ],
)
def test_what_is_no_picture_is_refused(picture: Path, content: bytes, said: str) -> None:
    picture.write_bytes(content)
    with pytest.raises(ImageError, match=said):
        read_image(picture)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        read_image(tmp_path / "none.jpg")


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Is a directory"):
        read_image(tmp_path)


def test_path_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(ImageError, match="null byte"):
        read_image(Path("a\0b.jpg"))


def test_endless_file_is_refused() -> None:
    with pytest.raises(ImageError, match=f"larger than {MAX_BYTES >> 20} MiB"):
        read_image(Path("/dev/zero"))


def test_images_of_a_folder_come_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in image_files(tmp_path)] == ["a.jpg", "b.PNG"]


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No image in the folder"):
        image_files(tmp_path)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        image_files(tmp_path / "none")
