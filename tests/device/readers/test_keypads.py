"""Keys count where the settings say that there is a pad, and a frame that a pad sends is never a badge.

Frames: the keypad transmission formats 3, 4, 5, 6 and 9 in Rosslare's manuals of the AY series.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import CredentialError
from device.readers.cards.card_formats import BUILT_IN
from device.readers.cards.keypad import Keypad, WithKeypad, if_typed, kind_for, refuse_typed
from device.readers.formats import encode
from device.readers.typed.lines import LineParser
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice, Security
from device.settings.tables import ReaderSettings
from device.virtual.clock import SimulatedClock
from device.virtual.reader import SimulatedReader

OPTION_3 = {
    "0": "11110000",
    "1": "11100001",
    "2": "11010010",
    "3": "11000011",
    "4": "10110100",
    "5": "10100101",
    "6": "10010110",
    "7": "10000111",
    "8": "01111000",
    "9": "01101001",
    "*": "01011010",
    "#": "01001011",
}
FACILITY_0, FACILITY_17, BCD = Keypad("26-bit", 0), Keypad("26-bit", 17), Keypad("26-bit")


def frame(facility: int, number: int) -> str:
    """The 26 bits of a card or of a pad: even parity over the first 12 of the data, odd over the last 12."""
    data = f"{facility:08b}{number:016b}"
    return f"{data[:12].count('1') % 2}{data}{1 - data[12:].count('1') % 2}"


def heard(keypad: Keypad, *events: ReaderEvent) -> list[ReaderEvent]:
    """What of a reader's events comes through."""
    reader = SimulatedReader(SimulatedClock())
    reader._events.extend(events)
    with closing(WithKeypad(reader, "gate", keypad)) as padded:
        read = [padded.read(0.0) for _ in events]
    return [event for event in read if event is not None]


def badge_read(bits: str) -> BadgeRead:
    facility, number = int(bits[1:9], 2), int(bits[9:25], 2)
    return BadgeRead(Credential("h10301", facility, number), 5.0, "gate", Security.CLEAR_TEXT, bits=bits)


def test_frame_of_the_standard_is_that_of_the_card_format() -> None:
    assert frame(17, 1001) == encode(Credential("h10301", 17, 1001), BUILT_IN)


@pytest.mark.parametrize(
    ("keypad", "bits", "keys"),
    [
        pytest.param(FACILITY_0, frame(0, 1234), "1234#", id="option 4, four keys"),
        pytest.param(FACILITY_0, frame(0, 42), "0042#", id="option 4, zeros in front"),
        pytest.param(FACILITY_17, frame(17, 65535), "65535#", id="option 5, the most it sends"),
        pytest.param(FACILITY_17, frame(17, 12345), "12345#", id="option 5, five keys"),
        pytest.param(BCD, frame(0x01, 0x2345), "012345#", id="option 6"),
        pytest.param(BCD, frame(0x99, 0x0000), "990000#", id="option 6, zeros behind"),
    ],
)
def test_frame_of_26_bits_is_a_pin(keypad: Keypad, bits: str, keys: str) -> None:
    assert heard(keypad, badge_read(bits)) == [KeyPress(keys, 5.0, "gate")]


@pytest.mark.parametrize(
    ("keypad", "bits"),
    [(FACILITY_17, frame(18, 1234)), (FACILITY_0, frame(1, 1234)), (BCD, frame(0xA1, 0x2345)), (BCD, frame(1, 0x23F5))],
)
def test_frame_that_no_pad_sends_stays_a_badge(keypad: Keypad, bits: str) -> None:
    assert heard(keypad, badge_read(bits)) == [badge_read(bits)]


@given(st.integers(0, 65535), st.integers(0, 25), st.sampled_from([FACILITY_17, Keypad("26-bit", 255)]))
def test_damaged_frame_of_a_pad_is_never_a_badge(number: int, flipped: int, keypad: Keypad) -> None:
    """With a bit of its number or parity flipped it says nothing of itself either."""
    good = frame(keypad.facility or 0, number)
    bits = good[:flipped] + str(1 - int(good[flipped])) + good[flipped + 1 :]
    (event,) = heard(keypad, badge_read(bits))
    assert isinstance(event, BadgeRead)
    is_typed = not 1 <= flipped <= 8
    assert (event.credential is None, event.bits == "") == (is_typed, is_typed)


@given(st.integers(0, 255), st.integers(0, 65535), st.sampled_from([FACILITY_17, FACILITY_0, BCD]))
def test_frame_is_either_a_pin_or_a_badge_that_can_be_given(facility: int, number: int, keypad: Keypad) -> None:
    badge = Credential("h10301", facility, number)
    (event,) = heard(keypad, badge_read(frame(facility, number)))
    assert isinstance(event, KeyPress) is keypad.reserves(badge)


@pytest.mark.parametrize(
    ("kind", "bits", "counts"),
    [
        ("none", 4, False),
        ("none", 8, False),
        ("none", 0, False),
        ("4-bit", 4, True),
        ("4-bit", 8, False),
        ("8-bit", 8, True),
        ("8-bit", 4, False),
        ("26-bit", 4, False),
        ("keys", 0, True),
        ("keys", 4, False),
    ],
)
def test_keys_count_where_the_settings_say_so(kind: str, bits: int, counts: bool) -> None:
    press = KeyPress("7", 5.0, "gate", bits)
    events = heard(Keypad(kind), press, press, press)
    if counts:
        assert events == [press] * 3
    else:
        (notice,) = events
        assert isinstance(notice, ReaderNotice)
        assert (notice.notice, notice.reader, "7" in notice.detail) == (Notice.KEYS_REFUSED, "gate", False)


@pytest.mark.parametrize(("bits", "kind"), [(4, "4-bit"), (8, "8-bit"), (0, "keys")])
def test_notice_says_which_pad_to_set(bits: int, kind: str) -> None:
    (notice,) = heard(Keypad(), KeyPress("7", 5.0, "gate", bits))
    assert isinstance(notice, ReaderNotice)
    assert f'keypad = "{kind}"' in notice.detail
    assert kind_for(KeyPress("7", 5.0, "gate", bits)) == kind


def readers(keypad: str, facility: int | None) -> Iterator[ReaderSettings]:
    yield ReaderSettings(name="other", kind="wiegand")
    yield ReaderSettings(name="gate", kind="wiegand", keypad=keypad, keypad_facility=facility)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("badge", "facility"), [(Credential("h10301", 17, 1001), 17), (Credential("h10301", 0x12, 0x3456), None)]
)
def test_badge_that_a_pad_could_type_is_not_given(badge: Credential, facility: int | None) -> None:
    with pytest.raises(CredentialError, match="keypad of reader gate"):
        refuse_typed(badge, readers("26-bit", facility))


@pytest.mark.parametrize(
    ("badge", "keypad", "facility"),
    [
        (Credential("h10301", 18, 1001), "26-bit", 17),
        (Credential("h10301", 0xA2, 0x3456), "26-bit", None),
        (Credential("h10301", 17, 1001), "4-bit", None),
        (Credential("csn4", 0, 1001), "26-bit", None),
    ],
)
def test_other_badges_are_given(badge: Credential, keypad: str, facility: int | None) -> None:
    refuse_typed(badge, readers(keypad, facility))
    assert not Keypad(keypad, facility).reserves(badge)


def test_installer_sees_what_a_frame_would_be_if_typed() -> None:
    assert if_typed(frame(17, 42)) == (
        'typed   0042# with keypad = "26-bit" and keypad_facility = 17 or 11002a# with keypad = "26-bit" alone, '
        "if it was typed"
    ).replace(' or 11002a# with keypad = "26-bit" alone', "")
    assert '012345# with keypad = "26-bit" alone' in if_typed(frame(0x01, 0x2345))
    assert if_typed("0" * 34) == ""


@pytest.mark.parametrize("line", ["1234#", "#", "*", "0*", "00000000#", "123456789#"])
def test_line_of_keys_is_typed(line: str) -> None:
    assert LineParser("gate", Security.LOCAL).take(f"{line}\n".encode(), 5.0) == [KeyPress(line, 5.0, "gate")]


@pytest.mark.parametrize("line", ["1234", "12#34", "17:1001", "1" * 40 + "#", "a#"])
def test_line_that_does_not_end_a_pin_is_none(line: str) -> None:
    (event,) = LineParser("gate", Security.LOCAL).take(f"{line}\n".encode(), 5.0)
    assert isinstance(event, BadgeRead)
