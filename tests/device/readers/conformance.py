"""What every reader must do, real or simulated: subclass `ReaderConformance` and give it a `rig`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from device.credentials import format_badge
from device.errors import ReaderError
from device.ports import Clock, Reader
from device.records import BadgeRead, Credential, Image, Notice, ReaderEvent, ReaderNotice, Signal
from device.settings.tables import Settings, VisionSettings
from device.simulation.player import Player
from device.simulation.playing import Played
from device.virtual.clock import SimulatedClock
from device.virtual.reader import SimulatedReader
from device.vision.faces import FaceAnalyzer
from tests.device.readers.held import Held, door_at
from tests.waiting import PATIENCE_S


@dataclass
class Rig:
    """A reader under test and the world around it. What a reader cannot have is None, and its tests are skipped."""

    reader: Reader
    name: str
    clock: Clock
    present: Callable[[Credential], object]
    """Presents a card; the rig's `cards` can be told apart."""
    cards: tuple[Credential, Credential]
    garble: Callable[[], object]
    """Presents what no reader can make sense of, as an unreadable badge."""
    unplug: Callable[[], object] | None = None
    take_away: Callable[[], object] | None = None
    """Takes the card away, of a reader that reports it."""
    spacing_s: float = 0.25
    """Between two sightings of a card that stays, on a clock that stands still; 0 for what has a pace of its own."""

    def next(self, kind: type[Any] = BadgeRead) -> Any:
        """The next event of a kind within `PATIENCE_S`; other events are passed over."""
        deadline = self.clock.monotonic() + PATIENCE_S
        while (left := deadline - self.clock.monotonic()) > 0:
            event: ReaderEvent | None = self.reader.read(left)
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__} within {PATIENCE_S} s")


DOOR = """
title = "A door with this reader"
[images]
eileen = "portrait:eileen-collins"
grace = "portrait:grace-hopper"
[[enroll]]
name = "Eileen Collins"
badge = "{cards[0]}"
images = ["eileen"]
[[enroll]]
name = "Grace Hopper"
badge = "{cards[1]}"
images = ["grace"]
[[step]]
title = "Her own badge"
badge = "{cards[0]}"
expect = {{ outcome = "granted", reason = "match", strike = "released" }}
[[step.view]]
image = "eileen"
to = {{ x = 0.5, y = 0.9, size = 1.5 }}
[[step]]
title = "Somebody else's badge"
badge = "{cards[1]}"
expect = {{ outcome = "denied", reason = "non-match", strike = "secure" }}
[[step.view]]
image = "eileen"
to = {{ x = 0.5, y = 0.9, size = 1.5 }}
[[step]]
title = "What no reader can make sense of"
badge = "rubbish"
expect = {{ outcome = "denied", reason = "badge-unreadable", strike = "secure" }}
"""


class Borrowed(SimulatedReader):
    """A virtual door's reader behind which a real one stands, whose events bear the virtual door's time."""

    def __init__(self, clock: SimulatedClock, rig: Rig) -> None:
        super().__init__(clock, rig.name)
        self._rig = rig

    def present(self, credential: Credential | None, fault: str = "") -> None:
        if credential is None:
            self._rig.garble()
        else:
            self._rig.present(credential)
        read = self._rig.next()
        super().present(read.credential, fault or read.fault)

    def show(self, signal: Signal) -> None:
        self._rig.reader.show(signal)


def for_a_minute(rig: Rig, shown: list[Callable[[], object]]) -> list[Callable[[], object]]:
    """What is shown in turn, for 60 s."""
    if not rig.spacing_s:
        pytest.skip("its events come at their own pace")
    return list(islice(cycle(shown), round(60.0 / rig.spacing_s)))


class ReaderConformance:
    """The tests. A subclass has a fixture `rig` that gives a `Rig` whose reader is in operation."""

    def test_without_a_badge_nothing_comes(self, rig: Rig) -> None:
        assert rig.reader.read(0.0) is None

    def test_waiting_ends_at_the_time_out(self, rig: Rig) -> None:
        began = rig.clock.monotonic()
        assert rig.reader.read(0.05) is None
        assert rig.clock.monotonic() - began >= 0.05

    def test_badge_is_read_with_its_reader_and_time(self, rig: Rig) -> None:
        began = rig.clock.monotonic()
        rig.present(rig.cards[0])
        read = rig.next()
        assert (read.credential, read.reader) == (rig.cards[0], rig.name)
        assert began <= read.at <= rig.clock.monotonic()

    def test_badges_come_in_order(self, rig: Rig) -> None:
        rig.present(rig.cards[0])
        first = rig.next()
        rig.present(rig.cards[1])
        assert (first.credential, rig.next().credential) == rig.cards

    def test_what_nobody_understands_is_an_unreadable_badge(self, rig: Rig) -> None:
        rig.garble()
        assert rig.next().credential is None

    def test_badge_after_noise_is_read(self, rig: Rig) -> None:
        rig.garble()
        rig.next()
        rig.present(rig.cards[1])
        assert rig.next().credential == rig.cards[1]

    def test_plays_a_scenario_at_a_door(self, rig: Rig, tmp_path: Path) -> None:
        path = tmp_path / "door.toml"
        path.write_text(DOOR.format(cards=[format_badge(card) for card in rig.cards]))
        settings = Settings(vision=VisionSettings(threads=1))
        player = Player(path, settings, reader_of=lambda clock: Borrowed(clock, rig))
        played = [event for event in player.play() if isinstance(event, Played)]
        assert [step.unmet for step in played] == [(), (), ()]

    @pytest.mark.parametrize("pattern", ["held", "damaged", "in turn"])
    def test_card_held_for_a_minute_is_presented_once(self, rig: Rig, pattern: str) -> None:
        """Also with every other frame damaged, and beside another card."""
        first, second = (partial(rig.present, card) for card in rig.cards)
        patterns: dict[str, tuple[list[Callable[[], object]], tuple[Credential, ...]]] = {
            "held": ([first], rig.cards[:1]),
            "damaged": ([first, rig.garble], rig.cards[:1]),
            "in turn": ([first, second], rig.cards),
        }
        shown, expected = patterns[pattern]
        presented = Held(rig.reader, rig.name).presented(for_a_minute(rig, shown), rig.spacing_s)
        assert presented == list(expected)

    def test_card_is_presented_again_after_three_seconds(self, rig: Rig) -> None:
        if not rig.spacing_s:
            pytest.skip("its events come at their own pace")
        show = partial(rig.present, rig.cards[0])
        presented = Held(rig.reader, rig.name).presented([show, show, rig.garble], 3.0)
        assert presented[:2] == [rig.cards[0]] * 2

    def test_card_taken_away_is_presented_again_at_once(self, rig: Rig) -> None:
        if rig.take_away is None:
            pytest.skip("this reader can't report it")
        show = partial(rig.present, rig.cards[0])
        presented = Held(rig.reader, rig.name).presented([show, show, rig.take_away, show, show], 0.1)
        assert presented == [rig.cards[0]] * 2

    def test_cards_held_at_a_door_are_a_transaction_each(
        self, rig: Rig, tmp_path: Path, analyzer: FaceAnalyzer, portraits: Mapping[str, Image]
    ) -> None:
        """One is the person's who stands there; damaged frames come in between."""
        shown: list[Callable[[], object]] = [
            partial(rig.present, rig.cards[0]),
            rig.garble,
            partial(rig.present, rig.cards[1]),
        ]
        door = door_at(Held(rig.reader, rig.name), tmp_path / "door", analyzer, portraits)
        door.enroll(rig.cards[0], "eileen-collins")
        door.enroll(rig.cards[1], "grace-hopper")
        served = door.served(for_a_minute(rig, shown), rig.spacing_s)
        door.store.close()
        assert [(one.credential, one.decision.granted) for one in served] == [
            (rig.cards[0], True),
            (rig.cards[1], False),
        ]
        assert door.released_s() == [3.0]

    def test_every_signal_can_be_shown(self, rig: Rig) -> None:
        for signal in Signal:
            rig.reader.show(signal)
        rig.present(rig.cards[0])
        assert rig.next().credential == rig.cards[0]

    def test_closing_twice_is_harmless(self, rig: Rig) -> None:
        rig.reader.close()
        rig.reader.close()

    def test_reader_that_goes_away_is_told(self, rig: Rig) -> None:
        """Either as an error, or as a notice by a reader that goes on looking for it."""
        if rig.unplug is None:
            pytest.skip("it can't be unplugged")
        rig.unplug()
        try:
            told: object = rig.next(ReaderNotice).notice
        except ReaderError as error:
            told = error.hint and Notice.LOST
        assert told is Notice.LOST
