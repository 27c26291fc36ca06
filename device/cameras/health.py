"""Whether a camera sees the present: a repeated picture, or one without its sensor's noise, is not evidence.

The live camera shows each frame to `FrameHealth` as it came, and its pixels once it was decoded, before it passes it
on, and asks it what is wrong.
"""

import math
import statistics
from collections import OrderedDict, deque

import cv2
import numpy as np
from numpy.typing import NDArray

from device.records import Image

REMEMBERED = 1024
"""A frame equal to one of this many different frames before it is a repeat: of a minute, against loops."""
STALL_S = 1.0
"""Without a new frame for this long, the camera is in trouble."""
OPENING_S = 1.5
"""Time from the start to the first frame: opening a camera takes longer than an interval between frames."""
LOOK_S = 0.25
"""Between two looks at the pixels of frames that nobody reads: a noise that vanishes is a trouble within 2 s."""
LEARNING = 64
"""Frames whose pixels are all looked at after the start, so that the usual noise is known soon."""

SAMPLED_WIDTH = 320
"""Of a wider picture, pixels are left out."""
BLOCKS = (40, 30)
"""Width and height of the picture of block means in which noise is measured; a mean's noise isn't rounded to levels."""
VANISHED = 0.25
"""Noise below this share of what the camera showed at this brightness has vanished."""
LEARNED = 32
"""Frames of steady noise before it is known."""
STEADY = 1.6
"""Noise whose strength varies by more than this, but for a few frames, is motion."""
SMOOTH = 0.45
"""A change whose block means are more than this share of its pixels is motion; noise has 0.1 to 0.4 in webcam clips."""
LEAST_NOISE = 0.02
"""Noise of block means, in levels, below which a camera is too quiet to judge: a sensor's noise of 0.2 levels."""
NOTHING = 0.0005
"""Change of block means, in levels, of a picture in which practically nothing changes."""
MOST_NOISE = 12.0
"""Mean change of single pixels, in levels, above which it is motion: a sensor's noise of 10 levels."""
LIGHT_CHANGE = 16.0
"""A mean luma that moves by more levels within about a second is a switched light: gain and noise change with it."""
DARK, BRIGHT = 16.0, 240.0
"""Outside these, a picture is cut off at black or white, and its noise with it."""

_REPEATING = "is frozen: it repeats the same picture"
_NOISELESS = "is frozen: its picture has lost the sensor's noise"
_UNREADABLE = "delivers pictures that can't be decoded"
_LIKE_STEPS, _NEAR_STEPS = 2, 4
"""Of 19 % of brightness each: about as bright; half to twice as bright."""
_OUTLIERS = 3
_SLOWNESS = 16
"""Frames in which the running mean of the luma has followed a change for the most part."""
_GAUSSIAN = 0.845
"""Median by mean of the absolute values of normally distributed noise."""


class FrameHealth:
    """What a camera's frames say about the camera. Seconds are those of the monotonic clock. Not thread-safe.

    Each frame is fingerprinted as it came. Its pixels are looked at when it is read, or else a few times a second.
    """

    def __init__(self, now: float) -> None:
        self._seen_at: float | None = None
        self.new_at = now
        """When the last new frame came; at first, when there was none yet."""
        self._repeats = False
        self._recent, self._pictures = _Remembered(), _Remembered()
        self._noise = NoiseWatch()
        self._looks = 0
        self._looked_at = -math.inf
        self._wrong = ""
        """What the last look at the pixels found."""

    def came(self, data: NDArray[np.uint8], now: float) -> bool:
        """Whether a frame, as it came, differs from those before it as a sensor's do; only such a frame is evidence."""
        self._repeats = self.is_repeat(data)
        self._seen_at = now
        if not self._repeats and not self._wrong:
            self.new_at = now
        return not self._repeats

    def is_repeat(self, data: NDArray[np.uint8]) -> bool:
        """Whether a frame came before, as it comes now."""
        return self._recent.has(data)

    def wants_a_look(self, now: float) -> bool:
        """Whether the pixels of a frame that is not read are to be looked at all the same."""
        return bool(self._wrong) or self._looks < LEARNING or now - self._looked_at >= LOOK_S

    def looked(self, image: Image | None, now: float) -> bool:
        """Whether the pixels of a frame that `came`, None if there were none, are new and have a sensor's noise.

        A camera may wrap the same picture in other bytes.
        """
        self._looks += 1
        self._looked_at = now
        self._wrong = self._wrong_with(image)
        if not self._wrong:
            self.new_at = now
        return not self._wrong

    def trouble(self, now: float) -> str:
        """What is wrong now, as the rest of a sentence about the camera; "" while new frames come."""
        if now - self.new_at < (OPENING_S if self._seen_at is None else STALL_S):
            return ""
        if self._seen_at is None or now - self._seen_at >= STALL_S:
            return f"has delivered no fresh picture for {STALL_S:.0f} s: it hangs, or its pictures arrive late"
        return self._wrong if self._wrong and not self._repeats else _REPEATING

    def _wrong_with(self, image: Image | None) -> str:
        if image is None:
            return _UNREADABLE
        if self._pictures.has(image):
            return _REPEATING
        return _NOISELESS if self._noise.has_vanished(image) else ""


class _Remembered:
    """The last different frames. A repeat stays remembered, so that a loop of a few frames never counts as new."""

    def __init__(self) -> None:
        self._recent: OrderedDict[int, None] = OrderedDict()

    def has(self, data: NDArray[np.uint8]) -> bool:
        """Whether it came before; remembers it."""
        digest = hash(data.tobytes())
        known = digest in self._recent
        self._recent[digest] = None
        self._recent.move_to_end(digest)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        return known


class NoiseWatch:
    """How much a picture changes from frame to frame where nothing moves, and whether that has vanished.

    What is usual at a brightness holds until a light is switched: a camera's gain, and its noise, change with it. From
    then until it is known again, only a picture in which practically nothing changes has lost its noise. Motion must
    not be taken for noise, or a still scene after it would be refused: noise is as strong from frame to frame, and
    stronger in single pixels than in means of blocks.
    """

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._luma = math.nan
        self._latest: deque[float] = deque(maxlen=LEARNED)
        self._known: dict[int, float] = {}
        self._earlier: dict[int, float] = {}

    def has_vanished(self, image: Image) -> bool:
        """Whether the noise is far below the usual; if not, it is learned from."""
        sparse = max(1, image.shape[1] // SAMPLED_WIDTH)
        green = image[::sparse, ::sparse, 1].astype(np.float32)
        before, self._before = self._before, green
        luma = float(green.mean())
        if self._light_changed(luma) or before is None or before.shape != green.shape or not DARK < luma < BRIGHT:
            return False
        change = green - before
        means = cv2.resize(change, BLOCKS, interpolation=cv2.INTER_AREA)
        means = np.abs(means - np.median(means))
        median, mean = float(np.median(means)), float(means.mean())
        step = round(4 * math.log2(luma))
        if max(median, _GAUSSIAN * mean) < self._least(step):
            return True
        if mean <= SMOOTH * (in_pixels := float(np.abs(change).mean())) and in_pixels <= MOST_NOISE:
            self._learn(step, median)
        return False

    def _light_changed(self, luma: float) -> bool:
        changed = not abs(luma - self._luma) <= LIGHT_CHANGE
        if changed:
            self._earlier |= self._known
            self._known, self._luma = {}, luma
            self._latest.clear()
        self._luma += (luma - self._luma) / _SLOWNESS
        return changed

    def _least(self, step: int) -> float:
        """Noise below this has vanished; 0 where too little is known to say so."""
        if step in self._known:
            usual = min(statistics.median(self._latest), *_near(step, self._known, _LIKE_STEPS))
            return VANISHED * usual if usual >= LEAST_NOISE else 0.0
        near = _near(step, self._earlier | self._known, _NEAR_STEPS)
        return NOTHING if near and min(near) >= LEAST_NOISE else 0.0

    def _learn(self, step: int, noise: float) -> None:
        """The least that was usual at a brightness, if it was steady."""
        self._latest.append(noise)
        ranked = sorted(self._latest)
        if len(ranked) == LEARNED and ranked[-_OUTLIERS] <= STEADY * ranked[_OUTLIERS]:
            self._known[step] = min(self._known.get(step, math.inf), statistics.median(ranked))


def _near(step: int, known: dict[int, float], most: int) -> list[float]:
    return [noise for at, noise in known.items() if abs(at - step) <= most]
