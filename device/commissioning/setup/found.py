"""What is connected to this machine: cameras that give pictures, ports and input devices that may be readers."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from device.cameras.csi import PROGRAMS
from device.cameras.v4l2 import Card, card_of

CODECS = frozenset({"bcm2835-codec", "bcm2835-isp", "pispbe", "rpivid", "rpi-hevc-dec", "unicam", "rp1-cfe"})
"""Drivers of a Pi's own nodes, which are no cameras."""
LIST_S = 15.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: what goes into the settings, and words for it."""

    value: str
    words: str


def cameras(root: Path = Path("/")) -> tuple[Choice, ...]:
    """USB cameras, by a name that stays, then cameras at the Pi's ribbon."""
    return (*_usb_cameras(root), *csi_cameras(_listed()))


def _usb_cameras(root: Path) -> Iterator[Choice]:
    named = {path.resolve(): path for path in sorted((root / "dev/v4l/by-id").glob("*"))}
    for device in sorted((root / "dev").glob("video*"), key=lambda path: (len(path.name), path.name)):
        card = card_of(device)
        if card is not None and is_camera(card):
            stays = named.get(device.resolve(), device)
            yield Choice(f"/{stays.relative_to(root)}", card.name)


def is_camera(card: Card) -> bool:
    """Whether a V4L2 node gives pictures of a camera, not of a codec or a sensor's raw side."""
    return card.captures and card.driver not in CODECS


def _listed() -> str:
    program = next((path for name in PROGRAMS if (path := shutil.which(name.replace("-vid", "-hello")))), None)
    if program is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(  # noqa: S603 - the Pi's own program
            [program, "--list-cameras"], capture_output=True, text=True, errors="replace", timeout=LIST_S, check=False
        )
        return asked.stdout + asked.stderr
    return ""


def csi_cameras(listed: str) -> tuple[Choice, ...]:
    """The cameras in what `rpicam-hello --list-cameras` prints: lines as `0 : imx708 [4608x2592 ...] (...)`."""
    found = []
    for line in listed.splitlines():
        number, colon, rest = line.strip().partition(" : ")
        if colon and number.isdigit() and rest:
            found.append(Choice(f"csi:{number}", f"{rest.split()[0]} at the Pi's ribbon"))
    return tuple(found)


def ports(root: Path = Path("/")) -> tuple[Choice, ...]:
    """Serial ports and devices that type, by names that stay; the Pi's own serial port last."""
    return tuple(_ports(root))


def _ports(root: Path) -> Iterator[Choice]:
    for path in sorted((root / "dev/input/by-id").glob("*-event-kbd")):
        yield Choice(f"/{path.relative_to(root)}", "types like a keyboard")
    named = {path.resolve(): path for path in sorted((root / "dev/serial/by-id").glob("*"))}
    adapters = [path for kind in ("ttyUSB", "ttyACM") for path in sorted((root / "dev").glob(f"{kind}*"))]
    for device in adapters:
        yield Choice(f"/{named.get(device.resolve(), device).relative_to(root)}", "serial port at USB")
    if (root / "dev/serial0").exists():
        yield Choice("/dev/serial0", "serial port at the header")


def device_class(source: str) -> str:
    """The class of a reader's device as /proc/devices names it, for `DeviceAllow=`; "" for what needs none."""
    with suppress(OSError):
        name = Path(source).resolve().name.rstrip("0123456789")
        return name if name in ("ttyACM", "ttyUSB", "ttyAMA", "ttyS") else ""
    return ""
