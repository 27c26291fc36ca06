"""Lost and found, and when to try again, on a clock of the test's own."""

from itertools import pairwise

import pytest

from device.readers.osdp.frames import Answer, Command
from device.readers.osdp.panel import Peer
from device.readers.osdp.watch import Watch, refusal
from device.readers.osdp.wire import Heard
from device.records import Notice
from tests.nearly import nearly

LOST_AFTER_S = 2.0
MAX_BACK_OFF_S = 8.0

STEP_S = 0.01
PEER = Peer("front", 0, bytes(16))


def run(watch: Watch, begin: float, end: float, *, secure: bool, heard: bool = True) -> list[tuple[float, Notice]]:
    """What is told, and when, while a reader is as it is."""
    told = []
    for step in range(round((end - begin) / STEP_S)):
        now = begin + step * STEP_S
        if notice := watch.look(now, secure=secure, heard_at=now if heard else begin):
            told.append((round(now, 2), notice))
    return told


def test_reader_that_never_comes_up_is_lost_once() -> None:
    assert run(Watch(0.0), 0.0, 60.0, secure=False) == [(nearly(LOST_AFTER_S, within=0.02), Notice.LOST)]


def test_reader_that_is_there_from_the_beginning_is_not_told() -> None:
    assert run(Watch(0.0), 0.0, 60.0, secure=True) == []


def test_silent_reader_is_lost_though_its_channel_was_not_closed() -> None:
    watch = Watch(0.0)
    run(watch, 0.0, 5.0, secure=True)
    assert [notice for _, notice in run(watch, 5.0, 20.0, secure=True, heard=False)] == [Notice.LOST]


def test_lost_reader_is_found_once() -> None:
    watch = Watch(0.0)
    run(watch, 0.0, 5.0, secure=False)
    assert run(watch, 5.0, 20.0, secure=True) == [(5.0, Notice.FOUND)]


def test_short_gap_is_not_told() -> None:
    watch = Watch(0.0)
    told = run(watch, 0.0, 5.0, secure=True) + run(watch, 5.0, 6.8, secure=False) + run(watch, 6.8, 9.0, secure=True)
    assert told == []


def test_who_could_not_look_blames_nobody() -> None:
    watch = Watch(0.0)
    run(watch, 0.0, 5.0, secure=True)
    assert watch.look(60.0, secure=True, heard_at=5.0) is None


def test_reader_whose_line_is_gone_is_lost_at_once() -> None:
    watch = Watch(0.0)
    run(watch, 0.0, 5.0, secure=True)
    assert [watch.gone(5.0), watch.gone(5.1)] == [Notice.LOST, None]


def test_back_off_grows_and_is_bounded() -> None:
    watch = Watch(0.0)
    restarts = [now for now in range(60) if watch.should_restart(float(now), online=False)]
    gaps = [after - before for before, after in pairwise(restarts)]
    assert (gaps[:4], max(gaps)) == ([2, 4, 8, 8], MAX_BACK_OFF_S)


def test_reader_that_was_there_is_tried_again_soon() -> None:
    watch = Watch(0.0)
    for now in range(60):
        watch.should_restart(float(now), online=False)
    watch.should_restart(60.0, online=True)
    assert [watch.should_restart(now, online=False) for now in (60.1, 60.4)] == [False, True]


def test_reader_that_is_online_is_left_alone() -> None:
    watch = Watch(0.0)
    assert not any(watch.should_restart(float(now), online=True) for now in range(60))


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (None, "it does not answer"),
        (Heard(9.0, Command.CHLNG, Answer.CCRYPT), "it has another key"),
        (Heard(9.0, Command.CHLNG, Answer.NAK), "it refuses the secure channel with this key"),
        (Heard(9.0, Command.CAP, Answer.PDCAP), "it offers no secure channel, and clear text is refused"),
        (Heard(9.5, 0x60, Answer.ACK), "its secure channel has ended"),
        (Heard(8.0, 0x60, Answer.ACK), "it no longer answers"),
    ],
)
def test_reason(heard: Heard | None, why: str) -> None:
    assert refusal(10.0, heard, PEER) == why
