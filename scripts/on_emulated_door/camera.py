"""What stands before the lens of the emulated machine's camera: a portrait or an empty scene, with a sensor's noise.

The camera is the kernel's `vivid`, a V4L2 driver that shows at its capture node what is written to its output node;
lens.sh has set up the capture side.
`/run/bench/shows` names the picture, `/run/bench/showing` the one that has come through.
"""

import contextlib
import subprocess
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SHOWS, SHOWING = Path("/run/bench/shows"), Path("/run/bench/showing")
V4L2 = "/usr/bin/v4l2-ctl"
WIDTH, HEIGHT = 640, 480
UNDER_WAY = 10
"""Frames that pipe and driver may still have of the picture before."""
NOISE = 2.5
"""Standard deviation, 8-bit steps."""
FORMAT = f"width={WIDTH},height={HEIGHT},pixelformat=BGR3"


def main() -> None:
    """Until it is ended, or the camera is gone."""
    SHOWING.parent.mkdir(exist_ok=True)
    output = node("vid-out")
    control(output, "--set-dv-bt-timings=index=0", f"--set-fmt-video-out={FORMAT}")
    random = np.random.default_rng(time.monotonic_ns())
    noise = np.rint(random.normal(0, NOISE, 2 * HEIGHT * WIDTH * 3)).astype(np.int16)
    shown, scene, written = None, np.zeros(0, np.int16), 0
    command = [V4L2, f"--device={output}", "--stream-out-mmap", "--stream-from=-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as lens:
        assert lens.stdin is not None
        while True:  # at the driver's pace: it takes a frame when it shows the next
            if shown != (wanted := said()):
                shown, scene, written = wanted, scene_of(wanted), 0
            start = int(random.integers(noise.size - scene.size))
            frame = np.clip(scene + noise[start : start + scene.size], 0, 255).astype(np.uint8)
            lens.stdin.write(frame.tobytes())
            if (written := written + 1) == UNDER_WAY:
                SHOWING.write_text(wanted)


def said() -> str:
    """The picture's path; empty for an empty scene."""
    with contextlib.suppress(OSError):
        return SHOWS.read_text().strip()
    return ""


def scene_of(picture: str) -> NDArray[np.int16]:
    """Its pixels as the camera has them: rows of blue, green, red."""
    scene: NDArray[Any] = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    if picture:
        image = cv2.imread(picture)
        assert image is not None, f"no picture in {picture}"
        scale = min(HEIGHT / image.shape[0], WIDTH / image.shape[1])
        fitted = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = fitted.shape[:2]
        left = (WIDTH - width) // 2
        scene[:height, left : left + width] = fitted
    return scene.astype(np.int16).ravel()


def node(name: str) -> Path:
    """The device of one of vivid's sides."""
    found = [path for path in Path("/sys/class/video4linux").iterdir() if name in (path / "name").read_text()]
    return Path("/dev") / found[0].name


def control(device: Path, *options: str) -> None:
    """Sets what the driver is to do."""
    for option in options:
        subprocess.run([V4L2, f"--device={device}", option], check=True)


if __name__ == "__main__":
    main()
