"""What every live camera is made of: an opened source of frames, each with its capture time, decoded only on demand.

V4L2 devices, CSI cameras and streams differ up to here; `LiveCamera` turns each of them into fresh evidence.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from device.records import Image


@dataclass(frozen=True, slots=True)
class Raw:
    """A frame as it came, and the driver's time of its capture."""

    data: NDArray[np.uint8] = field(repr=False)
    """Compressed or raw bytes, in any shape; empty if the driver gave none. Never written to again."""
    stamp_ms: float = 0.0
    """Milliseconds on the monotonic clock; 0 where the driver doesn't say."""


class Source(Protocol):
    """A camera that is open. One thread takes and closes; any thread decodes."""

    @property
    def rate_fps(self) -> float:
        """Frames per second, as the device says; 0 if it doesn't."""

    @property
    def buffers(self) -> float:
        """How many frames may wait in the driver for a reader that is late; 0 if it doesn't say."""

    def take(self) -> Raw | None:
        """Waits for the next frame, which may be old; None if there are no more.

        Raises `CameraError` with the reason if it is known.
        """

    def decoded(self, raw: Raw) -> Image | None:
        """The picture of a frame the right way up, RGB uint8 [height, width, 3]; None if it holds none."""

    def interrupt(self) -> None:
        """Has a `take` that waits end soon, where that can be done. Called from any thread before `close`."""

    def close(self) -> None:
        """Lets the device go."""
