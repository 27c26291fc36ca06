"""What the core asks of the outside world. Real and simulated peripherals satisfy the same Protocols."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from device.records import BadgeRead, DoorInput, Frame, InputChanged, Line, Outputs, ReaderEvent, Signal
from device.wakeup import Wakeup


class Clock(Protocol):
    """Time as an argument: nothing else in the core reads a clock or sleeps."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def utc(self) -> datetime:
        """The time of day for the audit, with its time zone UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits at most `seconds`; less when the process is asked to stop."""

    def wait(self, wakeup: Wakeup, timeout_s: float) -> bool:
        """Waits until `wakeup` is set, at most `timeout_s`, less when the process is asked to stop; whether it is set.

        Another thread may set it at any moment.
        """


class Reader(Protocol):
    """Where badges are presented."""

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event, or None if none came within `timeout_s`. Raises `ReaderError` if the reader is gone."""

    def show(self, signal: Signal) -> None:
        """Signals the person by LED and buzzer; a reader without them does nothing. Raises `ReaderError`."""

    def close(self) -> None:
        """Lets the device go; harmless when repeated."""


@runtime_checkable
class HoldingReader(Reader, Protocol):
    """A reader that gives a card once and holds it back until it was out of sight."""

    def unserved(self, read: BadgeRead) -> None:
        """Takes a badge that got no answer: if its card still lies there, it comes again."""


@runtime_checkable
class SeveralReaders(Reader, Protocol):
    """Readers of one door as one: each shows what is meant for it, and a `read` that waits can be ended."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the readers, as their events name them."""

    def show_at(self, name: str, signal: Signal) -> None:
        """As `show`, at one of them. Raises `ReaderError`."""

    def wake(self) -> None:
        """Has a `read` that waits, or else the next one, return at once. Called from any thread."""


class Camera(Protocol):
    """Where frames come from."""

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given, or None if none came within `timeout_s`. Raises `CameraError`."""

    def trouble(self) -> str:
        """What is wrong, in one sentence: missing, stopped, stalled or frozen; "" while healthy. Doesn't wait."""

    def close(self) -> None:
        """Lets the device go; harmless when repeated."""


@runtime_checkable
class AbsentCamera(Camera, Protocol):
    """A camera that says whether it is there at all, whatever its pictures show."""

    def absence(self) -> str:
        """Why there is none, in one sentence: not connected, or it can't be opened; "" while it is there, also if it
        is covered, frozen or turned. Doesn't wait.
        """


@runtime_checkable
class WatchedCamera(Camera, Protocol):
    """A camera that hears how the faces in its pictures stand, and is in trouble if it hangs turned."""

    def saw(self, back_deg: int) -> None:
        """Takes by how many degrees clockwise a picture has to be turned until its face is upright: 0 to 270."""


class DoorIO(Protocol):
    """The wires of one door. What is driven or read raises `DoorError` if it cannot be."""

    def drive(self, outputs: Outputs) -> None:
        """Drives all outputs. A strike that is to be secure is secured first, whatever else fails."""

    def lines(self) -> Mapping[DoorInput, Line]:
        """What each wired input says now."""

    def watch(self, tell: Callable[[InputChanged], None]) -> None:
        """Has `tell` called whenever an input has changed and settled, from any thread."""

    def close(self) -> None:
        """Secures, then gives the pins back; harmless when repeated."""


class Timed(Protocol):
    """What has to be called when its time has come."""

    def deadline(self) -> float | None:
        """When, in seconds on the monotonic clock; None if nothing is pending."""

    def tick(self) -> None:
        """Its time has come. What it raises is reported, and doesn't end the thread that calls it."""
