"""Times what a camera's health costs for each frame, on one thread, and counts false alarms of a still scene.

    python benchmarks/camera_health.py [--hours 1]

The scene is the virtual camera's empty wall, 15 frames a second, by day and by night: darker, noisier, each frame four
times. For speed every other pixel of it is left out.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from device.cameras.health import FrameHealth, NoiseWatch
from device.records import Image
from device.virtual.scene import Scene

RATE_FPS = 15.0
FIELD = 64
"""How far the field of noise reaches beyond the picture, in pixels: each frame takes another window of it."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--hours", type=float, default=1.0)
    arguments.add_argument("--frames", type=int, default=60, help="that are timed, of each size")
    chosen = arguments.parse_args()
    hours, timed = chosen.hours, chosen.frames
    cv2.setNumThreads(1)
    for width, height in ((640, 480), (1280, 720), (1920, 1080)):
        print(
            f"{width}x{height}: {cost_ms(frames_of(width, height, timed)):.2f} ms a frame, "
            f"of it {noise_ms(frames_of(width, height, timed)):.2f} for noise"
        )
    for name, light, noise, times in (("day", 1.0, 1.5, 1), ("night", 0.2, 4.0, 4)):
        frames, alarms = watched(hours, light, noise, times)
        print(f"{name}: {alarms} alarms in {hours:g} h, {frames} frames, each given {times} times")


def cost_ms(frames: Sequence[Image]) -> float:
    health = FrameHealth(0.0)
    return median_ms([partial(seen, health, image) for image in frames])


def seen(health: FrameHealth, image: Image) -> bool:
    return health.came(image, 1.0) and health.looked(image, 1.0)


def noise_ms(frames: Sequence[Image]) -> float:
    noise = NoiseWatch()
    return median_ms([partial(noise.has_vanished, image) for image in frames])


def frames_of(width: int, height: int, count: int) -> list[Image]:
    drawn = (Scene((), {}).draw(0.0, seed) for seed in range(count))
    return [np.asarray(cv2.resize(image, (width, height)), np.uint8) for image in drawn]


def median_ms(works: Sequence[Callable[[], object]]) -> float:
    samples = []
    for work in works:
        began = time.perf_counter()
        work()
        samples.append((time.perf_counter() - began) * 1000)
    return statistics.median(samples)


def watched(hours: float, light: float, noise: float, times: int) -> tuple[int, int]:
    """Frames that differ, and after how many frames the camera was said to be in trouble."""
    random = np.random.default_rng(0)
    wall = Scene((), {}).draw(0.0, 0)[::2, ::2].astype(np.float32) * light
    height, width = wall.shape[:2]
    field = random.normal(0, noise, (height + FIELD, width + FIELD, 3)).astype(np.float32)
    health, count, alarms = FrameHealth(0.0), round(hours * 3600 * RATE_FPS / times), 0
    for index in range(count):
        y, x = divmod(index * 1597 % FIELD**2, FIELD)  # no frame again for 4,096 others
        image = np.clip(np.rint(wall + field[y : y + height, x : x + width]), 0, 255).astype(np.uint8)
        for again in range(times):
            now = (index * times + again + 1) / RATE_FPS
            _ = health.came(image, now) and health.looked(image, now)
            alarms += health.trouble(now) != ""
    return count, alarms


if __name__ == "__main__":
    main()
