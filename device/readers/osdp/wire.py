"""The serial line under libosdp: what it writes goes out, and of what comes in only what the gate lets through."""

import os
import termios
from dataclasses import dataclass
from pathlib import Path

from device.errors import ReaderError
from device.ports import Clock
from device.readers.osdp.frames import Asked, asked_by, reply_in
from device.readers.serial_line import open_device
from device.readers.streams import naming

_CHUNK = 1024
_PENDING = 2048
"""How many bytes wait at most for a frame to become whole; noise beyond that is forgotten, oldest first."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The last reply from an address: when in seconds on the monotonic clock, to which command, its code, whether it
    refuses that command, and whether it bears the secure channel's MAC, which libosdp checks.
    """

    at: float
    command: int
    answer: int
    refuses: bool = False
    sealed: bool = False


class Wire:
    """A serial line that can break and be opened again. libosdp calls `read`, `write` and `flush`; they never raise.

    libosdp's Python part never lets a channel go, so this holds nothing that holds anything else.
    """

    def __init__(self, source: str, baud_rate: int, clock: Clock) -> None:
        self.id = 1
        """Tells libosdp that all readers of a panel share this one line."""
        self.source = source
        self._baud_rate = baud_rate
        self._clock = clock
        self._descriptor = -1
        self._asked: Asked | None = None
        self._received = b""
        self._admitted = b""
        self.fault = ""
        """Why the line broke; empty while it works."""
        self.heard: dict[int, Heard] = {}
        """The last replies, by address."""
        self.sent: set[int] = set()
        """The codes of all commands sent since the line was opened."""

    @property
    def is_open(self) -> bool:
        """Whether there is a line, however little may come over it."""
        return self._descriptor >= 0

    def open(self) -> None:
        """Opens the line, for this process alone. Raises `ReaderError`."""
        self.close()
        path = Path(self.source)
        refuse_missing_line(path)
        with naming(f"line {self.source} cannot be opened"):
            self._descriptor = open_device(path, self._baud_rate)
        self.fault = ""

    def close(self) -> None:
        """Lets the line go; harmless when repeated."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        self._asked, self._received, self._admitted = None, b"", b""
        self.heard.clear()
        self.sent.clear()

    def read(self, max_bytes: int) -> bytes:
        """What libosdp may see, at most `max_bytes`: one whole reply to each command."""
        self._receive()
        if self._asked and (reply := reply_in(self._received, self._asked)):
            now, command = self._clock.monotonic(), self._asked.command
            self.heard[self._asked.address] = Heard(now, command, reply.answer, reply.refuses, reply.sealed)
            self._asked, self._received, self._admitted = None, b"", reply.frame
        given, self._admitted = self._admitted[:max_bytes], self._admitted[max_bytes:]
        return given

    def write(self, frame: bytes) -> int:
        """Sends a command; how many bytes went out. What came before it is not a reply to it, and is discarded."""
        self._asked, self._received, self._admitted = asked_by(frame), b"", b""
        if self._asked:
            self.sent.add(self._asked.command)
        try:
            termios.tcflush(self._descriptor, termios.TCIFLUSH)
            return os.write(self._descriptor, frame)
        except BlockingIOError:
            return 0
        except (OSError, termios.error) as error:
            return self._break(error)

    def flush(self) -> None:
        """Does nothing: what is late is thrown away when the next command is written."""

    def _receive(self) -> None:
        try:
            received = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._break(error)
            return
        if received:
            self._received = (self._received + received)[-_PENDING:]
        else:
            self.fault = self.fault or "it hung up"

    def _break(self, error: OSError | termios.error) -> int:
        self.fault = self.fault or str(error.args[-1])
        return 0


def refuse_missing_line(path: Path) -> None:
    """Raises `ReaderError` if there is not a serial line."""
    with naming(f"line {path} cannot be opened"):
        if not path.is_char_device():
            raise ReaderError(
                f"No serial line at {path}: expected a character device.",
                hint="Connect the adapter, and check the reader's `source` in the settings.",
            )
