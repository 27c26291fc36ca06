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
from tests.device.readers.osdp_bench import (
    AGAIN_S,
    PATIENCE_S,
    STATUS,
    Desk,
    answer_once,
    events_until,
    read_card,
    wait_until,
)
from tests.device.readers.osdp_pd import frame

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")

KEY, OTHER_KEY = bytes(range(100, 116)), bytes(range(50, 66))
EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
LED, BUZZER, TEXT = 2, 3, 4
"""libosdp's CMD_ numbers."""
LED_CODE = 0x69
"""What the command to the LED is on the line."""


def is_badge(event) -> bool:
    return isinstance(event, BadgeRead)


def is_notice(event) -> bool:
    return isinstance(event, ReaderNotice)


def read(peripheral, reader, credential: Credential) -> Credential | None:
    """What is read of a card."""
    return read_card(peripheral, reader, encode(credential))[-1].credential


def next_notice(reader) -> ReaderNotice:
    return events_until(reader, is_notice)[-1]


def present_until_it_waits(peripheral, reader, bits: str) -> None:
    """Presents a card to a reader that nobody reads from meanwhile."""

    def waits() -> bool:
        return any(is_badge(event) for event in list(reader._station.mailbox._events))

    deadline = time.monotonic() + PATIENCE_S
    while not waits() and time.monotonic() < deadline:
        peripheral.do(card=bits)
        soon = time.monotonic() + AGAIN_S
        while not waits() and time.monotonic() < soon:
            time.sleep(0.002)


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
def running_desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("osdp"))
    desk.keep(KEY)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def running(running_desk):
    """A reader in operation, and its far end, for tests that leave it so."""
    peripheral = running_desk.peripheral(KEY, 0, "--enforce", "--text")
    return peripheral, running_desk.up(peripheral)


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
            present=lambda credential: present_until_it_waits(peripheral, reader, encode(credential)),
            cards=(EILEEN, GRACE),
            garble=lambda: present_until_it_waits(peripheral, reader, "1" * 25 + "0"),
            unplug=desk.bench.unplug_panel,
        )


class TestWhatItReads:
    def test_card_comes_through_the_secure_channel(self, running):
        badge = read_card(*running, encode(EILEEN))[-1]
        assert (badge.credential, badge.security) == (EILEEN, Security.SECURE_CHANNEL)

    def test_reason_is_there_where_a_card_is_refused(self, running):
        badge = read_card(*running, "1" * 25 + "0")[-1]
        assert (badge.credential, badge.fault[:22]) == (None, "Wrong parity of h10301")

    def test_longest_card_is_unreadable_and_nothing_breaks(self, running):
        assert read_card(*running, "10" * 256)[-1].credential is None

    def test_keys_of_the_pad(self, running):
        peripheral, reader = running
        keys = "0123456789*#"
        pressed = events_until(reader, lambda event: isinstance(event, KeyPress), lambda: peripheral.do(keys=keys))
        assert pressed[-1].keys == keys

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
        normal = {about: [0] * len(condition) for about, condition in wish.items()}
        said = [self.told(reader, notice, lambda: peripheral.do(**wish))]
        said.append(self.told(reader, Notice.RESTORED, lambda: peripheral.do(**normal)))
        assert said == [notice, Notice.RESTORED]

    def told(self, reader, notice, act) -> Notice:
        return events_until(reader, lambda event: is_notice(event) and event.notice is notice, act)[-1].notice

    def test_own_format_of_the_owner(self, desk):
        desk.keep(KEY)
        own = FormatSettings(name="plant", layout="F" * 8 + "N" * 16)
        around = Surroundings(SystemClock(), lambda: None, desk.around.state_dir, (own,))
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        settings = desk.settings()
        desk.readers = open_readers((settings,), around)
        badge = read_card(peripheral, desk.readers["front"], f"{3:08b}{77:016b}")[-1]
        assert badge.credential == Credential("own:plant", 3, 77)


def show_until(reader, signal: Signal, condition):
    """Shows a signal until that has its effect, again when a lost reply has taken the channel down."""

    def attempt():
        reader.show(signal)
        deadline = time.monotonic() + AGAIN_S
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.002)
        return None

    return wait_until(attempt, "what it is to show")


class TestWhatItShows:
    @pytest.mark.parametrize("signal", Signal)
    def test_signal_reaches_led_and_buzzer(self, running, signal):
        peripheral, reader = running
        before = {code: len(peripheral.commands(code)) for code in (LED, BUZZER)}
        assert show_until(
            reader, signal, lambda: all(len(peripheral.commands(code)) > count for code, count in before.items())
        )

    def test_the_same_signal_again_is_shown_again(self, running):
        peripheral, reader = running
        for _ in range(2):
            before = len(peripheral.commands(BUZZER))
            assert show_until(reader, Signal.DENIED, lambda before=before: len(peripheral.commands(BUZZER)) > before)

    def test_text_is_shown_by_a_reader_that_has_a_display(self, running):
        peripheral, reader = running
        assert show_until(
            reader, Signal.LOOK, lambda: "Look at camera" in [one["data"] for one in peripheral.commands(TEXT)]
        )

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
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_command_that_met_a_broken_channel_is_sent_again(self, running, running_desk):
        """A NAK of the channel is none of the command."""
        peripheral, reader = running
        nak = bytes([0x41, 6])
        done = answer_once(running_desk.bench, LED_CODE, lambda sequence: frame(0, sequence, nak))
        before = len(peripheral.commands(LED))
        reader.show(Signal.GRANTED)
        assert done.wait(PATIENCE_S)
        assert show_until(reader, Signal.GRANTED, lambda: len(peripheral.commands(LED)) > before)

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
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [(Notice.LOST, "it has another key")]

    def test_clear_text_reader_is_lost_once_and_gives_no_badge(self, desk):
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--clear")
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [
            (Notice.LOST, "it offers no secure channel, and clear text is refused")
        ]

    def test_reader_in_its_install_mode_is_refused(self, desk):
        """SCBK-D, the key that everybody knows."""
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--install")
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = events_until(reader, is_notice)
        assert (events[-1].notice, len(events), peripheral.seen) == (Notice.LOST, 1, [{"ready": True}])

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
        cards = (first, "front", EILEEN), (second, "back", GRACE)
        badges = [read_card(peripheral, desk.readers[name], encode(card))[-1] for peripheral, name, card in cards]
        assert [(badge.reader, badge.credential) for badge in badges] == [("front", EILEEN), ("back", GRACE)]

    def test_lost_reader_does_not_silence_the_other(self, desk):
        desk.keep(KEY, "front")
        desk.keep(OTHER_KEY, "back")
        second = desk.peripheral(OTHER_KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        assert next_notice(desk.readers["front"]).detail == "it does not answer"
        assert read(second, desk.readers["back"], GRACE) == GRACE

    def test_line_lives_until_its_last_reader_is_closed(self, desk):
        for name in ("front", "back"):
            desk.keep(KEY, name)
        second = desk.peripheral(KEY, 2, "--enforce")
        desk.open(desk.settings("front", 1), desk.settings("back", 2))
        desk.readers["front"].close()
        assert read(second, desk.readers["back"], GRACE) == GRACE

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
        assert (lost.notice, found.notice, read(peripheral, reader, EILEEN)) == (Notice.LOST, Notice.FOUND, EILEEN)

    def test_reader_that_is_restarted_is_found_though_its_sequence_is_another(self, desk):
        desk.keep(KEY)
        first = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(first)
        first.stop()
        second = desk.peripheral(KEY, 0, "--enforce")
        second.wait_secure()
        assert read(second, reader, GRACE) == GRACE

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
            peripheral.do(card=encode(EILEEN))
        noisy = badges_in(reader, 2.0)
        desk.bench.to_panel = bytes
        calm = read_card(peripheral, reader, encode(GRACE))
        assert credentials(noisy + calm) <= {EILEEN, GRACE}

    def test_slow_line_works(self, front):
        """Replies are 120 ms late; libosdp waits for 200 ms."""
        desk, peripheral, reader = front

        def late(data: bytes) -> bytes:
            time.sleep(0.12)
            return data

        desk.bench.to_panel = late
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_babbling_line_keeps_nobody_busy(self, front):
        """Noise before each reply."""
        desk, peripheral, reader = front
        desk.bench.to_panel = lambda data: b"\x53" * 40 + bytes(range(256)) + data
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_adapter_that_is_pulled_and_plugged_in_again(self, front):
        desk, peripheral, reader = front
        desk.bench.unplug_panel()
        lost = next_notice(reader)
        desk.bench.plug_panel_in()
        found = next_notice(reader)
        assert (lost.notice, found.notice, read(peripheral, reader, EILEEN)) == (Notice.LOST, Notice.FOUND, EILEEN)

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
