"""Gives the reader of pictures hostile files, made from a seed, and says how it went.

    .venv/bin/python scripts/fuzz_pictures.py --inputs 10000 --seed 1

A picture of each format is mutated: bytes changed, cut out, repeated, sizes raised. Each file has to be a picture or an
`ImageError`. A crash of a decoder ends the script with the bytes of the last file in `--keep`.
"""

import argparse
import faulthandler
import io
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import PIL.Image

from device.errors import ImageError
from device.images import read_image

SIZE = (96, 128)
SPLICES = (
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff" * 4,
    bytes(8),
    b"\x7f\xff\xff\xff",
    b"\xff\xc0\0\x11\x08\xff\0\xff\0\x03",
)
MOST_MIB = 900
"""Peak of the process: the largest WebP that is let in takes 480 MB, and the allocator keeps some of it."""
SLOWEST_S = 10.0


def main() -> int:
    """Runs what the command line asks for; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Give the reader of pictures hostile files.")
    parser.add_argument("--inputs", type=int, default=10_000, help="10,000 by default")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same files, 1 by default")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "lintel-fuzzed-picture")
    arguments = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("error")
    chance, outcomes, slowest = random.Random(arguments.seed), Counter[str](), 0.0  # noqa: S311 - nothing secret
    whole = pictures()
    for _ in range(arguments.inputs):
        kind = chance.choice(sorted(whole))
        arguments.keep.write_bytes(mutated(whole[kind], chance))
        began = time.perf_counter()
        outcomes[outcome(arguments.keep)] += 1
        slowest = max(slowest, time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{arguments.inputs:,} files, {dict(outcomes)}, {slowest:.2f} s slowest, {peak} MiB peak")
    return 0 if peak <= MOST_MIB and slowest <= SLOWEST_S else 1


def pictures() -> dict[str, bytes]:
    """A small file of each kind that is read."""
    noise = PIL.Image.effect_noise(SIZE, 60)
    color = PIL.Image.merge("RGB", [noise, noise.rotate(90).resize(SIZE), PIL.Image.new("L", SIZE, 99)])
    made = {
        "JPEG": _saved(color, "JPEG"),
        "progressive": _saved(color, "JPEG", progressive=True),
        "CMYK": _saved(color.convert("CMYK"), "JPEG"),
        "PNG": _saved(color, "PNG"),
        "palette": _saved(color.quantize(16), "PNG"),
        "animated": _saved(color, "PNG", save_all=True, append_images=[color.rotate(90)]),
        "BMP": _saved(color, "BMP"),
        "WebP": _saved(color, "WEBP"),
        "animated WebP": _saved(color, "WEBP", save_all=True, append_images=[color.rotate(90)]),
        "AVIF": _saved(color, "AVIF"),
    }
    try:
        import pillow_heif
    except ImportError:
        return made
    pillow_heif.register_heif_opener()
    return made | {"HEIC": _saved(color, "HEIF")}


def _saved(picture: PIL.Image.Image, kind: str, **options: object) -> bytes:
    content, exif = io.BytesIO(), PIL.Image.Exif()
    exif[0x0112] = 6
    picture.save(content, kind, exif=exif.tobytes(), **options)
    return content.getvalue()


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """The file with one to four changes, half of them in its first 200 bytes, where its header is."""
    content = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(content), 200) if chance.random() < 0.5 else len(content)) if content else 0
        chance.choice(_CHANGES)(content, at, chance)
    return bytes(content)


def _bit(content: bytearray, at: int, chance: random.Random) -> None:
    content[at : at + 1] = bytes([chance.randrange(256)])


def _cut(content: bytearray, at: int, chance: random.Random) -> None:
    del content[at : at + chance.randint(1, 400)]


def _end(content: bytearray, at: int, _chance: random.Random) -> None:
    del content[at:]


def _repeat(content: bytearray, at: int, chance: random.Random) -> None:
    content[at:at] = content[at : at + chance.randint(1, 400)] * chance.randint(1, 4)


def _splice(content: bytearray, at: int, chance: random.Random) -> None:
    spliced = chance.choice(SPLICES)
    content[at : at + chance.choice((0, len(spliced)))] = spliced


_CHANGES: tuple[Callable[[bytearray, int, random.Random], None], ...] = (_bit, _bit, _bit, _cut, _end, _repeat, _splice)


def outcome(path: Path) -> str:
    """What came of a file."""
    try:
        read_image(path)
    except ImageError as error:
        return "too large" if "announces" in error.message else "refused"
    return "read"


if __name__ == "__main__":
    sys.exit(main())
