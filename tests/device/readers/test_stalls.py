"""A process that stood still: a badge that waited in a device meanwhile is as old as that, and opens nothing."""

from dataclasses import replace

import pytest

from device.readers.mailbox import Mailbox
from device.readers.part import Member, Part
from device.records import BadgeRead, Credential, Signal
from device.virtual.clock import SimulatedClock
from tests.device.readers.events import as_badge, as_event

EILEEN, GRACE, ADA = (Credential("h10301", 17, number) for number in (1001, 1002, 1003))


class Buffered:
    """A reader that gives what waited in its device; each look takes as long as it is told."""

    def __init__(self, clock: SimulatedClock, *looks: tuple[float, Credential | None]) -> None:
        self._clock = clock
        self._looks = list(looks)

    def read(self, timeout_s: float) -> BadgeRead | None:  # noqa: ARG002 - the clock is the look
        took_s, credential = self._looks.pop(0)
        self._clock.sleep(took_s)
        return BadgeRead(credential, self._clock.monotonic(), "front") if credential else None

    def show(self, signal: Signal) -> None:
        pass

    def close(self) -> None:
        pass


def read(*looks: tuple[float, Credential | None]) -> list[tuple[Credential | None, float]]:
    """Each badge with its age when it came out of the group, in seconds."""
    clock, mailbox, found = SimulatedClock(), Mailbox(), []
    part = Part(Member(Buffered(clock, *looks), "front", 3.0), mailbox, clock, dropped=lambda _: None)
    for _ in looks:
        part.step()
        while event := mailbox.take():
            found.append((as_badge(event).credential, round(clock.monotonic() - event.at, 3)))
    return found


@pytest.mark.parametrize("stood_s", [1.3, 5.0, 3600.0])
def test_badges_that_waited_for_a_stopped_process_are_old(stood_s: float) -> None:
    """Two waited in the device; the third came when everything was well again."""
    found = read((stood_s, EILEEN), (0.0, GRACE), (0.25, None), (0.0, ADA))
    assert found == [(EILEEN, stood_s), (GRACE, stood_s), (ADA, 0.0)]


@pytest.mark.parametrize("took_s", [0.0, 0.25, 0.9])
def test_badge_that_a_look_has_waited_for_is_new(took_s: float) -> None:
    assert read((took_s, EILEEN), (0.0, GRACE)) == [(EILEEN, 0.0), (GRACE, 0.0)]


def test_reader_s_own_time_counts_if_it_is_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, mailbox = SimulatedClock(), Mailbox()
    reader = Buffered(clock, (5.0, EILEEN))
    early = Buffered(clock)
    monkeypatch.setattr(early, "read", lambda timeout_s: replace(as_badge(reader.read(timeout_s)), at=-2.0))
    Part(Member(early, "front", 3.0), mailbox, clock, dropped=lambda _: None).step()
    assert as_event(mailbox.take()).at == -2.0
