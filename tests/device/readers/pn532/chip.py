"""A PN532 at the far end of a pseudo-terminal: it speaks the chip's real frames, in a thread of its own."""

import contextlib
import os
import select
import threading
from dataclasses import dataclass, field

from tests.waiting import PATIENCE_S

ACK = bytes.fromhex("0000ff00ff00")
ERROR = bytes.fromhex("0000ff01ff7f8100")


@dataclass(frozen=True)
class ChipCard:
    """A card in the field: its UID, SEL_RES, and its memory in pages of four bytes from page 0 on."""

    uid: bytes
    sel_res: int = 0x08
    memory: bytes = b""


@dataclass
class Chip:
    """Answers what is asked through `descriptor`. What it does can be changed while it runs."""

    descriptor: int
    card: ChipCard | None = None
    version: bytes = b"\x32\x01\x06\x07"
    silent: int = 0
    """So many commands are not answered, as if a byte was lost."""
    dead: bool = False
    noise: bytes = b""
    """Sent before each answer."""
    pages_until_removal: int | None = None
    """So many times the card's memory can be read before it is taken away."""
    asked: list[bytes] = field(default_factory=list)
    field_on: bool = False

    def __post_init__(self) -> None:
        self.wakened, self.released = os.pipe()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        os.close(self.released)
        self.thread.join(PATIENCE_S)
        os.close(self.wakened)

    def run(self) -> None:
        heard = b""
        while True:
            ready = select.select([self.descriptor, self.wakened], [], [])[0]
            if self.wakened in ready:
                return
            try:
                heard += os.read(self.descriptor, 1024)
            except OSError:  # nobody has the other end open
                return
            command, heard = self.command_in(heard)
            if command:
                with contextlib.suppress(OSError):
                    self.answer(command)

    @staticmethod
    def command_in(heard: bytes) -> tuple[bytes, bytes]:
        """The first whole command, and what comes after it."""
        start = heard.find(b"\x00\x00\xff")
        if start < 0 or len(heard) < start + 5:
            return b"", heard
        size, checksum = heard[start + 3], heard[start + 4]
        content = heard[start + 5 : start + 5 + size]
        if len(heard) < start + 7 + size:
            return b"", heard
        assert (size + checksum) % 256 == 0
        assert (sum(content) + heard[start + 5 + size]) % 256 == 0
        assert content[0] == 0xD4
        return content[1:], heard[start + 7 + size :]

    def answer(self, command: bytes) -> None:
        self.asked.append(command)
        if self.dead:
            return
        if self.silent:
            self.silent -= 1
            return
        os.write(self.descriptor, self.noise + ACK)
        content = self.content(command)
        if content is None:
            os.write(self.descriptor, ERROR)
            return
        content = bytes([0xD5, command[0] + 1]) + content
        frame = b"\x00\x00\xff" + bytes([len(content), -len(content) & 0xFF])
        os.write(self.descriptor, frame + content + bytes([-sum(content) & 0xFF, 0]))

    def content(self, command: bytes) -> bytes | None:
        match command[0]:
            case 0x02:
                return self.version
            case 0x14:
                return b""
            case 0x32:
                if command[1] == 0x01:
                    self.field_on = bool(command[2] & 1)
                return b""
            case 0x4A:
                self.field_on = True
                card = self.card
                if card is None:
                    return b"\x00"
                return b"\x01\x01\x00\x04" + bytes([card.sel_res, len(card.uid)]) + card.uid
            case 0x40:
                return self.pages(command[3])
        return None

    def pages(self, first: int) -> bytes:
        if self.pages_until_removal is not None:
            if self.pages_until_removal == 0:
                self.card = None
            self.pages_until_removal -= 1
        if self.card is None or 4 * first >= len(self.card.memory):
            return b"\x01"
        return b"\x00" + self.card.memory[4 * first :][:16].ljust(16, b"\x00")


def text_record(text: str, language: bytes = b"en") -> bytes:
    """A message of one text record, as a telephone writes it."""
    payload = bytes([len(language)]) + language + text.encode()
    return b"\xd1\x01" + bytes([len(payload)]) + b"T" + payload


def tag(uid: bytes, message: bytes, pages: int = 45) -> ChipCard:
    """An NTAG213 with a message: serial number, capability container, then the blocks."""
    block = b"\x03" + bytes([len(message)]) + message + b"\xfe"
    memory = uid.ljust(12, b"\x00")[:12] + b"\xe1\x10\x12\x00" + block
    return ChipCard(uid, 0x00, memory.ljust(4 * pages, b"\x00"))
