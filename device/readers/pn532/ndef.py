"""The first text on a card: NDEF in the memory of an NFC Forum Type 2 tag (NTAG, MIFARE Ultralight). Pure.

Sources: NFC Forum, Type 2 Tag Operation (blocks of tag, length and value), NFC Data Exchange Format (records), and Text
Record Type Definition (its status byte).
"""

from collections.abc import Iterator
from dataclasses import dataclass

_NULL, _MESSAGE, _TERMINATOR = 0x00, 0x03, 0xFE
_WELL_KNOWN, _TEXT = 1, b"T"
_BYTE_ORDERS = (b"\xfe\xff", b"\xff\xfe")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a message: the form of its type's name, the type, and what it holds."""

    name_format: int
    type: bytes
    payload: bytes


def first_text(memory: bytes) -> str | None:
    """The first text record in a card's memory from page 4 on; None if there is none in what was read of it."""
    for record in records(message_in(memory)):
        if (record.name_format, record.type) == (_WELL_KNOWN, _TEXT):
            return _text(record.payload)
    return None


def message_in(memory: bytes) -> bytes:
    """The first NDEF message among the blocks of a memory, as much of it as is there; empty if there is none."""
    at = 0
    while at < len(memory) and memory[at] != _TERMINATOR:
        if memory[at] == _NULL:
            at += 1
            continue
        size, begin = _size(memory, at + 1)
        if memory[at] == _MESSAGE:
            return memory[begin : begin + size]
        at = begin + size
    return b""


def _size(memory: bytes, at: int) -> tuple[int, int]:
    """How long a block is, and where its value begins: a length takes one byte, or three after 0xFF."""
    if memory[at : at + 1] == b"\xff":
        return int.from_bytes(memory[at + 1 : at + 3]), at + 3
    return int.from_bytes(memory[at : at + 1]), at + 1


def records(message: bytes) -> Iterator[Record]:
    """The whole records of a message; one that is cut off, or continued elsewhere, ends them."""
    at = 0
    while at + 3 <= len(message):
        flags, type_size = message[at], message[at + 1]
        short, has_id, in_pieces = flags & 0x10, flags & 0x08, flags & 0x20
        width = 1 if short else 4
        payload_size = int.from_bytes(message[at + 2 : at + 2 + width])
        at += 2 + width
        id_size = message[at] if has_id and at < len(message) else 0
        at += bool(has_id)
        type_end = at + type_size
        begin, end = type_end + id_size, type_end + id_size + payload_size
        if in_pieces or end > len(message):
            return
        yield Record(flags & 0x07, message[at:type_end], message[begin:end])
        at = end


def _text(payload: bytes) -> str | None:
    """Its text without the language that stands in front; UTF-16 begins with its high byte unless it says otherwise."""
    if not payload:
        return None
    text = payload[1 + (payload[0] & 0x3F) :]
    if not payload[0] & 0x80:
        return text.decode(errors="replace")
    return text.decode("utf-16" if text[:2] in _BYTE_ORDERS else "utf-16-be", errors="replace")
