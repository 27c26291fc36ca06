"""What an OSDP reader reports, in libosdp's words, to records. Pure: whatever comes, nothing is raised."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from device.credentials import parse_badge
from device.errors import CredentialError
from device.readers.formats import FormatTable, Refusal, decode
from device.records import BadgeRead, KeyPress, Notice, ReaderNotice, Security

CARD, KEYS, STATUS = 1, 2, 4
"""libosdp's `event`."""
RAW, WIEGAND, TEXT = 0, 1, 2
"""libosdp's `format` of a card."""
LOCAL, REMOTE = 2, 3
"""libosdp's `type` of a status."""
MAX_BYTES = 64
"""Of a card or of keys, which is what libosdp holds."""
_KEYS = {**{byte: chr(byte) for byte in b"0123456789*#"}, 0x7F: "*", 0x0D: "#"}
"""OSDP sends the two keys beside 0 as DELETE and RETURN."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a reader said of itself last."""

    tampered: bool = False
    """Its housing."""
    remote_tampered: bool = False
    """The reader head that is connected to it."""
    powerless: bool = False

    @property
    def tampering(self) -> tuple[str, ...]:
        """Where it is tampered with, in words."""
        where = (("its housing", self.tampered), ("its reader head", self.remote_tampered))
        return tuple(words for words, is_so in where if is_so)


def event_from(
    report: Mapping[str, object], at: float, reader: str, formats: FormatTable
) -> BadgeRead | KeyPress | None:
    """The badge or the keys in a report that came `at` this time; None if it is about something else."""
    if report.get("event") == CARD:
        return _badge(report, at, reader, formats)
    if report.get("event") == KEYS:
        keys = "".join(_KEYS.get(byte, "") for byte in _bytes(report.get("data")))
        return KeyPress(keys, at, reader) if keys else None
    return None


def condition_after(before: Condition, report: Mapping[str, object]) -> Condition:
    """A reader's condition after a report; the same as before unless that is a status."""
    if report.get("event") != STATUS:
        return before
    about, said = report.get("type"), _bytes(report.get("report"))
    if about == LOCAL and len(said) == 2:
        return replace(before, tampered=bool(said[0]), powerless=bool(said[1]))
    if about == REMOTE and len(said) == 1:
        return replace(before, remote_tampered=bool(said[0]))
    return before


def notices(before: Condition, after: Condition, at: float, reader: str) -> tuple[ReaderNotice, ...]:
    """What to report when a reader's condition changes."""
    found = []
    if new := sorted(set(after.tampering) - set(before.tampering)):
        found.append(ReaderNotice(Notice.TAMPERED, at, reader, " and ".join(new)))
    if after.powerless and not before.powerless:
        found.append(ReaderNotice(Notice.POWER_FAILED, at, reader))
    if before != Condition() and after == Condition():
        found.append(ReaderNotice(Notice.RESTORED, at, reader))
    return tuple(found)


def _badge(report: Mapping[str, object], at: float, reader: str, formats: FormatTable) -> BadgeRead:
    data = _bytes(report.get("data"))
    if report.get("format") == TEXT:
        return _badge_in_text(data, at, reader)
    bits = _bits(data, report.get("length"))
    read = decode(bits, formats)
    if isinstance(read, Refusal):
        return BadgeRead(None, at, reader, Security.SECURE_CHANNEL, read.text, bits)
    return BadgeRead(read, at, reader, Security.SECURE_CHANNEL, bits=bits)


def _badge_in_text(data: bytes, at: float, reader: str) -> BadgeRead:
    """libosdp counts a text in bits and gives as many bytes: what is behind the text is its own memory, maybe keys."""
    text = data[: (len(data) + 7) // 8].decode("ascii", errors="replace").strip("\0 \r\n")
    try:
        return BadgeRead(parse_badge(text), at, reader, Security.SECURE_CHANNEL)
    except CredentialError:
        return BadgeRead(None, at, reader, Security.SECURE_CHANNEL, "The reader sent a text that is not a badge.")


def _bits(data: bytes, length: object) -> str:
    """The first `length` bits, in 0 and 1; none if there are fewer."""
    if not isinstance(length, int) or not 0 <= length <= 8 * len(data):
        return ""
    return "".join(f"{byte:08b}" for byte in data)[:length]


def _bytes(value: object) -> bytes:
    """What is in a report as bytes, cut where libosdp would; nothing if it is something else."""
    return value[: 8 * MAX_BYTES] if isinstance(value, bytes) else b""
