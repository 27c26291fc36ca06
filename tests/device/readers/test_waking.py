"""A door that waits for its readers can be woken by what its cameras see: no call is lost, and no event either."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from device.clock import SystemClock
from device.readers.group import ReaderGroup
from device.readers.mailbox import Mailbox
from device.readers.part import Member
from device.records import BadgeRead, Credential, ReaderEvent, Signal
from tests.waiting import PATIENCE_S

BADGE = BadgeRead(Credential("h10301", 17, 1001), 0.0, "front")


class Quiet:
    """A reader that gives nothing, and remembers what it was told to show."""

    def __init__(self) -> None:
        self.shown: list[Signal] = []

    def read(self, timeout_s: float) -> ReaderEvent | None:
        time.sleep(min(timeout_s, 0.01))
        return None

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)

    def close(self) -> None:
        pass


@pytest.fixture
def quiet() -> tuple[Quiet, Quiet]:
    return Quiet(), Quiet()


@pytest.fixture
def group(quiet: tuple[Quiet, Quiet]) -> Iterator[ReaderGroup]:
    members = (Member(quiet[0], "front"), Member(quiet[1], "side"))
    with closing(ReaderGroup(members, SystemClock())) as made:
        yield made


def test_read_that_waits_ends_when_it_is_woken(group: ReaderGroup) -> None:
    began = time.monotonic()
    threading.Timer(0.05, group.wake).start()
    assert group.read(PATIENCE_S) is None
    assert time.monotonic() - began < PATIENCE_S / 2


def test_read_after_a_call_ends_at_once_and_the_next_one_waits(group: ReaderGroup) -> None:
    group.wake()
    began = time.monotonic()
    assert group.read(PATIENCE_S) is None
    woken_s = time.monotonic() - began
    assert group.read(0.2) is None
    assert woken_s < PATIENCE_S / 2
    assert time.monotonic() - began - woken_s >= 0.2


def test_no_call_is_lost_however_it_falls() -> None:
    """A thread calls after each count; the reader, woken or not, has seen all of them when the last call was heard."""
    mailbox, counted, seen = Mailbox(), [0], 0

    def call() -> None:
        for _ in range(2000):
            counted[0] += 1
            mailbox.wake()

    thread = threading.Thread(target=call)
    thread.start()
    deadline = time.monotonic() + PATIENCE_S
    while seen < 2000 and time.monotonic() < deadline:
        if mailbox.take() is None:
            SystemClock().wait(mailbox.filled, PATIENCE_S)  # a call that is lost keeps this waiting
            mailbox.take()
        seen = counted[0]
    thread.join()
    assert (seen, time.monotonic() < deadline) == (2000, True)


@pytest.mark.parametrize("calls_first", [True, False])
def test_event_is_given_before_and_after_a_call(calls_first: bool) -> None:
    mailbox = Mailbox()
    for is_call in (calls_first, not calls_first):
        if is_call:
            mailbox.wake()
        else:
            mailbox.put(BADGE)
    assert (mailbox.take(), mailbox.take()) == (BADGE, None)


def test_each_reader_of_a_group_shows_what_is_meant_for_it(group: ReaderGroup, quiet: tuple[Quiet, Quiet]) -> None:
    group.show_at("side", Signal.LOOK)
    group.show(Signal.READY)
    assert group.names == ("front", "side")
    assert [one.shown for one in quiet] == [[Signal.READY], [Signal.LOOK, Signal.READY]]


def test_call_is_seen_by_the_wait_after_an_empty_take() -> None:
    mailbox = Mailbox()
    mailbox.wake()
    seen = []
    for _ in range(2):
        assert mailbox.take() is None
        seen.append(mailbox.filled.is_set())
    assert seen == [True, False]
