"""The bar while photos are looked at: drawn on a terminal alone, and only for work that takes long."""

import io
import sys

import pytest

from device.cli.photo_progress import PhotoProgress, photo_progress
from device.virtual.clock import SimulatedClock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


def work(progress: PhotoProgress, clock: SimulatedClock, *, photos: int, seconds: float) -> None:
    for _ in range(photos):
        progress.next_photo()
        for share in (0.25, 0.5, 1.0):
            clock.sleep(seconds / 3)
            progress.shown(share)


def drawn(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with photo_progress(3, clock) as progress:
        work(progress, clock, photos=3, seconds=seconds)
    return stream.getvalue()


def test_long_work_shows_a_bar_to_its_end(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    said = drawn(clock, monkeypatch, Terminal(), 8.0)
    assert ("Looking for faces" in said, "100%" in said, said.endswith("\n")) == (True, True, True)


def test_short_work_shows_nothing(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(clock, monkeypatch, Terminal(), 0.5) == ""


def test_file_gets_no_bar(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawn(clock, monkeypatch, io.StringIO(), 8.0) == ""


def test_bar_ends_its_line_if_the_work_fails(clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        with photo_progress(3, clock) as progress:
            work(progress, clock, photos=1, seconds=8.0)
            raise ZeroDivisionError

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with pytest.raises(ZeroDivisionError):
        fail()
    assert stream.getvalue().endswith("\n")
