"""Every kind of picture is read as OpenCV read it, for which the thresholds were set, and right way up."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from PIL.AvifImagePlugin import SUPPORTED as READS_AVIF

from device.errors import ImageError
from tests.device.pictures import PORTRAIT, exif, jpeg_of_size, portrait, read, saved


def as_opencv(content: bytes) -> np.ndarray:
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded[:, :, ::-1]


def deep(picture: PIL.Image.Image) -> bytes:
    """A PNG of 16 bits whose lower bits are no zeros."""
    pixels = np.asarray(picture).astype(np.uint16) * 250 + 7
    return bytes(cv2.imencode(".png", pixels if pixels.ndim == 2 else pixels[:, :, ::-1])[1])


KINDS: dict[str, Callable[[], bytes]] = {
    "the shipped portrait": lambda: PORTRAIT,
    "JPEG of quality 30": lambda: saved(portrait(), "JPEG", quality=30),
    "JPEG without subsampling": lambda: saved(portrait(), "JPEG", subsampling=0),
    "JPEG with odd sides": lambda: saved(portrait((251, 299)), "JPEG"),
    "progressive JPEG": lambda: saved(portrait(), "JPEG", progressive=True),
    "gray JPEG": lambda: saved(portrait().convert("L"), "JPEG"),
    "PNG": lambda: saved(portrait(), "PNG"),
    "palette PNG": lambda: saved(portrait().quantize(64), "PNG"),
    "palette PNG, transparent": lambda: saved(portrait().quantize(64), "PNG", transparency=bytes(range(64))),
    "PNG with a transparent color": lambda: saved(portrait(), "PNG", transparency=(1, 2, 3)),
    "PNG of one bit": lambda: saved(portrait().convert("1"), "PNG"),
    "gray PNG": lambda: saved(portrait().convert("L"), "PNG"),
    "gray PNG with alpha": lambda: saved(portrait().convert("LA"), "PNG"),
    "PNG with alpha": lambda: saved(portrait().convert("RGBA"), "PNG"),
    "gray PNG of 16 bits": lambda: deep(portrait().convert("L")),
    "PNG of 16 bits": lambda: deep(portrait()),
    "BMP": lambda: saved(portrait(), "BMP"),
    "palette BMP": lambda: saved(portrait().quantize(64), "BMP"),
    "BMP with alpha": lambda: saved(portrait().convert("RGBA"), "BMP"),
    "WebP": lambda: saved(portrait(), "WEBP", quality=80),
    "lossless WebP": lambda: saved(portrait(), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pixels_are_those_of_opencv(tmp_path: Path, kind: str) -> None:
    content = KINDS[kind]()
    assert np.array_equal(read(tmp_path, content), as_opencv(content))


@pytest.mark.parametrize("progressive", [True, False])
def test_cmyk_differs_from_opencv_by_one_level(tmp_path: Path, progressive: bool) -> None:
    content = saved(portrait().convert("CMYK"), "JPEG", progressive=progressive)
    assert np.abs(read(tmp_path, content).astype(int) - as_opencv(content)).max() == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_its_first_frame(tmp_path: Path, kind: str) -> None:
    others = [portrait().rotate(90), portrait().rotate(180)]
    content = saved(portrait(), kind, save_all=True, append_images=others, lossless=True)
    assert np.array_equal(read(tmp_path, content), np.asarray(portrait()))


def test_portrait_of_a_camera_with_depth_is_its_first_picture(tmp_path: Path) -> None:
    content = saved(portrait(), "MPO", save_all=True, append_images=[portrait().rotate(90)])
    assert np.array_equal(read(tmp_path, content), as_opencv(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture(tmp_path: Path, kind: str, orientation: int) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    content = saved(portrait(), kind, exif=exif(orientation), **lossless)
    turned = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(content)))
    assert np.array_equal(read(tmp_path, content), np.asarray(turned))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_exif_that_makes_no_sense_turns_nothing(tmp_path: Path, orientation: int) -> None:
    content = saved(portrait(), "PNG", exif=exif(orientation))
    assert np.array_equal(read(tmp_path, content), np.asarray(portrait()))


@pytest.mark.skipif(not READS_AVIF, reason="this Pillow was built without AVIF")
def test_avif_is_read(tmp_path: Path) -> None:
    content = saved(portrait(), "AVIF", quality=90)
    assert np.abs(read(tmp_path, content).astype(int) - np.asarray(portrait())).mean() < 5


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_heic_is_read_right_way_up(tmp_path: Path, orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra heif is not installed")
    pillow_heif.register_heif_opener()
    content = saved(portrait(), "HEIF", quality=90, exif=exif(orientation).tobytes())
    upright = {1: portrait(), 3: portrait().rotate(180), 6: portrait().rotate(270, expand=True)}[orientation]
    assert np.abs(read(tmp_path, content).astype(int) - np.asarray(upright)).mean() < 5


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"hevc\0\0\0\0hevc"])
def test_heic_names_the_package_that_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brands: bytes) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match="is a HEIC picture") as refused:
        read(tmp_path, b"\0\0\0\x18ftyp" + brands + bytes(100))
    assert "[heif]" in refused.value.hint
    assert "JPEG" in refused.value.hint


def test_avif_says_when_pillow_cannot_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.images.READS_AVIF", False)
    with pytest.raises(ImageError, match="is an AVIF picture"):
        read(tmp_path, b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif" + bytes(100))


def test_picture_of_108_megapixels_is_read_at_half_its_size(tmp_path: Path) -> None:
    small = saved(PIL.Image.new("L", (64, 64), 128), "JPEG")
    big = saved(PIL.Image.new("L", (12032, 9024), 128), "JPEG", quality=30)
    assert len(small) < len(big)
    assert read(tmp_path, big).shape == (4512, 6016, 3)


def test_picture_of_24_megapixels_is_read_as_it_is(tmp_path: Path) -> None:
    content = saved(PIL.Image.new("L", (6000, 4000), 128), "JPEG", quality=30)
    assert read(tmp_path, content).shape == (4000, 6000, 3)


def test_jpeg_of_121_megapixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="announces 11000 x 11000 pixels, expected at most 120 million"):
        read(tmp_path, jpeg_of_size(saved(portrait(), "JPEG"), 11000, 11000))


READ_IT = """
import resource, sys
from pathlib import Path
from device.images import read_image
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
try:
    read_image(Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_too_little_memory_is_said_as_such(tmp_path: Path, kind: str) -> None:
    (tmp_path / "picture").write_bytes(saved(PIL.Image.new("RGB", (4500, 4500), "gray"), kind))
    said = subprocess.run(
        [sys.executable, "-c", READ_IT, str(tmp_path / "picture")], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("ImageError There is not enough memory to read the image"), said.stderr


ENROLL = """
import sys
from pathlib import Path
from device.cli.main import cli
from device.commandline import run_command
code = run_command(cli, sys.argv[1:])
status = Path("/proc/self/status").read_text()
print(code, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_pictures_of_50_megapixels_are_enrolled_one_by_one(tmp_path: Path) -> None:
    """Twenty take as much as four, which would take 430 MB if all were kept."""
    (tmp_path / "picture.jpg").write_bytes(saved(portrait((6530, 7653)), "JPEG", quality=60))
    pictures = [str(tmp_path / "picture.jpg")] * 4
    arguments = [
        "--state-dir",
        str(tmp_path / "state"),
        "enroll",
        "17:1001",
        *pictures,
        "--name",
        "Grace",
        "--basis",
        "law",
    ]
    ended = subprocess.run([sys.executable, "-c", ENROLL, *arguments], capture_output=True, text=True, check=True)
    exit_code, peak_mib = map(int, ended.stdout.splitlines()[-1].split())
    assert (exit_code, peak_mib < 350) == (0, True), (peak_mib, ended.stderr)


@pytest.mark.slow(small="test_pictures_of_50_megapixels_are_enrolled_one_by_one")
@pytest.mark.parametrize(("progressive", "most_mib"), [(False, 320), (True, 381)])
def test_small_faces_in_50_megapixels_take_no_more_memory(tmp_path: Path, progressive: bool, most_mib: int) -> None:
    """Searched at half size, and read at full size around the face: 400 MB are 381 MiB."""
    for number, place in enumerate([(7000, 5000), (300, 4000)]):
        picture = PIL.Image.effect_noise((8160, 6120), 30).convert("RGB")
        picture.paste(portrait((220, 258)), place)
        content = saved(picture, "JPEG", quality=60, progressive=progressive)
        (tmp_path / f"{number}.jpg").write_bytes(content)
    pictures = [str(tmp_path / f"{number}.jpg") for number in range(2)]
    arguments = [
        "--state-dir",
        str(tmp_path / "state"),
        "enroll",
        "17:1001",
        *pictures,
        "--name",
        "Grace",
        "--basis",
        "law",
    ]
    ended = subprocess.run([sys.executable, "-c", ENROLL, *arguments], capture_output=True, text=True, check=True)
    exit_code, peak_mib = map(int, ended.stdout.splitlines()[-1].split())
    assert (exit_code, peak_mib < most_mib) == (0, True), (peak_mib, ended.stdout, ended.stderr)
