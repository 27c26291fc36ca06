"""What schedules say of a door at a time: a window that releases it, one that begins soon, a lock. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from device.policy.rules import Release, Rules, is_about, lock_on
from device.policy.schedules import ALWAYS, Schedule
from device.records import ScheduleChanged

LEASE_S = 30.0
"""How long what is said counts, so that a door whose schedules fall silent does not stay released."""
LOOKED_BACK = timedelta(days=8)
"""A window that began earlier has no beginning."""
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A window of a release, [begins, ends) in UTC; the first and the last time there is stand for no limit."""

    release: Release
    begins: datetime
    ends: datetime

    @property
    def awaits(self) -> bool:
        """Whether someone has to come in first."""
        return bool(self.release.first_in)

    @property
    def name(self) -> str:
        """As `ScheduleChanged` has it."""
        return f"{self.begins.isoformat(timespec='seconds')}/{self.ends.isoformat(timespec='seconds')}"

    def is_on(self, at: datetime) -> bool:
        """Whether it has begun and not ended."""
        return self.begins <= at < self.ends

    def is_near(self, at: datetime) -> bool:
        """Whether someone who comes now may lead it in."""
        early = timedelta(seconds=self.release.early_s)
        return self.begins - early <= at < self.ends if self.begins > _FIRST + early else at < self.ends


def window_at(rules: Rules, door: str, at: datetime) -> OpenWindow | None:
    """The window that counts at a door: one that is on and waits for no one, else one that is on, else one that begins
    soon. None without any.
    """
    near = [window for one in rules.releases if is_about(one, door) and (window := _near(rules, one, at)) is not None]
    return min(near, key=lambda window: (not window.is_on(at), window.awaits, window.begins), default=None)


def said_at(
    rules: Rules | None, door: str, readings: tuple[datetime, ...], window: OpenWindow | None, left_s: float
) -> ScheduleChanged:
    """What to tell a door. `window` is what `window_at` says for the first reading, None where no release may go on;
    it ends after `left_s` whatever the clock says.
    """
    is_locked = rules is not None and lock_on(rules, door, readings) is not None
    if window is None:
        return ScheduleChanged(unlocked=False, locked=is_locked)
    now = readings[0]
    is_on = all(window.is_on(at) for at in readings)
    lasts_s = max(0.0, min(LEASE_S, left_s, (window.ends - now).total_seconds()))
    return ScheduleChanged(is_on, is_locked, window.name, awaits=window.awaits, lasts_s=lasts_s)


def _near(rules: Rules, release: Release, at: datetime) -> OpenWindow | None:
    if release.schedule == ALWAYS:
        return OpenWindow(release, _FIRST, _LAST)
    schedule = rules.schedules[release.schedule]
    if schedule.holds(at):
        return OpenWindow(release, _begun(schedule, at), schedule.next_change(at) or _LAST)
    begins = schedule.next_change(at) if release.first_in else None
    if begins is None:
        return None
    window = OpenWindow(release, begins, schedule.next_change(begins) or _LAST)
    return window if window.is_near(at) else None


def _begun(schedule: Schedule, at: datetime) -> datetime:
    """When a window that is on began; the first time there is if that was long ago."""
    begun, change = _FIRST, at - LOOKED_BACK
    while (following := schedule.next_change(change)) is not None and following <= at:
        begun, change = following, following
    return begun
