"""Which setting would make a badge of a line that is none: in words that repeat nothing of the line. Pure.

A line is tried in each form and for each layout, by itself, and without what may stand around a badge; the first that
gives a badge is named. Forms that would take any number are not tried.
"""

import re
from dataclasses import replace

from device.readers.typed.forms import LineForm, bare, text_of
from device.readers.typed.layouts import LAYOUTS, shown_by, typed_for

MOST_CHARACTERS = 60
"""A longer line is no badge with something around it."""
FORMS = ("badge", "facility-number", "hex")
_LIKE_A_BADGE = re.compile(r"(?=.*[0-9])[0-9a-z:,;/. \-]{1,40}", re.IGNORECASE)
_BEHIND = r"((?:[^0-9A-Za-z:,][^0-9]{0,15})?|[G-Zg-z][A-Za-z]{0,15})"
_AROUND = (
    re.compile(rf"([A-Za-z]{{1,15}})([0-9]+[:,].*?){_BEHIND}", re.DOTALL),
    re.compile(rf"((?:[^0-9]{{0,15}}[^0-9A-Za-z])?|[A-Za-z]{{0,15}}[G-Zg-z])([0-9A-Fa-f].*?){_BEHIND}", re.DOTALL),
)
"""Letters before a facility code; or what can't be a part of a hexadecimal number."""
FEWEST_CHARACTERS = 4
"""Of a line that is guessed at: of fewer, anything is a badge in some layout."""


def hint_for(line: bytes, form: LineForm) -> str:
    """What to set so that lines like this one are badges; empty if nothing known would do."""
    text = text_of(line)
    if not FEWEST_CHARACTERS <= len(text.strip()) <= MOST_CHARACTERS:
        return ""
    if "\0" in text.strip("\0"):
        return "It has NUL between its characters: have the program that writes it write UTF-8, not UTF-16."
    tries = (_without_surroundings, _in_another_form, _for_another_layout, _at_another_keyboard, _with_surroundings)
    return next((found for one in tries if (found := one(text, form))), "")


def _without_surroundings(text: str, form: LineForm) -> str:
    wanted = [f"`{name}`" for name, value in (("prefix", form.prefix), ("suffix", form.suffix)) if value]
    is_bare = wanted and _reads(typed_for(text, form.layout), replace(form, prefix="", suffix=""))
    return f"It lacks the {' or '.join(wanted)} of the settings." if is_bare else ""


def _in_another_form(text: str, form: LineForm) -> str:
    meant = typed_for(text, form.layout)
    found = next((name for name in FORMS if _reads(meant, replace(form, form=name))), "")
    return f'It reads as a badge with `form = "{found}"`.' if found else ""


def _for_another_layout(text: str, form: LineForm) -> str:
    """The reader types for another country's keyboard."""
    for name in (form.form, *FORMS):
        as_named = replace(form, form=name)
        found = [one for one in LAYOUTS if one != form.layout and _reads(typed_for(text, one), as_named)]
        if found:
            badges = {one: as_named.badge(typed_for(text, one)) for one in found}
            alike = [one for one in found[1:] if badges[one] == badges[found[0]]]
            others = f" (or {', '.join(alike)})" if alike else ""
            return f'It reads as a badge with `layout = "{found[0]}"`{others}{_and_form(name, form)}.'
    return ""


def _at_another_keyboard(text: str, form: LineForm) -> str:
    """The reader types for a US keyboard, and the machine before it takes its keys for another one's."""
    for name in (form.form, *FORMS):
        for layout in LAYOUTS[1:]:
            if _reads(shown_by(text, layout), replace(form, form=name)):
                keyboard = f"the keyboard of the machine that it is typed into is set to us instead of {layout}"
                return f"It reads as a badge if {keyboard}{_and_form(name, form)}."
    return ""


def _with_surroundings(text: str, form: LineForm) -> str:
    """A badge with something in front or behind it."""
    meant = bare(typed_for(text, form.layout))
    found = next((match for pattern in _AROUND if (match := pattern.fullmatch(meant))), None)
    if found is None or (found[1], found[3]) == ("", "") or found[1] in (":", ","):
        return ""
    for name in (form.form, *FORMS):
        if _reads(found[2], replace(form, form=name, prefix="", suffix="")):
            wanted = " and ".join([*_named("prefix", found[1]), *_named("suffix", found[3])])
            return f"It reads as a badge with {wanted}{_and_form(name, form)}."
    return ""


def _named(setting: str, around: str) -> list[str]:
    """Control characters say nothing of a person; anything else is counted."""
    if not around:
        return []
    if not any(one.isprintable() for one in around):
        written = "".join(f"\\u{ord(one):04x}" for one in around)
        return [f'`{setting} = "{written}"`']
    where = "in front of" if setting == "prefix" else "behind"
    return [f"the {len(around)} character{'s' * (len(around) != 1)} {where} the number as `{setting}`"]


def _and_form(name: str, form: LineForm) -> str:
    return f' and `form = "{name}"`' if name != form.form else ""


def _reads(text: str, form: LineForm) -> bool:
    likely = bare(text).removeprefix(form.prefix).removesuffix(form.suffix).strip()
    return bool(_LIKE_A_BADGE.fullmatch(likely)) and form.badge(text) is not None
