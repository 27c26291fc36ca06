"""An area of a large picture at full size is what the whole picture has there, in whatever file and however turned."""

import io
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ImageError
from device.images import read_photo
from device.records import Photo, photo_of
from tests.device.pictures import exif, portrait, saved

SIZE = (401, 303)
GRAY = np.asarray(portrait(SIZE).convert("L"))
KINDS = {
    "JPEG": saved(portrait(SIZE), "JPEG", quality=95),
    "progressive JPEG": saved(portrait(SIZE), "JPEG", quality=95, progressive=True),
    "JPEG with all colors": saved(portrait(SIZE), "JPEG", quality=95, subsampling=0),
    "gray JPEG": saved(portrait(SIZE).convert("L"), "JPEG", quality=95),
    "CMYK JPEG": saved(portrait(SIZE).convert("CMYK"), "JPEG", quality=95),
    "RGB JPEG": saved(portrait(SIZE), "JPEG", quality=95, keep_rgb=True),
    "PNG": saved(portrait(SIZE), "PNG"),
    "palette PNG": saved(portrait(SIZE).quantize(64), "PNG"),
    "PNG with alpha": saved(portrait(SIZE).convert("RGBA"), "PNG"),
    "gray PNG of 16 bits": saved(
        PIL.Image.fromarray(np.asarray(portrait(SIZE).convert("L")).astype(np.uint16) * 256), "PNG"
    ),
    "BMP": saved(portrait(SIZE), "BMP"),
}


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a picture of 401 x 303 were a large one."""
    monkeypatch.setattr("device.images.WHOLE_PIXELS", 100_000)


def photo(folder: Path, content: bytes) -> Photo:
    (folder / "picture").write_bytes(content)
    return read_photo(folder / "picture")


def upright(content: bytes) -> np.ndarray:
    """The whole picture as Pillow alone reads it."""
    opened = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(content)))
    if opened.mode.startswith("I"):
        return np.asarray(PIL.Image.fromarray((np.asarray(opened) >> 8).astype(np.uint8)).convert("RGB")).astype(int)
    return np.asarray(opened.convert("RGB")).astype(int)


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", KINDS)
def test_picture_is_held_at_half_size(tmp_path: Path, kind: str) -> None:
    large = photo(tmp_path, KINDS[kind])
    assert (large.shrunk, large.image.shape) == (2, (152, 201, 3))


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("area", [(0, 0, 401, 303), (101, 50, 200, 181), (37, 0, 38, 303), (400, 302, 402, 304)])
def test_area_is_that_of_the_whole_picture(tmp_path: Path, kind: str, area: tuple[int, int, int, int]) -> None:
    found = photo(tmp_path, KINDS[kind]).area(area).astype(int)
    whole = upright(KINDS[kind])[area[1] : area[3], area[0] : area[2]]
    assert found.shape == whole.shape
    assert np.abs(found - whole).mean() < 4


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", ["PNG", "palette PNG", "PNG with alpha", "gray PNG of 16 bits", "BMP", "gray JPEG"])
def test_area_of_a_picture_without_coarse_colors_is_exact(tmp_path: Path, kind: str) -> None:
    found = photo(tmp_path, KINDS[kind]).area((101, 50, 200, 181))
    assert np.array_equal(found, upright(KINDS[kind])[50:181, 101:200])


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_area_is_turned_as_the_picture_is(tmp_path: Path, kind: str, orientation: int) -> None:
    content = saved(portrait(SIZE), kind, exif=exif(orientation), **({"quality": 95} if kind == "JPEG" else {}))
    found = photo(tmp_path, content).area((33, 41, 150, 121)).astype(int)
    assert np.abs(found - upright(content)[41:121, 33:150]).mean() < 2


@pytest.mark.usefixtures("small_memory")
@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_at_half_size_is_turned_as_well(tmp_path: Path, orientation: int) -> None:
    content = saved(portrait((400, 300)), "PNG", exif=exif(orientation))
    half = PIL.Image.fromarray(upright(content).astype(np.uint8)).reduce(2)
    assert np.abs(photo(tmp_path, content).image.astype(int) - np.asarray(half)).max() <= 1


@settings(max_examples=60)
@given(left=st.integers(0, 500), top=st.integers(0, 400), width=st.integers(1, 500), height=st.integers(1, 400))
def test_area_of_a_small_picture_is_a_part_of_it(left: int, top: int, width: int, height: int) -> None:
    whole = np.asarray(portrait(SIZE))
    found = photo_of(whole).area((left, top, left + width, top + height))
    assert np.array_equal(found, whole[top : top + height, left : left + width])


ODD = """
import sys
from pathlib import Path
from device.images import read_image
print(read_image(Path(sys.argv[1])).shape)
"""


def test_what_pillow_finds_odd_is_no_reason_to_refuse(tmp_path: Path) -> None:
    """EXIF that is cut off makes Pillow warn, here as an error."""
    cut = exif(6).tobytes()[:-3]
    (tmp_path / "picture").write_bytes(saved(portrait(), "JPEG", exif=cut))
    command = [sys.executable, "-W", "error", "-c", ODD, str(tmp_path / "picture")]
    read = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (read.stdout, read.stderr) in {("(300, 256, 3)\n", ""), ("(256, 300, 3)\n", "")}


def test_pictures_read_at_once_leave_the_filters_of_warnings_alone(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(saved(portrait(), "JPEG"))
    read_photo(tmp_path / "picture")
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [read_photo(tmp_path / "picture") for _ in range(5)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


@pytest.mark.usefixtures("small_memory")
def test_too_little_memory_for_an_area_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("device.images.area_at_full_size", fail)
    large = photo(tmp_path, KINDS["JPEG"])
    with pytest.raises(ImageError, match="not enough memory to read the image"):
        large.area((0, 0, 10, 10))
