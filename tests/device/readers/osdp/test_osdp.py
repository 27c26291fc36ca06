"""OSDP readers against a real peripheral: libosdp's PD in another process, over terminals that somebody can cut."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.clock import SystemClock
from device.errors import ConfigError, DependencyMissing, ReaderError
from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.osdp.reader import OsdpReader, open_readers
from device.records import Credential, KeyPress, Notice, ReaderNotice, Security, Signal
from device.settings.tables import FormatSettings, ReaderSettings
from tests.device.readers.events import as_notice
from tests.device.readers.osdp.bench import (
    AGAIN_S,
    EILEEN,
    KEY,
    OTHER_KEY,
    STATUS,
    Desk,
    Peripheral,
    answer_once,
    events_until,
    is_notice,
    next_notice,
    read,
    read_card,
    wait_until,
)
from tests.device.readers.osdp.pd import frame
from tests.waiting import PATIENCE_S

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")

LED, BUZZER, TEXT = 2, 3, 4
"""libosdp's CMD_ numbers."""
LED_CODE = 0x69
"""What the command to the LED is on the line."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def running_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("osdp"))
    desk.keep(KEY)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def running(running_desk: Desk) -> tuple[Peripheral, OsdpReader]:
    """A reader in operation, and its far end, for tests that leave it so."""
    peripheral = running_desk.peripheral(KEY, 0, "--enforce", "--text")
    return peripheral, running_desk.up(peripheral)


class TestWhatItReads:
    def test_card_comes_through_the_secure_channel(self, running: tuple[Peripheral, OsdpReader]) -> None:
        badge = read_card(*running, encode(EILEEN))[-1]
        assert (badge.credential, badge.security) == (EILEEN, Security.SECURE_CHANNEL)

    def test_reason_is_there_where_a_card_is_refused(self, running: tuple[Peripheral, OsdpReader]) -> None:
        badge = read_card(*running, "1" * 25 + "0")[-1]
        assert (badge.credential, badge.fault[:22]) == (None, "Wrong parity of h10301")

    def test_longest_card_is_unreadable_and_nothing_breaks(self, running: tuple[Peripheral, OsdpReader]) -> None:
        assert read_card(*running, "10" * 256)[-1].credential is None

    def test_keys_of_the_pad(self, running: tuple[Peripheral, OsdpReader]) -> None:
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
    def test_what_it_says_of_itself(
        self, running: tuple[Peripheral, OsdpReader], wish: dict[str, list[int]], notice: Notice
    ) -> None:
        peripheral, reader = running
        normal = {about: [0] * len(condition) for about, condition in wish.items()}
        said = [self.told(reader, notice, lambda: peripheral.do(**wish))]
        said.append(self.told(reader, Notice.RESTORED, lambda: peripheral.do(**normal)))
        assert said == [notice, Notice.RESTORED]

    def told(self, reader: OsdpReader, notice: Notice, act: Callable[..., Any]) -> Notice:
        def is_it(event: object) -> bool:
            return isinstance(event, ReaderNotice) and event.notice is notice

        return as_notice(events_until(reader, is_it, act)[-1]).notice

    def test_own_format_of_the_owner(self, desk: Desk) -> None:
        desk.keep(KEY)
        own = FormatSettings(name="plant", layout="F" * 8 + "N" * 16)
        around = ReaderContext(SystemClock(), lambda: None, desk.around.state_dir, (own,))
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        settings = desk.settings()
        desk.readers = open_readers((settings,), around)
        badge = read_card(peripheral, desk.readers["front"], f"{3:08b}{77:016b}")[-1]
        assert badge.credential == Credential("own:plant", 3, 77)


def show_until(reader: OsdpReader, signal: Signal, condition: Callable[..., Any]) -> bool:
    """Shows a signal until that has its effect, again when a lost reply has taken the channel down."""

    def attempt() -> bool:
        reader.show(signal)
        deadline = time.monotonic() + AGAIN_S
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.002)
        return False

    return wait_until(attempt, "what it is to show")


class TestWhatItShows:
    @pytest.mark.parametrize("signal", Signal)
    def test_signal_reaches_led_and_buzzer(self, running: tuple[Peripheral, OsdpReader], signal: Signal) -> None:
        peripheral, reader = running
        before = {code: len(peripheral.commands(code)) for code in (LED, BUZZER)}
        assert show_until(
            reader, signal, lambda: all(len(peripheral.commands(code)) > count for code, count in before.items())
        )

    def test_the_same_signal_again_is_shown_again(self, running: tuple[Peripheral, OsdpReader]) -> None:
        peripheral, reader = running
        for _ in range(2):
            before = len(peripheral.commands(BUZZER))
            assert show_until(reader, Signal.DENIED, lambda before=before: len(peripheral.commands(BUZZER)) > before)

    def test_text_is_shown_by_a_reader_that_has_a_display(self, running: tuple[Peripheral, OsdpReader]) -> None:
        peripheral, reader = running
        assert show_until(
            reader, Signal.LOOK, lambda: "Look at camera" in [one["data"] for one in peripheral.commands(TEXT)]
        )

    @pytest.mark.parametrize(
        ("signal", "text"),
        [(Signal.TURN_LEFT, "Turn your head left"), (Signal.TURN_RIGHT, "Turn your head right")],
    )
    def test_display_says_which_way_to_turn(
        self, running: tuple[Peripheral, OsdpReader], signal: Signal, text: str
    ) -> None:
        peripheral, reader = running
        assert show_until(reader, signal, lambda: text in [one["data"] for one in peripheral.commands(TEXT)])

    def test_direction_is_shown_by_the_pattern_of_the_settings(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        beeps = msgspec.structs.replace(desk.settings(), turn_left="beep", turn_right="two-beeps")
        reader = desk.up(peripheral, beeps)
        assert show_until(
            reader,
            Signal.TURN_RIGHT,
            lambda: (2, 2) in [(one["on_count"], one["rep_count"]) for one in peripheral.commands(BUZZER)],
        )

    def test_reader_without_the_display_of_the_settings_says_so(self, desk: Desk) -> None:
        """At once, and it reads badges all the same."""
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        texts = msgspec.structs.replace(desk.settings(), turn_left="text", turn_right="text")
        reader = desk.open(texts)
        notice = next_notice(reader)
        assert (notice.notice, "it has no display" in notice.detail) == (Notice.LOST, True)
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_reader_without_a_display_gets_no_text(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.open()
        reader.show(Signal.LOOK)
        wait_until(lambda: peripheral.commands(STATUS), "asking for the condition")
        assert peripheral.commands(TEXT) == []

    def test_reader_that_refuses_a_command_stays(self, desk: Desk) -> None:
        """libosdp ends the channel over it; it comes back, and is not asked again."""
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce", "--refuses", str(BUZZER))
        reader = desk.open()
        peripheral.wait_for(lambda one: one.get("refused") == BUZZER, "refusing the buzzer")
        wait_until(lambda: peripheral.commands(STATUS), "coming up without it")
        assert read(peripheral, reader, EILEEN) == EILEEN

    def test_command_that_met_a_broken_channel_is_sent_again(
        self, running: tuple[Peripheral, OsdpReader], running_desk: Desk
    ) -> None:
        """A NAK of the channel is none of the command."""
        peripheral, reader = running
        nak = bytes([0x41, 6])
        done = answer_once(running_desk.bench, LED_CODE, lambda sequence: frame(0, sequence, nak))
        before = len(peripheral.commands(LED))
        reader.show(Signal.GRANTED)
        assert done.wait(PATIENCE_S)
        assert show_until(reader, Signal.GRANTED, lambda: len(peripheral.commands(LED)) > before)

    def test_closed_reader_shows_nothing(self, desk: Desk) -> None:
        desk.keep(KEY)
        reader = desk.open()
        reader.close()
        with pytest.raises(ReaderError, match="closed"):
            reader.show(Signal.READY)


class TestKeysAndChannels:
    def test_reader_with_another_key_is_lost_once_and_gives_no_badge(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(OTHER_KEY)
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [(Notice.LOST, "it has another key")]

    def test_clear_text_reader_is_lost_once_and_gives_no_badge(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--clear")
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = [*events_until(reader, is_notice), reader.read(1.0)]
        assert [(event.notice, event.detail) for event in events if event] == [
            (Notice.LOST, "it offers no secure channel, and clear text is refused")
        ]

    def test_reader_in_its_install_mode_is_refused(self, desk: Desk) -> None:
        """SCBK-D, the key that everybody knows."""
        desk.keep(KEY)
        peripheral = desk.peripheral(b"", 0, "--install")
        peripheral.do(card=encode(EILEEN))
        reader = desk.open()
        events = events_until(reader, is_notice)
        assert (events[-1].notice, len(events), peripheral.seen) == (Notice.LOST, 1, [{"ready": True}])

    def test_reader_without_a_key_is_an_error_that_names_the_command(self, desk: Desk) -> None:
        with pytest.raises(ReaderError) as caught:
            desk.open()
        assert "lintel readers osdp-keyset front" in caught.value.hint

    def test_change_of_key_that_was_cut_short_is_told(self, desk: Desk) -> None:
        desk.keep(KEY)
        from device.readers.osdp.keys import KeyFiles

        KeyFiles(desk.around.state_dir, "front").propose(OTHER_KEY)
        desk.peripheral(OTHER_KEY)
        assert next_notice(desk.open()).detail == "it has another key; a change of its key was cut short"


class TestOpening:
    def test_two_readers_of_one_address(self, desk: Desk) -> None:
        for name in ("front", "back"):
            desk.keep(KEY, name)
        with pytest.raises(ReaderError, match="front and back have the same address 1"):
            desk.open(desk.settings("front", 1), desk.settings("back", 1))

    def test_two_rates_on_one_line(self, desk: Desk) -> None:
        for name in ("front", "back"):
            desk.keep(KEY, name)
        slow = ReaderSettings(name="back", kind="osdp", source=desk.bench.source, address=2, baud_rate=9600)
        fast = ReaderSettings(name="front", kind="osdp", source=desk.bench.source, address=1, baud_rate=115200)
        with pytest.raises(ReaderError, match="different rates: 9600, 115200"):
            desk.open(slow, fast)

    def test_more_readers_than_libosdp_can_tell_apart(self, desk: Desk) -> None:
        settings = [desk.settings(f"reader-{address}", address) for address in range(33)]
        with pytest.raises(ReaderError, match="no more than 32"):
            desk.open(*settings)

    def test_line_that_is_not_there(self, desk: Desk, tmp_path: Path) -> None:
        desk.keep(KEY)
        with pytest.raises(ReaderError, match="No serial line at"):
            desk.open(desk.settings(source=str(tmp_path / "ttyUSB9")))

    def test_line_that_is_taken(self, desk: Desk) -> None:
        for name in ("front", "back"):
            desk.keep(KEY, name)
        desk.open()
        with pytest.raises(ReaderError, match="Another program"):
            open_readers((desk.settings("back", 2),), desk.around)

    def test_first_line_is_let_go_when_the_second_cannot_be_opened(self, desk: Desk, tmp_path: Path) -> None:
        for name in ("front", "back"):
            desk.keep(KEY, name)
        with pytest.raises(ReaderError):
            desk.open(desk.settings("front"), desk.settings("back", source=str(tmp_path / "ttyUSB9")))
        assert desk.open().read(0.0) is None

    def test_card_format_nobody_knows(self, desk: Desk) -> None:
        desk.keep(KEY)
        settings = ReaderSettings(name="front", kind="osdp", source=desk.bench.source, formats=("h99999",))
        with pytest.raises(ConfigError, match="h99999"):
            desk.open(settings)

    def test_without_libosdp(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        desk.keep(KEY)
        monkeypatch.setitem(__import__("sys").modules, "osdp_sys", None)
        with pytest.raises(DependencyMissing, match="libosdp"):
            desk.open()
