"""A camera program as a child process: its frames come through a pipe, and its words go to the journal, bounded.

The child ends with the thread that began it, however that ends: the kernel kills it (`guarded`), and a program that
goes on writing finds its pipe closed.
"""

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from device.cameras import guarded
from device.errors import CameraError
from device.failures import in_words
from device.ports import Clock

END_S = 0.5
"""How long a child has to end by itself before it is killed."""
MOST_BYTES = 65536
"""Of its words at a time."""
MOST_LINES, WINDOW_S = 20, 60.0
"""Lines of a child that are passed on in this time; the rest is counted."""
MOST_CHARACTERS = 200
"""Of a line; the rest is cut off."""
_MOST_PENDING = 4096
_LAST = 8
"""Lines at the end of a piece among which a reason is looked for."""
_STAMP = re.compile(r"^(\[[^\]]*\]\s*)+")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"^ERROR:|\*{3}")
_TALK = ("INFO", "#")
"""How lines begin that say how it goes: libcamera's, and one for each frame of older versions."""
_KEPT_BACK = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Of the environment: only the service itself speaks to its manager."""


class Child(Protocol):
    """A program that writes frames."""

    def wait(self, timeout_s: float, *, hears: bool) -> tuple[bool, bool]:
        """Waits for more of its frames, and if it `hears` for its words; whether there is more of each, or an end."""

    def read_into(self, view: memoryview) -> int:
        """Puts some bytes of its frames there: how many, 0 at their end."""

    def said(self) -> bytes:
        """Some bytes of its standard error, none at their end."""

    def ended(self) -> str:
        """How it ended, to be put after "it"; "" while it runs. Waits a moment for one that closed its pipe."""

    def kill(self) -> None:
        """Ends it; harmless when repeated, from any thread."""

    def close(self) -> None:
        """Ends it and lets its pipes go."""


class Process:
    """`Child` that is a process."""

    def __init__(self, command: Sequence[str], *, frame_bytes: int = 0) -> None:
        """Its pipe has room for a frame of `frame_bytes`, if the kernel allows: a small one wakes both ends for each
        piece of a frame. Raises `CameraError` if it can't be started.
        """
        guard = (sys.executable, "-I", "-S", str(Path(guarded.__file__)), str(os.getpid()))
        environment = {name: value for name, value in os.environ.items() if name not in _KEPT_BACK}
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a program found on the PATH, with numbers of the settings
                [*guard, *command], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, bufsize=0, env=environment
            )
        except OSError as error:
            raise CameraError(
                f"{command[0]} can't be started: {in_words(error)}.", hint=f"Run `{command[0]} --version`."
            ) from error
        self._frames, self._words = (stream.fileno() for stream in self._streams())
        for descriptor in (self._frames, self._words):
            os.set_blocking(descriptor, False)
        with suppress(OSError):  # more than this user may have
            if frame_bytes:  # 0 would leave it a page
                fcntl.fcntl(self._frames, fcntl.F_SETPIPE_SZ, frame_bytes)

    def wait(self, timeout_s: float, *, hears: bool) -> tuple[bool, bool]:
        """As `Child`."""
        watched = select.poll()
        for descriptor in (self._frames, *((self._words,) if hears else ())):
            watched.register(descriptor, select.POLLIN)
        ready = dict(watched.poll(timeout_s * 1000))
        return self._frames in ready, self._words in ready

    def read_into(self, view: memoryview) -> int:
        """As `Child`."""
        return os.readv(self._frames, [view])

    def said(self) -> bytes:
        """As `Child`."""
        return os.read(self._words, MOST_BYTES)

    def ended(self) -> str:
        """As `Child`."""
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(END_S)
            return f"ended with exit code {status}" if status >= 0 else f"was ended by {_signal_name(-status)}"
        return ""

    def kill(self) -> None:
        """As `Child`."""
        self._process.kill()

    def close(self) -> None:
        """As `Child`."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in self._streams():
            stream.close()

    def _streams(self) -> list[IO[bytes]]:
        return [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Words:
    """What a child writes on its standard error: passed on line by line, within limits, and the last of it kept."""

    def __init__(self, note: Callable[[str], None], clock: Clock) -> None:
        """`note` takes a line for the journal."""
        self._note = note
        self._clock = clock
        self._pending = b""
        self._since = clock.monotonic()
        self._lines = self._left_out = 0
        self._error = self._last = ""

    def reason(self, *, was_killed: bool) -> str:
        """The last error of this child, or else its last line unless it was killed; "" if there was none."""
        return self._error or ("" if was_killed else self._last)

    def begins(self) -> None:
        """Another child speaks from now on. The limits go on."""
        self._pending, self._error, self._last = b"", "", ""

    def heard(self, data: bytes) -> None:
        """Some bytes of it; a line is complete with its line feed."""
        *lines, pending = (self._pending + data).split(b"\n")
        self._pending = pending[:_MOST_PENDING]
        self._begin_window()
        spoken = [line for line in lines if line.strip()]
        room = MOST_LINES - self._lines
        for line in spoken[:room]:
            self._note(_readable(line))
        self._lines += len(spoken[:room])
        self._left_out += len(spoken[room:])
        for line in spoken[-_LAST:]:
            self._remember(_readable(line))

    def _begin_window(self) -> None:
        now = self._clock.monotonic()
        if now - self._since < WINDOW_S:
            return
        if self._left_out:
            self._note(f"{self._left_out} more lines were left out")
        self._since, self._lines, self._left_out = now, 0, 0

    def _remember(self, line: str) -> None:
        told = _FRAME.sub("", _STAMP.sub("", line)).strip()
        if "ERROR" in line:
            self._error = told
        if not told.startswith(_TALK):
            self._last = told


def _readable(line: bytes) -> str:
    """A line for the journal: printable, without colors, and not too long."""
    text = _COLOR.sub("", line.decode("utf-8", "replace"))
    return "".join(one if one.isprintable() else " " for one in text).strip()[:MOST_CHARACTERS]
