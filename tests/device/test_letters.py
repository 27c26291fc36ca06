"""How wide text is on a terminal, and that a name from right to left leaves the rest of its line in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.letters import isolated, width
from device.terminal import fitted

WIDTHS = [
    ("", 0),
    ("Ada", 3),
    ("Ève", 3),
    ("E\u0300ve", 3),
    ("山田", 4),
    ("Ａｄａ", 6),
    ("ｶﾞ", 2),
    ("한", 2),
    ("\u1112\u1161\u11ab", 2),
    ("نرگس\u200cجان", 7),
    ("דָּוִד", 3),
    ("क्षि", 3),
    ("👩", 2),
    ("👨\u200d👩\u200d👧", 2),
    ("👩🏽\u200d🚒", 2),
    ("👩\u200d⚕\ufe0f", 2),
    ("❤\ufe0f", 2),
    ("❤", 1),
    ("🇫🇷", 2),
    ("🇫🇷🇩🇪", 4),
    ("\u2068דוד\u2069", 3),
]
LINES = [
    ("17:1  דוד  valid", "17:1  \u2068דוד\u2069  valid"),
    ("محمد علي: badge 17:1", "\u2068محمد علي\u2069: badge 17:1"),
    ("דָּוִ: 1", "\u2068דָּוִ\u2069: 1"),
    ("נועה and דוד", "\u2068נועה\u2069 and \u2068דוד\u2069"),
    ("علی\u200cرضا 2", "\u2068علی\u200cرضا\u2069 2"),
    ("Ada: badge 17:1", "Ada: badge 17:1"),
    ("山田: badge 17:1", "山田: badge 17:1"),
    ("\u2068דוד\u2069: 1", "\u2068דוד\u2069: 1"),
    ("דוד (Ada) דוד", "\u2068דוד\u2069 (Ada) \u2068דוד\u2069"),
    ("ܕܘܝܕ: 1", "\u2068ܕܘܝܕ\u2069: 1"),
    ("ދީނު: 1", "\u2068ދީނު\u2069: 1"),
    ("𞤀𞤣𞤢: 1", "\u2068𞤀𞤣𞤢\u2069: 1"),
]


@pytest.mark.parametrize(("text", "columns"), WIDTHS)
def test_width_is_that_of_a_terminal(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(("line", "shown"), LINES)
def test_run_from_right_to_left_is_isolated(line: str, shown: str) -> None:
    assert isolated(line) == shown


@given(st.text(max_size=40))
def test_isolating_twice_changes_nothing_more(line: str) -> None:
    assert isolated(isolated(line)) == isolated(line)


@given(st.text(st.characters(exclude_characters="\u2066\u2067\u2068\u2069"), max_size=40))
def test_isolating_loses_no_letter(line: str) -> None:
    assert isolated(line).replace("\u2068", "").replace("\u2069", "") == line


@given(st.text(max_size=40))
def test_every_isolate_is_ended(line: str) -> None:
    assert isolated(line).count("\u2068") == isolated(line).count("\u2069")


@given(st.lists(st.text("山田ａé한👩", min_size=1, max_size=7), max_size=20), st.integers(16, 60))
def test_lines_of_wide_letters_fit_their_terminal(words: list[str], columns: int) -> None:
    parts = fitted(" ".join(words), columns).split("\n")
    assert max(map(width, parts)) <= columns
    assert " ".join(parts).split() == words
