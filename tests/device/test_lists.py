"""Lists of people: what a spreadsheet may hold, and what it must not."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.credentials import parse_badge
from device.people.lists import ListError, Row, Wrong, read_list, write_list
from device.records import Badge, Basis, BasisKind, Enrolled, Grounds, Person, Validity

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = datetime(2027, 5, 31, 12, tzinfo=UTC)


def read(text: str) -> tuple[Row | Wrong, ...]:
    return read_list(text.encode())


def test_list_has_people_with_all_that_is_known() -> None:
    (row,) = read(
        "name,badges,groups,from,until,basis,basis_text_version,pictures\n"
        "Ada Lovelace,17:1;csn:04A2B9C1,Staff; Night,2026-12-01T00:00+00:00,2027-01-01T00:00Z,consent,3,a.jpg;b.jpg\n"
    )
    assert row == Row(
        2,
        "Ada Lovelace",
        (parse_badge("17:1"), parse_badge("csn:04A2B9C1")),
        ("Staff", "Night"),
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        Grounds(BasisKind.CONSENT, "3"),
        ("a.jpg", "b.jpg"),
    )


@pytest.mark.parametrize(
    "text", ["name\nAda\n", "Name;badges\r\nAda;17:1\r\n", "\ufeffname,groups\nAda,\n", "name\n\n,\nAda"]
)
def test_spreadsheet_may_write_it_its_way(text: str) -> None:
    (row,) = read(text)
    assert isinstance(row, Row)
    assert row.name == "Ada"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The list is empty"),
        ("name\nAda\n".encode("utf-16"), "UTF-16"),
        ("name\nAda\n".encode("utf-16-le"), "UTF-16"),
        ("name\nZoë\n".encode("latin-1"), "Line 2 of the list is not in UTF-8: byte 0xeb"),
        (b"badges\n17:1\n", "no column `name`"),
        (b"name,bagdes\nAda,17:1\n", "unknown column 'bagdes'"),
        (b"name,name\nAda,Ada\n", "the same column twice"),
        (b'name\nAda\n"Grace\n', "Line 3 of the list is not CSV"),
        (b'name\n"Ada"x\n', "Line 2 of the list is not CSV"),
        (b"name\n" + b"x" * 200_000 + b"\n", "Line 2 of the list is not CSV"),
    ],
)
def test_what_is_not_a_list_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(ListError, match=why):
        read_list(content)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("=HYPERLINK(1),17:1,,", "takes for a formula"),
        ("+1,17:1,,", "takes for a formula"),
        ("Ada,17:1,@SUM(A1),", "takes for a formula"),
        ("x" * 10_000 + ",17:1,,", "at most 1000 characters"),
        ("A\x1b[2Jda,17:1,,", "control characters"),
        ("\u202eadA,17:1,,", "reverse the text"),
        (",17:1,,", "nothing that can be seen"),
        ("Ada,17,17:99999999,", "is out of range|not in a known format"),
        ("Ada,badge,,", "not in a known format"),
        ("Ada,17:1,,next year", "expected a day"),
        ("Ada,17:1,,2026-02-30", "expected a day"),
        ("Ada,17:1,,,more", "it has 5 cells, expected 4"),
    ],
)
def test_line_that_is_wrong_leaves_the_others(line: str, why: str) -> None:
    import re

    wrong, right = read(f"name,badges,groups,until\n{line}\nGrace,17:2,,\n")
    if isinstance(wrong, Row):  # the badge 17 is a number, and 17:99999999 the name of a group
        assert line.startswith("Ada,17,")
    else:
        assert re.search(why, wrong.why)
    assert isinstance(right, Row)
    assert (right.line, right.name) == (3, "Grace")


def test_badge_or_name_that_comes_twice_is_the_first_lines() -> None:
    read_rows = read("name,badges\nAda,17:1\nGrace,17:1\nADA,17:2\nBob,17:2\n")
    assert [type(row) for row in read_rows] == [Row, Wrong, Wrong, Row]
    whys = [row.why for row in read_rows if isinstance(row, Wrong)]
    assert whys == ["badge 17:1 is that of Ada in line 2 already", "the same name stands in line 2 already"]


def test_message_about_a_name_has_no_control_characters() -> None:
    (wrong,) = read("name\nA\x1b[2Jda\n")
    assert isinstance(wrong, Wrong)
    assert "\x1b" not in wrong.name + wrong.why


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20)


def tidied(name: str) -> str:
    from device.names import tidy

    try:
        return tidy(name)
    except ValueError:
        return "Ada"


@given(NAMES.map(tidied), st.lists(st.sampled_from(["17:1", "csn:04A2B9C1", "4242"]), unique=True), st.booleans())
def test_list_that_was_written_is_read_back(name: str, badges: list[str], limited: bool) -> None:
    valid = Validity(NOON, LATER) if limited else Validity()
    held = tuple(Badge(parse_badge(one), Person(1, name), NOON, None) for one in badges)
    enrolled = Enrolled(Person(1, name), NOON, held, (), groups=("Night", "Staff"), valid=valid)
    (row,) = read(write_list([(enrolled, Basis(Grounds(BasisKind.LAW, "=1"), NOON))]))
    assert isinstance(row, Row)
    assert (row.name, row.badges, row.groups) == (name, tuple(map(parse_badge, badges)), ("Night", "Staff"))
    assert (row.begins, row.ends) == (valid.begins, valid.ends)
    assert row.grounds == Grounds(BasisKind.LAW, "=1")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    rows: tuple[Row | Wrong, ...] = ()
    with contextlib.suppress(ListError):
        rows = read_list(b"name,badges\n" + content)
    assert all(isinstance(row, Row | Wrong) for row in rows)


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-1", "@x", "'quoted"])
def test_no_cell_is_a_formula(cell: str) -> None:
    written = write_list([(Enrolled(Person(1, cell), NOON, (), ()), None)])
    assert f"\n'{cell}," in written.replace("\r", "")
