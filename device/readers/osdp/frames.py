"""Which replies on an OSDP line may reach libosdp at all: a gate in front of it. Pure.

libosdp 3.2.9 believes more than it may. Seen with the library itself (tests/device/readers/osdp/test_osdp_attacks.py):

- In a secure channel it takes a reply whose security block is one of the handshake's (SCS_12, SCS_14) without looking
  for a MAC, whatever the reply is, such as a card.
- It keeps a card that came in the clear before the channel was there, and reports it once the channel is.

So nothing passes but an answer to the command on its way, with its address and sequence number, whole and with the
right check characters, and in one of three forms: what a reader may say in the clear (who it is, what it can do, yes,
no, wait), the handshake's own replies to the handshake's own commands, or anything at all in a block with a MAC, which
libosdp verifies. One answer passes for each command.

Frames as in OSDP v2 (IEC 60839-11-5): SOM, address (reply: + 0x80), length (2 bytes, low first), control (sequence
number in the lowest 2 bits, 0x04 CRC, 0x08 security block), security block (length, type, data), code, data, MAC,
CRC or checksum. A mark byte 0xFF may stand in front.
"""

import binascii
from dataclasses import dataclass
from enum import IntEnum

SOM = 0x53
MARK = 0xFF
LONGEST = 256
"""Bytes of a frame at most, which is all that libosdp can hold."""
_HEADER = 5
_REPLY, _CRC, _BLOCK, _SEQUENCE = 0x80, 0x04, 0x08, 0x03
_MAC = 4
_CRC_SEED = 0x1D0F


class Command(IntEnum):
    """The commands that matter here."""

    POLL = 0x60
    CAP = 0x62
    LSTAT = 0x64
    LED = 0x69
    BUZ = 0x6A
    TEXT = 0x6B
    KEYSET = 0x75
    CHLNG = 0x76
    SCRYPT = 0x77


class Answer(IntEnum):
    """The replies that matter here."""

    ACK = 0x40
    NAK = 0x41
    PDID = 0x45
    PDCAP = 0x46
    FMT = 0x51
    CCRYPT = 0x76
    RMAC_I = 0x78
    BUSY = 0x79


_IN_THE_CLEAR = frozenset({Answer.ACK, Answer.NAK, Answer.PDID, Answer.PDCAP, Answer.BUSY})
_OUT_OF_SEQUENCE = frozenset({Answer.NAK, Answer.BUSY})
"""What a reader says with the sequence number 0: that it has been restarted, or that it is busy."""
_REFUSALS = (b"\x02", b"\x03", b"\x09")
"""Codes of a NAK in the clear: wrong length, unknown command, cannot be done."""
_HANDSHAKE = {0x12: (Command.CHLNG, Answer.CCRYPT), 0x14: (Command.SCRYPT, Answer.RMAC_I)}
_WITH_MAC, _ENCRYPTED = 0x16, 0x18


@dataclass(frozen=True, slots=True)
class Asked:
    """A command on its way: to whom, its sequence number, and its code."""

    address: int
    sequence: int
    command: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that may pass: the frame without its mark, its code, whether it refuses the very command asked for, and
    whether it bears the secure channel's MAC.

    A NAK may as well mean that the channel has ended, or that something was garbled.
    """

    frame: bytes
    answer: int
    refuses: bool = False
    sealed: bool = False


def asked_by(frame: bytes) -> Asked | None:
    """What a frame of ours asks; None if it is not a command."""
    body = frame[1:] if frame[:1] == bytes([MARK]) else frame
    code = _code_at(body)
    if len(body) <= code or body[0] != SOM:
        return None
    return Asked(body[1], body[4] & _SEQUENCE, body[code])


def reply_in(received: bytes, asked: Asked) -> Reply | None:
    """The first reply to `asked` in what was received since; None if it is not there, or not yet complete.

    Everything else is passed over: noise, the echo of our own command, replies of others and late ones.
    """
    at = received.find(SOM)
    while at >= 0:
        if reply := _reply_at(received, at, asked):
            return reply
        at = received.find(SOM, at + 1)
    return None


def _reply_at(received: bytes, at: int, asked: Asked) -> Reply | None:
    header = received[at : at + _HEADER]
    if len(header) < _HEADER or header[1] != asked.address | _REPLY:
        return None
    length = int.from_bytes(header[2:4], "little")
    frame = received[at : at + length]
    if not _HEADER < length <= LONGEST or len(frame) < length or not _is_whole(frame):
        return None
    return _admitted(frame, asked)


def _is_whole(frame: bytes) -> bool:
    """Whether the check characters hold."""
    if frame[4] & _CRC:
        return binascii.crc_hqx(frame[:-2], _CRC_SEED).to_bytes(2, "little") == frame[-2:]
    return sum(frame) & 0xFF == 0


def _admitted(frame: bytes, asked: Asked) -> Reply | None:
    end = len(frame) - (2 if frame[4] & _CRC else 1)
    code = _code_at(frame)
    if code >= end:
        return None
    answer, block = frame[code], frame[_HEADER:code]
    sequence = frame[4] & _SEQUENCE
    if sequence != asked.sequence and not (sequence == 0 and not block and answer in _OUT_OF_SEQUENCE):
        return None
    admitted = _admits_block(block, answer, asked, end - code) if block else answer in _IN_THE_CLEAR
    if not admitted:
        return None
    refuses = answer == Answer.NAK and (bool(block) or frame[code + 1 : end].startswith(_REFUSALS))
    return Reply(frame, answer, refuses, sealed=len(block) == 2)


def _admits_block(block: bytes, answer: int, asked: Asked, size: int) -> bool:
    """Whether a reply may come in such a security block; `size` is that of its code, its data and its MAC, in bytes."""
    if len(block) == 3 and block[1] in _HANDSHAKE:
        return (asked.command, answer) == _HANDSHAKE[block[1]]
    if len(block) != 2:
        return False
    if block[1] == _WITH_MAC:
        return size == 1 + _MAC
    return block[1] == _ENCRYPTED and size > 1 + _MAC and (size - 1 - _MAC) % 16 == 0


def _code_at(frame: bytes) -> int:
    """Where the code of a command or reply stands: behind the security block, if there is one."""
    if len(frame) > _HEADER and frame[4] & _BLOCK:
        return _HEADER + max(frame[_HEADER], 1)
    return _HEADER
