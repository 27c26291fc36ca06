"""The readers' parsers as targets: each takes any bytes, and what must hold whatever they are is checked.

Only documented errors may come, what a parser keeps is bounded, and what it gives is well-formed: a badge that can be
written and read back, or a fault.
"""

import random
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import fuzz_inputs as inputs

from device.credentials import format_badge, parse_badge
from device.errors import ConfigError, CredentialError
from device.line_server import Peer
from device.readers.cards.own_formats import own_card_formats
from device.readers.formats import FormatTable, Refusal, decode, encode, formats_for
from device.readers.osdp.events import Condition, condition_after, event_from, notices
from device.readers.osdp.frames import Asked, asked_by, reply_in
from device.readers.pn532.dialogue import TEXT_FORMAT, UID_FORMATS, Answer, dialogue
from device.readers.pn532.frames import FrameParser
from device.readers.pn532.ndef import first_text
from device.readers.rdm6300 import Rdm6300Parser
from device.readers.sockets import Client
from device.readers.streams import CHUNK, Parser
from device.readers.typed.lines import LineParser
from device.readers.typed.wedge import KeyParser
from device.readers.wiegand.frames import Assembler, Burst, Edge, is_key_code, key_of
from device.records import BadgeRead, BadgeRemoved, Credential, KeyPress, ReaderEvent, ReaderNotice, Security
from device.settings.tables import FormatSettings

KEYS = frozenset("0123456789*#")
MAX_FAULT = 500
"""Characters that a fault may have: it is shown on a line, and goes into the audit."""
PAUSES_S = (0.0, 0.01, 0.3, 2.0)
SIZES = (CHUNK,) * 6 + (64,) * 4 + (24, 24, 16, 7, 3, 1)


class Session(Protocol):
    """A parser at work."""

    def take(self, data: bytes) -> int:
        """Takes one input; how many badges, keys or frames it made. Raises `AssertionError` for what must not be."""

    def kept(self) -> object:
        """All that the parser remembers."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: how to begin, how to make inputs for it, and how much it may keep, in bytes and items."""

    name: str
    begin: Callable[[], Session]
    make: inputs.Maker
    may_keep: int


def size_of(kept: object) -> int:
    """Bytes, characters and items in a value and all that it is made of."""
    if isinstance(kept, bytes | bytearray | str):
        return len(kept)
    if isinstance(kept, list | tuple | set | frozenset | deque):
        return sum(1 + size_of(item) for item in kept)
    if isinstance(kept, Enum) or not hasattr(kept, "__dict__"):
        return 0
    return sum(size_of(value) for value in vars(kept).values())


def check(event: ReaderEvent) -> int:
    """Whether an event is well-formed; 1 if it is a badge or keys."""
    match event:
        case BadgeRead(credential=None, fault=fault):
            assert 0 < len(fault) <= MAX_FAULT, "a badge that was not read needs a fault that says why"
            return 0
        case BadgeRead(credential=credential, fault=fault):
            assert fault == "", "a badge that was read has no fault"
            assert credential is not None
            return check_credential(credential)
        case BadgeRemoved():
            return 0
        case KeyPress(keys=keys):
            assert keys, "no keys were pressed"
            assert KEYS.issuperset(keys), "there are no such keys"
            return 1
        case ReaderNotice():
            return 0


def check_credential(credential: Credential) -> int:
    """Whether it reads back from its written form."""
    assert parse_badge(format_badge(credential)) == credential, "a badge must read back from its written form"
    return 1


def pieces(data: bytes) -> Iterator[tuple[bytes, float]]:
    """An input as it arrives: its first byte says in which pieces and with what pauses, in seconds."""
    if not data:
        return
    size, pause_s = SIZES[data[0] & 0x0F], PAUSES_S[data[0] >> 6]
    if len(data) > CHUNK:
        size = CHUNK
    for number, at in enumerate(range(1, len(data), size)):
        yield data[at : at + size], number * pause_s


class StreamSession:
    """A parser of a stream of bytes."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._now = 0.0

    def take(self, data: bytes) -> int:
        """Takes an input in its pieces. No two badges may come of fewer than two bytes."""
        events: list[ReaderEvent] = []
        for piece, after_s in pieces(data):
            self._now += after_s
            events += self._parser.take(piece, self._now)
        self._now += 2.0 if data[:1] > b"\x7f" else 0.001
        assert len(events) <= len(data) + 1, "more events than bytes"
        return sum(check(event) for event in events)

    def kept(self) -> object:
        """The parser."""
        return self._parser


class FrameSession:
    """The PN532's frames."""

    def __init__(self) -> None:
        self._parser = FrameParser()

    def take(self, data: bytes) -> int:
        """Takes an input in its pieces."""
        answers = [answer for piece, _ in pieces(data) for answer in self._parser.take(piece)]
        assert all(answers), "an answer has a code at least"
        assert sum(map(len, answers)) <= len(data) + 300, "more was answered than received"
        return len(answers)

    def kept(self) -> object:
        """The parser."""
        return self._parser


class DialogueSession:
    """What is said to a PN532 that answers with whatever it likes."""

    def __init__(self) -> None:
        self._dialogue = dialogue("fuzz", frozenset({TEXT_FORMAT, *UID_FORMATS.values()}))
        next(self._dialogue)
        for begin in (b"\x32\x01\x06\x07", b"", b"", b""):
            self._dialogue.send(Answer(begin, 0.0))
        self._now = 0.0

    def take(self, data: bytes) -> int:
        """Takes an input as answers, each behind a byte that is its length."""
        made, at = 0, 0
        while at < len(data):
            content = data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
            self._now += 0.4
            step = self._dialogue.send(Answer(content, self._now))
            made += check(step) if isinstance(step, BadgeRead) else 0
        return made

    def kept(self) -> object:
        """Nothing that lasts: what is read of one card is limited by the dialogue itself."""
        return None


class EdgeSession:
    """Wiegand's two lines: two bytes an edge, which one it is and the pause before it."""

    def __init__(self) -> None:
        self._assembler = Assembler()
        self._formats = formats_for(("26", "34", "35", "h10304", "32", "56"))
        self._now = 0.0

    def take(self, data: bytes) -> int:
        """Takes the edges; a byte with a high bit is a time that goes back, no time at all, or lost edges."""
        made = 0
        for said, pause in zip(data[::2], data[1::2], strict=False):
            self._now += 1e-6 * inputs.EDGE_STEP**pause
            line, falling = said & 1, bool(said & 2)
            at = {0x80: float("nan"), 0x40: float("inf"), 0xC0: -1.0}.get(said & 0xC0, self._now)
            made += self._judge(self._assembler.take(Edge(1 if line else 0, at, falling)))
            if said & 0x3C == 0x3C:
                made += self._judge(self._assembler.lose(self._now))
        return made

    def kept(self) -> object:
        """The edges of a burst, each as one item."""
        return self._assembler

    def _judge(self, burst: Burst | None) -> int:
        if burst is None or burst.fault:
            return 0
        assert 4 <= len(burst.bits) <= 128, "a burst of so many bits is none"
        if is_key_code(burst.bits):
            return key_of(burst.bits) is not None
        return judge(burst.bits, self._formats)


def judge(bits: str, formats: FormatTable) -> int:
    """Decodes a frame; a badge must be the very frame again when it is encoded, if it is not ignored in part."""
    found = decode(bits, formats)
    if isinstance(found, Refusal):
        assert 0 < len(found.text) + len(found.hint) <= MAX_FAULT, "a refusal needs its reason"
        return 0
    assert encode(found) == bits, "a badge is the frame that it was read from"
    return check_credential(found)


class Stateless:
    """A parser that keeps nothing: a function of one input."""

    def __init__(self, take: Callable[[bytes], int]) -> None:
        self._take = take

    def take(self, data: bytes) -> int:
        """Takes one input."""
        return self._take(data)

    def kept(self) -> object:
        """Nothing."""
        return None


TABLES = (formats_for(("26", "34", "35", "h10304", "32", "56")), formats_for(("h10302",)), formats_for(()))


def take_bits(data: bytes) -> int:
    """A frame as text behind a byte that chooses the formats."""
    return judge(data[1:].decode("latin-1"), TABLES[data[0] % len(TABLES)]) if data else 0


def take_own_format(data: bytes) -> int:
    """An owner's format: its layout and parity texts, a line each. It may be refused, never misunderstood."""
    layout, *parity = data.decode("latin-1").split("\n")
    try:
        (known,) = own_card_formats((FormatSettings(name="fuzz", layout=layout, parity=tuple(parity)),))
    except ConfigError:
        return 0
    for frame in ("01" * known.length)[: known.length], "1" * known.length:
        found = decode(frame, FormatTable({known.length: (known,)}))
        assert isinstance(found, Refusal | Credential)
    return 1


def take_written(data: bytes) -> int:
    """A badge as somebody typed it."""
    try:
        credential = parse_badge(data.decode("latin-1"))
    except CredentialError as refused:
        if len(refused.message) > MAX_FAULT:
            raise AssertionError("an error repeats too much of what was typed") from None
        return 0
    return check_credential(credential)


def take_from_client(data: bytes) -> int:
    """What a client of the socket sends, over a real socket, in pieces; each of its lines is answered."""
    far, near = socket.socketpair()
    with far, near:
        near.setblocking(False)
        client, made = Client(Peer(near, 0.0), "fuzz"), 0
        for piece, at in pieces(data):
            far.sendall(piece)
            if received := client.peer.receive(CHUNK):
                client.take(received, at)
            assert size_of(client) <= 3 * CHUNK, "a client that floods fills the memory"
            made += sum(_take_answered(client, far) for _ in range(len(client.reads)))
        return made


def _take_answered(client: Client, far: socket.socket) -> int:
    event = client.reads.popleft()
    client.answer(event)
    answer = far.recv(1024)
    assert answer == b"ok\n" or answer.startswith(b"refused: "), "every line is answered"
    return check(event)


def take_memory(data: bytes) -> int:
    """What is on a card."""
    text = first_text(data)
    assert text is None or len(text) <= len(data), "a text cannot be longer than the card's memory"
    return text is not None


def take_osdp_exchange(data: bytes) -> int:
    """A command behind its length, and what is received after it."""
    if not data:
        return 0
    asked = asked_by(data[1 : 1 + data[0]]) or Asked(data[0] & 0x7F, data[0] & 3, 0x60)
    received = data[1 + data[0] :][-2048:]
    reply = reply_in(received, asked)
    assert reply is None or (reply.frame in received and len(reply.frame) <= 256), "only what was received may pass"
    return reply is not None


def take_osdp_report(data: bytes) -> int:
    """What libosdp tells of an event: four numbers, then its bytes; some things may be missing or of another type."""
    head, rest = data[:4].ljust(4, b"\x00"), data[4:]
    report: dict[str, object] = {"event": head[0], "format": head[1], "type": head[1], "length": head[2]}
    report |= {"data": rest, "report": rest}
    for number, name in enumerate(tuple(report)):
        if head[3] >> number & 1:
            report[name] = _OTHER_VALUES[head[3] % len(_OTHER_VALUES)]
    condition = condition_after(Condition(), report)
    told: Iterable[ReaderEvent | None] = (
        event_from(report, 1.0, "fuzz", TABLES[0]),
        *notices(Condition(), condition, 1.0, "fuzz"),
        *notices(condition, Condition(), 2.0, "fuzz"),
    )
    return sum(check(event) for event in told if event is not None)


_OTHER_VALUES: tuple[object, ...] = (None, -1, 1 << 70, "text", 1.5, [], bytearray(b"1"), float("nan"))


def _stateless(name: str, take: Callable[[bytes], int], valid: inputs.Maker) -> Target:
    return Target(name, lambda: Stateless(take), inputs.hostile(valid), 0)


def _stream(name: str, begin: Callable[[], Session], valid: inputs.Maker, may_keep: int) -> Target:
    return Target(name, begin, inputs.in_pieces(inputs.hostile(valid)), may_keep)


TARGETS = (
    Target("wiegand", EdgeSession, inputs.hostile(inputs.edges), 2048),
    _stateless("formats", take_bits, inputs.bits),
    _stateless("own-formats", take_own_format, inputs.own_format),
    _stateless("written", take_written, inputs.written),
    _stateless("osdp-frames", take_osdp_exchange, inputs.osdp_exchange),
    _stateless("osdp-events", take_osdp_report, inputs.osdp_report),
    _stream("lines", lambda: StreamSession(LineParser("fuzz", Security.LOCAL)), inputs.line, 200),
    Target("socket", lambda: Stateless(take_from_client), inputs.in_pieces(inputs.hostile(inputs.line)), 0),
    _stream("wedge", lambda: StreamSession(KeyParser("fuzz")), inputs.key_events, 300),
    _stream("rdm6300", lambda: StreamSession(Rdm6300Parser("fuzz")), inputs.rdm6300_frame, 200),
    _stream("pn532-frames", FrameSession, inputs.pn532_frame, 300),
    Target("pn532-cards", DialogueSession, inputs.hostile(inputs.pn532_answers), 0),
    _stateless("ndef", take_memory, inputs.memory),
)


def target_named(name: str) -> Target:
    """The target of a name. Raises `KeyError`."""
    return {target.name: target for target in TARGETS}[name]


def try_once(target: Target, data: bytes) -> int:
    """One input to a parser that has seen nothing before."""
    session = target.begin()
    made = session.take(data)
    assert size_of(session.kept()) <= target.may_keep, "it keeps too much"
    return made


def random_input(target: Target, seed: int) -> bytes:
    """The first input that a seed makes."""
    return target.make(random.Random(seed))  # noqa: S311 - nothing secret
