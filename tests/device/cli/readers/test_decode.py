"""`lintel readers decode` and `formats`: bits drawn with their fields and parity."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device.cli.text.reader_events import Transcript
from device.readers.cards.card_formats import BUILT_IN, CardFormat
from device.readers.formats import encode, formats_for
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderNotice, Security
from tests.device.cli.readers.bench import CARD, HOUSE
from tests.device.commands import Lintel

FACILITY_42_NUMBER_69 = {"format": "h10301", "facility": 42, "number": 69}
REFUSED = [
    ("1" * 26, "all-ones"),
    ("0" * 26, "all-zeros"),
    (CARD[1:], "unknown-length"),
    ("0" + CARD[1:], "wrong-parity"),
    (f"{0x584A2B940:037b}", "ambiguous-length"),
]


def test_card_is_decoded(lintel: Lintel) -> None:
    ended = lintel("readers", "decode", CARD, "--json")
    assert (ended.exit_code, ended.json) == (0, FACILITY_42_NUMBER_69)


@pytest.mark.parametrize("bits", [("1 00101010 0000000001000101 0",), ("1", "00101010", "0000000001000101", "0")])
def test_spaces_do_not_count(lintel: Lintel, bits: tuple[str, ...]) -> None:
    assert lintel("readers", "decode", "--json", *bits).json == FACILITY_42_NUMBER_69


@pytest.mark.parametrize("known", BUILT_IN, ids=lambda known: known.name)
def test_format_can_be_named(lintel: Lintel, known: CardFormat) -> None:
    bits = encode(Credential(known.name, 3 if known.has_facility else 0, 77))
    assert lintel("readers", "decode", bits, "--format", known.name.upper(), "--json").json == {
        "format": known.name,
        "facility": 3 if known.has_facility else 0,
        "number": 77,
    }


@pytest.mark.parametrize(("bits", "why"), REFUSED)
def test_refusal_has_its_reason(lintel: Lintel, bits: str, why: str) -> None:
    ended = lintel("readers", "decode", bits, "--json")
    assert (ended.exit_code, ended.json["refused"], set(ended.json)) == (1, why, {"refused", "reason", "hint"})


@pytest.mark.parametrize(("bits", "_why"), REFUSED)
def test_refusal_is_told_in_words(lintel: Lintel, bits: str, _why: str) -> None:
    ended = lintel("readers", "decode", bits)
    reason = lintel("readers", "decode", bits, "--json").json["reason"]
    assert (ended.exit_code, ended.err.splitlines()[0]) == (1, f"Refused: {reason}")


def test_card_is_drawn_with_fields_and_parity(lintel: Lintel) -> None:
    assert lintel("readers", "decode", CARD).out.splitlines() == [
        "bits    1 00101010 0000000001000101 0",
        "layout  P FFFFFFFF NNNNNNNNNNNNNNNN P",
        "parity  E XXXXXXXX XXXX............ .  even: holds",
        "parity  . ........ ....XXXXXXXXXXXX O  odd: holds",
        "badge 42:69 (h10301, facility 42, number 69)",
    ]


def test_parity_that_is_wrong_is_drawn(lintel: Lintel) -> None:
    lines = lintel("readers", "decode", "0" + CARD[1:]).out.splitlines()
    assert [line.rpartition("  ")[2] for line in lines[2:]] == ["even: WRONG", "odd: holds"]


def test_card_is_read_as_the_first_reader_of_the_settings_would(
    lintel: Lintel, configured: Callable[[str], Path]
) -> None:
    path = configured(
        '[[doors]]\n[[doors.readers]]\nkind = "wiegand"\ndata0_pin = 5\ndata1_pin = 6\nformats = ["h10304"]\n'
    )
    found = lintel("--config", path, "readers", "decode", "--json", f"{0x584A2B940:037b}").json
    assert found == {"format": "h10304", "facility": 22602, "number": 89248}


def test_own_format_is_decoded(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    found = lintel("--config", configured(HOUSE), "readers", "decode", "--json", "--format", "house", "01" * 13).json
    assert found == {"format": "own:house", "facility": 0, "number": 0x1555555}


def test_number_as_wide_as_can_be_is_printed(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    path = configured(f'[[formats]]\nname = "wide"\nlayout = "{"N" * 128}"\n')
    found = lintel("--config", path, "readers", "decode", "--json", "1" * 127 + "0").json
    assert found["number"] == 2**128 - 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("12",), "expected 0 and 1"),
        ((" ",), "expected 0 and 1"),
        ((), "Missing argument 'BITS...'"),
        ((CARD, "--format", "felica"), "'felica' is not a card format. Choose one of h10301, "),
        ((CARD, "--format", "37"), "'37' names several card formats. Choose one of h10302, h10304."),
    ],
)
def test_mistake_on_the_command_line_is_told(lintel: Lintel, arguments: tuple[str, ...], said: str) -> None:
    ended = lintel("readers", "decode", *arguments)
    assert (ended.exit_code, said in ended.err) == (2, True)


def test_malformed_format_in_the_settings_is_told(lintel: Lintel, configured: Callable[[str], Path]) -> None:
    path = configured('[[formats]]\nname = "house"\nlayout = "FFFFFFFFF"\n')
    ended = lintel("--config", path, "readers", "decode", CARD, "--format", "h10301")
    assert (ended.exit_code, "its layout has no N" in ended.err) == (3, True)


USUAL = Transcript(10.0, {"front": formats_for(()), "desk": None})
READ = BadgeRead(Credential("h10301", 42, 69), 12.5, "front", Security.CLEAR_TEXT, bits=CARD)


def test_frame_is_drawn_below_its_badge() -> None:
    assert [line.strip() for line in USUAL.lines(READ)][1:] == [
        "bits    1 00101010 0000000001000101 0",
        "layout  P FFFFFFFF NNNNNNNNNNNNNNNN P",
        "parity  E XXXXXXXX XXXX............ .  even: holds",
        "parity  . ........ ....XXXXXXXXXXXX O  odd: holds",
    ]


def test_frame_with_wrong_parity_is_drawn() -> None:
    read = BadgeRead(None, 10.0, "front", Security.CLEAR_TEXT, fault="Wrong parity.", bits="0" + CARD[1:])
    lines = list(USUAL.lines(read))
    assert lines[0].endswith("front  unreadable: Wrong parity.; clear-text")
    assert lines[3].endswith("even: WRONG")
    assert USUAL.plain(read)["parity"] == "wrong"


def test_frame_of_no_format_is_told_bare() -> None:
    read = BadgeRead(None, 10.0, "front", Security.CLEAR_TEXT, fault="Noise.", bits="10101")
    assert list(USUAL.lines(read))[1].strip() == "bits    10101  (5)"


def test_bits_of_a_reader_without_card_formats_are_told_bare() -> None:
    read = BadgeRead(Credential("number", 0, 5), 10.0, "desk", Security.CLONABLE, bits="01" * 13)
    assert (USUAL.plain(read)["parity"], list(USUAL.lines(read))[1].strip()) == (None, f"bits    {'01' * 13}  (26)")


def test_serial_number_has_no_parity_to_hold() -> None:
    read = BadgeRead(Credential("csn4", 0, 5), 10.0, "front", bits=f"{5:032b}")
    assert USUAL.plain(read)["parity"] is None


def test_time_is_told_from_the_beginning() -> None:
    assert (USUAL.plain(READ)["at_s"], next(USUAL.lines(READ))[:11]) == (2.5, "    2.500 s")


def test_notice_is_told() -> None:
    notice = ReaderNotice(Notice.LOST, 10.0, "front", "It hung up.")
    assert list(USUAL.lines(notice)) == ["    0.000 s  front  lost: It hung up."]


def test_keys_are_masked_one_by_one() -> None:
    assert list(USUAL.lines(KeyPress("1234#", 10.0, "front"))) == [
        '    0.000 s  front  keys *****; keypad = "keys"',
    ]


@pytest.mark.parametrize(("bits", "kind"), [(4, "4-bit"), (8, "8-bit")])
def test_kind_of_keypad_is_guessed(bits: int, kind: str) -> None:
    press = KeyPress("7", 10.0, "front", bits)
    assert list(USUAL.lines(press)) == [f'    0.000 s  front  keys *; keypad = "{kind}"']
    assert USUAL.plain(press)["keypad"] == kind
