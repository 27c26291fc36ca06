"""Measures what a camera costs while no one is at the door: processor time of the service, at 15 frames a second.

    python benchmarks/idle_camera.py [--seconds 30] [--width 640 --height 480]

Frames are taken as they come, fingerprinted, four a second decoded for the noise, and every 10 s one goes through the
detector. Each kind of camera gives a portrait with a sensor's noise: motion JPEG and YUYV as a V4L2 device gives them,
a device whose frames OpenCV decodes, and a CSI camera's I420 frames through the pipe of a child. What a driver, the
child or a decoder inside OpenCV takes is not in it. Ends with 1 if one takes 5 % of a core or more in 10 s or longer.
"""

import argparse
import io
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from device.cameras.child import Process, Words
from device.cameras.csi import CsiSource
from device.cameras.files import with_noise
from device.cameras.live import LiveCamera
from device.cameras.raw_forms import Form
from device.cameras.source import Raw, Source
from device.clock import SystemClock
from device.idle import IdleWatch
from device.images import read_image
from device.records import Image
from device.settings.tables import CameraSettings, VisionSettings
from device.vision.faces import load_detector
from device.vision.models import shipped_models_dir

RATE_FPS, LEARNING_FPS, LEARNING = 15.0, 250.0, 70
LIMIT, LEAST_S = 0.05, 10.0
PICTURES = 60
CHILD = """
import sys, time
rate, learning_rate, learning, size = float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
frames = open(sys.argv[1], "rb").read()
given, due = 0, time.monotonic()
while True:
    due += 1 / (learning_rate if given < learning else rate)
    time.sleep(max(0.0, due - time.monotonic()))
    at = given * size % len(frames)
    sys.stdout.buffer.write(given.to_bytes(4, "little") + frames[at + 4 : at + size])
    sys.stdout.buffer.flush()
    given += 1
"""


class Paced:
    """`Source` of frames that were made before, at a steady rate; bare pixels are marked: no frame comes twice."""

    rate_fps = RATE_FPS
    buffers = 4.0

    def __init__(self, frames: list[NDArray[np.uint8]], decode: Callable[[NDArray[np.uint8]], Image | None]) -> None:
        self._frames, self._decode = frames, decode
        self._given, self._due = 0, time.monotonic()
        self._is_closing = False

    def take(self) -> Raw | None:
        self._due += 1 / (LEARNING_FPS if self._given < LEARNING else RATE_FPS)
        time.sleep(max(0.0, self._due - time.monotonic()))
        data = self._frames[self._given % len(self._frames)].copy()
        if data.ndim > 1:
            data.reshape(-1)[0:4:2] = 16 + self._given % 200, 16 + self._given // 200 % 200
        self._given += 1
        return None if self._is_closing else Raw(data, time.monotonic() * 1000)

    def decoded(self, raw: Raw) -> Image | None:
        return self._decode(raw.data)

    def interrupt(self) -> None:
        self._is_closing = True

    def close(self) -> None:
        """Nothing to let go."""


def portrait(width: int, height: int) -> Image:
    image = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def jpeg(image: Image) -> NDArray[np.uint8]:
    into = io.BytesIO()
    PIL.Image.fromarray(image).save(into, "JPEG", quality=85)
    return np.frombuffer(into.getvalue(), np.uint8)


def yuyv(image: Image) -> NDArray[np.uint8]:
    yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV)
    packed = np.empty((*image.shape[:2], 2), np.uint8)
    packed[:, :, 0] = yuv[:, :, 0]
    packed[:, 0::2, 1], packed[:, 1::2, 1] = yuv[:, 0::2, 1], yuv[:, 0::2, 2]
    return packed


def i420(image: Image) -> bytes:
    luma, red, blue = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    half = (image.shape[1] // 2, image.shape[0] // 2)
    return b"".join(plane.tobytes() for plane in (luma, *(cv2.resize(one, half) for one in (blue, red))))


@contextmanager
def csi(frames: Path, width: int, height: int) -> Iterator[Callable[[], Source]]:
    clock, size = SystemClock(), width * height * 3 // 2
    settings = CameraSettings(source="csi:0", width=width, height=height, rate=round(RATE_FPS))
    told = (str(frames), str(RATE_FPS), str(LEARNING_FPS), str(LEARNING), str(size))
    yield lambda: CsiSource(Process((sys.executable, "-c", CHILD, *told)), settings, clock, Words(print, clock))


def cost(open_source: Callable[[], Source], seconds: float) -> float:
    """Processor time of this process by time that passes, after what is usual was learned."""
    camera = LiveCamera(open_source, SystemClock())
    with closing(camera), closing(IdleWatch({"main": camera}, partial(load_detector, VisionSettings()))):
        time.sleep(LEARNING / LEARNING_FPS + 0.7)
        began, used = time.monotonic(), processor_s()
        time.sleep(seconds)
        if trouble := camera.trouble():
            raise SystemExit(trouble)
        return (processor_s() - used) / (time.monotonic() - began)


def processor_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    told = parser.parse_args()
    cv2.setNumThreads(1)
    size, still = (told.width, told.height), portrait(told.width, told.height)
    shown = [with_noise(still, seed) for seed in range(PICTURES)]
    compressed = [jpeg(with_noise(still, seed)) for seed in range(LEARNING + round(RATE_FPS * (told.seconds + 5)))]
    kinds: dict[str, Callable[[], Source]] = {
        "V4L2, motion JPEG": partial(Paced, compressed, Form("MJPG", *size).decode),
        "V4L2, YUYV": partial(Paced, [yuyv(one) for one in shown], Form("YUYV", *size).decode),
        "V4L2, decoded by OpenCV": partial(Paced, shown, lambda data: np.ascontiguousarray(data[:, :, ::-1])),
    }
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.yuv"
        frames.write_bytes(b"".join(map(i420, shown)))
        with csi(frames, *size) as open_csi:
            kinds["CSI"] = open_csi
            costs = {kind: cost(source, told.seconds) for kind, source in kinds.items()}
    for kind, share in costs.items():
        print(f"{kind}, {told.width}x{told.height}: {share:.1%} of one core")
    return int(told.seconds >= LEAST_S and max(costs.values()) >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
