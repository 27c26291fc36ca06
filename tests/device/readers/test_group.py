"""Several readers as one: what is let in, where it waits, and that none keeps the others from being heard."""

import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import Stop, SystemClock
from device.config import ReaderSettings
from device.errors import ReaderEnded, ReaderError
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.lines import open_reader
from device.readers.mailbox import ROOM, ROOM_FOR_NOISE, Mailbox
from device.readers.rate_limit import REPORT_EVERY_S, Intake, TokenBucket
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderNotice, Signal

EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
SOON_S = 5.0
BADGE, NOISE = BadgeRead(EILEEN, 0.0, "front"), BadgeRead(None, 0.0, "front", fault="noise")
KEY, NOTICE = KeyPress("1", 0.0, "front"), ReaderNotice(Notice.TAMPERED, 0.0, "front")
any_event = st.sampled_from([BADGE, NOISE, KEY, NOTICE])


def test_pace_admits_a_burst_and_then_no_more():
    pace = TokenBucket(burst=3, rate=1)
    assert [pace.admits(10.0) for _ in range(5)] == [True] * 3 + [False] * 2


def test_pace_admits_more_as_time_passes():
    pace = TokenBucket(burst=3, rate=2)
    for _ in range(3):
        pace.admits(10.0)
    assert [pace.admits(at) for at in (10.4, 10.5, 10.6, 11.0)] == [False, True, False, True]


@given(st.lists(st.floats(0, 100), max_size=200), st.integers(1, 5), st.floats(0.1, 10))
def test_pace_admits_no_more_than_a_burst_and_its_rate(times, burst, rate):
    pace = TokenBucket(burst, rate)
    admitted = sum(pace.admits(at) for at in sorted(times))
    assert admitted <= burst + rate * (max(times) - min(times) if times else 0) + 1e-6


def test_pace_is_not_moved_by_a_clock_that_goes_back():
    pace = TokenBucket(burst=1, rate=1)
    assert [pace.admits(at) for at in (10.0, 5.0, 5.5)] == [True, False, False]


def test_loose_contact_does_not_fill_the_audit():
    intake = Intake()
    assert sum(intake.lets_in(NOTICE, number / 10) for number in range(1000)) <= 30


@pytest.mark.parametrize("event", [BADGE, NOISE, KEY], ids=["badge", "noise", "key"])
def test_what_people_do_is_let_in(event):
    intake = Intake()
    assert all(intake.lets_in(event, float(second)) for second in range(60))


def test_ten_badges_a_second_are_let_in():
    intake = Intake()
    assert all(intake.lets_in(BADGE, number / 10) for number in range(600))


@pytest.mark.parametrize(("event", "most"), [(BADGE, 220), (NOISE, 30), (KEY, 240)], ids=["badge", "noise", "key"])
def test_flood_is_let_in_at_the_pace_of_people(event, most):
    intake = Intake()
    assert sum(intake.lets_in(event, number / 1000) for number in range(10_000)) <= most


def test_noise_uses_up_nothing_of_the_badges():
    intake = Intake()
    for _ in range(10_000):
        intake.lets_in(NOISE, 1.0)
    assert intake.lets_in(BADGE, 1.0)


def test_what_is_dropped_is_told_once_a_second_with_its_count():
    intake, told = Intake(), []
    for number in range(2500):
        at = 10.0 + number / 1000
        intake.lets_in(NOISE, at)
        if report := intake.report(at):
            told.append(report)
    counted = sum(int(report.fault.split()[0]) for report in told)
    assert (len(told), told[0].reader, told[0].credential) == (3, "front", None)
    rest = intake.report(at + REPORT_EVERY_S)
    assert rest.fault == f"{intake.dropped - counted} more came too fast and were dropped"


def test_nothing_dropped_is_nothing_told():
    intake = Intake()
    intake.lets_in(BADGE, 1.0)
    assert intake.report(10.0) is None


def test_mailbox_gives_events_in_their_order():
    mailbox = Mailbox()
    for event in (BADGE, NOISE, KEY):
        mailbox.put(event)
    assert [mailbox.take() for _ in range(4)] == [BADGE, NOISE, KEY, None]


def test_badge_waits_behind_little_noise():
    mailbox = Mailbox()
    for _ in range(1000):
        mailbox.put(NOISE)
    mailbox.put(BADGE)
    assert [mailbox.take() for _ in range(ROOM_FOR_NOISE + 1)] == [NOISE] * ROOM_FOR_NOISE + [BADGE]


def test_badge_drives_noise_out_of_a_full_mailbox():
    mailbox = Mailbox()
    for event in (BADGE, NOISE, *[KEY] * (ROOM - 2), NOTICE):
        mailbox.put(event)
    taken = [mailbox.take() for _ in range(ROOM)]
    assert (taken[0], taken[-1], NOISE in taken) == (BADGE, NOTICE, False)


@given(st.lists(any_event, max_size=3 * ROOM))
def test_mailbox_has_bounded_room_and_loses_nothing_without_counting_it(events):
    mailbox = Mailbox()
    for event in events:
        mailbox.put(event)
    taken = 0
    while mailbox.take() is not None:
        taken += 1
    assert (taken <= ROOM, taken + mailbox.dropped) == (True, len(events))


def test_failure_comes_after_what_was_there_and_every_time():
    mailbox = Mailbox()
    mailbox.put(BADGE)
    mailbox.fail(ReaderError("gone", hint="look"))
    first = mailbox.take()
    for _ in range(2):
        with pytest.raises(ReaderError, match="gone"):
            mailbox.take()
    assert first is BADGE


def test_failure_that_is_raised_for_weeks_does_not_grow():
    mailbox, depths = Mailbox(), []
    mailbox.fail(ReaderError("gone", hint="look"))
    for _ in range(3):
        with pytest.raises(ReaderError) as failure:
            mailbox.take()
        depths.append(len(failure.traceback))
    assert depths[0] == depths[2]


class Inner:
    """A reader that gives what is put on it, from any thread; `floods` without end; can fail and hang."""

    def __init__(self):
        self.events, self.something = [], threading.Condition()
        self.floods = None
        self.failure = None
        self.cannot_show = False
        self.hangs = threading.Event()
        self.hangs.set()
        self.given, self.shown, self.closed = 0, [], 0

    def put(self, *events):
        with self.something:
            self.events.extend(events)
            self.something.notify_all()

    def read(self, timeout_s):
        self.hangs.wait()
        if self.floods:
            self.given += 1
            return self.floods
        with self.something:
            self.something.wait_for(lambda: self.events or self.failure, timeout_s)
            if self.events:
                return self.events.pop(0)
            if self.failure:
                raise self.failure
        return None

    def fail(self, failure):
        with self.something:
            self.failure = failure
            self.something.notify_all()

    def show(self, signal):
        if self.cannot_show:
            raise ReaderError("The LED does not answer.", hint="Look at its wire.")
        self.shown.append(signal)

    def close(self):
        self.closed += 1


@pytest.fixture
def inner():
    return Inner(), Inner()


@pytest.fixture
def group(inner):
    with closing(ReaderGroup(inner, SystemClock())) as group:
        yield group


def until(reader, credential):
    """Reads until a badge comes; how long it took, in seconds."""
    began = time.monotonic()
    while time.monotonic() - began < SOON_S:
        event = reader.read(0.1)
        if isinstance(event, BadgeRead) and event.credential == credential:
            return time.monotonic() - began
    raise AssertionError("it never came")


def test_badges_of_all_readers_come(group, inner):
    inner[0].put(BadgeRead(EILEEN, 0.0))
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert {group.read(SOON_S).credential for _ in range(2)} == {EILEEN, GRACE}


def test_keys_and_notices_come(group, inner):
    inner[0].put(KEY, NOTICE)
    assert [group.read(SOON_S) for _ in range(2)] == [KEY, NOTICE]


@pytest.mark.parametrize("flood", [NOISE, BADGE], ids=["noise", "badges"])
def test_badge_is_heard_beside_a_reader_that_floods(group, inner, flood):
    inner[0].floods = flood
    group.read(SOON_S)
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert until(group, GRACE) < 2.0


def test_flood_leaves_the_processor_to_others(group, inner):
    inner[0].floods = NOISE
    group.read(SOON_S)
    before = inner[0].given
    time.sleep(0.5)
    assert inner[0].given - before < 10_000


def test_flood_is_told_with_its_count(group, inner):
    inner[0].floods = NOISE
    deadline = time.monotonic() + SOON_S
    while "came too fast and were dropped" not in group.read(SOON_S).fault:
        assert time.monotonic() < deadline


def test_reader_that_hangs_keeps_nobody_waiting(group, inner):
    inner[0].hangs.clear()
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert until(group, GRACE) < 2.0
    inner[0].hangs.set()


def test_error_of_one_is_raised_after_the_badges_before_it(group, inner):
    inner[0].put(BadgeRead(EILEEN, 0.0))
    inner[0].fail(ReaderError("It is gone.", hint="Start anew."))
    assert group.read(SOON_S).credential == EILEEN
    with pytest.raises(ReaderError):
        group.read(SOON_S)


def test_input_that_has_ended_ends_the_others_only_with_the_last(group, inner):
    inner[0].fail(ReaderEnded("It has ended.", hint="Start anew."))
    inner[1].put(BadgeRead(EILEEN, 0.0))
    assert group.read(SOON_S).credential == EILEEN
    inner[1].fail(ReaderEnded("It has ended.", hint="Start anew."))
    with pytest.raises(ReaderEnded):
        group.read(SOON_S)


def test_keys_do_not_push_out_what_a_reader_says_of_itself():
    mailbox = Mailbox()
    mailbox.put(NOTICE)
    for _ in range(ROOM):
        mailbox.put(KEY)
    assert mailbox.take() == NOTICE


def test_mistake_of_a_readers_program_is_not_swallowed(group, inner):
    inner[0].fail(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError, match="a bug"):
        group.read(SOON_S)


def test_error_ends_a_wait_under_way(group, inner):
    threading.Timer(0.1, inner[0].fail, [ReaderError("gone", hint="look")]).start()
    with pytest.raises(ReaderError, match="gone"):
        group.read(SOON_S)


def test_request_to_stop_ends_a_wait_under_way(inner):
    stop = Stop()
    with closing(ReaderGroup(inner, SystemClock(stop))) as group:
        threading.Timer(0.1, stop.set).start()
        assert group.read(SOON_S) is None


def test_signal_is_shown_on_all(group, inner):
    group.show(Signal.GRANTED)
    assert [reader.shown for reader in inner] == [[Signal.GRANTED]] * 2


def test_signal_is_shown_on_the_others_where_one_cannot(group, inner):
    inner[0].cannot_show = True
    with pytest.raises(ReaderError, match="LED"):
        group.show(Signal.GRANTED)
    assert inner[1].shown == [Signal.GRANTED]


def test_closing_ends_all_threads_and_closes_all_readers(inner):
    before = threading.active_count()
    ReaderGroup(inner, SystemClock()).close()
    assert (threading.active_count(), [reader.closed for reader in inner]) == (before, [1, 1])


def test_closing_does_not_wait_for_a_reader_that_hangs(inner, monkeypatch):
    monkeypatch.setattr("device.readers.group.END_TIME_S", 0.2)
    inner[0].hangs.clear()
    group = ReaderGroup(inner, SystemClock())
    began = time.monotonic()
    group.close()
    inner[0].hangs.set()
    assert time.monotonic() - began < 2.0


def test_badge_is_heard_beside_a_fifo_that_is_flooded(tmp_path: Path):
    """Really: another thread writes noise into one reader's FIFO as fast as it goes."""
    clock, around = SystemClock(), ReaderContext(SystemClock(), lambda: None, tmp_path)
    paths = tmp_path / "front", tmp_path / "back"
    for path in paths:
        os.mkfifo(path)
    readers = tuple(open_reader(ReaderSettings(name=path.name, source=str(path)), around) for path in paths)
    ended = threading.Event()

    def flood():
        with paths[0].open("wb", buffering=0) as pipe:
            os.set_blocking(pipe.fileno(), False)
            while not ended.is_set():
                pipe.write(b"noise\n" * 600)

    writer = threading.Thread(target=flood)
    with closing(ReaderGroup(readers, clock)) as group:
        writer.start()
        group.read(SOON_S)
        paths[1].write_bytes(b"17:1002\n")
        took = until(group, GRACE)
        ended.set()
        writer.join()
    assert took < 2.0
