"""An event in one line of words, and text that can do nothing where it is shown or parsed."""

import unicodedata

from device.link.events import LinkEvent

REPLACEMENT = "\ufffd"
MOST_LETTERS = 500
"""Of one text that comes from the audit."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Controls, direction overrides, halves of pairs, private letters, ends of lines and paragraphs."""
_JOINERS = "\u200c\u200d"
"""Of Persian and Indic names, and of emoji."""


def plain(text: str, most: int = MOST_LETTERS) -> str:
    """One line without letters that control a terminal, a parser or the direction of text; at most `most` of them."""
    seen = "".join(REPLACEMENT if _is_unsafe(letter) else letter for letter in text[:most])
    return f"{seen}…" if len(text) > most else seen


def _is_unsafe(letter: str) -> bool:
    return letter not in _JOINERS and unicodedata.category(letter) in _UNSAFE


def title(event: LinkEvent) -> str:
    """What happened where, in a few words: `main: door forced`, `main: denied`."""
    ordinary = event.outcome or event.kind.removeprefix("door-").replace("-", " ")
    what = "DURESS" if event.is_duress else ordinary
    return f"{plain(event.door)}: {plain(what)}" if event.door else plain(what)


def sentence(event: LinkEvent) -> str:
    """All that may be said about it, in one line: `main: denied, non-match, reader front, 2026-11-30 10:00:00 UTC`."""
    said = (
        title(event),
        event.reason.replace("-", " ") if not event.is_duress else "",
        f"reader {event.reader}" if event.reader else "",
        event.person,
        f"badge {event.badge}" if event.badge else "",
        f"by {event.by}" if event.by else "",
        event.detail.rstrip("."),
        f"{event.at:%Y-%m-%d %H:%M:%S} UTC",
    )
    return ", ".join(plain(one) for one in said if one)
