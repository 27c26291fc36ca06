"""What people read is in plain field English: no word that makes them read a sentence twice."""

import ast
import re
from pathlib import Path

import pytest

from tests.project.user_strings import ROOT, all_user_strings, user_strings

ODD = re.compile(
    r"\b(?:nobody|somebody|whoever|thrice|anew|mend(?:s|ed|ing)?|hangs? on|told(?! from| apart)|known are)\b"
    r"|\bso (?:long|many|much|often)\b(?! (?:as|that)\b)"
    r"|(?<!there )(?<!answer )\b(?:is|are) no\b(?! (?:longer|more than|less than|later than|one)\b)"
    r"|(?<!there )\b(?:is|are) none\b",
    re.IGNORECASE,
)
"""The words of an idiolect. "There is no door 'x'" and "the answer is no" are good English."""
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "models").glob("*.md"),
    ROOT / "systemd" / "README.md",
]


@pytest.fixture(scope="module")
def said() -> list[tuple[str, str]]:
    """Read once, as every module is parsed for it."""
    return list(all_user_strings())


def odd_words(text: str) -> list[str]:
    """None of a single word: a code or a field's name."""
    return ODD.findall(text) if " " in text.strip() else []


@pytest.mark.parametrize(
    "text",
    [
        "The request is none: half a line.",
        "Nobody named Ada is enrolled.",
        "Mend all of them.",
        "Who is held out hangs on names alone.",
        "'then' is no time",
        "Wait so long for a badge at most.",
        "Try again; it is opened anew.",
        "No network 'x' is known; known are a, b.",
    ],
)
def test_odd_sentence_is_found(text: str) -> None:
    assert odd_words(text) != []


@pytest.mark.parametrize(
    "text",
    ["There is no door 'back'.", "1 the answer is no", "It is no longer open.", "not so long as before", "door-mended"],
)
def test_plain_sentence_is_not(text: str) -> None:
    assert odd_words(text) == []


def test_commands_help_is_read_and_a_functions_docstring_is_not() -> None:
    module = ast.parse('@click.command()\ndef go():\n    "Help."\n\ndef other():\n    "Own."\n    say(f"Door {1}")\n')
    assert sorted(text for _, text in user_strings(module)) == ["Door 0", "Help."]


def test_no_odd_word_is_said_to_anyone(said: list[tuple[str, str]]) -> None:
    found = [(where, odd_words(text)) for where, text in said]
    assert [(where, words) for where, words in found if words] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_odd_word_is_on_a_page(page: Path) -> None:
    lines = re.sub(r"```.*?```|`[^`]+`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).splitlines()
    found = [words for line in lines if (words := odd_words(line))]
    assert found == []


def test_hundreds_of_sentences_are_looked_at(said: list[tuple[str, str]]) -> None:
    assert sum(" " in text for _, text in said) > 800
