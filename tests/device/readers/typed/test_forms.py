"""Lines as other readers send them: read where a setting says so, and the setting named where none does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.credentials import format_badge
from device.readers.typed.forms import LineForm
from device.readers.typed.hints import hint_for
from device.readers.typed.layouts import LAYOUTS, shown_by
from device.readers.typed.lines import LineParser
from device.readers.typed.wedge import KeyParser
from device.records import BadgeRead, Security
from tests.device.readers.events import as_badge
from tests.device.readers.typed.keys import ENTER, KEYPAD, KEYS, SHIFT, event, shifted, stroke

KEY = 1


def reads(data: str | bytes, form: LineForm = LineForm()) -> list[BadgeRead]:  # noqa: B008 - a frozen value
    """All that comes of bytes at once, and of the silence after them."""
    parser = LineParser("front", Security.LOCAL, form)
    sent = data if isinstance(data, bytes) else data.encode()
    return [as_badge(read) for read in (*parser.take(sent, 1.0), *parser.take(b"", 5.0))]


def badges(data: str | bytes, form: LineForm = LineForm()) -> list[str | None]:  # noqa: B008
    return [format_badge(read.credential) if read.credential else None for read in reads(data, form)]


def fault(data: str, form: LineForm = LineForm()) -> str:  # noqa: B008
    (read,) = reads(data, form)
    return read.fault


@pytest.mark.parametrize(
    ("form", "line", "badge"),
    [
        ("hex", "04A2B9C1", "csn:04A2B9C1"),
        ("hex", "04:a2:b9:c1", "csn:04A2B9C1"),
        ("hex", "04 A2 B9 C1", "csn:04A2B9C1"),
        ("hex", "04-A2-B9-C1", "csn:04A2B9C1"),
        ("hex", "0x04A2B9C1", "csn:04A2B9C1"),
        ("hex", "04A2B9C1h", "csn:04A2B9C1"),
        ("hex", "csn:04A2B9C1", "csn:04A2B9C1"),
        ("hex", "04A1B2C3D4E5F6", "csn:04A1B2C3D4E5F6"),
        ("hex", "04A1B2C3D4E5F6A7B8C9", "csn:04A1B2C3D4E5F6A7B8C9"),
        ("hex", "12345678", "csn:12345678"),
        ("hex", "01007654AB", "7754923"),
        ("hex-reversed", "C1B9A204", "csn:04A2B9C1"),
        ("hex-reversed", "F6E5D4C3B2A104", "csn:04A1B2C3D4E5F6"),
        ("decimal", "0077773249", "csn:04A2B9C1"),
        ("decimal", "1304108811806198", "csn:04A21537D19DF6"),
        ("decimal-reversed", "3250168324", "csn:04A2B9C1"),
        ("facility-number", "117,51234", "117:51234"),
        ("facility-number", "117, 51234", "117:51234"),
        ("facility-number", "117-51234", "117:51234"),
        ("facility-number", "117;51234", "117:51234"),
        ("facility-number", "117 51234", "117:51234"),
        ("facility-number", "117:51234", "117:51234"),
        ("badge", "117:51234", "117:51234"),
    ],
)
def test_line_is_read_in_the_form_of_the_settings(form: str, line: str, badge: str) -> None:
    if form == "decimal" and len(line) > 10:
        badge = f"csn:{int(line):014X}"
    assert badges(line + "\r\n", LineForm(form=form)) == [badge]


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("hex", "04A2B9"),
        ("hex", "04A2B9C"),
        ("hex", "04A2B9C1D2E3"),
        ("hex", "00000000"),
        ("hex", "17:4242"),
        ("decimal", "72057594037927936"),
        ("decimal", "0"),
        ("decimal", "17:4242"),
        ("facility-number", "300,51234"),
        ("facility-number", "117,99999"),
        ("facility-number", "117,,51234"),
        ("facility-number", "51234"),
        ("facility-number", "-117,51234"),
        ("badge", "117,51234"),
        ("badge", "\u0661\u0667:\u0664\u0662"),
    ],
)
def test_line_of_another_form_is_unreadable(form: str, line: str) -> None:
    assert badges(line + "\n", LineForm(form=form)) == [None]


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("\ufeff17:4242\n", ["17:4242"]),
        ("\x0217:4242\x03", ["17:4242"]),
        ("\x0217:4242\x03\r\n", ["17:4242"]),
        ("\x0217:4242\x0377\r\n17:4243\r\n", ["17:4242", "17:4243"]),
        ("\x0217:4242\r\n\x03\x0217:4243\r\n\x03", ["17:4242", "17:4243"]),
        ("\x0217:4242\x03\x0217:4243\x03", ["17:4242", "17:4243"]),
        ("\x0217:4242\n", ["17:4242"]),
        ("\0\0\x0017:4242\0\r\n", ["17:4242"]),
        ("17:4242\r\n\0\0\0", ["17:4242"]),
        ("\0", []),
        ("17:42\x0342\n", [None]),
        ("17:42\x00042\n", [None]),
        ("1\x027:4242\x03\n", [None]),
        ("17:4242\x03\n", [None]),
        ("\x0217:\x0342\r\n", [None]),
    ],
)
def test_frame_around_a_line_is_no_part_of_it(sent: str, found: list[str | None]) -> None:
    assert badges(sent) == found


@pytest.mark.parametrize(
    ("form", "sent", "found"),
    [
        (LineForm(prefix="E"), "E17:4242\n17:4242\n", ["17:4242", None]),
        (LineForm(suffix="#"), "17:4242#\n17:4242\n", ["17:4242", None]),
        (LineForm(prefix="UID: ", form="hex"), "UID: 04A2B9C1\n", ["csn:04A2B9C1"]),
        (LineForm(prefix=";", suffix="?"), ";17:4242?\n", ["17:4242"]),
        (LineForm(suffix="\x03"), "17:4242\x0317:4243\x03", ["17:4242", "17:4243"]),
        (LineForm(suffix="\x1d"), "17:4242\x1d", ["17:4242"]),
        (LineForm(prefix="\x02"), "\x0217:4242\r\n", ["17:4242"]),
        (LineForm(prefix="\x02", suffix="\x03"), "\x0217:4242\x03\r\n", ["17:4242"]),
        (LineForm(prefix="17", suffix="17"), "17\n", [None]),
        (LineForm(ignore=("PING", "NR")), "PING\r\n17:4242\r\nNR\r\nPONG\r\n", ["17:4242", None]),
    ],
)
def test_what_is_set_around_a_badge_is_left_out(form: LineForm, sent: str, found: list[str | None]) -> None:
    assert badges(sent, form) == found


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("117,51234", 'It reads as a badge with `form = "facility-number"`.'),
        ("17/4242", 'It reads as a badge with `form = "facility-number"`.'),
        ("04A2B9C1", 'It reads as a badge with `form = "hex"`.'),
        ("04:A2:B9:C1", 'It reads as a badge with `form = "hex"`.'),
        ("17>4242", 'It reads as a badge with `layout = "de"` (or ch, es, it, pt, se).'),
        ("!&.$@$@", 'It reads as a badge with `layout = "fr"` (or be).'),
        ("17\u00d64242", "is set to us instead of de."),
        ("&\u00e8M'\u00e9'\u00e9", "is set to us instead of fr."),
        (")$Q@B(C!", 'It reads as a badge with `layout = "fr"` (or be) and `form = "hex"`.'),
        ("E17:4242", "with the 1 character in front of the number as `prefix`."),
        ("UID: 04A2B9C1", 'with the 5 characters in front of the number as `prefix` and `form = "hex"`.'),
        (";17:4242?", "the 1 character behind the number as `suffix`."),
        ("17:4242\x03", 'It reads as a badge with `suffix = "\\u0003"`.'),
        ("\x01\x1d17:4242", 'It reads as a badge with `prefix = "\\u0001\\u001d"`.'),
        ("1\x007\x00:\x004\x00", "have the program that writes it write UTF-8, not UTF-16."),
    ],
)
def test_setting_that_would_read_a_line_is_named(line: str, named: str) -> None:
    said = fault(line + "\n")
    assert said.startswith(f"a line that is not a badge, of {len(line.strip())} characters. ")
    assert said.endswith(named)


def test_end_that_never_comes_is_named() -> None:
    assert fault("17:4242\x03") == (
        'a line whose end was lost. Its last character may be its end: set `suffix = "\\u0003"`.'
    )


def test_missing_prefix_is_named() -> None:
    assert fault("17:4242\n", LineForm(prefix="E")).endswith("It lacks the `prefix` of the settings.")


@pytest.mark.parametrize("line", ["garbage", "hello world", "17:", ":4242", "x" * 70, "300:1", "csn:zz", "-", "?"])
def test_line_that_no_setting_would_read_names_none(line: str) -> None:
    assert hint_for(line.encode(), LineForm()) == ""


def test_sign_of_life_is_named_when_it_comes_again() -> None:
    faults = [read.fault for read in reads("NR\n" * 3)]
    assert [one.endswith("if the reader sends it by itself, name it in `ignore`.") for one in faults] == [
        False,
        False,
        True,
    ]


@given(st.text(max_size=40).filter(lambda text: not set(text) & set("\r\n")))
def test_no_hint_repeats_what_a_line_says(line: str) -> None:
    """It may have been a PIN."""
    hint = hint_for(line.encode(), LineForm())
    digits = "".join(one for one in line if one.isdecimal())
    assert len(digits) < 5 or digits not in hint


@given(st.lists(st.binary(max_size=90), max_size=12), st.data())
def test_lines_do_not_depend_on_how_bytes_arrive(sent: list[bytes], data: st.DataObject) -> None:
    text = b"17:4242".join(sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parsers = [LineParser("front", Security.LOCAL, LineForm(suffix="\x1d")) for _ in range(2)]
    whole = parsers[0].take(text, 1.0)
    ranges = zip([0, *cuts], [*cuts, len(text)], strict=True)
    parts = [read for begin, end in ranges for read in parsers[1].take(text[begin:end], 1.0)]
    found = [[as_badge(read).credential for read in some if as_badge(read).credential] for some in (whole, parts)]
    assert found[0] == found[1]


def test_flood_of_unreadable_lines_is_read_without_hints() -> None:
    assert sum("It reads as" in read.fault for read in reads(b"17>4242\n" * 2600)) == 10


def test_hints_come_again_in_the_next_second() -> None:
    parser = LineParser("front", Security.LOCAL)
    parser.take(b"17>4242\n" * 20, 1.0)
    named = [["It reads as" in as_badge(read).fault for read in parser.take(b"17>4242\n", at)] for at in (1.9, 2.0)]
    assert named == [[False], [True]]


def keys_of(*codes: int | tuple[int]) -> bytes:
    """Keys, those in brackets with Shift, and Enter."""
    return b"".join(shifted(code[0]) if isinstance(code, tuple) else stroke(code) for code in codes) + stroke(ENTER)


def typed_badge(layout: str, keys: bytes, form: str = "badge") -> str | None:
    (read,) = KeyParser("front", LineForm(layout=layout, form=form)).take(keys, 1.0)
    credential = as_badge(read).credential
    return format_badge(credential) if credential else None


DOT, SEMICOLON = 52, 39
ONE, SEVEN, FOUR, TWO = (KEYS[digit] for digit in "1742")


@pytest.mark.parametrize("layout", ["de", "ch", "es", "it", "pt", "se"])
def test_colon_of_other_keyboards_is_shift_and_dot(layout: str) -> None:
    keys = keys_of(ONE, SEVEN, (DOT,), FOUR, TWO, FOUR, TWO)
    assert (typed_badge(layout, keys), typed_badge("us", keys)) == ("17:4242", None)


@pytest.mark.parametrize("layout", ["fr", "be"])
def test_digits_of_a_french_keyboard_are_shifted(layout: str) -> None:
    keys = keys_of((ONE,), (SEVEN,), DOT, (FOUR,), (TWO,), (FOUR,), (TWO,))
    assert (typed_badge(layout, keys), typed_badge("us", keys)) == ("17:4242", None)


def test_letters_of_a_french_keyboard_stand_elsewhere() -> None:
    """In hexadecimal, A is where others have Q."""
    keys = keys_of((KEYS["0"],), (FOUR,), (KEYS["q"],), (TWO,), (KEYS["b"],), (KEYS["9"],), (KEYS["c"],), (ONE,))
    assert typed_badge("fr", keys, "hex") == "csn:04A2B9C1"


def test_own_format_with_y_and_z_is_typed_by_a_german_reader() -> None:
    letters: dict[str, int | tuple[int]] = {**KEYS, "y": KEYS["z"], "z": KEYS["y"], ":": (DOT,), "-": 53}
    keys = keys_of(*(letters[one] for one in "own:my-zoo:1:2"))
    assert typed_badge("de", keys) == "own:my-zoo:1:2"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keypad_types_digits_in_every_layout(layout: str) -> None:
    keys = b"".join(stroke(KEYPAD[digit]) for digit in "9876543210") + stroke(ENTER)
    assert typed_badge(layout, keys) == "9876543210"


def test_wedge_of_another_layout_is_named() -> None:
    (read,) = KeyParser("front").take(keys_of(ONE, SEVEN, (DOT,), FOUR, TWO), 1.0)
    assert as_badge(read).fault.endswith('It reads as a badge with `layout = "de"` (or ch, es, it, pt, se).')


@given(st.lists(st.sampled_from(sorted(KEYS.values())), min_size=1, max_size=20), st.sampled_from(LAYOUTS))
def test_any_keys_in_any_layout_are_a_badge_or_none(codes: list[int], layout: str) -> None:
    held = event(KEY, SHIFT, 1) + keys_of(*codes) + event(KEY, SHIFT, 0)
    parser = KeyParser("front", LineForm(layout=layout))
    assert len(parser.take(keys_of(*codes), 1.0)) <= 1
    assert len(parser.take(held, 1.0)) <= 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "written", ["17:4242", "117:51234", "csn:04A2B9C1", "csn:04A1B2C3D4E5F6", "h10306:17:4242", "4242424"]
)
def test_layout_reads_what_is_typed_for_it_and_is_named(written: str, layout: str) -> None:
    on_us_keys = shown_by(written, layout)
    assert badges(on_us_keys + "\n", LineForm(layout=layout)) == [written]
    assert badges(on_us_keys + "\n") == [written] or layout in hint_for(on_us_keys.encode(), LineForm())
