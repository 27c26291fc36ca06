"""How long a reader's thread rests and is waited for, and which readers a service may have."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from device.clock import SystemClock
from device.errors import ReaderEnded
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.kinds import open_in_background
from device.readers.mailbox import Mailbox
from device.readers.part import Member, Part
from device.records import Notice, ReaderEvent, ReaderNotice, Signal
from device.settings.tables import ReaderSettings
from device.virtual.clock import SimulatedClock
from tests.device.readers.mailed import BADGE, NOISE
from tests.waiting import PATIENCE_S


class Given:
    """A reader that gives what `give` returns, at once."""

    def __init__(self, give: Callable[[], ReaderEvent | None]) -> None:
        self._give = give

    def read(self, timeout_s: float) -> ReaderEvent | None:  # noqa: ARG002 - the port has it
        return self._give()

    def show(self, signal: Signal) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


def ended() -> ReaderEvent:
    raise ReaderEnded("It has ended.", hint="Start again.")


class Joined:
    """Writes down how long threads are waited for, and lets 0.5 s pass for each."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.waits: list[float | None] = []

    def join(self, timeout: float | None = None) -> None:
        self.waits.append(timeout)
        self._clock.sleep(0.5)


def test_closing_waits_2_s_for_all_threads_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimulatedClock()
    joined = Joined(clock)
    group = ReaderGroup(tuple(Member(Given(ended), f"reader {number}") for number in range(6)), clock)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "join", lambda _thread, timeout=None: joined.join(timeout))
        group.close()
    assert joined.waits == [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]


def test_no_reader_keeps_the_process_from_ending() -> None:
    held, before = threading.Event(), set(threading.enumerate())

    def silent() -> None:
        held.wait(PATIENCE_S)

    group = ReaderGroup((Member(Given(silent), "front"),), SystemClock())
    begun = [one.daemon for one in threading.enumerate() if one not in before]
    held.set()
    group.close()
    assert begun == [True]


def test_reader_goes_on_where_another_one_has_ended() -> None:
    clock, last = SystemClock(), threading.Event()

    def ends_last() -> ReaderEvent | None:
        last.wait(PATIENCE_S)
        return ended()

    with closing(ReaderGroup((Member(Given(ended), "front"), Member(Given(ends_last), "back")), clock)) as group:
        while not group.trouble():
            time.sleep(0.01)
        heard = group.read(0.05)
        last.set()
        with pytest.raises(ReaderEnded):
            group.read(5.0)
    assert heard is None


def test_badge_that_the_door_dropped_comes_again() -> None:
    """It still lies there: within its hold time of 3 s it would not count as new."""
    lies_there, clock = threading.Semaphore(1), SystemClock()
    front = Given(lambda: BADGE if lies_there.acquire(timeout=0.05) else None)
    with closing(ReaderGroup((Member(front, "front", 3.0),), clock)) as group:
        first = group.read(5.0)
        group.unserved(BADGE)
        lies_there.release()
        again = group.read(5.0)
    assert (first, again) == (BADGE, BADGE)


def served(reader: Reader, clock: SimulatedClock) -> Part:
    return Part(Member(reader, "front"), Mailbox(), clock, dropped=lambda _read: None)


def test_thread_does_not_rest_between_events() -> None:
    part = served(Given(lambda: BADGE), SimulatedClock())
    assert [part.step() for _ in range(20)] == [0.0] * 20


def test_thread_does_not_rest_where_nothing_came() -> None:
    part = served(Given(lambda: None), SimulatedClock())
    assert [part.step() for _ in range(300)] == [0.0] * 300


def test_flood_rests_10_ms_after_every_100_dropped() -> None:
    """Ten come in before any is dropped."""
    part = served(Given(lambda: NOISE), SimulatedClock())
    rests = [part.step() for _ in range(311)]
    assert [number for number, rest_s in enumerate(rests, 1) if rest_s] == [110, 210, 310]
    assert {rest_s for rest_s in rests if rest_s} == {0.01}


def test_service_refuses_a_reader_of_standard_input(tmp_path: Path) -> None:
    settings = ReaderSettings(name="front", source="stdin")
    opened = open_in_background(
        (settings,), ReaderContext(SimulatedClock(), lambda: None, tmp_path, has_standard_input=False)
    )
    with closing(opened["front"]) as front:
        lost = front.read(0.0)
    assert isinstance(lost, ReaderNotice)
    assert lost.notice is Notice.LOST
    assert lost.detail.startswith("A service has no standard input to read badges from")


def test_standard_input_may_be_read_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_from: list[str] = []

    def opener(settings: ReaderSettings, around: ReaderContext) -> Reader:  # noqa: ARG001 - as of every kind
        opened_from.append(settings.source)
        return Given(lambda: None)

    monkeypatch.setattr("device.readers.typed.lines.open_reader", opener)
    opened = open_in_background(
        (ReaderSettings(name="front", source="stdin"),), ReaderContext(SimulatedClock(), lambda: None, tmp_path)
    )
    with closing(opened["front"]) as front:
        front.read(0.0)
    assert opened_from == ["stdin"]
