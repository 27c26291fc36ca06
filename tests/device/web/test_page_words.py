"""The page's words: complete in both languages, and each that is asked for is there."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest

from device.policy.guidance import Pose
from device.records import DoorInput, DoorOutput, DoorState, Event, Line, Notice, Reason, Signal
from device.simulation.scenario import BUILT_IN
from device.virtual.figures import Thing
from device.web.messages import Lock, PageMode
from device.web.pages import FOLDER

MODULES = sorted(FOLDER.glob("*.js"))
TEXTS: dict[str, Any] = json.loads((FOLDER / "texts.json").read_text(encoding="utf-8"))
PAGE = (FOLDER / "index.html").read_text(encoding="utf-8")
FAMILIES: dict[str, type[StrEnum]] = {
    "mode": PageMode,
    "state": DoorState,
    "lock": Lock,
    "signal": Signal,
    "input": DoorInput,
    "output": DoorOutput,
    "line": Line,
    "as": Thing,
}


def asked() -> Iterator[str]:
    """The keys that page and modules name, without those that they put together."""
    yield from re.findall(r'data-(?:text|label)="([^"]+)"', PAGE)
    for module in MODULES:
        source = module.read_text(encoding="utf-8")
        yield from re.findall(r'\b(?:t|closed)\("([^"]+)"', source)
        yield from re.findall(r'"data-(?:text|label)": "([^"]+)"', source)
        yield from re.findall(r'\["([a-z]+\.[a-z_-]+)", ', source)
        yield from (key for pair in re.findall(r'\bt\([^()]*\? "([^"]+)" : "([^"]+)"', source) for key in pair)


def test_both_languages_have_the_same_keys() -> None:
    assert TEXTS["en"].keys() == TEXTS["de"].keys()


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_text_is_empty(language: str) -> None:
    assert [key for key, words in TEXTS[language].items() if not words.strip()] == []


def test_both_languages_fill_in_the_same_values() -> None:
    def filled(words: str) -> set[str]:
        return set(re.findall(r"\{\w+\}", words))

    odd = [key for key, words in TEXTS["en"].items() if filled(words) != filled(TEXTS["de"][key])]
    assert odd == []


def test_every_key_that_is_asked_for_exists() -> None:
    assert sorted(set(asked()) - set(TEXTS["en"])) == []


def test_many_keys_are_found() -> None:
    assert len(set(asked())) > 120


def test_no_text_is_left_over() -> None:
    put_together = {name for module in MODULES for name in re.findall(r"`(\w[\w-]*)\.\$\{", module.read_text("utf-8"))}
    named = {name for module in MODULES for name in re.findall(r'named\("(\w+)"', module.read_text("utf-8"))}
    families = put_together | named | {"quality", "cue"}
    unused = set(TEXTS["en"]) - set(asked())
    assert sorted(key for key in unused if key.partition(".")[0] not in families) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_every_value_has_a_name(family: str) -> None:
    assert [value for value in FAMILIES[family] if f"{family}.{value}" not in TEXTS["en"]] == []


def test_every_state_of_a_reader_has_a_name() -> None:
    assert [f"reader.{notice}" in TEXTS["en"] for notice in Notice if notice is not Notice.KEYS_REFUSED] == [True] * 5


def test_every_pose_of_an_enrollment_has_a_name() -> None:
    assert [pose.name for pose in Pose if f"pose.{pose.name.lower()}" not in TEXTS["en"]] == []


def test_every_scenario_has_a_name() -> None:
    assert [name for name in BUILT_IN if f"scenario.{name}" not in TEXTS["en"]] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_event_has_a_name(language: str) -> None:
    assert TEXTS["events"][language].keys() == {event.value for event in Event}


def test_every_reason_has_its_german_lines() -> None:
    assert TEXTS["reasons"]["de"].keys() == {reason.code for reason in Reason}


def test_each_german_reason_says_why_and_what_to_do() -> None:
    assert {len(lines) for lines in TEXTS["reasons"]["de"].values()} == {2}


def test_german_reasons_name_the_same_commands() -> None:
    def commands(words: str) -> list[str]:
        return re.findall(r"`[^`]+`", words)

    german = TEXTS["reasons"]["de"]
    odd = [reason.code for reason in Reason if commands(reason.advice) != commands(german[reason.code][1])]
    assert odd == []


def test_page_holds_no_words_of_its_own() -> None:
    body = re.sub(r"<noscript>.*?</noscript>|<code>.*?</code>", "", PAGE.partition("<body")[2], flags=re.DOTALL)
    words = re.findall(r">\s*([^<>\s][^<>]*)<", body)
    allowed = {"Lintel", "English", "Deutsch", "–", "¼×", "½×", "1×", "2×", "4×", "10×"}
    assert {text.strip() for text in words} <= allowed
