"""Times a frame of the virtual camera, 640x480 on one thread, for each thing that can be held or stand before it.

    python benchmarks/rendering.py [--frames 45]

Each is drawn while it turns, at 15 frames a second of the scene's time; medians and the 95th percentile of the thread's
processor time. At 15 frames a second a core has 67 ms for each.
"""

import argparse
import statistics
import time

import cv2

from device.images import read_image
from device.settings.tables import VisionSettings
from device.simulation.casting import head_of
from device.virtual.figures import Figure, Place, Room, Thing
from device.virtual.scene import Prompt, Scene, Side
from device.vision.faces import load_analyzer
from device.vision.models import shipped_models_dir

RATE_FPS = 15
NEAR = Place(x=0.5, y=0.65, size=1.0)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--frames", type=int, default=45)
    frames = arguments.parse_args().frames
    cv2.setNumThreads(1)
    portrait = read_image(shipped_models_dir() / "portraits" / "grace-hopper.jpg")
    heads = {"grace": head_of(portrait, load_analyzer(VisionSettings(threads=1)))}
    print(f"one 640x480 frame, one thread, {frames} frames: median and 95th percentile")
    for thing in (one for one in Thing if one is not Thing.CLIP):
        figure = Figure(image="grace", thing=thing, end=NEAR, turns="when-asked", plays="turning")
        scene = Scene((figure,), {"grace": portrait}, heads, room=Room.HALL, prompts=(Prompt(1.0, Side.LEFT),))
        scene.draw(0.0, 0)
        took = sorted(drawn_ms(scene, number) for number in range(frames))
        print(f"  {thing.value:20s} {statistics.median(took):6.1f} ms {took[int(0.95 * (frames - 1))]:6.1f} ms")


def drawn_ms(scene: Scene, number: int) -> float:
    """The processor time of one frame."""
    began = time.thread_time()
    scene.draw(number / RATE_FPS, number)
    return (time.thread_time() - began) * 1000


if __name__ == "__main__":
    main()
