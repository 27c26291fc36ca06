"""When a frame was captured: by the driver's own time stamp, or by when it was asked for and delivered.

OpenCV's V4L2 backend gives the time stamp of the buffer last dequeued as CAP_PROP_POS_MSEC (`read_frame_v4l2` and
`getProperty` of modules/videoio/src/cap_v4l.cpp). Most drivers stamp with CLOCK_MONOTONIC. Some leave 0 or take another
clock, such as `uvcvideo` with `clock=CLOCK_REALTIME`, and OpenCV's product overflows on a 32-bit system that has been
up for 25 days. Then only how the frames come says which have waited.
"""

import math

OLD_S = 0.5
"""An older frame isn't fresh; after a longer time without a frame, those that waited in the driver may be as old."""
MOST_AGE_S = 10.0
"""An older time stamp is of another clock: OpenCV has at most ten buffers, and waits 10 s for a frame at most."""
AHEAD_S = 0.05
"""How far a time stamp may be in the future, as drivers compute some of them from the device's own clock."""
DEFAULT_BUFFERS, MOST_BUFFERS = 4, 10
"""Of OpenCV's V4L2 backend."""
DEFAULT_RATE_FPS = 30.0


class Freshness:
    """Stamps the frames of one opened device, in seconds on the monotonic clock."""

    def __init__(self, rate_fps: float, buffers: float) -> None:
        """`rate_fps` and `buffers` are what the device says; nonsense is replaced by OpenCV's defaults."""
        self._interval_s = 1.0 / (rate_fps if 1.0 <= rate_fps <= 240.0 else DEFAULT_RATE_FPS)
        self._buffers = round(buffers) if 1 <= buffers <= MOST_BUFFERS else DEFAULT_BUFFERS
        self._delivered_at = -math.inf
        self._stamp = -math.inf
        self._waiting = 0

    def captured_at(self, now: float, driver_ms: float) -> float | None:
        """When the frame delivered `now` was captured at the earliest; None if it is old, or may have waited.

        Without a time stamp that is when the frame before was delivered, as a device with one buffer can't fill it
        sooner. With more, a machine that reads more slowly than the device captures is behind by that many frames.
        """
        earlier, self._delivered_at = self._delivered_at, now
        came_as_captured = self._came_as_captured(now - earlier)
        stamp, before = driver_ms / 1000, self._stamp
        self._stamp = stamp
        if before < stamp and now - MOST_AGE_S <= stamp <= now + AHEAD_S:
            return min(stamp, now) if now - stamp <= OLD_S else None
        return earlier if came_as_captured else None

    def _came_as_captured(self, since_last_s: float) -> bool:
        """Whether a frame can't have waited: as many as there are buffers are dropped after a gap, and all that come
        faster than the device captures.
        """
        if since_last_s > OLD_S:
            self._waiting = self._buffers
            return False
        waited = self._waiting > 0
        self._waiting = max(0, self._waiting - 1)
        return not waited and since_last_s >= self._interval_s / 2
