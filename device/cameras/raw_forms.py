"""How a V4L2 frame is decoded that OpenCV hands over as it came: motion JPEG, or YUYV.

OpenCV decodes each frame at once; with CAP_PROP_CONVERT_RGB off it gives the driver's bytes, in a shape that depends on
its version. Pillow decodes the JPEG: it refuses one that is cut short, and prints nothing.
"""

import io
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from device.records import Image


class Settable(Protocol):
    """The part of `cv2.VideoCapture` that switches the decoding."""

    def set(self, propId: int, value: float, /) -> bool:  # noqa: N803 - as OpenCV calls it
        """Whether it was taken."""

    def get(self, propId: int, /) -> float:  # noqa: N803 - as OpenCV calls it
        """A property; 0 or -1 where it isn't known."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the bytes of a frame are."""

    kind: Literal["MJPG", "YUYV"]
    width: int
    height: int

    def decode(self, data: NDArray[np.uint8]) -> Image | None:
        """RGB uint8 [height, width, 3]; None if the bytes are no whole picture of this size."""
        return self._from_jpeg(data) if self.kind == "MJPG" else self._from_yuyv(data)

    def _from_jpeg(self, data: NDArray[np.uint8]) -> Image | None:
        try:
            with PIL.Image.open(io.BytesIO(data.tobytes()), formats=("JPEG",)) as picture:
                return np.asarray(picture.convert("RGB")) if picture.size == (self.width, self.height) else None
        except Exception:  # whatever Pillow comes up with at a damaged picture
            return None

    def _from_yuyv(self, data: NDArray[np.uint8]) -> Image | None:
        if data.size != self.width * self.height * 2:
            return None
        return np.asarray(cv2.cvtColor(data.reshape(self.height, self.width, 2), cv2.COLOR_YUV2RGB_YUYV), np.uint8)


def raw_form_of(capture: Settable) -> Form | None:
    """Has a device hand over its frames as they come; None, with OpenCV decoding as before, if that can't be used."""
    code = round(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    kinds: dict[bytes, Literal["MJPG", "YUYV"]] = {b"MJPG": "MJPG", b"JPEG": "MJPG", b"YUYV": "YUYV"}
    kind = kinds.get(code.to_bytes(4, "little"))
    width, height = (round(capture.get(what)) for what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    if kind is None or min(width, height) <= 0 or not capture.set(cv2.CAP_PROP_CONVERT_RGB, 0):
        return None
    return Form(kind, width, height)
