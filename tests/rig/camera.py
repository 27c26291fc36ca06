"""The rig's camera as the test sees it: what it shows, and how it fails."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from device.vision.models import shipped_models_dir
from tests.rig.board import write

EILEEN, GRACE, EMPTY = "eileen-collins", "grace-hopper", ""


class RigCamera:
    """The control file of `shim/rig_camera.py`, from the other side."""

    def __init__(self, device: Path) -> None:
        self.device = device
        self._said: dict[str, Any] = {"mode": "live", "scenes": [[0.0, ""]]}
        self.plug()
        self._say()

    def shows(self, who: str) -> float:
        """A portrait, or the empty scene, stands before the lens from now on. When, seconds on CLOCK_MONOTONIC."""
        return self.shows_picture(str(shipped_models_dir() / "portraits" / f"{who}.jpg") if who else "")

    def shows_picture(self, picture: str) -> float:
        """The same for a picture's path."""
        at = time.monotonic()
        self._said["scenes"].append([at, picture])
        self._say()
        return at

    def plays(self, pictures: Sequence[str], every_s: float) -> None:
        """Pictures one after the other from now on; the last one stays."""
        at = time.monotonic()
        self._said["scenes"] += [[at + number * every_s, picture] for number, picture in enumerate(pictures)]
        self._say()

    def does(self, mode: str, **settings: float) -> float:
        """A mode of the shim with its settings, from now on. When, seconds on CLOCK_MONOTONIC."""
        self._said |= {"mode": mode, **settings}
        self._say()
        return time.monotonic()

    def unplug(self) -> float:
        """The device is gone: no frames, and no file. When, seconds on CLOCK_MONOTONIC."""
        self.device.unlink(missing_ok=True)
        return self.does("dead")

    def plug(self) -> float:
        """It is back and shows what is before it. When, seconds on CLOCK_MONOTONIC."""
        self.device.touch()
        return self.does("live")

    def _say(self) -> None:
        write(self.device.with_name(f"{self.device.name}.json"), json.dumps(self._said))
