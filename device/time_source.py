"""Asks the machine what speaks for its clock: the time service, a battery clock, and which start this is.

The service may ask no kernel call for it (ProtectClock), so everything is read from files.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from device.policy.clock_state import ClockSeen
from device.ports import Clock

TIMESYNCD = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches it at each synchronization; it is gone after a restart of the machine."""
CHRONY = Path("/run/lintel-clock/synchronized")
"""lintel-clock.service touches it once chrony has synchronized the clock."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the machine keeps its word on the clock."""

    synchronized: tuple[Path, ...] = (TIMESYNCD, CHRONY)
    rtc: Path = Path("/sys/class/rtc")
    boot: Path = Path("/proc/sys/kernel/random/boot_id")


class TimeSource:
    """One look at the machine's clock at a time. Any thread may use it; nothing is kept."""

    def __init__(self, clock: Clock, *, always: bool = False, places: Places | None = None) -> None:
        """With `always` something else keeps the clock right, whatever this machine says of it."""
        self._clock = clock
        self.is_always_right = always
        self._places = places or Places()

    def look(self) -> ClockSeen:
        """What the clock shows, and what speaks for it. Never raises: what can't be read speaks for nothing."""
        now, monotonic = self._clock.utc(), self._clock.monotonic()
        return ClockSeen(now, monotonic, self._boot(), self._synchronized(), self._rtc())

    def _synchronized(self) -> str | None:
        """The newest word of a time service, as text that changes with each."""
        stamps = [_stamp(path) for path in self._places.synchronized]
        return " ".join(str(stamp or 0) for stamp in stamps) if any(stamps) else None

    def _rtc(self) -> datetime | None:
        """The first battery clock's time."""
        try:
            clocks = sorted(self._places.rtc.glob("rtc*"))
        except OSError:
            return None
        return next((shown for clock in clocks if (shown := _time_of(clock)) is not None), None)

    def _boot(self) -> str:
        try:
            return self._places.boot.read_text().strip()
        except (OSError, ValueError):
            return ""


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _time_of(clock: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(int((clock / "since_epoch").read_text()), UTC)
    except (OSError, ValueError, OverflowError):
        return None
