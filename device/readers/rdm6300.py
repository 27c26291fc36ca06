"""RDM6300 and its kin: readers of 125 kHz tags (EM4100) that send a checked frame on a serial line of 9600 bits/s.

A frame is STX, ten hexadecimal digits, two more of their checksum, ETX; some modules (ID-12) put CR and LF before ETX.
The ten digits are the tag's 40 bits: 8 of its maker or customer, then its number of 32. The checksum is the XOR of the
five bytes. Source: the data sheets of Seeed's 125 kHz module (RDM630) and of Innovations' ID-12.

The badge is the number of 32 bits in the format `number`, since that is what people find printed on a tag: ten decimal
digits, with leading zeros (`0007654321`). The first byte is left out: it isn't printed on a tag, tags of one order
share it, and a device that can write it can write the rest.

Security: clonable. The tag sends only its number, and a writer for a few euros puts it on another tag.
"""

from pathlib import Path

from device.ports import Reader
from device.readers.context import ReaderContext
from device.readers.serial_line import open_serial_line
from device.readers.streams import StreamReader
from device.records import BadgeRead, Credential, ReaderEvent, Security
from device.settings.tables import ReaderSettings

SECURITY = Security.CLONABLE
STX, ETX = 0x02, 0x03
MAX_FRAME = 14
"""Bytes between STX and ETX, of a frame with CR and LF."""
FRAME_TIME_S = 0.2
"""A pause of more than this within a frame, which takes 15 ms, means that its rest was lost."""
_HEX = frozenset(b"0123456789ABCDEFabcdef")


class Rdm6300Parser:
    """Frames into badges. What is outside of a frame is noise and says nothing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._frame: bytearray | None = None
        self._received_at = 0.0

    def take(self, received: bytes, at: float) -> list[ReaderEvent]:
        """The tags of the frames that are complete; one that stays comes some fifteen times a second."""
        if at - self._received_at > FRAME_TIME_S:
            self._frame = None
        self._received_at = at
        return [self._read(frame) for frame in self._frames(received)]

    def end(self, at: float) -> list[ReaderEvent]:  # noqa: ARG002 - the port has it
        """Half a frame is nothing."""
        return []

    def _frames(self, received: bytes) -> list[bytes]:
        """The content of all frames that come to their end; of those that are too long, their beginning."""
        frames = []
        for byte in received:
            if byte == STX:
                self._frame = bytearray()
            elif self._frame is not None and (byte == ETX or len(self._frame) == MAX_FRAME):
                frames.append(bytes(self._frame) + (b"" if byte == ETX else bytes([byte])))
                self._frame = None
            elif self._frame is not None:
                self._frame.append(byte)
        return frames

    def _read(self, frame: bytes) -> BadgeRead:
        digits = frame.removesuffix(b"\r\n")
        if len(digits) != 12 or not _HEX.issuperset(digits):
            return self._badge(None, "a frame that is not twelve hexadecimal digits")
        *tag, checksum = bytes.fromhex(digits.decode())
        bits = "".join(f"{byte:08b}" for byte in tag)
        if tag[0] ^ tag[1] ^ tag[2] ^ tag[3] ^ tag[4] != checksum:
            return self._badge(None, "a frame with a wrong checksum", bits)
        number = int.from_bytes(tag[1:])
        if number == 0:
            return self._badge(None, "a tag whose number is 0, which was never programmed", bits)
        return self._badge(Credential("number", 0, number), "", bits)

    def _badge(self, credential: Credential | None, fault: str, bits: str = "") -> BadgeRead:
        return BadgeRead(credential, self._received_at, self._name, SECURITY, fault, bits)


def open_reader(settings: ReaderSettings, around: ReaderContext) -> Reader:
    """The reader on a serial line. Raises `ReaderError`."""
    descriptor = open_serial_line(Path(settings.source), settings.baud_rate)
    return StreamReader(descriptor, Rdm6300Parser(settings.name), around.clock)
