"""What a reader gives as keys of its pad, as its settings say: the last look at each event before the door's.

A keypad sends each key by itself, or collects the digits and sends them as one frame of 26 bits, like a card: behind a
facility code of its own, or six digits of four bits each (BCD). Such a frame is then a PIN and never a badge, also with
wrong parity. Keys from a reader that has no pad by its settings count for nothing.

Source of the frames: the keypad transmission formats 3 to 6 and 9 in the manuals of Rosslare's AY series.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from device.credentials import format_badge
from device.errors import CredentialError
from device.ports import Reader
from device.readers.cards.card_formats import BUILT_IN
from device.readers.formats import encode, wrong_parity
from device.records import BadgeRead, Credential, KeyPress, Notice, ReaderEvent, ReaderNotice, Signal
from device.settings.tables import ReaderSettings

FRAME_BITS = 26
LEAST_TYPED = 4
"""A number says nothing of the zeros in front of it: it is taken to be of four digits or more."""
BITS_OF = {"4-bit": 4, "8-bit": 8}
_FORMAT = next(known for known in BUILT_IN if known.name == "h10301")
REFUSED = 'Keys came, and the reader has no keypad by its settings: they count for nothing. Set `keypad = "{}"` there.'


@dataclass(frozen=True, slots=True)
class Keypad:
    """The pad of one reader: which of the kinds in the settings, and the facility code of frames of 26 bits."""

    kind: str = "none"
    facility: int | None = None

    def takes(self, press: KeyPress) -> bool:
        """Whether keys that came one by one are those of this pad."""
        if self.kind in ("none", "26-bit"):
            return False
        return press.bits in (0, BITS_OF.get(self.kind, 0))

    def may_be_typed(self, bits: str) -> bool:
        """Whether a frame is one that the pad sends, right or damaged."""
        if self.kind != "26-bit" or len(bits) != FRAME_BITS or set(bits) - {"0", "1"}:
            return False
        return _is_bcd(bits) if self.facility is None else int(bits[1:9], 2) == self.facility

    def keys_in(self, bits: str) -> str:
        """The keys in such a frame, with the # that the pad has kept for itself; empty if it came damaged."""
        if wrong_parity(bits, _FORMAT):
            return ""
        number = f"{int(bits[9:25], 2):0{LEAST_TYPED}}" if self.facility is not None else f"{int(bits[1:25], 2):06x}"
        return f"{number}#"

    def reserves(self, badge: Credential) -> bool:
        """Whether a badge would come in a frame that is a PIN here."""
        return badge.format == _FORMAT.name and self.may_be_typed(_frame(badge))


def keypad_of(settings: ReaderSettings) -> Keypad:
    """The pad that a reader has by its settings."""
    return Keypad(settings.keypad, settings.keypad_facility)


def kind_for(press: KeyPress) -> str:
    """Which `keypad` sends such keys."""
    return {4: "4-bit", 8: "8-bit"}.get(press.bits, "keys")


def refuse_typed(badge: Credential, readers: Iterable[ReaderSettings]) -> None:
    """Raises `CredentialError` for a badge that a reader's keypad could type."""
    for settings in readers:
        if keypad_of(settings).reserves(badge):
            raise CredentialError(
                f"The keypad of reader {settings.name} sends PINs as badges like {format_badge(badge)}, so this one "
                "would never be a badge there.",
                hint="Use a badge with another facility code, or give the keypad one that no badge has, there and as "
                "`keypad_facility` in the settings.",
            )


def if_typed(bits: str) -> str:
    """What to set if such a frame was typed, and the keys then; empty for another length, or wrong parity."""
    if len(bits) != FRAME_BITS or wrong_parity(bits, _FORMAT):
        return ""
    behind = Keypad("26-bit", int(bits[1:9], 2))
    found = [f'{behind.keys_in(bits)} with keypad = "26-bit" and keypad_facility = {behind.facility}']
    if _is_bcd(bits):
        found.append(f'{Keypad("26-bit").keys_in(bits)} with keypad = "26-bit" alone')
    return f"typed   {' or '.join(found)}, if it was typed"


class WithKeypad:
    """`Reader` of which keys are those of its pad, and nothing else is."""

    def __init__(self, reader: Reader, name: str, keypad: Keypad) -> None:
        """Takes the reader over. What is refused is noticed once."""
        self._reader = reader
        self._name = name
        self._keypad = keypad
        self._was_noticed = False

    def read(self, timeout_s: float) -> ReaderEvent | None:
        """The next event; None also for one that counts for nothing. Raises as the reader does."""
        event = self._reader.read(timeout_s)
        if isinstance(event, KeyPress) and not self._keypad.takes(event):
            return self._refused(event)
        if isinstance(event, BadgeRead) and self._keypad.may_be_typed(event.bits):
            return _typed(event, self._keypad)
        return event

    def show(self, signal: Signal) -> None:
        """Has the reader show it."""
        self._reader.show(signal)

    def close(self) -> None:
        """Closes the reader."""
        self._reader.close()

    def _refused(self, press: KeyPress) -> ReaderNotice | None:
        if self._was_noticed:
            return None
        self._was_noticed = True
        return ReaderNotice(Notice.KEYS_REFUSED, press.at, self._name, REFUSED.format(kind_for(press)))


def _typed(read: BadgeRead, keypad: Keypad) -> ReaderEvent:
    keys = keypad.keys_in(read.bits)
    if keys:
        return KeyPress(keys, read.at, read.reader, FRAME_BITS)
    return replace(read, credential=None, bits="", fault="Keys of the pad came damaged: look for noise on the line.")


def _is_bcd(bits: str) -> bool:
    return f"{int(bits[1:25], 2):06x}".isdecimal()


def _frame(badge: Credential) -> str:
    try:
        return encode(badge, (_FORMAT,))
    except CredentialError:
        return ""
