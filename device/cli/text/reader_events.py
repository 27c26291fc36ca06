"""Words for what a reader gives: the frame drawn with its fields and parity, badges, keys and notices."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from device.credentials import doubt_about, format_badge
from device.readers.cards.card_formats import CardFormat
from device.readers.cards.keypad import if_typed, kind_for
from device.readers.formats import FormatTable, in_card_order, wrong_parity
from device.records import BadgeRead, BadgeRemoved, Credential, KeyPress, ReaderEvent, ReaderNotice, Signal

EXPECTED = {
    Signal.READY: "idle, waiting for a badge",
    Signal.LOOK: "the badge is read, look at the camera",
    Signal.TURN_LEFT: "turn your head to the left, if it can show that",
    Signal.TURN_RIGHT: "turn your head to the right, if it can show that",
    Signal.WAITING: "waiting for a second person",
    Signal.GRANTED: "green, or the LED is lit",
    Signal.DENIED: "red, and the buzzer if it has one",
    Signal.ALARM: "the buzzer, and red if it has a two-color LED",
}
"""What the installer should see and hear."""
_DIGIT = re.compile(r"\d")


def frame_lines(bits: str, known: CardFormat) -> Iterator[str]:
    """A frame above the fields of its format and the group of each parity bit with its verdict."""
    wrong = wrong_parity(bits, known)
    yield f"bits    {_apart(bits, known)}"
    yield f"layout  {_apart(known.layout, known)}"
    if known.order:
        yield f"card    {_apart(in_card_order(bits, known), known)}  {known.order}"
    for text in known.parity:
        even = "E" in text
        verdict = "WRONG" if text.index("E" if even else "O") in wrong else "holds"
        yield f"parity  {_apart(text, known)}  {'even' if even else 'odd'}: {verdict}"


def credential_line(credential: Credential) -> str:
    """A badge as it is written, and what it is made of."""
    fields = f"{credential.format}, facility {credential.facility}, number {credential.number}"
    doubt = doubt_about(credential)
    return f"badge {format_badge(credential)} ({fields})" + (f"; {doubt}" if doubt else "")


@dataclass(frozen=True, slots=True)
class Transcript:
    """How events are printed: seconds since the beginning, and the formats that each reader reads, by its name."""

    began_at: float
    tables: dict[str, FormatTable | None]
    suggested: Callable[[str, FormatTable], str] = lambda _bits, _table: ""
    """What to set so that a frame is the badge of a person; empty for most."""

    def lines(self, event: ReaderEvent, *, show_keys: bool = False) -> Iterator[str]:
        """An event in words; unless keys are shown, each is a `*`."""
        head = f"{event.at - self.began_at:9.3f} s  {event.reader}"
        match event:
            case BadgeRead():
                yield f"{head}  {_badge_words(event)}; {event.security.code}"
                yield from (f"{'':13}{line}" for line in self._drawn(event, show_keys=show_keys))
            case BadgeRemoved():
                yield f"{head}  removed"
            case KeyPress():
                yield f'{head}  keys {_keys(event, shown=show_keys)}; keypad = "{kind_for(event)}"'
            case ReaderNotice():
                yield f"{head}  {event.notice.value}{f': {event.detail}' if event.detail else ''}"
            case _:
                assert_never(event)

    def held_lines(self, event: ReaderEvent, count: int) -> Iterator[str]:
        """A sighting of a badge that begins no transaction, the last of `count`; an unreadable one with its frame."""
        first, *drawn = self.lines(event)
        yield f"{first}; held back{f', {count} times' if count > 1 else ''}"
        if isinstance(event, BadgeRead) and event.credential is None:
            yield from drawn

    def plain(self, event: ReaderEvent, *, show_keys: bool = False, held_back: bool = False) -> dict[str, object]:
        """An event for machines; whether the door would hold a badge back because it was presented before."""
        head: dict[str, object] = {"at_s": round(event.at - self.began_at, 6), "reader": event.reader}
        match event:
            case BadgeRead():
                return {**head, "event": "badge", **self._badge_fields(event), "held_back": held_back}
            case BadgeRemoved():
                return {**head, "event": "removed"}
            case KeyPress():
                return {**head, "event": "keys", "keys": _keys(event, shown=show_keys), "keypad": kind_for(event)}
            case ReaderNotice():
                return {**head, "event": "notice", "notice": event.notice, "detail": event.detail}
            case _:
                assert_never(event)

    def _badge_fields(self, read: BadgeRead) -> dict[str, object]:
        credential = read.credential
        return {
            "badge": credential,
            "format": credential.format if credential else None,
            "facility": credential.facility if credential else None,
            "number": credential.number if credential else None,
            "security": read.security.code,
            "fault": read.fault or None,
            "bits": read.bits or None,
            "parity": self._verdict(read),
        }

    def _verdict(self, read: BadgeRead) -> str | None:
        """None where no parity says anything."""
        known = self._known(read)
        if known is None or not known.parity:
            return None
        return "wrong" if wrong_parity(read.bits, known) else "holds"

    def _drawn(self, read: BadgeRead, *, show_keys: bool) -> Iterator[str]:
        """The frame or the line as it came; of a line the digits are 9, as they may be a PIN's."""
        if known := self._known(read):
            yield from frame_lines(read.bits, known)
        elif read.bits:
            yield f"bits    {read.bits}  ({len(read.bits)})"
        if show_keys and (keys := if_typed(read.bits)):
            yield keys
        if read.text:
            yield f"line    {(read.text if show_keys else _DIGIT.sub('9', read.text))!r}"
        if (table := self.tables.get(read.reader)) and (suggestion := self.suggested(read.bits, table)):
            yield suggestion

    def _known(self, read: BadgeRead) -> CardFormat | None:
        """The format of a frame, if its reader reads one of its length and no other."""
        table = self.tables.get(read.reader)
        known = table.by_length.get(len(read.bits), ()) if table else ()
        return known[0] if len(known) == 1 else None


def _badge_words(read: BadgeRead) -> str:
    return credential_line(read.credential) if read.credential else f"unreadable: {read.fault or 'no details'}"


def _keys(press: KeyPress, *, shown: bool) -> str:
    return press.keys if shown else "*" * len(press.keys)


def _apart(letters: str, known: CardFormat) -> str:
    """With a space wherever one field of the format ends."""
    remaining = iter(letters)
    return " ".join("".join(next(remaining) for _ in field) for _, field in groupby(known.layout))
