"""Stands in for lgpio in a child of the rig: a pin is a file, and every level that is driven is in a log.

The folder is LINTEL_RIG. `chips.json` says which chips there are. `pins/PIN` holds the level that is driven. A process
has a pin to itself, by a lock on the file that ends with it; the pin keeps its level when it is killed.
`pins/PIN.in` is what a wire says: the test writes it, absent means high, as a pulled-up contact that is open.
`levels.log` has a line for each level: nanoseconds on CLOCK_MONOTONIC, process, pin, level. A chip that is not the
header's has its pins as `pins/LABEL:PIN`.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
INPUT, OUTPUT, ALERT = 1 << 8, 1 << 9, 1 << 10
IS_OUT = 1 << 1
HEADERS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
CUT = "cut"
"""What a wire says of which nobody can tell anything: reading it raises."""
POLL_S = 0.002
IN_MOVED_TO = 0x80
"""Of inotify: the board replaces a wire's file as a whole."""
RIG = Path(os.environ["LINTEL_RIG"])
OK = 0
_writing = threading.Lock()


class error(Exception):  # noqa: N801 - as lgpio calls it
    """What lgpio raises."""


class _Held:
    """A pin that this process has."""

    def __init__(self, kind: int, descriptor: int, flags: int) -> None:
        self.kind, self.descriptor, self.flags = kind, descriptor, flags
        self.level = 0


_chips: dict[int, int] = {}
_held: dict[tuple[int, int], _Held] = {}
_log = os.open(RIG / "levels.log", os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)


def _labels() -> dict[int, str]:
    return {int(number): label for number, label in json.loads((RIG / "chips.json").read_text()).items()}


def gpiochip_open(chip: int) -> int:
    if chip not in _labels():
        raise error("can not open gpiochip")
    handle = len(_chips) + 7
    _chips[handle] = chip
    return handle


def gpiochip_close(handle: int) -> int:
    chip = _chips.pop(handle, None)
    for place in [place for place in _held if place[0] == chip]:
        _let_go(place)
    return OK


def gpio_get_chip_info(handle: int) -> list[Any]:
    chip = _chips[handle]
    return [OK, 58, f"gpiochip{chip}", _labels()[chip]]


def gpio_claim_output(handle: int, pin: int, level: int = 0, flags: int = 0) -> int:
    if _held_as(handle, pin) != OUTPUT:
        _take(handle, pin, OUTPUT, flags)
        gpio_write(handle, pin, level)
    return OK


def gpio_claim_input(handle: int, pin: int, flags: int = 0) -> int:
    if _held_as(handle, pin) != INPUT:
        _take(handle, pin, INPUT, flags)
    return OK


def gpio_claim_alert(handle: int, pin: int, _edges: int, flags: int = 0, _notify: Any = None) -> int:
    _take(handle, pin, ALERT, flags)
    return OK


def gpio_free(handle: int, pin: int) -> int:
    if (_chips[handle], pin) not in _held:
        raise error("GPIO not allocated")
    _let_go((_chips[handle], pin))
    return OK


def gpio_write(handle: int, pin: int, level: int) -> int:
    _stuck()
    place = (_chips[handle], pin)
    if place not in _held or _held[place].kind != OUTPUT:
        gpio_claim_output(handle, pin, level)
        return OK
    held = _held[place]
    with _writing:  # not by pwrite, which the rig breaks for the store
        held.level = int(level)
        os.lseek(held.descriptor, 0, os.SEEK_SET)
        os.write(held.descriptor, b"%d" % held.level)
    os.write(_log, b"%d %d %s %d\n" % (time.monotonic_ns(), os.getpid(), _name(handle, pin).encode(), int(level)))
    return OK


def gpio_read(handle: int, pin: int) -> int:
    place = (_chips[handle], pin)
    if place in _held and _held[place].kind == OUTPUT:
        return _held[place].level
    return _said(_name(handle, pin))


def gpio_get_mode(handle: int, pin: int) -> int:
    held = _held.get((_chips[handle], pin))
    return 0 if held is None else held.kind | held.flags | (IS_OUT if held.kind == OUTPUT else 0)


class callback:  # noqa: N801 - as lgpio calls it
    """Tells each change of a wire from the module's own thread."""

    def __init__(
        self, handle: int, pin: int, _edge: int = RISING_EDGE, func: Callable[..., None] | None = None
    ) -> None:
        self.handle, self.pin, self.func, self.name = handle, pin, func, _name(handle, pin)
        self.last = _said(self.name)
        _watcher.add(self)

    def cancel(self) -> None:
        _watcher.remove(self)


class _Watcher:
    """The one thread that looks at the wires."""

    def __init__(self) -> None:
        self._watched: list[callback] = []
        self._thread: threading.Thread | None = None

    def add(self, one: callback) -> None:
        self._watched.append(one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lgpio", daemon=True)
            self._thread.start()

    def remove(self, one: callback) -> None:
        if one in self._watched:
            self._watched.remove(one)

    def _run(self) -> None:
        changed = _changes(RIG / "pins")
        while True:
            for one in list(self._watched):
                level = _level(one)
                if level != one.last:
                    one.last = level
                    if one.func is not None:
                        one.func(one.handle, one.pin, level, time.monotonic_ns())
            changed()


def _changes(folder: Path) -> Callable[[], None]:
    """Waits until a file of the folder was put in place, as the kernel says it; without inotify, for `POLL_S`."""
    libc = ctypes.CDLL(None)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0 or libc.inotify_add_watch(descriptor, bytes(folder), IN_MOVED_TO) < 0:
        return lambda: time.sleep(POLL_S)
    return lambda: _seen(os.read(descriptor, 4096))


def _seen(_events: bytes) -> None:
    """What has changed is read of the files."""


def _level(one: callback) -> int:
    """A wire that is cut has an edge, and then none."""
    try:
        return _said(one.name)
    except error:
        return 2


_watcher = _Watcher()


def spi_open(_device: int, _channel: int, _baud: int, _flags: int = 0) -> int:
    return 3


def spi_close(_handle: int) -> int:
    return OK


def spi_xfer(_handle: int, data: bytes) -> tuple[int, bytes]:
    """An MCP3008 with the readings in `spi.json`, 0 to 1023 by channel."""
    reading = json.loads((RIG / "spi.json").read_text())[data[1] >> 4 & 7]
    return 3, bytes([0, reading >> 8, reading & 0xFF])


def _name(handle: int, pin: int) -> str:
    label = _labels()[_chips[handle]]
    return str(pin) if label in HEADERS else f"{label}:{pin}"


def _said(name: str) -> int:
    try:
        said = (RIG / "pins" / f"{name}.in").read_text()
    except FileNotFoundError:
        return 1
    if said == CUT:
        raise error("the wire is cut")
    return int(said)


def _stuck() -> None:
    """A call that never returns, in the process whose number is in the file `stuck`; since when, in `stuck-since`."""
    while (RIG / "stuck").exists() and (RIG / "stuck").read_text() == str(os.getpid()):
        with contextlib.suppress(FileExistsError):
            (RIG / "stuck-since").symlink_to(str(time.monotonic()))
        time.sleep(POLL_S)


def _held_as(handle: int, pin: int) -> int:
    held = _held.get((_chips[handle], pin))
    return 0 if held is None else held.kind


def _take(handle: int, pin: int, kind: int, flags: int) -> None:
    place = (_chips[handle], pin)
    if place in _held:
        if kind == INPUT and _held[place].kind == OUTPUT:
            _drive_no_more(handle, pin, _held[place].descriptor)
        _held[place].kind, _held[place].flags = kind, flags
        return
    path = RIG / "pins" / _name(handle, pin)
    path.parent.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise error("GPIO busy") from None
    _held[place] = _Held(kind, descriptor, flags)
    if kind == INPUT and os.pread(descriptor, 1, 0) in (b"0", b"1"):  # as another process left it
        _drive_no_more(handle, pin, descriptor)


def _drive_no_more(handle: int, pin: int, descriptor: int) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, b"-")
    os.write(_log, b"%d %d %s -\n" % (time.monotonic_ns(), os.getpid(), _name(handle, pin).encode()))


def is_held(pin: int) -> bool:
    """Whether a process has a pin of the header, this one or another."""
    path = RIG / "pins" / str(pin)
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _let_go(place: tuple[int, int]) -> None:
    os.close(_held.pop(place).descriptor)
