"""PN532: a chip that reads contactless cards (ISO 14443 A), on a serial line of 115200 bits/s.

It gives a card's serial number (`csn4`, `csn7`, `csn10`), or, where `formats` of the reader has `ndef`, the badge that
stands in the card's first text, as it is typed elsewhere (`17:4242`).

nfcpy was not taken: two bytes of noise make it raise IndexError, it finds no device outside of /dev itself, such as
those under /dev/serial/by-id, and it asks `stty` through a shell.

Security: clonable, the serial number and the text alike. Neither is protected by a key: cards with a number of choice
can be bought, and a text can be read and written with a telephone.
"""

import os
from pathlib import Path
from typing import assert_never

from device.errors import ConfigError, ReaderError
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.pn532.dialogue import (
    TEXT_FORMAT,
    UID_FORMATS,
    Answer,
    Ask,
    Dialogue,
    Ready,
    Rest,
    Step,
    Wrong,
    dialogue,
)
from device.readers.pn532.frames import NOT_UNDERSTOOD, WAKE_UP, FrameParser, command_frame
from device.readers.serial_line import open_serial_line
from device.readers.streams import CHECK_HINT, has_come, naming, received_from
from device.records import BadgeRead, BadgeRemoved, ReaderEvent, Signal
from device.settings.tables import ReaderSettings

BAUD_RATE = 115200
"""What the chip begins with, whatever the setting says."""
ANSWER_TIME_S = 0.4
"""The slowest answer, of a card that was sought in vain, takes some 50 ms."""
TRIES = 3
"""How often a command is sent before the chip is given up: a byte may be lost on the line."""


class Pn532Reader:
    """`Reader` of the chip at the other end of a descriptor. It has neither LED nor buzzer."""

    def __init__(self, descriptor: int, dialogue: Dialogue, clock: Clock) -> None:
        """Takes `descriptor` over. Raises `ReaderError`, within about a second, if no PN532 answers there."""
        self._descriptor = descriptor
        self._dialogue = dialogue
        self._clock = clock
        self._frames = FrameParser()
        self._due_at = 0.0
        self._tries = 0
        self._step: Step = next(dialogue)
        self._begin()
        while not isinstance(self._step, Ready):
            self._go_on(self._due_at)

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """A card, once in each round that finds it, or that none is there any more. Raises `ReaderError` if the chip
        does not answer any more.
        """
        deadline = self._clock.monotonic() + timeout_s
        while not isinstance(self._step, BadgeRead | BadgeRemoved):
            if not self._go_on(deadline):
                return None
        event = self._step
        self._next(Answer(b"", self._clock.monotonic()))
        return event

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Closes the line; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _go_on(self, deadline: float) -> bool:
        """Brings the dialogue forward by a step if it can be done by the deadline; whether it could."""
        step = self._step
        match step:
            case Ask(command):
                return self._hear(command[0] + 1, deadline)
            case Rest():
                self._clock.sleep(min(self._due_at, deadline) - self._clock.monotonic())
                if self._clock.monotonic() < self._due_at:
                    return False
                self._next(Answer(b"", self._clock.monotonic()))
            case Ready() | BadgeRead() | BadgeRemoved():
                self._next(Answer(b"", self._clock.monotonic()))
            case Wrong(received):
                raise ReaderError(f"Expected a PN532, received {received} as its version.", hint=CHECK_HINT)
            case _:
                assert_never(step)
        return True

    def _hear(self, code: int, deadline: float) -> bool:
        """Waits for the answer to the command of this code, and asks again if it does not come in time."""
        left = min(self._due_at, deadline) - self._clock.monotonic()
        if has_come(self._descriptor, max(0.0, left)):
            for answer in self._frames.take(self._received()):
                if answer[0] == code or answer == NOT_UNDERSTOOD:
                    self._next(Answer(answer[1:], self._clock.monotonic()))
                    return True
        now = self._clock.monotonic()
        if now >= self._due_at:
            self._ask_anew()
        return now < deadline

    def _received(self) -> bytes:
        received = received_from(self._descriptor)
        if received == b"":
            raise ReaderError("The badge reader is gone: it hung up.", hint=CHECK_HINT)
        return received or b""

    def _next(self, answer: Answer) -> None:
        self._step = self._dialogue.send(answer)
        self._tries = 0
        self._begin()

    def _begin(self) -> None:
        """What a step needs first: a command is sent, a rest begins."""
        match self._step:
            case Ask():
                self._ask()
            case Rest(seconds):
                self._due_at = self._clock.monotonic() + seconds

    def _ask(self) -> None:
        assert isinstance(self._step, Ask)
        self._frames = FrameParser()
        self._due_at = self._clock.monotonic() + ANSWER_TIME_S
        with naming("does not take commands"):
            os.write(self._descriptor, WAKE_UP + command_frame(self._step.command))

    def _ask_anew(self) -> None:
        self._tries += 1
        if self._tries == TRIES:
            raise ReaderError(f"The badge reader did not answer {TRIES} times in a row.", hint=CHECK_HINT)
        self._ask()


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The reader on a serial line. Raises `ReaderError`, `ConfigError` for formats that it does not know."""
    formats = frozenset(settings.formats or UID_FORMATS.values())
    known = {*UID_FORMATS.values(), TEXT_FORMAT}
    if strangers := sorted(formats - known):
        raise ConfigError(
            f"A PN532 can't read the format {strangers[0]!r}.",
            hint=f"Set `formats` to some of {', '.join(sorted(known))}.",
        )
    descriptor = open_serial_line(Path(settings.source), BAUD_RATE)
    try:
        return Pn532Reader(descriptor, dialogue(settings.name, formats), around.clock)
    except BaseException:
        os.close(descriptor)
        raise
