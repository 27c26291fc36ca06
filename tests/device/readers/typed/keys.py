"""Keys as a keyboard sends them to the kernel."""

import struct

SYN, KEY, MSC = 0, 1, 4
UP, DOWN, REPEAT = 0, 1, 2
SHIFT, CONTROL, ENTER, KEYPAD_ENTER, TAB, F1, CAPS_LOCK = 42, 29, 28, 96, 15, 59, 58
KEYS = {
    **{digit: code for code, digit in enumerate("1234567890", start=2)},
    **{letter: code for code, letter in enumerate("qwertyuiop", start=16)},
    **{letter: code for code, letter in enumerate("asdfghjkl", start=30)},
    **{letter: code for code, letter in enumerate("zxcvbnm", start=44)},
    "-": 12,
    " ": 57,
}
KEYPAD = {"7": 71, "8": 72, "9": 73, "4": 75, "5": 76, "6": 77, "1": 79, "2": 80, "3": 81, "0": 82}


def event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("llHHi", 0, 0, kind, code, value)


def stroke(code: int) -> bytes:
    """A key that goes down and up, as a keyboard says it."""
    scan, syn = event(MSC, 4, code), event(SYN, 0, 0)
    return scan + event(KEY, code, DOWN) + syn + scan + event(KEY, code, UP) + syn


def shifted(code: int) -> bytes:
    return event(KEY, SHIFT, DOWN) + stroke(code) + event(KEY, SHIFT, UP)


def typed(text: str) -> bytes:
    """As a wedge types it, capitals with Shift."""
    strokes = []
    for character in text:
        if character == "\n":
            strokes.append(stroke(ENTER))
        elif character == ":":
            strokes.append(shifted(39))
        elif character.isupper():
            strokes.append(shifted(KEYS[character.lower()]))
        else:
            strokes.append(stroke(KEYS[character]))
    return b"".join(strokes)
