"""Names of the world's people: what is stored, what is refused and why, and which are the same name."""

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.names import name_key, quoted, refuse_controls, search_key, tidy

STORED = {
    "Persian with ZWNJ": ("نرگس\u200cجان", "نرگس\u200cجان"),
    "Persian with two ZWNJ": ("علی\u200cرضا پناهی\u200cفر", "علی\u200cرضا پناهی\u200cفر"),
    "Hindi with ZWJ": ("क्\u200dष", "क्\u200dष"),
    "Hindi with ZWNJ": ("श्री\u200cमती", "श्री\u200cमती"),
    "Sinhala with ZWJ": ("ශ්\u200dරී", "ශ්\u200dරී"),
    "Malayalam chillu by ZWJ": ("രാജന്\u200d", "രാജന്\u200d"),
    "Bengali ya-phala by ZWJ": ("র\u200d্যাম", "র\u200d্যাম"),
    "Kannada with ZWNJ": ("ರಾಜ್\u200cಕುಮಾರ್", "ರಾಜ್\u200cಕುಮಾರ್"),
    "Mongolian with its vowel separator": ("ᠬᠠᠨ\u180eᠠ", "ᠬᠠᠨ\u180eᠠ"),
    "emoji family": ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    "emoji with tone and style": ("Jo 👩🏽\u200d🚒 ❤\ufe0f", "Jo 👩🏽\u200d🚒 ❤\ufe0f"),
    "flag of Scotland": (
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    ),
    "Hebrew with points": ("דָּוִד", unicodedata.normalize("NFC", "דָּוִד")),
    "Arabic": ("محمد علي", "محمد علي"),
    "Japanese with a variant": ("葛\U000e0100城", "葛\U000e0100城"),
    "Vietnamese taken apart": ("Nguye\u0302\u0303n", "Nguyễn"),
    "Korean in jamo": ("\u1112\u1161\u11ab", "한"),
    "full width": ("Ａｄａ", "Ａｄａ"),
    "wide space": ("山田\u3000太郎", "山田 太郎"),
    "no-break space": ("Ada\u00a0Lovelace", "Ada Lovelace"),
    "spaces around and between": ("  Ada   Lovelace ", "Ada Lovelace"),
    "marks of direction": ("\u200fדוד\u200e", "דוד"),
    "copied from our own list": ("\u2068נועה\u2069", "נועה"),
    "byte order mark": ("\ufeffAda", "Ada"),
    "zero width space": ("ສົມ\u200bສັກ", "ສົມສັກ"),
    "soft hyphen": ("Wolfe\u00adschlegel", "Wolfeschlegel"),
    "joiner in front": ("\u200d\u200cAda", "Ada"),
    "apostrophe and hyphen": ("Siobhán O’Brien-Smith", "Siobhán O’Brien-Smith"),
    "one letter": ("O", "O"),
    "digits": ("X Æ A-12", "X Æ A-12"),
    "Tibetan stack": ("བསྒྲུབས", "བསྒྲུབས"),
    "1,000 letters": ("a" * 1000, "a" * 1000),
    "a letter newer than this Python": ("\U0001fae9 Jo", "\U0001fae9 Jo"),
}
REFUSED = {
    "escape sequence": ("\x1b[2J", "control characters, received U+001B"),
    "newline": ("Ada\nLovelace", "control characters, received U+000A"),
    "tab": ("Ada\tLovelace", "control characters, received U+0009"),
    "zero byte": ("Ada\0", "control characters, received U+0000"),
    "C1 control": ("Ada\x9b2J", "control characters, received U+009B"),
    "line separator": ("Ada\u2028Lovelace", "control characters, received U+2028"),
    "right-to-left override": ("Ada\u202egpj", "reverse the text around them, received U+202E"),
    "left-to-right override": ("\u202dAda", "reverse the text around them, received U+202D"),
    "embedding": ("\u202bAda\u202c", "reverse the text around them, received U+202B"),
    "broken byte": ("Ada\udcff", "bytes that this terminal's encoding doesn't have"),
    "private use": ("Ada\ue000", "private use, which look different everywhere, received U+E000"),
    "not a character": ("Ada\uffff", "not characters, received U+FFFF"),
    "hidden tags": ("Ada\U000e0041", "can't be seen, received U+E0041"),
    "invisible operator": ("Ada\u2063", "can't be seen, received U+2063"),
    "annotation": ("Ada\ufff9", "can't be seen, received U+FFF9"),
    "nothing": ("", "at least one letter, received nothing"),
    "spaces": (" \u3000\t", "at least one letter, received nothing"),
    "joiners alone": ("\u200c\u200d", "at least one letter, received nothing"),
    "fillers alone": ("\u3164\u2800", "at least one letter, received nothing"),
    "marks alone": ("\u0301\u0302", "at least one letter, received nothing"),
    "mark in front": ("\u0301Ada", "begins with a mark (U+0301)"),
    "vowel sign in front": ("\u093eराम", "begins with a mark (U+093E)"),
    "pile of marks": ("A" + "\u0301" * 9, "at most 8 marks on a letter"),
    "1,001 letters": ("a" * 1001, "at most 1000 characters, received 1001"),
}
SAME = [
    ("Ada Lovelace", "ADA LOVELACE"),
    ("Ada Lovelace", " ada\u00a0 lovelace "),
    ("Ève", "E\u0300ve"),
    ("Nguyễn", "NGUYE\u0302\u0303N"),
    ("Straße", "STRASSE"),
    ("Ａｄａ", "Ada"),
    ("O'Brien", "O’Brien"),
    ("O´Brien", "O`Brien"),
    ("Jean-Luc", "Jean\u2011Luc"),
    ("نرگس\u200cجان", "نرگسجان"),
    ("علي", "علی"),
    ("كريم", "کریم"),
    ("محـــمد", "محمد"),
    ("ශ්\u200dරී", "ශ්රී"),
    ("👨\u200d👩\u200d👧", "👨👩👧"),
    ("❤\ufe0f", "❤"),
    ("葛\U000e0100城", "葛城"),
    ("\u1112\u1161\u11ab", "한"),
    ("ｶﾞ", "ガ"),
    ("علی ٢", "علی 2"),
    ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ("דוד\u200f", "דוד"),
]
DIFFERENT = [("Ada", "Adam"), ("Eve", "Ève"), ("राम", "रम"), ("山田太郎", "山田 次郎"), ("Ada L", "AdaL"), ("か", "が")]
FOUND = [
    ("lukasz", "Łukasz Nowak"),
    ("sorensen", "Anne Sørensen"),
    ("eve", "Ève Ümläut"),
    ("AESIR", "Æsir"),
    ("نرگسجان", "نرگس\u200cجان"),
    ("علي", "علی\u200cرضا"),
    ("o'brien", "Siobhán O’Brien"),
    ("太郎", "山田\u3000太郎"),
    ("irmak", "Irmak"),
    ("दी", "दीपक"),
    ("nguyen", "Nguyễn Thị"),
]


@pytest.mark.parametrize(("typed", "stored"), STORED.values(), ids=STORED.keys())
def test_name_is_stored_as_people_write_it(typed: str, stored: str) -> None:
    assert tidy(typed) == stored


@pytest.mark.parametrize(("typed", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_name_that_hides_what_it_is_is_refused(typed: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is looked at
        tidy(typed)
    assert said in str(refused.value)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_name_typed_differently_is_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize(("typed", "name"), FOUND)
def test_part_of_a_name_finds_it(typed: str, name: str) -> None:
    assert search_key(typed) in search_key(name)


def valid(text: str) -> bool:
    try:
        tidy(text)
    except ValueError:
        return False
    return True


LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
NAMES = st.text(LETTERS, min_size=1, max_size=20).filter(valid)


@given(NAMES)
def test_stored_name_is_stored_as_it_is(name: str) -> None:
    assert tidy(tidy(name)) == tidy(name)


@given(NAMES, st.sampled_from(["NFC", "NFD"]))
def test_normal_form_of_a_name_is_the_same_name(name: str, form: Literal["NFC", "NFD"]) -> None:
    assert name_key(unicodedata.normalize(form, name)) == name_key(name)


@given(NAMES)
def test_stored_name_is_the_name_that_was_typed(name: str) -> None:
    assert name_key(tidy(name)) == name_key(name)


@given(NAMES)
def test_stored_name_passes_for_a_name_to_look_up(name: str) -> None:
    stored = tidy(name)
    refuse_controls(stored)
    assert stored.strip() == stored


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada", "'Ada'"),
        ("O'Brien", '"O\'Brien"'),
        ("نرگس\u200cجان", "'نرگس\u200cجان'"),
        ("\x1b[2J", "'U+001B[2J'"),
        ("\u202e", "'U+202E'"),
        ("\udcff", "'U+DCFF'"),
    ],
)
def test_name_in_a_sentence_is_in_quotation_marks(name: str, shown: str) -> None:
    assert quoted(name) == shown
