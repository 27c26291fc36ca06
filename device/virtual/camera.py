"""The virtual camera: draws the scene for every frame of its clock, and can be made to fail."""

import math
import time
from dataclasses import replace
from typing import Literal

from device.errors import CameraError
from device.ports import Clock
from device.records import Frame, Image
from device.virtual.scene import Prompt, Scene, Side

RATE_FPS = 15.0
LATE_S = 2.0

TROUBLE_S = 1.0
"""After this long without a new and fresh frame a camera is in trouble."""

Condition = Literal["works", "dead", "frozen", "late", "repeats"]
"""`dead` raises, `frozen` gives nothing, `late` gives old frames, `repeats` has the same frame again and again.

As with a live camera, a repeated frame isn't given, and after `TROUBLE_S` the camera raises.
"""

_TROUBLES: dict[Condition, str] = {
    "dead": "The simulated camera is dead.",
    "frozen": "The simulated camera has delivered no picture for 1 s.",
    "late": "The simulated camera delivers only old pictures.",
    "repeats": "The simulated camera is frozen: it repeats the same picture.",
}


class SimulatedCamera:
    """`Camera` of a scene on a simulated clock."""

    def __init__(self, clock: Clock, scene: Scene) -> None:
        self._clock = clock
        self._drawing_s = 0.0
        self._kept: tuple[int, Image] | None = None
        self.show(scene)

    def show(self, scene: Scene, condition: Condition = "works") -> None:
        """Begins a new scene now."""
        self._scene = scene
        self._condition = condition
        self._began = self._since = self._clock.monotonic()
        self._given = -1
        self._kept = None

    @property
    def condition(self) -> Condition:
        """How it works."""
        return self._condition

    def set(self, condition: Condition) -> None:
        """Breaks or repairs it, while the scene goes on."""
        if condition != self._condition:
            self._condition, self._since = condition, self._clock.monotonic()

    def ask(self, side: Side) -> None:
        """Shows the people and attackers of the scene, now, to which side they are to turn."""
        prompt = Prompt(self._clock.monotonic() - self._began, side)
        self._scene = replace(self._scene, prompts=(*self._scene.prompts, prompt))
        self._kept = None

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame, which comes at a whole multiple of 1 / `RATE_FPS`."""
        if (trouble := self.trouble()) and self._condition != "late":
            raise CameraError(trouble, hint='Set `camera = "works"` in the scenario.')
        if self._condition == "repeats" and self._given < 0:
            self._given = 0
            return Frame(self._drawn(0), self._began)
        now = self._clock.monotonic()
        index = max(math.floor((now - self._began) * RATE_FPS + 1e-6), self._given + 1)
        wait = max(0.0, self._began + index / RATE_FPS - now)
        if self._condition in ("frozen", "repeats") or wait > timeout_s:
            self._clock.sleep(timeout_s)
            return None
        self._clock.sleep(wait)
        self._given = index
        captured_at = self._clock.monotonic() - (LATE_S if self._condition == "late" else 0.0)
        return Frame(self._drawn(index), captured_at)

    def newest(self) -> Frame | None:
        """What someone beside the door sees in its picture now; None of a camera that gives none.

        The frame that the door gets next, or got last: looking at it costs the door none of its own.
        """
        if self._condition in ("dead", "frozen"):
            return None
        is_still = self._condition == "repeats"
        index = 0 if is_still else max(0, math.floor((self._clock.monotonic() - self._began) * RATE_FPS + 1e-6))
        return Frame(self._drawn(max(index, self._given)), self._began + max(index, self._given) / RATE_FPS)

    def trouble(self) -> str:
        """What is wrong since it was broken."""
        lasted_s = self._clock.monotonic() - self._since
        return _TROUBLES.get(self._condition, "") if lasted_s >= TROUBLE_S or self._condition == "dead" else ""

    def take_drawing_s(self) -> float:
        """The real time spent drawing since this was last asked; a real camera costs the door none of it."""
        spent, self._drawing_s = self._drawing_s, 0.0
        return spent

    def _drawn(self, index: int) -> Image:
        """The picture of that number; drawn once, however many look at it."""
        if self._kept is not None and self._kept[0] == index:
            return self._kept[1]
        began = time.perf_counter()
        image = self._scene.draw(index / RATE_FPS, index)
        self._drawing_s += time.perf_counter() - began
        self._kept = (index, image)
        return image

    def close(self) -> None:
        """Nothing is held open."""
