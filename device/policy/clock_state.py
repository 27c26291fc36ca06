"""Whether the time of day can be relied upon: a pure judgment of one look at the clock and of the mark kept before."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from device.records.rulings import ClockState

EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that shows less is right: this version was made later."""
STEP = timedelta(seconds=2)
"""By how much the time of day may differ from the time that has passed since the mark, in one run of the machine."""
RTC_AGREES = timedelta(seconds=5)
"""How far the battery clock may be from the system's: it counts whole seconds, and drifts by 1.7 s a day."""


class Doubt(StrEnum):
    """Why a clock is not trusted; the value is the sentence for the operator."""

    NEVER_SET = "it has not been synchronized since the start, and no battery clock agrees with it"
    TOO_EARLY = "it shows a time before this version of Lintel was made"
    BEFORE_NEWEST = "it shows an earlier time than was written down before"
    FAR_AHEAD = "it is further ahead of the last time written down than `clock.max_gap_days` allows"
    STEPPED = "it was set by hand since it was synchronized"


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """One look at the machine's clock. `monotonic` are seconds since the machine started, `boot` names that start.

    `synchronized` changes with each synchronization, None if there was none since the start; `rtc` is what a battery
    clock shows, None without one.
    """

    now: datetime
    monotonic: float
    boot: str
    synchronized: str | None = None
    rtc: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockMark:
    """The newest time that was trusted, with the monotonic time and the start of the machine it was seen at.

    It only makes an earlier clock untrusted, and never stands in for now. `confirmed` is the newest time that was
    synchronized or accepted: a battery clock that ran ahead of it is corrected by the network, back to that at most.
    """

    newest: datetime
    confirmed: datetime | None
    monotonic: float
    boot: str
    synchronized: str | None = None

    def is_of(self, seen: ClockSeen) -> bool:
        """Whether the machine has not been started again since; a start without a name is another each time."""
        return bool(seen.boot) and seen.boot == self.boot

    def expected(self, seen: ClockSeen) -> datetime:
        """What the clock shows if it ran on undisturbed; after a new start of the machine, the mark itself."""
        if not self.is_of(seen):
            return self.newest
        return self.newest + timedelta(seconds=max(0.0, seen.monotonic - self.monotonic))


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The time of day with its state. Where it is untrusted, what is valid at one time only is judged at each of
    `times`, and the stricter answer counts.
    """

    state: ClockState
    now: datetime
    doubt: Doubt | None = None
    other: datetime | None = None
    """The least that it can be after the mark, where the clock is untrusted and a mark is known."""
    monotonic: float = 0.0
    boot: str = ""

    @property
    def times(self) -> tuple[datetime, ...]:
        """Now, and the other reading where there is one."""
        return (self.now,) if self.other is None else (self.now, self.other)


def read(seen: ClockSeen, mark: ClockMark | None, max_gap: timedelta) -> ClockReading:
    """The time of day with its state: `max_gap` is the longest time that the power is plausibly off."""
    state, doubt = _judged(seen, mark, max_gap)
    other = mark.expected(seen) if mark is not None and state is ClockState.UNTRUSTED else None
    return ClockReading(state, seen.now, doubt, other, seen.monotonic, seen.boot)


def moved(mark: ClockMark | None, seen: ClockSeen, state: ClockState) -> ClockMark | None:
    """The mark after this look. It moves only while the clock is trusted, and back only if a synchronization
    corrects what was never confirmed.
    """
    if state is not ClockState.TRUSTED:
        return mark
    if mark is None or _is_set(seen, mark):
        confirmed = seen.now if seen.synchronized is not None else None
        return ClockMark(seen.now, confirmed, seen.monotonic, seen.boot, seen.synchronized)
    newest = mark.expected(seen) if mark.is_of(seen) else max(mark.newest, seen.now)
    confirmed = newest if seen.synchronized is not None else mark.confirmed
    return replace(mark, newest=newest, confirmed=confirmed, monotonic=seen.monotonic, boot=seen.boot)


def accepted(seen: ClockSeen) -> ClockMark:
    """The mark after an operator said that the clock is right. Raises `ValueError` for a time that can't be."""
    if seen.now < EARLIEST:
        raise ValueError(f"{seen.now:%Y-%m-%d %H:%M} UTC is before this version of Lintel was made")
    return ClockMark(seen.now, seen.now, seen.monotonic, seen.boot, seen.synchronized)


def _judged(seen: ClockSeen, mark: ClockMark | None, max_gap: timedelta) -> tuple[ClockState, Doubt | None]:
    if doubt := _doubt(seen, mark, max_gap):
        return ClockState.UNTRUSTED, doubt
    if seen.synchronized is not None or _rtc_agrees(seen):
        return ClockState.TRUSTED, None
    if mark is not None and mark.is_of(seen):
        return ClockState.HELD, None
    return ClockState.UNTRUSTED, Doubt.NEVER_SET


def _doubt(seen: ClockSeen, mark: ClockMark | None, max_gap: timedelta) -> Doubt | None:
    """What speaks against a clock, whatever speaks for it."""
    if seen.now < EARLIEST:
        return Doubt.TOO_EARLY
    if mark is None:
        return None
    is_set, expected = _is_set(seen, mark), mark.expected(seen)
    floor = mark.confirmed if is_set else mark.newest
    if floor is not None and seen.now < floor - STEP:
        return Doubt.BEFORE_NEWEST
    if seen.now > expected + max_gap:
        return Doubt.FAR_AHEAD
    if mark.is_of(seen) and not is_set and abs(seen.now - expected) > STEP:
        return Doubt.STEPPED
    return None


def _is_set(seen: ClockSeen, mark: ClockMark) -> bool:
    """Whether the clock was synchronized since the mark was moved: only that may move it by more than a step."""
    return seen.synchronized is not None and not (mark.is_of(seen) and seen.synchronized == mark.synchronized)


def _rtc_agrees(seen: ClockSeen) -> bool:
    return seen.rtc is not None and abs(seen.now - seen.rtc) <= RTC_AGREES
