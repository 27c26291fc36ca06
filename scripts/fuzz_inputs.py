"""Hostile inputs for the readers' parsers: what they understand, damaged in every way, and what they never should see.

Everything comes from a `random.Random`, so that a seed makes it again. An input is a string of bytes; what it means to
each parser says `fuzz_targets`.
"""

import binascii
import math
import random
import struct
from collections.abc import Callable, Sequence

Maker = Callable[[random.Random], bytes]

WRITTEN = ("17:1001", "h10301:255:65535", "1234567890", "number:007", "csn:04A2B9C1", "csn:04A2B9C1D2E3F4", "own:x:1:2")
EDGE_STEP = 1.05
"""A pause before an edge is one byte: 1 us times so much to its power, up to a quarter of a second."""
CARDS = (
    "00001000100000011111010010",
    "0000000000001000100010000100100101",
    "11000001100101000000000000010011011",
    "0000000000000010100000000000000001110",
    "0000000000000000000111100010010000001",
    "00000100101000101011100111000001",
    "00000100101000101011100111000001110100101110001111110100",
    "0" * 25 + "1",
    "0101",
    "01101001",
    "1" * 32,
)
"""A frame of each format, one of 26 bits with a wrong parity, two keys, and a cut wire."""
_INTERESTING = (b"\x00", b"\xff", b"\x02", b"\x03", b"\n", b"\r\n", b"\x00\xff", b"\xff\xff", b":", b"csn:", b"\x53")


def hostile(valid: Maker) -> Maker:
    """Makes what `valid` makes, mostly damaged; sometimes something else altogether, and seldom very much of it."""

    def make(chance: random.Random) -> bytes:
        damage = chance.choices(_DAMAGES, weights=_WEIGHTS)[0]
        return damage(chance, valid)

    return make


def _whole(chance: random.Random, valid: Maker) -> bytes:
    return valid(chance)


def _flipped(chance: random.Random, valid: Maker) -> bytes:
    data = bytearray(valid(chance))
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def _cut(chance: random.Random, valid: Maker) -> bytes:
    data = valid(chance)
    return data[: chance.randint(0, len(data))]


def _without_a_part(chance: random.Random, valid: Maker) -> bytes:
    data = valid(chance)
    begin = chance.randint(0, len(data))
    return data[:begin] + data[begin + chance.randint(1, 8) :]


def _with_more(chance: random.Random, valid: Maker) -> bytes:
    data = valid(chance)
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((*_INTERESTING, chance.randbytes(chance.randint(1, 16)))) + data[at:]


def _several(chance: random.Random, valid: Maker) -> bytes:
    return b"".join(valid(chance) for _ in range(chance.choice((2, 2, 3, 6))))


def _spliced(chance: random.Random, valid: Maker) -> bytes:
    one, other = valid(chance), valid(chance)
    return one[: chance.randint(0, len(one))] + other[chance.randint(0, len(other)) :]


def _anything(chance: random.Random, _valid: Maker) -> bytes:
    return chance.randbytes(chance.randint(0, 80))


def _huge(chance: random.Random, valid: Maker) -> bytes:
    part = chance.choice((*_INTERESTING, b"", valid(chance))) or chance.randbytes(64)
    return chance.randbytes(1) + part * (chance.randint(1_000, 60_000) // len(part))


_DAMAGES = (_whole, _flipped, _cut, _without_a_part, _with_more, _several, _spliced, _anything, _huge)
_WEIGHTS = (10, 20, 10, 10, 15, 10, 15, 10, 0.05)


def in_pieces(valid: Maker) -> Maker:
    """With a byte in front that says how it arrives."""
    return lambda chance: bytes([chance.randrange(256)]) + valid(chance)


def line(chance: random.Random) -> bytes:
    """A badge, written, or something like it."""
    end = chance.choice((b"\n", b"\r\n", b"\r", b""))
    return chance.choice(WRITTEN).encode() + end


def written(chance: random.Random) -> bytes:
    """A badge, written, without an end."""
    return chance.choice(WRITTEN).encode()


def key_events(chance: random.Random) -> bytes:
    """A number and Enter, typed by a keyboard wedge."""
    events = [event for digit in chance.choices(_DIGITS, k=chance.randint(1, 8)) for event in digit] + _ENTER
    if chance.random() < 0.2:
        events.insert(chance.randrange(len(events)), chance.choice((_LOST_KEYS, _SYN)))
    if chance.random() < 0.2:
        events[2:2] = _COLON
    return b"".join(events)


def _key(code: int, *values: int) -> list[bytes]:
    return [struct.pack("llHHi", 0, 0, 1, code, value) for value in values]


_DIGITS = [_key(code, 1, 0) for code in range(2, 12)]
_ENTER = _key(28, 1, 0)
_COLON = [*_key(42, 1), *_key(39, 1, 0), *_key(42, 0)]
_SYN, _LOST_KEYS = (struct.pack("llHHi", 0, 0, 0, code, 0) for code in (0, 3))


def rdm6300_frame(chance: random.Random) -> bytes:
    """A tag with its checksum."""
    tag = chance.randbytes(5)
    checksum = tag[0] ^ tag[1] ^ tag[2] ^ tag[3] ^ tag[4]
    return b"\x02" + f"{tag.hex()}{checksum:02x}".encode() + chance.choice((b"\x03", b"\r\n\x03"))


def pn532_frame(chance: random.Random) -> bytes:
    """An answer of the chip, sometimes with the ACK before it, or the frame that says it did not understand."""
    content = chance.choice((b"\x7f", b"\xd5" + chance.randbytes(chance.randint(1, 40)), b"\xd5" + bytes(260)))
    size = len(content)
    if size < 256 and chance.random() < 0.8:
        head = bytes([size, -size & 0xFF])
    else:
        head = b"\xff\xff" + size.to_bytes(2) + bytes([-sum(size.to_bytes(2)) & 0xFF])
    frame = b"\x00\x00\xff" + head + content + bytes([-sum(content) & 0xFF, 0])
    return chance.choice((b"", b"\x00\x00\xff\x00\xff\x00")) + frame


def pn532_answers(chance: random.Random) -> bytes:
    """Answers, each behind its length: a card, pages of memory, or nothing."""
    answers = []
    for _ in range(chance.randint(1, 8)):
        uid = chance.choice((b"\x08", b"\x04", b"")) + chance.randbytes(chance.choice((3, 6, 9)))
        card = b"\x01\x01\x00\x04" + chance.choice((b"\x00", b"\x08")) + bytes([len(uid)]) + uid
        pages = b"\x00" + chance.choice((b"\xe1\x10\x12\x00" + memory(chance)[:12], chance.randbytes(16)))
        answer = chance.choice((card, pages.ljust(17, b"\x00"), b"\x00", b""))
        answers.append(bytes([len(answer)]) + answer)
    return b"".join(answers)


def memory(chance: random.Random) -> bytes:
    """What is on a card: blocks, among them a message with a text."""
    payload = b"\x02en" + chance.choice(WRITTEN).encode()
    record = b"\xd1\x01" + bytes([len(payload)]) + b"T" + payload
    before = chance.choice((b"", b"\x00", b"\x01\x03\xa0\x0c\x34"))
    return before + b"\x03" + bytes([len(record)]) + record + b"\xfe"


def edges(chance: random.Random) -> bytes:
    """A frame on Wiegand's two lines: for each edge which one it is, then the pause before it."""
    pulse, spacing, silence = (_pause(chance.choice(times)) for times in _WIEGAND_TIMES_S)
    rising = [bytes([line, pulse]) if chance.random() < 0.25 else b"" for line in (0, 1)]
    said = [bytes([line | 0x02, spacing]) + rising[line] for line in (0, 1)]
    return b"".join(said[int(bit)] for bit in chance.choice(CARDS)) + bytes([0x02, silence])


_WIEGAND_TIMES_S = ((20e-6, 50e-6, 100e-6), (200e-6, 1e-3, 2e-3, 20e-3), (30e-3, 0.2))


def _pause(seconds: float) -> int:
    return min(255, round(math.log(seconds * 1e6) / math.log(EDGE_STEP)))


def bits(chance: random.Random) -> bytes:
    """A frame of 0 and 1 behind a byte that chooses the formats."""
    frame = chance.choice(CARDS) if chance.random() < 0.5 else f"{chance.getrandbits(37):037b}"
    return bytes([chance.randrange(256)]) + frame.encode()


def own_format(chance: random.Random) -> bytes:
    """An owner's format: a layout and its parity texts, a line each."""
    length = chance.randint(9, 40)
    layout = "P" + "F" * chance.randint(0, 8)
    layout = layout.ljust(length - 1, "N") + "P"
    parity = "E" + "X" * chance.randint(0, length - 1), "X" * chance.randint(0, length - 1)
    return "\n".join((layout, parity[0].ljust(length, "."), parity[1].rjust(length - 1, ".") + "O")).encode()


def osdp_exchange(chance: random.Random) -> bytes:
    """A command of ours behind its length, then what is received: noise and the reply to it."""
    sequence, address = chance.randrange(4), chance.randrange(127)
    command, answer, block = chance.choice(_OSDP_EXCHANGES)
    mac = chance.randbytes(4 if block[1:2] in (b"\x16", b"\x18") else 0)
    body = chance.randbytes(16 * chance.randint(0, 2)) + mac
    asked = osdp_frame(address, sequence, b"", bytes([command]))
    reply = osdp_frame(address | 0x80, sequence, block, bytes([answer]) + body)
    return bytes([len(asked)]) + asked + chance.choice((b"", b"\xff", chance.randbytes(5))) + reply


_OSDP_EXCHANGES: Sequence[tuple[int, int, bytes]] = (
    (0x60, 0x40, b""),
    (0x60, 0x41, b""),
    (0x61, 0x45, b""),
    (0x62, 0x46, b""),
    (0x76, 0x76, b"\x03\x12\x01"),
    (0x77, 0x78, b"\x03\x14\x01"),
    (0x60, 0x40, b"\x02\x16"),
    (0x60, 0x50, b"\x02\x18"),
    (0x60, 0x50, b""),
)


def osdp_frame(address: int, sequence: int, block: bytes, content: bytes) -> bytes:
    """A frame with its CRC."""
    length = 5 + len(block) + len(content) + 2
    control = sequence | 0x04 | (0x08 if block else 0)
    frame = b"\x53" + bytes([address]) + length.to_bytes(2, "little") + bytes([control]) + block + content
    return frame + binascii.crc_hqx(frame, 0x1D0F).to_bytes(2, "little")


def osdp_report(chance: random.Random) -> bytes:
    """What libosdp tells of an event: four small numbers, then its bytes."""
    numbers = chance.choice((1, 1, 2, 4)), chance.randrange(4), chance.choice((26, 8, 32, chance.randrange(256))), 0
    data = chance.choice((chance.randbytes(chance.randint(1, 8)), b"17:1001".ljust(56, b"\x00"), b"1234#", b"\x01\x00"))
    return bytes(numbers) + data
