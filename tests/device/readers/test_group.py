"""Several readers as one: none keeps the others from being heard."""

import os
import pty
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from device.clock import Stop, SystemClock
from device.errors import ReaderEnded, ReaderError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.kinds import group_of, open_in_background
from device.readers.mailbox import Mailbox
from device.readers.part import Member
from device.readers.typed.lines import open_reader
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice, Signal
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_badge, as_notice
from tests.device.readers.mailed import BADGE, EILEEN, GRACE, KEY, NOISE, NOTICE, ROOM
from tests.there import there
from tests.waiting import PATIENCE_S


class Inner:
    """A reader that gives what is put on it, from any thread; `floods` without end; can fail and hang."""

    def __init__(self) -> None:
        self.events: list[ReaderEvent] = []
        self.something = threading.Condition()
        self.floods: BadgeRead | None = None
        self.failure: Exception | None = None
        self.cannot_show = False
        self.hangs = threading.Event()
        self.hangs.set()
        self.waits = False
        self.given = self.closed = 0
        self.shown: list[Signal] = []

    def put(self, *events: BadgeRead | KeyPress | ReaderNotice) -> None:
        with self.something:
            self.events.extend(events)
            self.something.notify_all()

    def read(self, timeout_s: float) -> ReaderEvent | None:
        self.waits = True
        self.hangs.wait()
        if self.floods:
            self.given += 1
            return self.floods
        with self.something:
            self.something.wait_for(lambda: bool(self.events or self.failure), timeout_s)
            if self.events:
                return self.events.pop(0)
            if self.failure:
                raise self.failure
        return None

    def fail(self, failure: Exception) -> None:
        with self.something:
            self.failure = failure
            self.something.notify_all()

    def show(self, signal: Signal) -> None:
        if self.cannot_show:
            raise ReaderError("The LED does not answer.", hint="Look at its wire.")
        self.shown.append(signal)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def inner() -> tuple[Inner, Inner]:
    return Inner(), Inner()


def members(front: Reader, back: Reader) -> tuple[Member, Member]:
    return Member(front, "front"), Member(back, "back")


@pytest.fixture
def group(inner: tuple[Inner, Inner]) -> Iterator[ReaderGroup]:
    with closing(ReaderGroup(members(*inner), SystemClock())) as group:
        yield group


def until(reader: ReaderGroup, credential: Credential) -> float:
    """Reads until a badge comes; how long it took, in seconds."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        event = reader.read(0.1)
        if isinstance(event, BadgeRead) and event.credential == credential:
            return time.monotonic() - began
    raise AssertionError("it never came")


def test_badges_of_all_readers_come(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].put(BadgeRead(EILEEN, 0.0))
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert {as_badge(group.read(PATIENCE_S)).credential for _ in range(2)} == {EILEEN, GRACE}


def test_keys_and_notices_come(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].put(KEY, NOTICE)
    assert [group.read(PATIENCE_S) for _ in range(2)] == [KEY, NOTICE]


@pytest.mark.parametrize("flood", [NOISE, BADGE], ids=["noise", "badges"])
def test_badge_is_heard_beside_a_reader_that_floods(
    group: ReaderGroup, inner: tuple[Inner, Inner], flood: BadgeRead
) -> None:
    inner[0].floods = flood
    group.read(PATIENCE_S)
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert until(group, GRACE) < 10.0


def test_flood_leaves_the_processor_to_others(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].floods = NOISE
    group.read(PATIENCE_S)
    before = inner[0].given
    time.sleep(0.5)
    assert inner[0].given - before < 10_000


def test_flood_is_told_with_its_count(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].floods = NOISE
    deadline = time.monotonic() + PATIENCE_S
    while "came too fast and were dropped" not in as_badge(group.read(PATIENCE_S)).fault:
        assert time.monotonic() < deadline


def test_reader_that_hangs_keeps_nobody_waiting(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].hangs.clear()
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert until(group, GRACE) < 10.0
    inner[0].hangs.set()


def test_error_of_one_is_a_notice_after_the_badges_before_it(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].put(BadgeRead(EILEEN, 0.0))
    inner[0].fail(ReaderError("It is gone.", hint="Start again."))
    assert as_badge(group.read(PATIENCE_S)).credential == EILEEN
    lost = group.read(PATIENCE_S)
    assert (as_notice(lost).notice, as_notice(lost).reader, as_notice(lost).detail) == (
        Notice.LOST,
        "front",
        "It is gone.",
    )


@pytest.mark.parametrize("error", [ReaderError("It is gone.", hint="None."), ZeroDivisionError("a bug"), OSError(5)])
def test_error_of_one_does_not_end_the_others(group: ReaderGroup, inner: tuple[Inner, Inner], error: Exception) -> None:
    inner[0].fail(error)
    assert as_notice(group.read(PATIENCE_S)).notice is Notice.LOST
    inner[1].put(BadgeRead(GRACE, 0.0))
    assert until(group, GRACE) < 10.0


def test_error_of_one_is_a_trouble_until_it_works(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].fail(ReaderError("It is gone.", hint="None."))
    group.read(PATIENCE_S)
    assert group.trouble() == "Reader front does not work: It is gone."
    inner[0].failure = None
    assert (as_notice(group.read(PATIENCE_S)).notice, group.trouble()) == (Notice.FOUND, "")


def test_reader_that_failed_is_read_again(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].fail(ReaderError("It is gone.", hint="None."))
    group.read(PATIENCE_S)
    inner[0].failure = None
    inner[0].put(BadgeRead(EILEEN, 0.0))
    assert until(group, EILEEN) < 10.0


def test_reader_that_keeps_failing_is_reported_once(inner: tuple[Inner, Inner]) -> None:
    class Failing(Inner):
        tries = 0

        def read(self, timeout_s: float) -> NoReturn:  # noqa: ARG002 - the port has it
            self.tries += 1
            raise ZeroDivisionError("a bug")

    failing = Failing()
    with closing(ReaderGroup(members(failing, inner[1]), SystemClock())) as group:
        assert (as_notice(group.read(PATIENCE_S)).notice, group.read(1.2)) == (Notice.LOST, None)
    assert failing.tries <= 3


def test_what_a_reader_says_of_itself_is_its_trouble(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].put(ReaderNotice(Notice.LOST, 0.0, "front", "it does not answer"))
    group.read(PATIENCE_S)
    assert group.trouble() == "Reader front does not work: it does not answer."
    inner[0].put(ReaderNotice(Notice.FOUND, 0.0, "front"))
    group.read(PATIENCE_S)
    assert group.trouble() == ""


def test_troubles_of_several_are_a_sentence_each(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    for reader in inner:
        reader.fail(ReaderError("It is gone.", hint="None."))
    for _ in inner:
        group.read(PATIENCE_S)
    assert group.trouble() == "Reader front does not work: It is gone. Reader back does not work: It is gone."


def test_group_of_no_readers_waits_and_is_well() -> None:
    with closing(ReaderGroup((), SystemClock())) as group:
        assert (group.read(0.05), group.trouble(), group.was_tried) == (None, "", True)


class Turned(SystemClock):
    """The system's clock, which a test can turn forward."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def test_reader_that_hangs_is_lost_and_found(inner: tuple[Inner, Inner]) -> None:
    clock = Turned()
    inner[0].hangs.clear()
    with closing(ReaderGroup((Member(inner[0], "front"),), clock)) as group:
        while not inner[0].waits:
            time.sleep(0.01)
        assert (group.trouble(), group.was_tried) == ("", False)
        clock.ahead_s = 6.0
        lost = group.read(PATIENCE_S)
        assert (as_notice(lost).notice, as_notice(lost).reader) == (Notice.LOST, "front")
        assert group.trouble() == "Reader front is stuck in its device."
        assert group.was_tried
        inner[0].hangs.set()
        while group.trouble():
            time.sleep(0.01)
        assert as_notice(group.read(PATIENCE_S)).notice is Notice.FOUND


def test_input_that_has_ended_ends_the_others_only_with_the_last(
    group: ReaderGroup, inner: tuple[Inner, Inner]
) -> None:
    inner[0].fail(ReaderEnded("It has ended.", hint="Start anew."))
    inner[1].put(BadgeRead(EILEEN, 0.0))
    assert as_badge(group.read(PATIENCE_S)).credential == EILEEN
    inner[1].fail(ReaderEnded("It has ended.", hint="Start anew."))
    with pytest.raises(ReaderEnded):
        group.read(PATIENCE_S)


def test_keys_do_not_push_out_what_a_reader_says_of_itself() -> None:
    mailbox = Mailbox()
    mailbox.put(NOTICE)
    for _ in range(ROOM):
        mailbox.put(KEY)
    assert mailbox.take() == NOTICE


def test_error_ends_a_wait_under_way(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    threading.Timer(0.1, inner[0].fail, [ReaderError("gone", hint="look")]).start()
    assert as_notice(group.read(PATIENCE_S)).notice is Notice.LOST


def test_request_to_stop_ends_a_wait_under_way(inner: tuple[Inner, Inner]) -> None:
    stop = Stop()
    with closing(ReaderGroup(members(*inner), SystemClock(stop))) as group:
        threading.Timer(0.1, stop.set).start()
        assert group.read(PATIENCE_S) is None


def test_signal_is_shown_on_all(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    group.show(Signal.GRANTED)
    assert [reader.shown for reader in inner] == [[Signal.GRANTED]] * 2


def test_signal_is_shown_on_the_others_where_one_cannot(group: ReaderGroup, inner: tuple[Inner, Inner]) -> None:
    inner[0].cannot_show = True
    with pytest.raises(ReaderError, match="LED"):
        group.show(Signal.GRANTED)
    assert inner[1].shown == [Signal.GRANTED]


def test_closing_ends_all_threads_and_closes_all_readers(inner: tuple[Inner, Inner]) -> None:
    before = threading.active_count()
    ReaderGroup(members(*inner), SystemClock()).close()
    assert (threading.active_count(), [reader.closed for reader in inner]) == (before, [1, 1])


def test_closing_does_not_wait_for_a_reader_that_hangs(
    inner: tuple[Inner, Inner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.readers.group.END_TIME_S", 0.2)
    inner[0].hangs.clear()
    group = ReaderGroup(members(*inner), SystemClock())
    began = time.monotonic()
    group.close()
    inner[0].hangs.set()
    assert time.monotonic() - began < 10.0


def test_tag_with_damaged_frames_on_a_real_line_comes_once() -> None:
    """Every other frame of an RDM6300, as fast as it sends them."""
    far, near = pty.openpty()
    settings = ReaderSettings(name="front", kind="rdm6300", source=os.ttyname(near))
    clock = SystemClock()
    opened = open_in_background((settings,), ReaderContext(clock, lambda: None, Path("/nowhere")))
    whole, events = b"\x0262E3086CED08\x03", []
    with closing(group_of((settings,), opened, clock)) as group:
        while not group.was_tried:
            time.sleep(0.01)
        for number in range(40):
            os.write(far, whole.replace(b"62", b"63") if number % 2 else whole)
            events.append(group.read(0.05))
    os.close(near)
    os.close(far)
    assert [there(as_badge(event).credential).number for event in events if event] == [0xE3086CED]


def test_badge_is_heard_beside_a_fifo_that_is_flooded(tmp_path: Path) -> None:
    """Really: another thread writes noise into one reader's FIFO as fast as it goes."""
    clock, around = SystemClock(), ReaderContext(SystemClock(), lambda: None, tmp_path)
    paths = tmp_path / "front", tmp_path / "back"
    for path in paths:
        os.mkfifo(path)
    readers = tuple(open_reader(ReaderSettings(name=path.name, source=str(path)), around) for path in paths)
    ended = threading.Event()

    def flood() -> None:
        with paths[0].open("wb", buffering=0) as pipe:
            os.set_blocking(pipe.fileno(), False)
            while not ended.is_set():
                pipe.write(b"noise\n" * 600)

    writer = threading.Thread(target=flood)
    with closing(ReaderGroup(members(*readers), clock)) as group:
        writer.start()
        group.read(PATIENCE_S)
        paths[1].write_bytes(b"17:1002\n")
        took = until(group, GRACE)
        ended.set()
        writer.join()
    assert took < 10.0
