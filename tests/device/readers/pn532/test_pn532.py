"""The PN532: what is said to it, and the reader on a pseudo-terminal with a chip at the far end."""

import os
import pty
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import SystemClock
from device.credentials import is_random
from device.errors import ConfigError, ReaderError
from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.pn532.dialogue import Answer, Ask, Card, Ready, Rest, Wrong, badge_of, card_in, dialogue
from device.readers.pn532.reader import open_reader
from device.records import BadgeRead, BadgeRemoved, Credential, Security, Signal
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_badge, as_event
from tests.device.readers.pn532.chip import Chip, ChipCard, tag, text_record
from tests.waiting import PATIENCE_S

ANSWER_TIME_S = 0.4
TRIES = 3
CARD = Card(bytes.fromhex("04a1b2c3d4e5f6"), has_pages=False)
ALL = frozenset({"csn4", "csn7", "csn10"})


def found(card: Card) -> bytes:
    """InListPassiveTarget's answer for a card of type A."""
    return b"\x01\x01\x00\x44" + (b"\x00" if card.has_pages else b"\x20") + bytes([len(card.uid)]) + card.uid


@pytest.mark.parametrize("card", [CARD, Card(bytes(range(1, 5)), has_pages=True)], ids=["7 bytes", "4 bytes"])
def test_card_is_found_in_an_answer(card: Card) -> None:
    assert card_in(found(card)) == card


@pytest.mark.parametrize("size", range(len(found(CARD))))
def test_answer_that_is_cut_off_holds_no_card(size: int) -> None:
    assert card_in(found(CARD)[:size]) is None


@pytest.mark.parametrize(
    ("uid", "format_name"), [("01020304", "csn4"), ("04a1b2c3d4e5f6", "csn7"), ("04a1b2c3d4e5f6a7b8c9", "csn10")]
)
def test_serial_number_is_the_badge(uid: str, format_name: str) -> None:
    credential, _ = badge_of(Card(bytes.fromhex(uid), has_pages=False), "", ALL)
    assert credential == Credential(format_name, 0, int(uid, 16))


@pytest.mark.parametrize(
    ("uid", "text", "formats", "fault"),
    [
        ("00000000", "", ALL, "a card whose serial number is 0"),
        ("0102030405", "", ALL, "a card with a serial number of 5 bytes"),
        ("", "", ALL, "a card with a serial number of 0 bytes"),
        ("01020304", "", frozenset({"csn7"}), "a card of the format csn4"),
        ("01020304", "", frozenset({"ndef"}), "a card without a text"),
        ("01020304", "hello", frozenset({"ndef", *ALL}), "a card whose text is not a badge, of 5 characters"),
    ],
    ids=["zero", "odd", "none", "other format", "no text", "other text"],
)
def test_card_that_is_no_badge_is_refused(uid: str, text: str, formats: frozenset[str], fault: str) -> None:
    assert badge_of(Card(bytes.fromhex(uid), has_pages=False), text, formats) == (None, fault)


def test_seven_bytes_that_begin_with_08_are_a_serial_number() -> None:
    assert badge_of(Card(bytes.fromhex("08010203040506"), has_pages=False), "", ALL)[0] is not None


def test_chip_of_another_kind_is_told() -> None:
    said = dialogue("front", ALL)
    assert next(said) == Ask(b"\x02")
    assert said.send(Answer(b"\x07\x01\x06\x07", 0.0)) == Wrong("07 01 06 07")


answers = st.builds(Answer, st.binary(max_size=64) | st.sampled_from([found(CARD), b"\x00" * 17]), st.floats(0, 1e6))


@given(st.lists(answers, max_size=60))
def test_whatever_is_answered_the_dialogue_goes_on(answered: list[Answer]) -> None:
    said = dialogue("front", ALL | {"ndef"})
    step = next(said)
    for answer in [Answer(b"\x32\x01\x06\x07", 0.0), *answered]:
        assert isinstance(step, Ask | Rest | Ready | BadgeRead | BadgeRemoved)
        step = said.send(answer)


@contextmanager
def on_a_line(formats: tuple[str, ...] = (), **chip_is: Any) -> Iterator[tuple[Reader, Chip]]:
    """A reader and the chip at the far end of its line."""
    far, near = pty.openpty()
    chip = Chip(far, **chip_is)
    settings = ReaderSettings(name="front", source=os.ttyname(near), formats=formats)
    try:
        reader = open_reader(settings, ReaderContext(SystemClock(), lambda: None, Path()))
        try:
            yield reader, chip
        finally:
            reader.close()
    finally:
        chip.stop()
        os.close(far)
        os.close(near)


UID = bytes.fromhex("04a1b2c3d4e5f6")
PLAIN = ChipCard(UID)


def test_card_is_a_clonable_badge_with_its_bits() -> None:
    with on_a_line(card=PLAIN) as (reader, _):
        read = reader.read(PATIENCE_S)
        number = int.from_bytes(UID)
        assert read == BadgeRead(
            Credential("csn7", 0, number), as_event(read).at, "front", Security.CLONABLE, "", f"{number:056b}"
        )


def rounds(*answers: bytes, formats: frozenset[str] = ALL) -> list[BadgeRead | BadgeRemoved]:
    """What becomes of InListPassiveTarget's answers, a round each."""
    said, events = dialogue("front", formats), []
    next(said)
    said.send(Answer(b"\x32\x01\x06\x07", 0.0))
    step, waiting = said.send(Answer(b"", 0.0)), list(answers)
    while waiting or step != Ask(b"\x4a\x01\x00"):
        answer = waiting.pop(0) if step == Ask(b"\x4a\x01\x00") else b""
        step = said.send(Answer(answer, 0.0))
        if isinstance(step, BadgeRead | BadgeRemoved):
            events.append(step)
    return events


HERE, NONE, DAMAGED = found(CARD), b"\x00", b""


def kinds_of(*answers: bytes) -> list[type]:
    return [type(event) for event in rounds(*answers)]


def test_card_that_stays_comes_in_each_round() -> None:
    assert kinds_of(HERE, HERE, HERE) == [BadgeRead] * 3


def test_card_is_taken_away_after_three_empty_rounds() -> None:
    assert kinds_of(HERE, NONE, NONE, NONE, NONE, HERE) == [BadgeRead, BadgeRemoved, BadgeRead]


def test_card_at_the_edge_of_the_field_is_not_taken_away() -> None:
    assert kinds_of(HERE, NONE, NONE, HERE, NONE, NONE, HERE) == [BadgeRead] * 3


def test_damaged_answers_take_no_card_away() -> None:
    assert kinds_of(HERE, DAMAGED, DAMAGED, NONE, DAMAGED, NONE, HERE) == [BadgeRead] * 2


def test_field_that_was_empty_from_the_start_says_nothing() -> None:
    assert kinds_of(NONE, NONE, NONE, NONE, NONE) == []


def test_card_that_stays_is_taken_away_when_it_leaves() -> None:
    with on_a_line(card=PLAIN) as (reader, chip):
        assert isinstance(reader.read(PATIENCE_S), BadgeRead)
        chip.card = None
        while isinstance(event := reader.read(PATIENCE_S), BadgeRead):
            pass
        assert isinstance(event, BadgeRemoved)


def test_text_of_a_card_that_stays_is_read_once() -> None:
    with on_a_line(("ndef",), card=tag(UID, text_record("17:1001"))) as (reader, chip):
        for _ in range(3):
            assert as_badge(reader.read(PATIENCE_S)).credential == Credential("h10301", 17, 1001)
        assert len([command for command in chip.asked if command[0] == 0x40]) == 2


def test_field_is_switched_off_between_two_rounds() -> None:
    with on_a_line() as (reader, chip):
        reader.read(0.5)
        rounds = [command for command in chip.asked if command[0] in (0x4A, 0x32)][1:]
        assert rounds[:4] == [b"\x4a\x01\x00", b"\x32\x01\x00"] * 2


def test_phone_gives_another_random_number_each_round() -> None:
    class Drawing(Chip):
        def content(self, command: bytes) -> bytes | None:
            self.card = ChipCard(b"\x08" + os.urandom(3))
            return super().content(command)

    far, near = pty.openpty()
    chip = Drawing(far)
    settings = ReaderSettings(source=os.ttyname(near))
    reader = open_reader(settings, ReaderContext(SystemClock(), lambda: None, Path()))
    given = [as_badge(reader.read(PATIENCE_S)).credential for _ in range(2)]
    reader.close()
    chip.stop()
    os.close(far)
    os.close(near)
    assert [one is not None and is_random(one) for one in given] == [True, True]


def test_text_is_the_badge_where_it_is_wanted() -> None:
    with on_a_line(("ndef",), card=tag(UID, text_record("17:1001"))) as (reader, _):
        assert as_badge(reader.read(PATIENCE_S)).credential == Credential("h10301", 17, 1001)


def test_text_at_the_end_of_a_longer_message_is_found() -> None:
    address = b"\x91\x01\x60U" + b"a" * 0x60
    with on_a_line(("ndef",), card=tag(UID, address + text_record("17:1001"))) as (reader, _):
        assert as_badge(reader.read(PATIENCE_S)).credential == Credential("h10301", 17, 1001)


def test_text_is_not_asked_for_where_it_is_not_wanted() -> None:
    with on_a_line(card=tag(UID, text_record("17:1001"))) as (reader, chip):
        assert as_badge(reader.read(PATIENCE_S)).credential == Credential("csn7", 0, int.from_bytes(UID))
        assert not [command for command in chip.asked if command[0] == 0x40]


@pytest.mark.parametrize(
    "card", [PLAIN, tag(UID, b""), ChipCard(UID, 0x00, bytes(180))], ids=["classic", "empty", "new"]
)
def test_card_without_a_text_is_its_serial_number(card: ChipCard) -> None:
    with on_a_line(("ndef", "csn7"), card=card) as (reader, _):
        assert as_badge(reader.read(PATIENCE_S)).credential == Credential("csn7", 0, int.from_bytes(UID))


@pytest.mark.parametrize("pages", [1, 2])
def test_card_that_is_taken_away_while_it_is_read_is_nothing(pages: int) -> None:
    card = tag(UID, b"\x91\x01\x60U" + b"a" * 0x60 + text_record("17:1001"))
    with on_a_line(("ndef", "csn7"), card=card, pages_until_removal=pages) as (reader, chip):
        assert not isinstance(reader.read(0.5), BadgeRead)
        chip.pages_until_removal, chip.card = None, card
        assert as_badge(reader.read(PATIENCE_S)).credential == Credential("h10301", 17, 1001)


def test_card_of_which_a_part_can_never_be_read_is_refused() -> None:
    short = tag(UID, b"\x91\x01\x60U" + b"a" * 0x60 + text_record("17:1001"))
    with on_a_line(("ndef", "csn7"), card=ChipCard(UID, 0x00, short.memory[:48])) as (reader, _):
        assert as_badge(reader.read(PATIENCE_S)).fault == "a card that could be read only in part"


def test_answer_that_was_lost_is_asked_for_again() -> None:
    with on_a_line(card=PLAIN, silent=TRIES - 1) as (reader, _):
        assert reader.read(PATIENCE_S) is not None


def test_noise_on_the_line_is_passed_over() -> None:
    with on_a_line(card=PLAIN, noise=b"\x00\xff\x00\x00\xff\x05\xfb\x55") as (reader, _):
        assert reader.read(PATIENCE_S) is not None


def test_reading_does_not_wait_for_a_chip_that_is_silent() -> None:
    with on_a_line() as (reader, chip):
        chip.dead = True
        clock = SystemClock()
        began = clock.monotonic()
        assert reader.read(0.05) is None
        assert clock.monotonic() - began < TRIES * ANSWER_TIME_S


def test_chip_that_falls_silent_is_gone() -> None:
    with on_a_line() as (reader, chip):
        chip.dead = True
        began = time.monotonic()
        with pytest.raises(ReaderError, match="did not answer"):
            reader.read(PATIENCE_S)
        assert 1.1 < time.monotonic() - began < PATIENCE_S / 2, "three times 0.4 s"


def test_line_that_is_pulled_is_gone() -> None:
    far, near = pty.openpty()
    chip = Chip(far)
    settings = ReaderSettings(source=os.ttyname(near))
    reader = open_reader(settings, ReaderContext(SystemClock(), lambda: None, Path()))
    os.close(near)
    chip.stop()
    os.close(far)
    with pytest.raises(ReaderError, match="badge reader"):
        reader.read(PATIENCE_S)
    reader.close()


@pytest.mark.parametrize(
    ("chip_is", "message"),
    [
        ({"dead": True}, "did not answer 3 times in a row"),
        ({"version": b"\x07\x01\x06\x07"}, "Expected a PN532, received 07 01 06 07"),
        ({"version": b""}, "Expected a PN532, received nothing"),
    ],
    ids=["silent", "PN533", "empty"],
)
def test_other_chip_than_a_pn532_is_refused_without_a_descriptor(chip_is: dict[str, Any], message: str) -> None:
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ReaderError, match=message), on_a_line(**chip_is):
        pass
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_signals_do_nothing() -> None:
    with on_a_line(card=PLAIN) as (reader, _):
        reader.show(Signal.GRANTED)
        assert reader.read(PATIENCE_S) is not None


def test_format_that_it_cannot_read_is_refused() -> None:
    with pytest.raises(ConfigError, match="'h10301'") as refused, on_a_line(("h10301",)):
        pass
    assert "ndef" in refused.value.hint


def test_what_is_no_serial_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(ReaderError, match="is not a serial line"):
        open_reader(ReaderSettings(source=str(path)), ReaderContext(SystemClock(), lambda: None, Path()))
