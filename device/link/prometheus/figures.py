"""The figures, from events and states of doors, as Prometheus collects them: labels are doors, states and reasons.

Counters begin at 0 with the process, as Prometheus expects of them; what happened while it was down is counted when it
comes, from the cursor. A label never says who came: no person, no badge, and duress looks like any other grant.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from device.link.chosen import undisclosed
from device.link.events import LinkEvent
from device.records import RELAY_BOUNDS_S, DoorState, DoorStatus, Event, Outcome, Reason

STALE_S = 15.0
"""A door's state that is older than this, seconds, is not said any more."""
MOST_DOORS = 64
OTHER = "other"
"""Stands for a door beyond `MOST_DOORS`, and for a reason or outcome that this version doesn't know."""
_REASONS = frozenset(reason.code for reason in Reason)
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_DECISIONS = frozenset({Event.DECISION.value, Event.DENIALS_COUNTED.value})


class Figures(Collector):
    """What is known by now. Thread-safe: the link fills it, and each scrape reads it."""

    def __init__(self, version: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.outbox: Callable[[], int | None] = lambda: None
        """How many rows wait for the slowest integration; None while that is unknown."""
        self._version = version
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._decisions: Counter[tuple[str, str, str]] = Counter()
        self._doors: set[str] = set()
        self._shown: tuple[DoorStatus, ...] = ()
        self._shown_at = 0.0

    def count(self, events: Iterable[LinkEvent]) -> None:
        """Counts the decisions among events."""
        with self._lock:
            for event in events:
                seen = undisclosed(event)
                if seen is not None and seen.kind in _DECISIONS:
                    outcome = seen.outcome if seen.outcome in _OUTCOMES else OTHER
                    reason = seen.reason if seen.reason in _REASONS else OTHER
                    self._decisions[self._door(seen.door), outcome, reason] += max(1, seen.times)

    def show(self, doors: Sequence[DoorStatus]) -> None:
        """How the doors are now."""
        with self._lock:
            self._shown, self._shown_at = tuple(doors), self._monotonic()

    def collect(self) -> Iterator[Metric]:
        """All figures; those of doors only while they are fresh."""
        with self._lock:
            decisions, age_s = dict(self._decisions), self._monotonic() - self._shown_at
            doors = self._shown if age_s <= STALE_S else ()
        yield _build_info(self._version)
        yield _decisions(decisions)
        yield _states(doors)
        yield _relay_times(doors)
        yield _frame_ages(doors, max(0.0, age_s))
        rows = self.outbox()
        yield GaugeMetricFamily(
            "lintel_outbox_rows",
            "Rows of the audit that the slowest integration has not delivered yet.",
            value=rows if rows is not None else float("nan"),
        )

    def _door(self, name: str) -> str:
        """Doors that were renamed count by their old name too, but not without end."""
        if name in self._doors or len(self._doors) < MOST_DOORS:
            self._doors.add(name)
            return name
        return OTHER


def _build_info(version: str) -> Metric:
    info = GaugeMetricFamily("lintel_build_info", "1, with the version of the link.", labels=["version"])
    info.add_metric([version], 1)
    return info


def _decisions(counts: dict[tuple[str, str, str], int]) -> Metric:
    counter = CounterMetricFamily(
        "lintel_decisions",
        "Decisions since the link began, by door, outcome and reason.",
        labels=["door", "outcome", "reason"],
    )
    for labels, count in sorted(counts.items()):
        counter.add_metric(labels, count)
    return counter


def _states(doors: Sequence[DoorStatus]) -> Metric:
    states = GaugeMetricFamily(
        "lintel_door_state", "1 for the state that a door is in, 0 for all others.", labels=["door", "state"]
    )
    for door in doors:
        for state in DoorState:
            states.add_metric([door.door, state.value], int(door.state is state))
    return states


def _relay_times(doors: Sequence[DoorStatus]) -> Metric:
    times = HistogramMetricFamily(
        "lintel_badge_to_relay_seconds",
        "Time from a badge to its relay, of all who were let in or out since the door's service began.",
        labels=["door"],
    )
    for door in doors:
        up_to = door.relay_times.up_to
        if len(up_to) == len(RELAY_BOUNDS_S) + 1:  # else the service is of another version
            bounds = (*(str(bound) for bound in RELAY_BOUNDS_S), "+Inf")
            times.add_metric([door.door], list(zip(bounds, map(float, up_to), strict=True)), door.relay_times.sum_s)
    return times


def _frame_ages(doors: Sequence[DoorStatus], since_s: float) -> Metric:
    """A camera whose service hangs grows older too."""
    ages = GaugeMetricFamily(
        "lintel_camera_frame_age_seconds",
        "Age of the newest frame that may count as evidence, of a door's cameras the oldest.",
        labels=["door"],
    )
    for door in doors:
        if door.frame_age_s is not None:
            ages.add_metric([door.door], door.frame_age_s + since_s)
    return ages
