"""A person with any of the world's names is found, shown, renamed and removed, however the name is typed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.credentials import parse_badge
from device.store.store import Store
from tests.device.commands import Lintel

AT = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
TYPED = [
    ("نرگس\u200cجان", "نرگسجان"),
    ("علی\u200cرضا", "علي\u200cرضا"),
    ("محمد", "محـمد"),
    ("דוד", "\u2068דוד\u2069"),
    ("דָּוִד", "\u200fדָּוִד"),
    ("ශ්\u200dරී", "ශ්රී"),
    ("क्\u200dष", "क्ष"),
    ("Ève", "E\u0300VE"),
    ("Nguyễn Thị", "nguye\u0302\u0303n  thi\u0323"),
    ("山田\u3000太郎", "山田 太郎"),
    ("Ａｄａ", "ada"),
    ("O’Brien", "o'brien"),
    ("Jean\u2011Luc", "Jean-Luc"),
    ("👨\u200d👩\u200d👧", "👨👩👧"),
    ("Straße", "STRASSE"),
    ("Ada", "\ufeffAda"),
]


def enroll(state: Path, *names: str) -> None:
    with Store(state) as store, store.people() as known:
        for number, name in enumerate(names, 1):
            known.issue(parse_badge(f"17:{number}"), known.add(name, AT), AT)


@pytest.mark.parametrize(("name", "typed"), TYPED)
@pytest.mark.parametrize(
    "line", ["people show", "people find", "people time", "people rename", "people remove", "badges add"]
)
def test_person_is_found_however_the_name_is_typed(
    lintel: Lintel, state: Path, line: str, name: str, typed: str
) -> None:
    enroll(state, name)
    more = {"time": ["extended"], "rename": ["Somebody"], "remove": ["--yes"], "add": ["17:9"]}
    assert lintel(*line.split(), typed, *more.get(line.split()[1], [])).exit_code == 0


@pytest.mark.parametrize(("name", "typed"), TYPED)
def test_name_typed_differently_is_taken(lintel: Lintel, state: Path, name: str, typed: str) -> None:
    enroll(state, name, "Grace")
    ended = lintel("people", "rename", "Grace", typed)
    assert (ended.exit_code, "is already enrolled" in ended.err) == (9, True)


@pytest.mark.parametrize("name", [name for name, _ in TYPED])
def test_name_is_the_same_in_all_json(lintel: Lintel, state: Path, name: str) -> None:
    enroll(state, name)
    stored = lintel("people", "list", "--json").json[0]["person"]["name"]
    assert lintel("people", "show", stored, "--json").json["person"]["name"] == stored
    assert lintel("badges", "list", "--json").json[0]["person"]["name"] == stored
    assert lintel("people", "rename", stored, "Ada L", "--json").json["before"] == stored


@pytest.mark.parametrize(
    "name", ["\u202eAda", "\x1b[31mAda", "Ada\nLovelace", "\u2028", "\u200c", "\u0301a", "a" * 1001]
)
def test_name_that_hides_what_it_is_is_wrong_use(lintel: Lintel, state: Path, name: str) -> None:
    enroll(state, "Grace")
    assert lintel("people", "rename", "Grace", name).exit_code == 2
    assert lintel("enroll", "17:5", "none.jpg", "--name", name).exit_code == 2


def test_list_reads_from_left_to_right_whatever_the_names(lintel: Lintel, state: Path) -> None:
    enroll(state, "Ada", "דוד", "نرگس\u200cجان")
    assert lintel("people", "list").out.splitlines() == [
        "Ada: badge 17:1, 0 references",
        "\u2068דוד\u2069: badge 17:2, 0 references",
        "\u2068نرگس\u200cجان\u2069: badge 17:3, 0 references",
    ]
    assert lintel("badges", "list").out.splitlines()[1] == "17:2  \u2068דוד\u2069  valid"


def test_unknown_name_is_repeated_as_it_was_typed(lintel: Lintel, state: Path) -> None:
    enroll(state, "Ada")
    assert "'\u2068نرگس\u200cجان\u2069'" in lintel("people", "show", "نرگس\u200cجان").err


def test_names_that_were_two_before_are_told_apart_exactly(lintel: Lintel, state: Path) -> None:
    """As an earlier version enrolled them: with two apostrophes, or spaces."""
    enroll(state, "Ada One", "Ada Two")
    with Store(state) as store, store.people() as known:
        for name, before in (("Ada One", "O'Brien"), ("Ada Two", "O’Brien")):
            known._session.execute("UPDATE people SET name = ? WHERE name = ?", [before, name])
    ended = lintel("people", "remove", "o`brien", "--yes")
    assert (ended.exit_code, "is the name of several people" in ended.err) == (9, True)
    assert lintel("people", "remove", "O’Brien", "--yes").exit_code == 0
    assert [one["person"]["name"] for one in lintel("people", "list", "--json").json] == ["O'Brien"]


@pytest.mark.parametrize("typed", ["\u200c", "\u0301", "\u200f", "\ufe0f", "ـ"])
def test_part_of_a_name_that_is_nothing_finds_nothing(lintel: Lintel, state: Path, typed: str) -> None:
    enroll(state, "Ada")
    assert lintel("people", "find", typed).exit_code == 1
