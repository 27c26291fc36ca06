"""Threads that do not come round: one that needs a new process starves the watchdog, one at a disk does not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from device.at_work import at_work, late_threads, late_words
from device.notifier import Notifier
from device.virtual.clock import SimulatedClock
from device.watchdog import COVERED, Cover, Watchdog, cover_of
from tests.waiting import PATIENCE_S, until


class Told(Notifier):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.said: list[str] = []

    def _send(self, message: str) -> None:
        self.said.append(message)


@contextmanager
def hanging(name: str, *, vital: bool) -> Iterator[None]:
    """A thread that is late within the block."""
    end = threading.Event()

    def work() -> None:
        with at_work(0.0, vital=vital):
            end.wait(PATIENCE_S)

    thread = threading.Thread(target=work, name=name)
    thread.start()
    try:
        until(lambda: name in {late.name for late in late_threads()})
        yield
    finally:
        end.set()
        thread.join(PATIENCE_S)


@pytest.mark.parametrize(("vital", "fed"), [(True, []), (False, ["WATCHDOG=1"])])
def test_only_a_vital_thread_that_hangs_starves_the_watchdog(vital: bool, fed: list[str]) -> None:
    told = Told()
    with hanging("worker", vital=vital):
        Watchdog(told, SimulatedClock()).feed()
    assert told.said == fed


@pytest.mark.parametrize(("vital", "named"), [(True, False), (False, True)])
def test_thread_that_hangs_in_a_disk_is_a_trouble(vital: bool, named: bool) -> None:
    with hanging("log", vital=vital):
        assert ("Threads that do not come round: log;" in late_words()) is named


def test_thread_that_waits_for_work_is_not_late() -> None:
    with at_work(0.0):
        pass
    assert threading.current_thread().name not in {late.name for late in late_threads()}


def test_work_within_work_is_followed_by_the_work_outside() -> None:
    with at_work(0.0):
        with at_work(3600.0):
            inside = late_threads()
        outside = {late.name for late in late_threads()}
    assert threading.current_thread().name not in {late.name for late in inside}
    assert threading.current_thread().name in outside


def test_watchdog_is_fed_again_once_the_thread_comes_round() -> None:
    told = Told()
    with hanging("control", vital=True):
        pass
    Watchdog(told, SimulatedClock()).feed()
    assert told.said == ["WATCHDOG=1"]


def test_longest_beginning_of_a_name_counts() -> None:
    assert cover_of("door times") == COVERED["door times"]
    assert cover_of("door main") == COVERED["door"]
    assert cover_of("unheard of") is None


def test_what_needs_no_disk_is_covered_by_the_watchdog() -> None:
    watched = {name for name, (cover, _) in COVERED.items() if cover is Cover.WATCHDOG}
    assert watched == {"MainThread", "loop", "look", "door", "Inputs", "RelayGuard", "control"}


def test_status_is_told_when_it_changes_and_hides_passwords() -> None:
    told = Told()
    watchdog = Watchdog(told, SimulatedClock())
    for troubles in ((), (), ("camera: rtsp://eve:secret@10.0.0.9/ is away.\nAgain.",)):
        watchdog.tell(troubles)
    assert told.said[0] == "STATUS=The doors are in operation; trying their parts."
    assert len(told.said) == 2
    assert "\n" not in told.said[1]
    assert "secret" not in told.said[1]


def test_status_of_a_ready_service_says_so() -> None:
    told = Told()
    watchdog = Watchdog(told, SimulatedClock())
    watchdog.ready()
    watchdog.tell(())
    assert told.said == ["READY=1", "STATUS=The doors are in operation."]


def test_long_status_is_cut() -> None:
    told = Told()
    told.status("x" * 5000)
    assert len(told.said[0]) == 7 + 900
