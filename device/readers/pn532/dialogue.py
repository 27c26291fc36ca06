"""What is said to a PN532, and what becomes of its answers: cards near its antenna as badges. Pure.

Round by round the chip is asked for one ISO 14443 A card, then its field is switched off, which makes a card forget
where it was, so that it answers again in the next round. A card is a badge in each round that finds it; once several
rounds in a row have found none, it was taken away.
Source: NXP UM0701-02, PN532 User Manual, section 7; MIFARE Ultralight's READ gives four pages of four bytes.
"""

from collections.abc import Generator
from dataclasses import dataclass

from device.credentials import parse_badge
from device.errors import CredentialError
from device.readers.pn532.ndef import first_text
from device.records import BadgeRead, BadgeRemoved, Credential, Security

SECURITY = Security.CLONABLE
ROUND_S = 0.1
"""Between two rounds."""
EMPTY_ROUNDS = 3
"""Rounds in a row without a card after which it was taken away: one or two may miss a card at the field's edge."""
MOST_READ = 8
"""Cards whose text is remembered while any card is there, so that it is read once and not ten times a second."""
UID_FORMATS = {4: "csn4", 7: "csn7", 10: "csn10"}
"""Bytes of a serial number, and its card format."""
TEXT_FORMAT = "ndef"
CHIP_VERSION = 0x32
NDEF_BYTES = 256
"""How much of a card's memory is read at most; a badge takes less than half."""

GET_VERSION = b"\x02"
SET_NORMAL_MODE = b"\x14\x01\x14\x00"
"""SAMConfiguration: no security module, no interrupt line."""
SET_RETRIES = b"\x32\x05\x01\x00\x01"
"""RFConfiguration: a card is sought twice, so that "none" is an answer too."""
SWITCH_OFF = b"\x32\x01\x00"
FIND_CARD = b"\x4a\x01\x00"
"""InListPassiveTarget: one card at 106 kbit/s, type A."""
READ_PAGES = b"\x40\x01\x30"
"""InDataExchange with that card, READ; the number of the first page follows."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A command whose answer is wanted."""

    command: bytes


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do for some time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The chip has said what it is, and does what it should."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The chip is not a PN532."""

    received: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the chip answered, without the code of the command, and when, in seconds."""

    content: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Card:
    """A card near the antenna; `has_pages` if its memory is a Type 2 tag's, which it says with SEL_RES 0."""

    uid: bytes
    has_pages: bool


Step = Ask | Rest | Ready | Wrong | BadgeRead | BadgeRemoved
Dialogue = Generator[Step, Answer, None]


def dialogue(name: str, formats: frozenset[str]) -> Dialogue:
    """All that is said, without end unless the chip is `Wrong`. Each step is answered with what came of it."""
    version = (yield Ask(GET_VERSION)).content
    if version[:1] != bytes([CHIP_VERSION]):
        yield Wrong(version.hex(" ") or "nothing")
        return
    yield Ask(SET_NORMAL_MODE)
    yield Ask(SET_RETRIES)
    yield Ready()
    field = Field()
    while True:
        found = yield Ask(FIND_CARD)
        if field.was_left(found.content):
            yield BadgeRemoved(found.at, name)
        if card := card_in(found.content):
            text = (yield from field.text_on(card)) if TEXT_FORMAT in formats else ""
            if text is not None or field.was_torn(card):
                credential, fault = badge_of(card, text, formats)
                bits = "".join(f"{byte:08b}" for byte in card.uid)
                yield BadgeRead(credential, found.at, name, SECURITY, fault, bits)
        yield Ask(SWITCH_OFF)
        yield Rest(ROUND_S)


class Field:
    """What is known of the cards near the antenna, from one round to the next."""

    def __init__(self) -> None:
        self._texts: dict[bytes, str] = {}
        self._torn = b""
        self._empty_rounds = EMPTY_ROUNDS

    def was_left(self, answer: bytes) -> bool:
        """Whether InListPassiveTarget's answer is the last of the rounds that show that no card is there any more. An
        answer that is damaged shows nothing.
        """
        if answer[:1] != b"\x00":
            self._empty_rounds = 0 if card_in(answer) else self._empty_rounds
            return False
        self._empty_rounds += 1
        if self._empty_rounds != EMPTY_ROUNDS:
            return False
        self._texts.clear()
        return True

    def text_on(self, card: Card) -> Generator[Step, Answer, str | None]:
        """The first text in a card's memory, empty if it has none; None if only a part of it could be read."""
        if card.uid in self._texts:
            return self._texts[card.uid]
        text = yield from _text_on(card)
        if text is not None:
            if len(self._texts) == MOST_READ:
                self._texts.clear()
            self._texts[card.uid], self._torn = text, b""
        return text

    def was_torn(self, card: Card) -> bool:
        """Whether the card could not be read in the round before either. The first time it may just be leaving."""
        before, self._torn = self._torn, card.uid
        return before == card.uid


def card_in(answer: bytes) -> Card | None:
    """The card that InListPassiveTarget found: a count, its number, SENS_RES of two bytes, SEL_RES, the UID's length,
    the UID. None if there is none, or it is cut off.
    """
    if len(answer) < 6 or answer[0] == 0:
        return None
    uid = answer[6 : 6 + answer[5]]
    return Card(uid, answer[4] == 0) if len(uid) == answer[5] else None


def badge_of(card: Card, text: str | None, formats: frozenset[str]) -> tuple[Credential | None, str]:
    """The credential, or why there is none: the text if there is one, else the serial number."""
    if text is None:
        return None, "a card that could be read only in part"
    if text:
        return _written(text)
    size, known = len(card.uid), UID_FORMATS.get(len(card.uid))
    if known is None:
        return None, f"a card with a serial number of {size} bytes"
    if known not in formats:
        return None, "a card without a text" if TEXT_FORMAT in formats else f"a card of the format {known}"
    if not any(card.uid):
        return None, "a card whose serial number is 0"
    return Credential(known, 0, int.from_bytes(card.uid)), ""


def _written(text: str) -> tuple[Credential | None, str]:
    try:
        return parse_badge(text), ""
    except CredentialError:
        return None, f"a card whose text is not a badge, of {len(text)} characters"


def _text_on(card: Card) -> Generator[Step, Answer, str | None]:
    """The first text in a card's memory, empty if it has none; None if only a part of it could be read."""
    head = (yield from _pages(3)) if card.has_pages else b""
    if head[:1] != b"\xe1":
        return ""
    size, memory = min(head[2] * 8, NDEF_BYTES), head[4:]
    while (text := first_text(memory[:size])) is None and len(memory) < size:
        more = yield from _pages(4 + len(memory) // 4)
        if not more:
            return None
        memory += more
    return text or ""


def _pages(first: int) -> Generator[Step, Answer, bytes]:
    """Four pages, 16 bytes; none if the card did not give them."""
    answer = (yield Ask(READ_PAGES + bytes([first]))).content
    return answer[1:] if len(answer) == 17 and answer[0] == 0 else b""
