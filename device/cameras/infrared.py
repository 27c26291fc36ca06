"""A camera that sees by infrared light: its pictures are reduced to shades of gray, whatever tint its sensor has.

Between the camera and all that looks at its pictures, references included. What is stricter there is `INFRARED_SHARE`.
"""

import cv2
import numpy as np

from device.ports import AbsentCamera, Camera
from device.records import Frame, Image


class InfraredCamera:
    """`Camera` whose pictures have no colors."""

    def __init__(self, camera: Camera) -> None:
        """Takes over the camera, and closes it."""
        self._camera = camera

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame in shades of gray. Raises `CameraError`."""
        frame = self._camera.read(timeout_s)
        return None if frame is None else Frame(in_gray(frame.image), frame.captured_at)

    def trouble(self) -> str:
        """That of the camera."""
        return self._camera.trouble()

    def absence(self) -> str:
        """That of the camera."""
        return self._camera.absence() if isinstance(self._camera, AbsentCamera) else ""

    def close(self) -> None:
        """Closes the camera."""
        self._camera.close()


def in_gray(image: Image) -> Image:
    """The luma of an RGB picture in all three channels, uint8 [height, width, 3]."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
