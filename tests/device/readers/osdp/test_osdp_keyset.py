"""A fresh key for an OSDP reader: the operator's command against a real peripheral, cut short at every point."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from device.clock import SystemClock
from device.errors import ReaderError
from device.readers.formats import encode
from device.readers.osdp.keys import DEFAULT_KEY, KeyFiles
from device.readers.osdp.keyset import _Change, keyset
from device.records import BadgeRead
from tests.device.readers.osdp.bench import (
    EILEEN,
    KEY,
    OTHER_KEY,
    Desk,
    Peripheral,
    events_until,
    read_card,
    wait_until,
)

pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")

KEYSET = 5
WINDOW_S = 20.0


STEPS = {"propose": KeyFiles, "accept": KeyFiles, "_install": _Change, "_replace": _Change}


class Cut(BaseException):
    """The process is killed here."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def files(desk: Desk) -> KeyFiles:
    return KeyFiles(desk.around.state_dir, "front")


def given(peripheral: Peripheral) -> list[bytes]:
    """The keys that it was given, and took."""
    return [bytes.fromhex(one["data"]) for one in peripheral.commands(KEYSET)]


def reads_a_badge(desk: Desk, peripheral: Peripheral) -> bool:
    badges = read_card(peripheral, desk.open(), encode(EILEEN))
    desk.close_readers()
    return badges[-1].credential == EILEEN


def test_reader_without_its_key_gets_a_new_one_only_with_install(desk: Desk) -> None:
    """Somebody may keep the reader from answering, and answer in its place."""
    desk.keep(bytes(range(16)))
    before = KeyFiles(desk.around.state_dir, "front").key()
    peripheral = desk.peripheral(b"", 0, "--install")
    with pytest.raises(ReaderError, match="add `--install` if it was replaced or reset"):
        keyset(desk.settings(), desk.around, 5.0)
    assert (given(peripheral), KeyFiles(desk.around.state_dir, "front").key()) == ([], before)


def test_reader_that_was_replaced_is_given_a_key_if_so_said(desk: Desk) -> None:
    desk.keep(bytes(range(16)))
    peripheral = desk.peripheral(b"", 0, "--install")
    keyset(desk.settings(), desk.around, WINDOW_S, install=True)
    assert given(peripheral)[-1] == KeyFiles(desk.around.state_dir, "front").key()


class TestKeyset:
    def test_reader_in_its_install_mode_gets_a_key_and_works_with_it(self, desk: Desk, files: KeyFiles) -> None:
        peripheral = desk.peripheral(b"", 0, "--install")
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert (given(peripheral), reads_a_badge(desk, peripheral)) == ([files.key()], True)

    def test_reader_that_is_put_into_its_install_mode_only_then(self, desk: Desk, files: KeyFiles) -> None:
        stranger = desk.peripheral(OTHER_KEY, 0, "--enforce")
        switched = threading.Thread(target=lambda: self.switch(desk, stranger))
        switched.start()
        keyset(desk.settings(), desk.around, WINDOW_S)
        switched.join()
        assert given(desk.peripherals[-1]) == [files.key()]

    def switch(self, desk: Desk, stranger: Peripheral) -> None:
        wait_until(lambda: desk.bench.recorded[20:], "asking the reader")
        stranger.stop()
        desk.peripheral(b"", 0, "--install")

    def test_second_key_replaces_the_first(self, desk: Desk, files: KeyFiles) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert (given(peripheral), files.key() == KEY, reads_a_badge(desk, peripheral)) == ([files.key()], False, True)

    def test_key_is_fresh_each_time(self, desk: Desk) -> None:
        peripheral = desk.peripheral(b"", 0, "--install")
        for _ in range(2):
            keyset(desk.settings(), desk.around, WINDOW_S)
        assert len({*given(peripheral), KEY}) == 3

    def test_nothing_is_left_over(self, desk: Desk) -> None:
        desk.peripheral(b"", 0, "--install")
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert [file.name for file in (desk.around.state_dir / "osdp").iterdir()] == ["front.key"]

    def test_key_is_said_nowhere(
        self, desk: Desk, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        desk.peripheral(b"", 0, "--install")
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert (capfd.readouterr(), caplog.text) == (("", ""), "")


class TestRefusal:
    def test_reader_with_a_key_that_nobody_wrote_down(self, desk: Desk, files: KeyFiles) -> None:
        peripheral = desk.peripheral(OTHER_KEY, 0, "--enforce")
        with pytest.raises(ReaderError, match="was not given a key: it accepts neither"):
            keyset(desk.settings(), desk.around, 3.0)
        assert (given(peripheral), files.candidates()) == ([], ())

    def test_reader_that_does_not_answer(self, desk: Desk, files: KeyFiles) -> None:
        desk.keep(KEY)
        with pytest.raises(ReaderError, match="it does not answer"):
            keyset(desk.settings(), desk.around, 0.5)
        assert (files.key(), files.proposed()) == (KEY, None)

    def test_proposed_key_from_before_is_kept_when_no_key_works(self, desk: Desk, files: KeyFiles) -> None:
        desk.keep(KEY)
        files.propose(OTHER_KEY)
        with pytest.raises(ReaderError, match="it does not answer"):
            keyset(desk.settings(), desk.around, 0.5)
        assert files.candidates() == (OTHER_KEY, KEY)

    def test_window_is_kept(self, desk: Desk) -> None:
        clock = SystemClock()
        began = clock.monotonic()
        with pytest.raises(ReaderError):
            keyset(desk.settings(), desk.around, 0.5)
        assert clock.monotonic() - began < 10.0

    def test_clear_text_reader(self, desk: Desk) -> None:
        desk.peripheral(b"", 0, "--clear")
        with pytest.raises(ReaderError, match="was not given a key"):
            keyset(desk.settings(), desk.around, 2.0)

    def test_reader_that_refuses_the_new_key_keeps_the_old_one(self, desk: Desk) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce", "--refuses", str(KEYSET))
        with pytest.raises(ReaderError, match="has not proved that it has it"):
            keyset(desk.settings(), desk.around, WINDOW_S)
        assert reads_a_badge(desk, peripheral)

    def test_line_that_the_service_holds(self, desk: Desk) -> None:
        desk.keep(KEY)
        desk.open()
        with pytest.raises(ReaderError, match="Another program"):
            keyset(desk.settings(), desk.around, WINDOW_S)


class TestCutShort:
    """Whatever the moment, the reader's key is on the disk, and the command run again finds it."""

    def cut(self, monkeypatch: pytest.MonkeyPatch, desk: Desk, where: str, *, after: bool) -> None:
        """Runs the command until just before or just after a step of it."""
        owner = STEPS[where]
        whole = getattr(owner, where)

        def step(self: object, *arguments: bytes) -> NoReturn:
            if after:
                whole(self, *arguments)
            raise Cut

        with monkeypatch.context() as patch:
            patch.setattr(owner, where, step)
            with pytest.raises(Cut):
                keyset(desk.settings(), desk.around, WINDOW_S)

    @pytest.mark.parametrize(("where", "after"), [("propose", True), ("_install", True), ("accept", False)])
    def test_first_key(
        self, desk: Desk, files: KeyFiles, monkeypatch: pytest.MonkeyPatch, where: str, after: bool
    ) -> None:
        peripheral = desk.peripheral(b"", 0, "--install")
        self.cut(monkeypatch, desk, where, after=after)
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert given(peripheral)[-1] == files.key()

    @pytest.mark.parametrize(
        ("where", "after"), [("propose", True), ("_replace", True), ("accept", False), ("accept", True)]
    )
    def test_next_key(
        self, desk: Desk, files: KeyFiles, monkeypatch: pytest.MonkeyPatch, where: str, after: bool
    ) -> None:
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        self.cut(monkeypatch, desk, where, after=after)
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert given(peripheral)[-1] == files.key()

    def test_reader_that_took_the_key_before_a_lost_answer(self, desk: Desk, files: KeyFiles) -> None:
        """The answer to the new key is swallowed on the wire: the new channel proves it all the same."""
        desk.keep(KEY)
        peripheral = desk.peripheral(KEY, 0, "--enforce")

        def swallow(data: bytes) -> bytes:
            if not given(peripheral):
                return data
            swallowed.append(data)
            return b"" if len(swallowed) < 2 else data

        swallowed: list[bytes] = []
        desk.bench.to_panel = swallow
        keyset(desk.settings(), desk.around, WINDOW_S)
        assert given(peripheral)[-1] == files.key()


def test_default_key_is_refused_by_the_reader_port(desk: Desk) -> None:
    desk.keep(DEFAULT_KEY)
    with pytest.raises(ReaderError, match="SCBK-D"):
        desk.open()


def test_badge_is_not_read_while_the_default_key_is_in_use(desk: Desk) -> None:
    """A reader in its install mode with a card on it, of which nobody knows since when: it is dropped, and told."""
    peripheral = desk.peripheral(b"", 0, "--install")
    peripheral.do(card=encode(EILEEN))
    keyset(desk.settings(), desk.around, WINDOW_S)
    assert events_until(desk.open(), lambda event: isinstance(event, BadgeRead))[-1].credential is None
