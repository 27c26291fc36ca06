"""OSDP readers on lines that are shared, cut, garbled and slow, and the Reader port's conformance over such a line."""

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import ReaderError
from device.readers.formats import encode
from device.readers.osdp.reader import OsdpReader
from device.records import BadgeRead, Credential, KeyPress, Notice
from tests.device.readers.conformance import ReaderConformance, Rig
from tests.device.readers.events import as_event
from tests.device.readers.osdp.bench import (
    AGAIN_S,
    EILEEN,
    GRACE,
    KEY,
    OTHER_KEY,
    Desk,
    Peripheral,
    events_until,
    next_notice,
    read,
    read_card,
)
from tests.waiting import PATIENCE_S

ROOM = 64

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")


def present_until_it_waits(peripheral: Peripheral, reader: OsdpReader, bits: str) -> None:
    """Presents a card to a reader that nobody reads from meanwhile; then it is the next to be read.

    On a busy machine a card that was presented again comes twice, late: what waits before this one is dropped.
    """

    def waiting() -> list[bool]:
        events = list(reader._station.mailbox._events)
        return [isinstance(event, BadgeRead) and event.bits == bits for event in events]

    deadline = time.monotonic() + PATIENCE_S
    while not any(waiting()) and time.monotonic() < deadline:
        peripheral.do(card=bits)
        soon = time.monotonic() + AGAIN_S
        while not any(waiting()) and time.monotonic() < soon:
            time.sleep(0.002)
    while any(found := waiting()) and not found[0]:
        reader.read(0.0)


def badges_in(reader: OsdpReader, time_s: float) -> list[BadgeRead]:
    """What is read as a badge meanwhile."""
    deadline, badges = time.monotonic() + time_s, []
    while (left := deadline - time.monotonic()) > 0:
        event = reader.read(left)
        badges += [event] if isinstance(event, BadgeRead) else []
    return badges


def credentials(badges: list[BadgeRead]) -> set[Credential]:
    return {badge.credential for badge in badges if badge.credential}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a reader's far end, for tests that use up the near one."""
    desk = Desk(tmp_path_factory.mktemp("standing"))
    desk.keep(KEY)
    desk.peripheral(KEY, 0, "--enforce")
    yield desk
    desk.close()


@pytest.fixture
def front(standing: Desk) -> Iterator[tuple[Desk, Peripheral, OsdpReader]]:
    """That desk, its peripheral, and a reader in operation."""
    (peripheral,) = standing.peripherals
    yield standing, peripheral, standing.up(peripheral)
    standing.clear()


class TestConformance(ReaderConformance):
    @pytest.fixture
    def rig(self, front: tuple[Desk, Peripheral, OsdpReader]) -> Rig:
        desk, peripheral, reader = front
        return Rig(
            reader=reader,
            name="front",
            clock=desk.around.clock,
            present=lambda credential: present_until_it_waits(peripheral, reader, encode(credential)),
            cards=(EILEEN, GRACE),
            garble=lambda: present_until_it_waits(peripheral, reader, "1" * 25 + "0"),
            unplug=desk.bench.unplug_panel,
            spacing_s=0.9,
        )


class TestOneLine:
    def test_two_readers_with_keys_of_their_own(self, desk: Desk) -> None:
        desk.keep(KEY, "front")
        desk.keep(OTHER_KEY, "back")
        first, second = desk.peripheral(KEY, 1, "--enforce"), desk.peripheral(OTHER_KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        cards = (first, "front", EILEEN), (second, "back", GRACE)
        badges = [read_card(peripheral, desk.readers[name], encode(card))[-1] for peripheral, name, card in cards]
        assert [(badge.reader, badge.credential) for badge in badges] == [("front", EILEEN), ("back", GRACE)]

    def test_lost_reader_does_not_silence_the_other(self, desk: Desk) -> None:
        desk.keep(KEY, "front")
        desk.keep(OTHER_KEY, "back")
        second = desk.peripheral(OTHER_KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        assert next_notice(desk.readers["front"]).detail == "it does not answer"
        assert read(second, desk.readers["back"], GRACE) == GRACE

    def test_line_lives_until_its_last_reader_is_closed(self, desk: Desk) -> None:
        for name in ("front", "back"):
            desk.keep(KEY, name)
        second = desk.peripheral(KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        desk.readers["front"].close()
        assert read(second, desk.readers["back"], GRACE) == GRACE

    def test_closing_ends_the_thread_and_frees_the_line(self, desk: Desk) -> None:
        desk.keep(KEY)
        desk.open().close()
        desk.open().close()
        assert [one.name for one in threading.enumerate() if desk.bench.source in one.name] == []


class TestTrouble:
    def test_silent_line_loses_the_reader_and_finds_it(self, front: tuple[Desk, Peripheral, OsdpReader]) -> None:
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda _: b""
        lost = next_notice(reader)
        desk.bench.to_panel = bytes
        found = next_notice(reader)
        assert (lost.notice, found.notice, read(peripheral, reader, EILEEN)) == (Notice.LOST, Notice.FOUND, EILEEN)

    def test_badge_of_while_the_line_was_silent_is_dropped_and_told(
        self, front: tuple[Desk, Peripheral, OsdpReader]
    ) -> None:
        """Nobody knows how long the reader has kept it: whoever presented it may be gone."""
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda _: b""
        assert next_notice(reader).notice is Notice.LOST
        peripheral.do(card=encode(EILEEN))
        desk.bench.to_panel = bytes
        events = events_until(reader, lambda event: isinstance(event, BadgeRead))
        assert (events[-1].credential, events[-1].fault) == (None, "1 presented while the line was down")
        assert read(peripheral, reader, GRACE) == GRACE

    def test_restarted_reader_is_found_despite_its_other_sequence(self, desk: Desk) -> None:
        desk.keep(KEY)
        first = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(first)
        first.stop()
        second = desk.peripheral(KEY, 0, "--enforce")
        second.wait_secure()
        assert read(second, reader, GRACE) == GRACE

    def test_garbled_bytes_never_make_a_badge_of_another(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(peripheral)
        chance = random.Random(4)

        def garble(data: bytes) -> bytes:
            if chance.random() < 0.8:
                return data
            at = chance.randrange(len(data))
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]

        desk.bench.to_panel = garble
        for _ in range(20):
            peripheral.do(card=encode(EILEEN))
        noisy = badges_in(reader, 2.0)
        desk.bench.to_panel = bytes
        calm = read_card(peripheral, reader, encode(GRACE))
        assert credentials(noisy + calm) <= {EILEEN, GRACE}

    def test_slow_line_works(self, front: tuple[Desk, Peripheral, OsdpReader]) -> None:
        """Replies are 120 ms late; libosdp waits for 200 ms."""
        desk, peripheral, reader = front

        def late(data: bytes) -> bytes:
            time.sleep(0.12)
            return data

        desk.bench.to_panel = late
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_babbling_line_keeps_nobody_busy(self, front: tuple[Desk, Peripheral, OsdpReader]) -> None:
        """Noise before each reply."""
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda data: b"\x53" * 40 + bytes(range(256)) + data
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_adapter_that_is_pulled_and_plugged_in_again(self, front: tuple[Desk, Peripheral, OsdpReader]) -> None:
        desk, peripheral, reader = front
        desk.bench.unplug_panel()
        lost = next_notice(reader)
        desk.bench.plug_panel_in()
        found = next_notice(reader)
        assert (lost.notice, found.notice, read(peripheral, reader, EILEEN)) == (Notice.LOST, Notice.FOUND, EILEEN)

    def test_thread_that_dies_is_an_error_at_read(self, monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
        desk.keep(KEY)
        reader = desk.open()
        monkeypatch.setattr(reader._line._panel, "refresh", lambda: 1 / 0)
        with pytest.raises(ReaderError, match="has stopped: the program failed with ZeroDivisionError at "):
            events_until(reader, lambda _: False)

    def test_who_does_not_read_keeps_nobody_waiting(self, desk: Desk) -> None:
        """The oldest events are forgotten; memory is bounded."""
        desk.keep(KEY)
        reader = desk.open()
        for number in range(ROOM + 5):
            reader._station.mailbox.put(KeyPress("1", float(number)))
        assert as_event(reader.read(0.0)).at == 5.0
