"""The end of a process in which no Python runs: put off while a strike is released, called off once none is."""

import sys
from pathlib import Path

import pytest

from device.door.wires import relay_guard
from device.door.wires.relay_guard import LastResort, RelayGuard
from device.virtual.clock import SimulatedClock


class Faulthandler:
    """Python's module of this name: when it ends the process, in seconds, if it does."""

    def __init__(self) -> None:
        self.ends_after_s: float | None = None
        self.reports_to = -1

    def dump_traceback_later(self, timeout: float, *, exit: bool, file: int) -> None:  # noqa: A002 - its own
        assert exit
        self.ends_after_s, self.reports_to = timeout, file

    def cancel_dump_traceback_later(self) -> None:
        self.ends_after_s = None


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Faulthandler:
    end = Faulthandler()
    monkeypatch.setattr(relay_guard, "faulthandler", end)
    monkeypatch.setattr(LastResort, "_armed", set())
    return end


def strike() -> tuple[RelayGuard, LastResort]:
    """A released one, and what ends the process after 10 s."""
    guard = RelayGuard(lambda: None, SimulatedClock())
    guard.pet()
    return guard, LastResort(guard, after_s=10.0)


def test_process_with_a_released_strike_ends_after_10_s(end: Faulthandler) -> None:
    _, resort = strike()
    resort()
    assert end.ends_after_s == 10.0


def test_process_whose_strike_was_secured_does_not_end(end: Faulthandler) -> None:
    guard, resort = strike()
    resort()
    guard.stand_down()
    resort()
    assert end.ends_after_s is None


def test_process_whose_door_was_closed_does_not_end(end: Faulthandler) -> None:
    _, resort = strike()
    resort()
    resort.close()
    assert end.ends_after_s is None


def test_one_released_strike_of_two_is_enough(end: Faulthandler) -> None:
    (guard, front), (_, back) = strike(), strike()
    front()
    back()
    guard.stand_down()
    front()
    assert end.ends_after_s == 10.0
    front.close()
    assert end.ends_after_s == 10.0
    back.close()
    assert end.ends_after_s is None


def test_what_hung_is_reported_on_standard_error(
    end: Faulthandler, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, resort = strike()
    with (tmp_path / "said").open("w") as said:
        monkeypatch.setattr(sys, "__stderr__", said)
        resort()
        assert end.reports_to == said.fileno()


def test_process_without_standard_error_ends_too(end: Faulthandler, monkeypatch: pytest.MonkeyPatch) -> None:
    _, resort = strike()
    monkeypatch.setattr(sys, "__stderr__", None)
    resort()
    assert (end.ends_after_s, end.reports_to) == (10.0, 2)
