"""OSDP readers against a real peripheral: libosdp's PD in another process, over terminals that somebody can cut."""

import random
import threading
import time

import pytest

from device.clock import SystemClock
from device.config import FormatSettings, ReaderSettings
from device.errors import ConfigError, DependencyMissing, ReaderError
from device.readers.formats import encode
from device.readers.intake import ROOM
from device.readers.osdp import open_readers
from device.readers.surroundings import Surroundings
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderNotice, Security, Signal
from tests.device.readers.conformance import ReaderConformance, Rig
from tests.device.readers.osdp_bench import STATUS, Desk, events_until, present_until_read, wait_until

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")

KEY, OTHER_KEY = bytes(range(100, 116)), bytes(range(50, 66))
EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
LED, BUZZER, TEXT = 2, 3, 4
"""libosdp's CMD_ numbers."""


def is_badge(event) -> bool:
    return isinstance(event, BadgeRead)


def is_notice(event) -> bool:
    return isinstance(event, ReaderNotice)


def present(peripheral, credential: Credential) -> None:
    peripheral.do(card=encode(credential))


def next_badge(reader) -> BadgeRead:
    return events_until(reader, is_badge)[-1]


def next_notice(reader) -> ReaderNotice:
    return events_until(reader, is_notice)[-1]


def badges_in(reader, time_s: float) -> list[BadgeRead]:
    """What is read as a badge meanwhile."""
    deadline, badges = time.monotonic() + time_s, []
    while (left := deadline - time.monotonic()) > 0:
        badges += [event for event in (reader.read(left),) if is_badge(event)]
    return badges


def credentials(badges: list[BadgeRead]) -> set[Credential]:
    return {badge.credential for badge in badges if badge.credential}


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A desk with a reader in operation, for tests that leave it so."""
    desk = Desk(tmp_path_factory.mktemp("osdp"))
    desk.keep(KEY)
    peripheral = desk.peripheral(KEY, 0, "--enforce", "--text")
    yield peripheral, desk.up(peripheral)
    desk.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A desk with a reader's far end, for tests that use up the near one."""
    desk = Desk(tmp_path_factory.mktemp("standing"))
    desk.keep(KEY)
    desk.peripheral(KEY, 0, "--enforce")
    yield desk
    desk.close()


@pytest.fixture
def front(standing):
    """That desk, its peripheral, and a reader in operation."""
    (peripheral,) = standing.peripherals
    yield standing, peripheral, standing.up(peripheral)
    standing.clear()


class TestConformance(ReaderConformance):
    @pytest.fixture
    def rig(self, front):
        desk, peripheral, reader = front
        return Rig(
            reader=reader,
            name="front",
            clock=desk.around.clock,
            present=lambda credential: present(peripheral, credential),
            cards=(EILEEN, GRACE),
            garble=lambda: peripheral.do(card="1" * 25 + "0"),
            unplug=desk.bench.unplug_panel,
        )


class TestWhatItReads:
    def test_card_comes_through_the_secure_channel(self, running):
        peripheral, reader = running
        present(peripheral, EILEEN)
        badge = next_badge(reader)
        assert (badge.credential, badge.security) == (EILEEN, Security.SECURE_CHANNEL)

    def test_bits_are_there_for_whoever_sets_it_up(self, running):
        peripheral, reader = running
        present(peripheral, GRACE)
        assert next_badge(reader).bits == encode(GRACE)

    def test_reason_is_there_where_a_card_is_refused(self, running):
        peripheral, reader = running
        peripheral.do(card="1" * 25 + "0")
        badge = next_badge(reader)
        assert (badge.credential, badge.fault[:22]) == (None, "Wrong parity of h10301")

    def test_longest_card_is_unreadable_and_nothing_breaks(self, running):
        peripheral, reader = running
        peripheral.do(card="10" * 256)
        assert next_badge(reader).credential is None

    def test_keys_of_the_pad(self, running):
        peripheral, reader = running
        peripheral.do(keys="0123456789*#")
        assert events_until(reader, lambda event: isinstance(event, KeyPress))[-1].keys == "0123456789*#"

    @pytest.mark.parametrize(
        ("wish", "notice"),
        [
            ({"local": [1, 0]}, Notice.TAMPERED),
            ({"local": [0, 1]}, Notice.POWER_FAILED),
            ({"remote": [2]}, Notice.TAMPERED),
        ],
    )
    def test_what_it_says_of_itself(self, running, wish, notice):
        peripheral, reader = running
        peripheral.do(**wish)
        said = next_notice(reader).notice
        peripheral.do(**{about: [0] * len(condition) for about, condition in wish.items()})
        assert (said, next_notice(reader).notice) == (notice, Notice.RESTORED)

    def test_own_format_of_the_owner(self, desk):
        desk.keep(KEY)
        own = FormatSettings(name="plant", layout="F" * 8 + "N" * 16)
        around = Surroundings(SystemClock(), lambda: None, desk.around.state_dir, (own,))
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        settings = desk.settings()
        desk.readers = open_readers((settings,), around)
        peripheral.do(card=f"{3:08b}{77:016b}")
        assert next_badge(desk.readers["front"]).credential == Credential("own:plant", 3, 77)


class TestWhatItShows:
    @pytest.mark.parametrize("signal", Signal)
    def test_signal_reaches_led_and_buzzer(self, running, signal):
        peripheral, reader = running
        before = len(peripheral.commands(LED)), len(peripheral.commands(BUZZER))
        reader.show(signal)
        wait_until(lambda: len(peripheral.commands(LED)) > before[0], "a command to the LED")
        assert wait_until(lambda: len(peripheral.commands(BUZZER)) > before[1], "a command to the buzzer")

    def test_the_same_signal_again_is_shown_again(self, running):
        peripheral, reader = running
        before = len(peripheral.commands(BUZZER))
        for count in (1, 2):
            reader.show(Signal.DENIED)
            wait_until(lambda count=count: len(peripheral.commands(BUZZER)) >= before + count, "beeping")
        assert len(peripheral.commands(BUZZER)) == before + 2

    def test_text_is_shown_by_a_reader_that_has_a_display(self, running):
        peripheral, reader = running
        before = len(peripheral.commands(TEXT))
        reader.show(Signal.LOOK)
        assert wait_until(lambda: peripheral.commands(TEXT)[before:], "a text")[0]["data"] == "Look at camera"

    def test_reader_without_a_display_gets_no_text(self, desk):
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.open()
        reader.show(Signal.LOOK)
        wait_until(lambda: peripheral.commands(STATUS), "asking for the condition")
        assert peripheral.commands(TEXT) == []

    def test_reader_that_refuses_a_command_stays(self, desk):
        """libosdp ends the channel over it; it comes back, and is not asked again."""
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce", "--refuses", str(BUZZER))
        reader = desk.open()
        peripheral.wait_for(lambda one: one.get("refused") == BUZZER, "refusing the buzzer")
        wait_until(lambda: peripheral.commands(STATUS), "coming up without it")
        present(peripheral, EILEEN)
        assert next_badge(reader).credential == EILEEN

    def test_closed_reader_shows_nothing(self, desk):
        desk.keep(KEY)
        reader = desk.open()
        reader.close()
        with pytest.raises(ReaderError, match="closed"):
            reader.show(Signal.READY)


class TestKeysAndChannels:
    def test_reader_with_another_key_is_lost_once_and_gives_no_badge(self, desk):
        desk.keep(KEY)
        peripheral = desk.peripheral(OTHER_KEY)
        present(peripheral, EILEEN)
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [(Notice.LOST, "it has another key")]

    def test_clear_text_reader_is_lost_once_and_gives_no_badge(self, desk):
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--clear")
        present(peripheral, EILEEN)
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [
            (Notice.LOST, "it offers no secure channel, and clear text is refused")
        ]

    def test_reader_in_its_install_mode_is_refused(self, desk):
        """SCBK-D, the key that everybody knows."""
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--install")
        present(peripheral, EILEEN)
        reader = desk.open()
        events = events_until(reader, is_notice)
        assert (events[-1].notice, len(events), peripheral.seen) == (Notice.LOST, 1, [])

    def test_reader_without_a_key_is_an_error_that_names_the_command(self, desk):
        with pytest.raises(ReaderError) as caught:
            desk.open()
        assert "lintel readers osdp-keyset front" in caught.value.hint

    def test_change_of_key_that_was_cut_short_is_told(self, desk):
        desk.keep(KEY)
        from device.readers.osdp_keys import KeyFiles

        KeyFiles(desk.around.state_dir, "front").propose(OTHER_KEY)
        desk.peripheral(OTHER_KEY)
        assert next_notice(desk.open()).detail == "it has another key; a change of its key was cut short"


class TestOneLine:
    def test_two_readers_with_keys_of_their_own(self, desk):
        desk.keep(KEY, "front")
        desk.keep(OTHER_KEY, "back")
        first, second = desk.peripheral(KEY, 1, "--enforce"), desk.peripheral(OTHER_KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        present(first, EILEEN)
        present(second, GRACE)
        read = {name: next_badge(reader) for name, reader in desk.readers.items()}
        assert {name: (badge.reader, badge.credential) for name, badge in read.items()} == {
            "front": ("front", EILEEN),
            "back": ("back", GRACE),
        }

    def test_lost_reader_does_not_silence_the_other(self, desk):
        desk.keep(KEY, "front")
        desk.keep(OTHER_KEY, "back")
        second = desk.peripheral(OTHER_KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        assert next_notice(desk.readers["front"]).detail == "it does not answer"
        present(second, GRACE)
        assert next_badge(desk.readers["back"]).credential == GRACE

    def test_line_lives_until_its_last_reader_is_closed(self, desk):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        second = desk.peripheral(KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        desk.readers["front"].close()
        present(second, GRACE)
        assert next_badge(desk.readers["back"]).credential == GRACE

    def test_closing_ends_the_thread_and_frees_the_line(self, desk):
        desk.keep(KEY)
        desk.open().close()
        desk.open().close()
        assert [one.name for one in threading.enumerate() if desk.bench.source in one.name] == []


class TestTrouble:
    def test_silent_line_loses_the_reader_and_finds_it(self, front):
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda _: b""
        lost = next_notice(reader)
        desk.bench.to_panel = bytes
        found = next_notice(reader)
        present(peripheral, EILEEN)
        assert (lost.notice, lost.detail, found.notice, next_badge(reader).credential) == (
            Notice.LOST,
            "it does not answer any more",
            Notice.FOUND,
            EILEEN,
        )

    def test_reader_that_is_restarted_is_found_though_its_sequence_is_another(self, desk):
        desk.keep(KEY)
        first = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(first)
        first.stop()
        second = desk.peripheral(KEY, 0, "--enforce")
        second.wait_secure()
        assert present_until_read(second, reader, encode(GRACE))[-1].credential == GRACE

    def test_garbled_bytes_never_make_a_badge_of_another(self, desk):
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
            present(peripheral, EILEEN)
        noisy = badges_in(reader, 2.0)
        desk.bench.to_panel = bytes
        calm = present_until_read(peripheral, reader, encode(GRACE))
        assert credentials(noisy + calm) <= {EILEEN, GRACE}

    def test_slow_line_works(self, front):
        """Replies are 120 ms late; libosdp waits for 200 ms."""
        desk, peripheral, reader = front

        def late(data: bytes) -> bytes:
            time.sleep(0.12)
            return data

        desk.bench.to_panel = late
        present(peripheral, EILEEN)
        assert next_badge(reader).credential == EILEEN

    def test_babbling_line_keeps_nobody_busy(self, front):
        """Noise before each reply."""
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda data: b"\x53" * 40 + bytes(range(256)) + data
        present(peripheral, EILEEN)
        assert next_badge(reader).credential == EILEEN

    def test_adapter_that_is_pulled_and_plugged_in_again(self, front):
        desk, peripheral, reader = front
        desk.bench.unplug_panel()
        lost = next_notice(reader)
        desk.bench.plug_panel_in()
        found = next_notice(reader)
        present(peripheral, EILEEN)
        assert (lost.detail[:17], found.notice, next_badge(reader).credential) == (
            "its line is gone:",
            Notice.FOUND,
            EILEEN,
        )

    def test_thread_that_dies_is_an_error_at_read(self, desk):
        desk.keep(KEY)
        reader = desk.open()
        reader._line._panel.refresh = lambda: 1 / 0
        with pytest.raises(ReaderError, match="has stopped: ZeroDivisionError"):
            events_until(reader, lambda _: False)

    def test_who_does_not_read_keeps_nobody_waiting(self, desk):
        """The oldest events are forgotten; memory is bounded."""
        desk.keep(KEY)
        reader = desk.open()
        for number in range(ROOM + 5):
            reader._station.mailbox.put(KeyPress("1", float(number)))
        assert reader.read(0.0).at == 5.0


class TestOpening:
    def test_two_readers_of_one_address(self, desk):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        with pytest.raises(ReaderError, match="front and back have the same address 1"):
            desk.open(desk.settings("front", 1), desk.settings("back", 1))

    def test_two_rates_on_one_line(self, desk):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        slow = ReaderSettings(name="back", kind="osdp", source=desk.bench.source, address=2, baud_rate=9600)
        fast = ReaderSettings(name="front", kind="osdp", source=desk.bench.source, address=1, baud_rate=115200)
        with pytest.raises(ReaderError, match="different rates: 9600, 115200"):
            desk.open(slow, fast)

    def test_more_readers_than_libosdp_can_tell_apart(self, desk):
        settings = [desk.settings(f"reader-{address}", address) for address in range(33)]
        with pytest.raises(ReaderError, match="no more than 32"):
            desk.open(*settings)

    def test_line_that_is_not_there(self, desk, tmp_path):
        desk.keep(KEY)
        with pytest.raises(ReaderError, match="no serial line at"):
            desk.open(desk.settings(source=str(tmp_path / "ttyUSB9")))

    def test_line_that_is_taken(self, desk):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        desk.open()
        with pytest.raises(ReaderError, match="Another program"):
            open_readers((desk.settings("back", 2),), desk.around)

    def test_first_line_is_let_go_when_the_second_cannot_be_opened(self, desk, tmp_path):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        with pytest.raises(ReaderError):
            desk.open(desk.settings("front"), desk.settings("back", source=str(tmp_path / "ttyUSB9")))
        assert desk.open().read(0.0) is None

    def test_card_format_nobody_knows(self, desk):
        desk.keep(KEY)
        settings = ReaderSettings(name="front", kind="osdp", source=desk.bench.source, formats=("h99999",))
        with pytest.raises(ConfigError, match="h99999"):
            desk.open(settings)

    def test_without_libosdp(self, desk, monkeypatch):
        desk.keep(KEY)
        monkeypatch.setitem(__import__("sys").modules, "osdp_sys", None)
        with pytest.raises(DependencyMissing, match="libosdp"):
            desk.open()
