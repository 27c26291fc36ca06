"""People's names: how they are stored, which are refused and why, and when two are the same name.

Every name passes through `tidy` before it is stored, and names are compared by `name_key`: a name is one person's
however it was typed. Terms are those of the Unicode Standard; its Annex 9 has the direction of text, 15 normal forms.
"""

import re
import unicodedata

MAX_NAME = 1000
"""Longest name, in code points."""
MAX_MARKS = 8
"""Most marks on one letter; Hebrew and Tibetan need five. More run over the lines above and below."""

_LEFT_OUT = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u2060\u2066-\u2069\ufeff]")
"""Soft hyphen, direction marks, isolates, zero width space, word joiner, byte order mark: pasted along, never seen."""
_JOINERS = "\u200c\u200d"
_LEADING = re.compile(r"^[\s\u200c\u200d]+")
_DIGIT = re.compile(r"[^\D0-9]")
_INVISIBLE = re.compile(
    "[\u2061-\u2064\u206a-\u206f\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001-\U000e007f]"
)
_EMOJI_TAGS = re.compile("(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f")
"""Of the flags of England, Scotland and Wales."""
_UNSEEN_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul, and Braille without a dot: letters by their category, and blank."""
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Default ignorable code points, and the tatweel that stretches an Arabic word."""
_ALIKE = {
    **dict.fromkeys("\u2018\u2019\u201b\u2032\u02bb\u02bc\u02bd\u00b4\u05f3", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\u05be", "-"),
    **dict.fromkeys("\u064a\u0649", "\u06cc"),
    "\u0643": "\u06a9",
}
"""What keyboards give in one another's place: apostrophes, hyphens, Arabic and Persian yeh and kaf."""
_TYPED_ALIKE = re.compile(f"[{''.join(_ALIKE)}]")
_WITHOUT_STROKE = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)


def tidy(name: str) -> str:
    """A name as it is stored: in normal form C, words one space apart, without what is never seen.

    The joiners of Persian, Indic and Sinhala names and of emoji stay. Raises `ValueError` with a sentence for a name
    that would not show what it is.
    """
    bare = _LEADING.sub("", _LEFT_OUT.sub("", name)).strip()
    refuse_controls(bare)
    written = unicodedata.normalize("NFC", " ".join(bare.split()))
    _refuse_unseen(written)
    _refuse_marks(written)
    if len(written) > MAX_NAME:
        raise ValueError(f"expected a name of at most {MAX_NAME} characters, received {len(written)}")
    return written


def name_key(name: str) -> str:
    """Equal for names that are the same however they are typed: case, accents composed or not, full width, joiners,
    spaces, and the apostrophes, hyphens, digits and Arabic letters that keyboards give in one another's place.
    """
    if not name.isascii():
        seen = unicodedata.normalize("NFKC", _alike(_IGNORED.sub("", name)))
        name = _alike(unicodedata.normalize("NFKC", seen.casefold()))
        name = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), name)
    return " ".join(name.replace("`", "'").casefold().split())


def _alike(name: str) -> str:
    return _TYPED_ALIKE.sub(lambda letter: _ALIKE[letter[0]], name)


def search_key(name: str) -> str:
    """`name_key` without accents, for searching."""
    key = name_key(name)
    if key.isascii():
        return key
    apart = unicodedata.normalize("NFKD", key)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_WITHOUT_STROKE)


def quoted(name: str) -> str:
    """A name in quotation marks, for a sentence; Python's own way would escape its joiners."""
    shown = "".join(letter if letter.isprintable() or letter in _JOINERS else _point(letter) for letter in name)
    return f'"{shown}"' if "'" in shown else f"'{shown}'"


def refuse_controls(text: str) -> None:
    """Raises `ValueError` with a sentence for text that could change what a terminal shows around it."""
    for letter in _EMOJI_TAGS.sub("", text):
        if why := _refusal(letter):
            raise ValueError(f"expected text without {why}, received {_point(letter)} in {quoted(text[:80])}")


def _refusal(letter: str) -> str:
    """What a letter is that can't be in a name; "" if it can."""
    point = ord(letter)
    match unicodedata.category(letter):
        case "Cc" | "Zl" | "Zp":
            return "control characters"
        case "Cs":
            return "control characters or bytes that this terminal's encoding doesn't have"
        case "Co":
            return "characters for private use, which look different everywhere"
        case "Cn" if point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF:
            return "code points that are not characters"
        case "Cf" if 0x202A <= point <= 0x202E:
            return "control characters that reverse the text around them"
        case "Cf" if _INVISIBLE.match(letter):
            return "characters that can't be seen"
    return ""


def _refuse_unseen(name: str) -> None:
    if not any(unicodedata.category(letter)[0] in "LNSP" and letter not in _UNSEEN_LETTERS for letter in name):
        raise ValueError(
            "expected text without control characters and with at least one letter, received nothing that can be seen"
        )


def _refuse_marks(name: str) -> None:
    if unicodedata.category(name[0]) in ("Mn", "Me", "Mc"):
        raise ValueError(f"the name begins with a mark ({_point(name[0])}) that belongs onto a letter before it")
    run = 0
    for letter in unicodedata.normalize("NFD", name):
        run = run + 1 if unicodedata.category(letter) in ("Mn", "Me") else 0
        if run > MAX_MARKS:
            raise ValueError(f"expected at most {MAX_MARKS} marks on a letter, received more, in {quoted(name[:40])}")


def _point(letter: str) -> str:
    return f"U+{ord(letter):04X}"
