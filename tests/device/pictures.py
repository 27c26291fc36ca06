"""Pictures as files, made for tests: by Pillow, and by hand where an encoder writes nothing wrong."""

import io
import struct
from pathlib import Path
from typing import Any

import PIL.Image

from device.errors import ImageError
from device.images import read_image
from device.records import Image
from device.vision.models import shipped_models_dir

PORTRAIT = (shipped_models_dir() / "portraits" / "grace-hopper.jpg").read_bytes()
END_MARKER = b"\xff\xd9"


def portrait(size: tuple[int, int] = (256, 300)) -> PIL.Image.Image:
    """Grace Hopper, small."""
    return PIL.Image.open(io.BytesIO(PORTRAIT)).convert("RGB").resize(size)


def saved(picture: PIL.Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of one of Pillow's formats."""
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def exif(orientation: int) -> PIL.Image.Exif:
    """EXIF with nothing but the tag 0x0112."""
    made = PIL.Image.Exif()
    made[0x0112] = orientation
    return made


def read(folder: Path, content: bytes) -> Image:
    """What is read from a file of that content. Raises `ImageError`."""
    path = folder / "picture"
    path.write_bytes(content)
    return read_image(path)


def read_or_refused(folder: Path, content: bytes) -> Image | str:
    """The picture, or why it is refused."""
    try:
        return read(folder, content)
    except ImageError as error:
        return error.message


def jpeg_of_size(content: bytes, width: int, height: int) -> bytes:
    """A baseline JPEG that announces another size."""
    changed = bytearray(content)
    struct.pack_into(">HH", changed, content.index(b"\xff\xc0") + 5, height, width)
    return bytes(changed)
