"""Pictures that a browser sends, and those it gets: decoded within limits, made small, never stored."""

import numpy as np
import PIL.Image

from device.errors import ImageError
from device.images import image_in
from device.records import Image

MOST_PIXELS = 40_000_000
"""Of an uploaded picture."""
MOST_LIVE_PIXELS = 2_000_000
"""Of a frame of the browser's camera."""
SIDE_PX = 1280
"""What is larger is made as small as that."""
LEAST_PX = 16
MOST_RATIO = 8
"""Of a picture's sides. A narrow strip takes gigabytes when it is drawn as large as the camera's view."""
SHOWN_PX = 320
JPEG_QUALITY = 80


def uploaded(content: bytes) -> Image:
    """A picture of a person. Raises `ImageError`."""
    return _at_most(_no_strip(image_in(content, "picture", most_pixels=MOST_PIXELS)), SIDE_PX)


def live_frame(content: bytes) -> Image:
    """A frame of the browser's camera. Raises `ImageError`."""
    return _at_most(_no_strip(image_in(content, "frame", most_pixels=MOST_LIVE_PIXELS)), SIDE_PX)


def small_jpeg(image: Image) -> bytes:
    """A picture to show beside a name."""
    return jpeg(_at_most(image, SHOWN_PX))


def jpeg(image: Image) -> bytes:
    """An RGB picture as JPEG."""
    import cv2

    written, content = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert written
    return content.tobytes()


def _no_strip(image: Image) -> Image:
    """The same. Raises `ImageError` for one that is too small or too narrow to show anyone."""
    height, width = image.shape[:2]
    if min(height, width) < LEAST_PX or max(height, width) > MOST_RATIO * min(height, width):
        raise ImageError(
            f"The picture has {width} x {height} pixels, expected sides of {LEAST_PX} or more, 1 to {MOST_RATIO}.",
            hint="Give the picture of a face and its surroundings.",
        )
    return image


def _at_most(image: Image, side: int) -> Image:
    height, width = image.shape[:2]
    if max(height, width) <= side:
        return image
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(PIL.Image.fromarray(image).resize(size, PIL.Image.Resampling.BILINEAR, reducing_gap=2.0))
