"""The owner's card formats, as the settings describe them: made into rows of the table, or refused. Pure."""

import re
from collections.abc import Iterable, Iterator
from graphlib import CycleError

from device.credentials import FORMATS, MAX_FACILITY_BITS, MAX_OWN_BITS, OWN
from device.errors import ConfigError
from device.readers.cards.card_formats import ALIASES, BUILT_IN, MIN_BITS, CardFormat, checks, stands_at
from device.settings.tables import FormatSettings


def own_card_formats(own_formats: Iterable[FormatSettings]) -> tuple[CardFormat, ...]:
    """The owner's formats; they give credentials of the formats `own:NAME`. Raises `ConfigError`."""
    taken = {row.name for row in FORMATS} | {row.name for row in BUILT_IN} | set(ALIASES)
    formats = []
    for own in own_formats:
        if own.name in taken:
            raise _malformed(own, "there is a format of this name already")
        taken.add(own.name)
        known = CardFormat(f"{OWN}{own.name}", own.layout, own.parity, f"{len(own.layout)} bits, your own")
        for fault in _faults(known):
            raise _malformed(own, fault)
        formats.append(known)
    return tuple(formats)


def _malformed(own: FormatSettings, fault: str) -> ConfigError:
    return ConfigError(
        f"The card format {own.name!r} in the settings is wrong: {fault}.",
        hint="`layout` has one letter per bit (F, N, P, .); `parity` a text per P: E or O at it, X where it covers.",
    )


def _faults(known: CardFormat) -> Iterator[str]:
    """What is wrong with an own format, the first thing first."""
    layout = known.layout
    if not re.fullmatch(rf"[FNP.]{{{MIN_BITS},{MAX_OWN_BITS}}}", layout):
        yield f"its layout needs {MIN_BITS} to {MAX_OWN_BITS} letters, F, N, P or a dot"
    if "N" not in layout:
        yield "its layout has no N, so that all cards would be one"
    for letter in "FN":
        if re.search(f"{letter}[^{letter}]+{letter}", layout):
            yield f"the letters {letter} in its layout do not stand together"
    if layout.count("F") > MAX_FACILITY_BITS:
        yield f"its facility code has more than {MAX_FACILITY_BITS} bits"
    yield from _parity_faults(known)


def _parity_faults(known: CardFormat) -> Iterator[str]:
    for index, text in enumerate(known.parity, start=1):
        if len(text) != known.length:
            yield f"its parity text {index} has {len(text)} letters, its layout {known.length}"
        if not re.fullmatch(r"[X.]*[EO][X.]*", text):
            yield f"its parity text {index} needs one E or O, and X or a dot otherwise"
        if known.layout[stands_at(text)] != "P":
            yield f"its parity text {index} has its E or O where the layout has no P"
    expected = [at for at, letter in enumerate(known.layout) if letter == "P"]
    if sorted(stands_at(text) for text in known.parity) != expected:
        yield f"it has {len(expected)} P, but not one parity text for each"
    try:
        checks(known)
    except CycleError:
        yield "its parity bits cover each other"
