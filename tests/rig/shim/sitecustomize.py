"""Puts a child of the rig on the rig's board: Python imports this first where the folder is on PYTHONPATH.

Nothing of Lintel is replaced but where it meets the machine: the folder of the GPIO chips and the board's revision, the
cameras of OpenCV, and the wall clock. Each is put in place when the module that uses it has been imported, so that
nothing is imported earlier than it would be.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import ModuleType
from typing import Any

PI_4B = 0xC03114
RIG = Path(os.environ.get("LINTEL_RIG", "/nonexistent"))
_time = time.time


def wall_offset_s() -> float:
    """How far the wall clock was stepped, seconds."""
    try:
        return float((RIG / "wall-offset").read_text() or 0)
    except FileNotFoundError:
        return 0.0


class SteppedDatetime(datetime):
    """`datetime` on a wall clock that the rig steps."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=wall_offset_s())


def _board(module: ModuleType) -> None:
    vars(module)["DEVICES"] = RIG / "dev"
    if hasattr(module, "revision"):
        vars(module)["revision"] = lambda: PI_4B


def _revision(module: ModuleType) -> None:
    vars(module)["get_pi_revision"] = lambda: PI_4B


def _cameras(module: ModuleType) -> None:
    import rig_camera

    real = module.VideoCapture
    vars(module)["VideoCapture"] = lambda source, *how: (
        rig_camera.Capture(Path(source)) if str(source).startswith(str(RIG)) else real(source, *how)
    )


def _relays(module: ModuleType) -> None:
    vars(module)["RELAYS_DIR"] = RIG / "relays"


def _clock(module: ModuleType) -> None:
    vars(module)["datetime"] = SteppedDatetime


def _held(module: ModuleType) -> None:
    """As the kernel names lgpio's lines, whoever holds them."""
    import lgpio

    vars(module)["holders"] = lambda _chip, lines: {pin: "lg" for pin in sorted(lines) if lgpio.is_held(pin)}


def _loops(module: ModuleType) -> None:
    """The decision loop of the process whose number is in the file `stuck-loop` never comes round again."""
    real = module.DoorLoop.serve_once

    def serve_once(*arguments: Any) -> Any:
        while (RIG / "stuck-loop").exists() and (RIG / "stuck-loop").read_text() == str(os.getpid()):
            time.sleep(0.1)
        return real(*arguments)

    module.DoorLoop.serve_once = serve_once


AFTER: dict[str, Callable[[ModuleType], None]] = {
    "cv2": _cameras,
    "device.clock": _clock,
    "device.door_loop": _loops,
    "device.door.wires.chip": _board,
    "device.door.wires.held": _held,
    "device.settings.cameras": _relays,
    "gpiozero.pins.local": _revision,
}


class _Loader(importlib.abc.Loader):
    """Loads as the module's own loader does, then puts something in its place."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        AFTER[module.__name__](module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders find. OpenCV imports itself a second time as an extension, which is left alone."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in AFTER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and str(spec.origin).endswith(".py"):
            spec.loader = _Loader(spec.loader)
        return spec


if RIG.is_dir():
    sys.meta_path.insert(0, _Finder())
    time.time = lambda: _time() + wall_offset_s()
