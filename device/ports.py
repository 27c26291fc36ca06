"""What the core asks of the outside world. Real and simulated peripherals satisfy the same Protocols."""

from datetime import datetime
from typing import Protocol

from device.records import BadgeRead, Frame


class Clock(Protocol):
    """Time as an argument: nothing else in the core reads a clock or sleeps."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def utc(self) -> datetime:
        """The time of day for the audit, with its time zone UTC."""

    def sleep(self, seconds: float) -> None:
        """Waits at most `seconds`; less when the process is asked to stop."""


class Reader(Protocol):
    """Where badges are presented."""

    def read(self, timeout_s: float) -> BadgeRead | None:
        """The next badge, or None if none came within `timeout_s`. Raises `ReaderError` if the reader is gone."""

    def close(self) -> None:
        """Lets the device go; harmless when repeated."""


class Camera(Protocol):
    """Where frames come from."""

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet given, or None if none came within `timeout_s`. Raises `CameraError`."""

    def close(self) -> None:
        """Lets the device go; harmless when repeated."""


class DoorIO(Protocol):
    """The relay of the strike. Both directions raise `DoorError` if the pin cannot be driven."""

    def release(self) -> None:
        """Lets the door be opened, until `secure`."""

    def secure(self) -> None:
        """Locks the door; harmless when repeated."""

    def close(self) -> None:
        """Secures, then gives the pin back."""
