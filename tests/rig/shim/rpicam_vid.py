"""Stands in for `rpicam-vid`: writes I420 frames of what is before its camera to a pipe, and fails as it is told.

Camera N is the file `csiN` in the folder LINTEL_RPICAM; what it does is in `csiN.json`, as `rig_camera` reads it, with
these modes more:

    error    ends with an error
    half     half a frame, then nothing more
    torn     half a frame, then whole ones for ever
    flood    talks without end while it gives frames
    tiny     frames of another size than was asked for

Of the options it takes those that rpicam-apps has, and refuses all others, as that does. What it was told is written
to `csiN.argv`.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray
from rig_camera import Capture

FOLDER = Path(os.environ["LINTEL_RPICAM"])
TALK = b"[0:25:38.114620509] [590]  INFO Camera camera_manager.cpp:325 libcamera v0.5.2, words without end\n" * 200


class Options(argparse.ArgumentParser):
    """Of rpicam-apps' core/options.cpp and core/video_options.hpp; an error is said as it says it."""

    def error(self, message: str) -> NoReturn:
        ends(message.replace("unrecognized arguments: ", "unrecognised option '") + "'")


def ends(why: str) -> NoReturn:
    """As rpicam-vid's `main`: the exception's words, and -1."""
    print(f"ERROR: *** {why} ***", file=sys.stderr, flush=True)
    os._exit(255)


def options() -> argparse.Namespace:
    parser = Options(allow_abbrev=False)
    for name, kind, default in (
        ("camera", int, 0),
        ("width", int, 0),
        ("height", int, 0),
        ("timeout", str, "5sec"),
        ("framerate", float, -1.0),
        ("rotation", int, 0),
        ("shutter", str, "0"),
        ("codec", str, "h264"),
        ("output", str, ""),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--metering", choices=("centre", "spot", "average", "custom"), default="centre")
    for name in ("nopreview", "flush"):
        parser.add_argument(f"--{name}", action="store_true")
    told = parser.parse_args()
    if told.rotation not in (0, 180):
        ends("transforms requiring transpose not supported")
    return told


def i420(image: NDArray[np.uint8]) -> bytes:
    """The planes of a BGR picture in full range; each color is the mean of four pixels."""
    luma, red, blue = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
    half = (image.shape[1] // 2, image.shape[0] // 2)
    small = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    return b"".join(plane.tobytes() for plane in (luma, *small))


class Camera:
    """The camera that was chosen."""

    def __init__(self, told: argparse.Namespace) -> None:
        self._file = FOLDER / f"csi{told.camera}"
        self._told = told
        if not self._file.exists():
            ends("no cameras available")
        self._capture = Capture(self._file)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, told.width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, told.height)

    def mode(self) -> str:
        """What it does now."""
        said: dict[str, Any] = json.loads(self._file.with_name(f"{self._file.name}.json").read_text())
        return str(said["mode"]) if self._file.exists() else "dead"

    def frame(self) -> bytes:
        """The next frame; without one the program ends."""
        good, image = self._capture.read()
        if not good or image is None:
            ends("failed to queue request")
        if self._told.rotation == 180:
            image = np.ascontiguousarray(image[::-1, ::-1])
        return i420(image[: image.shape[0] // 2] if self.mode() == "tiny" else image)


def main() -> None:
    told = options()
    (FOLDER / f"csi{told.camera}.argv").write_text(json.dumps(sys.argv[1:]))
    print("[0:00:01.5] [7]  INFO Camera camera_manager.cpp:325 libcamera v0.5.2", file=sys.stderr, flush=True)
    camera, halved = Camera(told), ""
    while True:
        mode = camera.mode()
        if mode == "error":
            ends("device timeout")
        if mode == "flood":
            os.write(2, TALK)
        frame = camera.frame()
        if mode in ("half", "torn") and halved != mode:
            frame, halved = frame[: len(frame) // 2], mode
        elif mode == "half":
            time.sleep(0.05)
            continue
        sys.stdout.buffer.write(frame)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
