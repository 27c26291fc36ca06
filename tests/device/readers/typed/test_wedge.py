"""Keyboard wedges: the kernel's events as such readers make them, through a pipe in place of a keyboard."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import SystemClock
from device.credentials import format_badge
from device.errors import ReaderError
from device.readers.context import ReaderContext
from device.readers.typed.wedge import EVENT, KeyParser, grab, open_keyboard, open_reader
from device.records import BadgeRead, Credential, Security
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_badge
from tests.device.readers.typed.keys import (
    CAPS_LOCK,
    CONTROL,
    DOWN,
    ENTER,
    F1,
    KEY,
    KEYPAD,
    KEYPAD_ENTER,
    KEYS,
    REPEAT,
    SHIFT,
    SYN,
    TAB,
    UP,
    event,
    shifted,
    stroke,
    typed,
)
from tests.waiting import PATIENCE_S

MAX_LINE = 80
EVIOCGNAME = 0x81004506
EVIOCGRAB = 0x40044590

RECORDED = bytes.fromhex(
    "c5a4216900000000e01d0600000000000400040027000700"  # the scan code of the key
    "c5a4216900000000e01d0600000000000100080001000000"  # 7 goes down
    "c5a4216900000000e01d0600000000000000000000000000"  # that was all
    "c5a4216900000000b83d0600000000000100080000000000"  # 7 comes up
    "c5a4216900000000b83d0600000000000000000000000000"
    "c5a4216900000000e85d06000000000001001c0001000000"  # Enter goes down
    "c5a4216900000000e85d0600000000000000000000000000"
    "c5a4216900000000d07c06000000000001001c0000000000"
    "c5a4216900000000d07c0600000000000000000000000000"
)


def taken(*received: bytes) -> list[BadgeRead]:
    parser = KeyParser("front")
    return [as_badge(read) for piece in received for read in parser.take(piece, 1.0)]


def badges(*received: bytes) -> list[str | None]:
    return [format_badge(read.credential) if read.credential else None for read in taken(*received)]


@pytest.mark.skipif(EVENT.size != 24, reason="recorded on a machine of 64 bits")
def test_recorded_events_are_a_badge() -> None:
    assert taken(RECORDED) == [BadgeRead(Credential("number", 0, 7), 1.0, "front", Security.CLONABLE)]


@pytest.mark.parametrize("written", ["1234567890", "17:1001", "csn:04A2B9C1", "h10302:7", "own:my-cards:1:2"])
def test_every_written_form_can_be_typed(written: str) -> None:
    assert badges(typed(written) + stroke(ENTER)) == [written]


def test_keypad_types_digits() -> None:
    digits = b"".join(stroke(KEYPAD[digit]) for digit in "9876543210")
    assert badges(digits + stroke(KEYPAD_ENTER)) == ["9876543210"]


def test_tab_ends_a_line_too() -> None:
    assert badges(typed("42") + stroke(TAB)) == ["42"]


def test_key_that_is_held_types_once() -> None:
    held = event(KEY, KEYS["7"], DOWN) + event(KEY, KEYS["7"], REPEAT) * 20 + event(KEY, KEYS["7"], UP)
    assert badges(held + stroke(ENTER)) == ["7"]


def test_case_does_not_count() -> None:
    assert badges(stroke(CAPS_LOCK) + typed("csn:04a2b9c1") + stroke(ENTER)) == ["csn:04A2B9C1"]


@pytest.mark.parametrize(
    "between",
    [stroke(F1), stroke(CONTROL), stroke(200), shifted(KEYS["3"]), event(SYN, 3, 0), event(KEY, 0xFFFF, 1)],
    ids=["F1", "Control", "unknown", "#", "lost keys", "no key"],
)
def test_anything_else_makes_a_line_unreadable(between: bytes) -> None:
    """Without it, the line would be somebody's badge."""
    assert badges(typed("12") + between + typed("34") + stroke(ENTER)) == [None]


def test_shift_that_was_lost_with_other_keys_is_not_held_for_ever() -> None:
    lost = event(KEY, SHIFT, DOWN) + event(SYN, 3, 0) + stroke(ENTER)
    assert badges(lost + typed("42") + stroke(ENTER)) == [None, "42"]


@pytest.mark.parametrize("other", [event(2, 0, 1), event(3, 0, 7), event(17, 0, 1), event(KEY, 4, -1)])
def test_events_that_are_no_keys_say_nothing(other: bytes) -> None:
    assert badges(typed("4") + other + typed("2") + stroke(ENTER)) == ["42"]


def test_events_come_in_pieces() -> None:
    events = typed("42") + stroke(ENTER)
    assert badges(*(events[at : at + 7] for at in range(0, len(events), 7))) == ["42"]


def test_half_an_event_does_not_damage_those_after_a_pause() -> None:
    parser = KeyParser("front")
    parser.take(stroke(ENTER)[:7], 1.0)
    (read,) = parser.take(typed("42") + stroke(ENTER), 10.0)
    assert as_badge(read).credential == Credential("number", 0, 42)


def test_line_that_is_too_long_is_unreadable_and_its_rest_skipped() -> None:
    assert badges(typed("9" * (MAX_LINE + 1)) + typed("42") + stroke(ENTER) + typed("7") + stroke(ENTER)) == [None, "7"]


def test_beginning_of_a_lost_line_is_no_part_of_the_next() -> None:
    parser = KeyParser("front")
    whole = typed("17:1001") + stroke(ENTER)
    reads = [*parser.take(typed("1"), 1.0), *parser.take(typed("7:1001") + stroke(ENTER) + whole, 10.0)]
    assert [as_badge(read).credential for read in reads] == [None, Credential("h10301", 17, 1001)]


def test_last_line_counts_without_an_end() -> None:
    parser = KeyParser("front")
    parser.take(typed("42"), 1.0)
    assert [as_badge(read).credential for read in parser.end(1.0)] == [Credential("number", 0, 42)]


@given(st.lists(st.binary(max_size=100) | st.sampled_from([stroke(2), stroke(ENTER), event(SYN, 3, 0)]), max_size=40))
def test_whatever_comes_is_a_badge_or_not_and_memory_is_bounded(received: list[bytes]) -> None:
    parser = KeyParser("front")
    for piece in received:
        parser.take(piece, 1.0)
        assert len(parser._rest) < EVENT.size
        assert len(parser._held) <= 2


def around() -> ReaderContext:
    return ReaderContext(SystemClock(), lambda: None, Path())


def settings_of(path: Path) -> ReaderSettings:
    return ReaderSettings(name="front", kind="wedge", source=str(path))


@pytest.fixture
def keyboard(tmp_path: Path) -> Path:
    path = tmp_path / "usb-reader-event-kbd"
    os.mkfifo(path)
    return path


def open_descriptors() -> Iterable[Path]:
    return set(Path("/proc/self/fd").iterdir())


def test_keyboard_is_grabbed_before_it_is_read(keyboard: Path) -> None:
    grabbed: list[Path] = []

    def remember(descriptor: int) -> None:
        grabbed.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    open_keyboard(settings_of(keyboard), around(), remember).close()
    assert grabbed == [keyboard]


def test_keyboard_that_cannot_be_grabbed_leaves_no_descriptor(keyboard: Path) -> None:
    def refused(_: int) -> None:
        raise ReaderError("The keyboard cannot be grabbed.", hint="Stop the program that has grabbed it.")

    before = open_descriptors()
    with pytest.raises(ReaderError, match="cannot be grabbed"):
        open_keyboard(settings_of(keyboard), around(), refused)
    assert open_descriptors() == before


def test_what_is_no_input_device_is_refused(keyboard: Path) -> None:
    """The kernel itself says so."""
    with pytest.raises(ReaderError, match="is not an input device: Inappropriate ioctl") as refused:
        open_reader(settings_of(keyboard), around())
    assert "/dev/input/by-id" in refused.value.hint


def test_keyboard_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReaderError, match="cannot be opened: No such file"):
        open_reader(settings_of(tmp_path / "none"), around())


def test_keyboard_that_somebody_else_has_grabbed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def ioctl(_descriptor: int, request: int, argument: bytearray | int) -> None:
        if isinstance(argument, bytearray):
            argument[:12] = b"ACME Reader\0"
            assert request == EVIOCGNAME
        else:
            assert (request, argument) == (EVIOCGRAB, 1)
            raise OSError(16, "Device or resource busy")

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    with pytest.raises(ReaderError, match="The keyboard 'ACME Reader' cannot be grabbed: Device or resource busy"):
        grab(0)


def test_keyboard_that_is_pulled_is_gone(keyboard: Path) -> None:
    reader = open_keyboard(settings_of(keyboard), around(), lambda _: None)
    keyboard.open("wb").close()
    with pytest.raises(ReaderError, match="gone"):
        reader.read(PATIENCE_S)
    reader.close()
