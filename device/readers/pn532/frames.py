"""The PN532's frames on its serial line (HSU). Pure.

    00 00 FF  LEN LCS  TFI DATA...  DCS 00      LEN + LCS = 0, TFI + DATA + DCS = 0, both modulo 256
    00 00 FF  FF FF  LEN LEN LCS  TFI DATA...   the same for more than 255 bytes

TFI is D4 towards the chip and D5 from it; 7F alone says that it did not understand. Frames without content, which
acknowledge another or ask for it once more, are passed over: a command is answered, or it is not.
Source: NXP UM0701-02, PN532 User Manual, section 6.2.
"""

START = b"\x00\xff"
WAKE_UP = b"\x55\x55" + bytes(14)
"""Sent first: the chip may be asleep, and needs time until it can listen."""
MAX_CONTENT = 265
"""Bytes of a frame's content, TFI included."""
NOT_UNDERSTOOD = b"\x7f"
_TO_CHIP, _FROM_CHIP = 0xD4, 0xD5


def command_frame(command: bytes) -> bytes:
    """A command, at most 254 bytes, as it is sent."""
    content = bytes([_TO_CHIP]) + command
    size = len(content)
    return b"\x00" + START + bytes([size, -size & 0xFF]) + content + bytes([-sum(content) & 0xFF, 0])


class FrameParser:
    """Turns bytes from the chip into the contents of its frames; anything else is skipped."""

    def __init__(self) -> None:
        self._received = b""

    def take(self, received: bytes) -> list[bytes]:
        """The contents of the frames that are complete: the code of the answered command, plus 1, and its answer; or
        `NOT_UNDERSTOOD`.
        """
        data, at, answers = self._received + received, 0, []
        while (start := data.find(START, at)) >= 0 and (found := _frame_at(data, start + len(START))):
            content, at = found
            if content[:1] == bytes([_FROM_CHIP]) and len(content) > 1:
                answers.append(content[1:])
            elif content == NOT_UNDERSTOOD:
                answers.append(content)
        self._received = data[start:] if start >= 0 else data[-1:]
        return answers


def _frame_at(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The content of the frame that may begin after a start, empty if there is none, and where to go on; None while
    more has to come.
    """
    header = 5 if data[at : at + 2] == b"\xff\xff" else 2
    if len(data) < at + header:
        return None
    lengths = data[at : at + header] if header == 2 else data[at + 2 : at + header]
    size, begin = int.from_bytes(lengths[:-1]), at + header
    if sum(lengths) & 0xFF or not 0 < size <= MAX_CONTENT:
        return b"", at
    if len(data) <= begin + size:
        return None
    if sum(data[begin : begin + size + 1]) & 0xFF:
        return b"", at
    return data[begin : begin + size], begin + size + 1
