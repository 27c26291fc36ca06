"""What every reader must do, real or simulated: subclass `ReaderConformance` and give it a `rig`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device.errors import ReaderError
from device.ports import Clock, Reader
from device.records import BadgeRead, Credential, Notice, ReaderEvent, ReaderNotice, Signal

PATIENCE_S = 5.0
"""So long at most anything may take to arrive; a test ends as soon as it has."""


@dataclass
class Rig:
    """A reader under test and the world around it. What a reader cannot have is None, and its tests are skipped."""

    reader: Reader
    name: str
    clock: Clock
    present: Callable[[Credential], None]
    """Presents a card; the rig's `cards` can be told apart."""
    cards: tuple[Credential, Credential]
    garble: Callable[[], None]
    """Presents what no reader can make sense of, as an unreadable badge."""
    unplug: Callable[[], None] | None = None

    def next(self, kind: type[Any] = BadgeRead) -> Any:
        """The next event of a kind within `PATIENCE_S`; other events are passed over."""
        deadline = self.clock.monotonic() + PATIENCE_S
        while (left := deadline - self.clock.monotonic()) > 0:
            event: ReaderEvent | None = self.reader.read(left)
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__} within {PATIENCE_S} s")


class ReaderConformance:
    """The tests. A subclass has a fixture `rig` that gives a `Rig` whose reader is in operation."""

    def test_without_a_badge_nothing_comes(self, rig):
        assert rig.reader.read(0.0) is None

    def test_waiting_ends_at_the_time_out(self, rig):
        began = rig.clock.monotonic()
        assert rig.reader.read(0.05) is None
        assert rig.clock.monotonic() - began >= 0.05

    def test_badge_is_read_with_its_reader_and_time(self, rig):
        began = rig.clock.monotonic()
        rig.present(rig.cards[0])
        read = rig.next()
        assert (read.credential, read.reader) == (rig.cards[0], rig.name)
        assert began <= read.at <= rig.clock.monotonic()

    def test_badges_come_in_order(self, rig):
        rig.present(rig.cards[0])
        first = rig.next()
        rig.present(rig.cards[1])
        assert (first.credential, rig.next().credential) == rig.cards

    def test_what_nobody_understands_is_an_unreadable_badge(self, rig):
        rig.garble()
        assert rig.next().credential is None

    def test_badge_after_noise_is_read(self, rig):
        rig.garble()
        rig.next()
        rig.present(rig.cards[1])
        assert rig.next().credential == rig.cards[1]

    def test_every_signal_can_be_shown(self, rig):
        for signal in Signal:
            rig.reader.show(signal)

    def test_closing_twice_is_harmless(self, rig):
        rig.reader.close()
        rig.reader.close()

    def test_reader_that_goes_away_is_told(self, rig):
        """Either as an error, or as a notice by a reader that goes on looking for it."""
        if rig.unplug is None:
            return
        rig.unplug()
        try:
            assert rig.next(ReaderNotice).notice is Notice.LOST
        except ReaderError as error:
            assert error.hint
