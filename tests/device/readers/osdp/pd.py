"""A real OSDP peripheral (libosdp's PD) on a terminal, as a program of its own: `python pd.py TERMINAL OPTIONS`.

What it is to do comes in as JSON, a line each: `{"card": "0101..."}`, `{"keys": "12#"}`, `{"local": [1, 0]}`,
`{"remote": [1]}`. What it sees goes out as JSON, a line each: `{"secure": true}`, `{"command": {...}}`.

With `--clear` it is a reader without a secure channel, made by hand, since libosdp's PD always offers one.
"""

import argparse
import binascii
import contextlib
import json
import os
import select
import sys
import time
import tty
from pathlib import Path
from typing import Any

KEYS = {"*": 0x7F, "#": 0x0D}


def frame(address: int, sequence: int, body: bytes, block: bytes = b"") -> bytes:
    """A reply as it is on the line."""
    control = sequence | 0x04 | (0x08 if block else 0)
    length = 5 + len(block) + len(body) + 2
    head = bytes([0x53, address | 0x80, length & 0xFF, length >> 8, control]) + block + body
    return head + binascii.crc_hqx(head, 0x1D0F).to_bytes(2, "little")


def card_body(bits: str) -> bytes:
    """A reply that says a card, unencrypted."""
    data = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return bytes([0x50, 0, 1]) + len(bits).to_bytes(2, "little") + data


class Terminal:
    """libosdp's channel on a descriptor."""

    id = 0

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.descriptor)

    def read(self, max_bytes: int) -> bytes:
        try:
            return os.read(self.descriptor, max_bytes)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        return os.write(self.descriptor, data)

    def flush(self) -> None:
        pass


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


def asked() -> Any:
    """What is asked for since, as JSON; leaves when nobody can ask any more."""
    if not select.select([sys.stdin], [], [], 0)[0]:
        return None
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


class Peripheral:
    """libosdp's PD."""

    def __init__(self, options: argparse.Namespace) -> None:
        import osdp_sys

        self.refuses = set(options.refuses)
        flags = osdp_sys.FLAG_INSTALL_MODE if options.install else 0
        flags |= osdp_sys.FLAG_ENFORCE_SECURE if options.enforce else 0
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        info = {"name": "pd", "address": options.address, "flags": flags, "channel": Terminal(options.terminal)}
        info |= {"scbk": bytes.fromhex(options.key)} if options.key else {}
        info |= {"version": 1, "model": 1, "vendor_code": 0xABCDEF, "firmware_version": 1}
        info |= {"serial_number": options.serial}
        able = [(3, 1, 1), (4, 4, 1), (5, 2, 1), *([(6, 1, 1)] if options.text else [])]
        names = ("function_code", "compliance_level", "num_items")
        self.pd = osdp_sys.PeripheralDevice(info, capabilities=[dict(zip(names, one, strict=True)) for one in able])
        self.pd.set_command_callback(self.obey)

    def obey(self, command: dict[str, Any]) -> tuple[int, None]:
        code = command["command"]
        if code in self.refuses:
            say(refused=code)
            return -1, None
        say(command={**command, "data": command["data"].hex()} if code == 5 else command)
        return 0, None

    def run(self) -> None:
        was_secure = False
        say(ready=True)
        while True:
            self.pd.refresh()
            if (secure := self.pd.is_sc_active()) != was_secure:
                was_secure = secure
                say(secure=secure)
            if wish := asked():
                self.do(wish)
            time.sleep(0.002)

    def do(self, wish: dict[str, Any]) -> None:
        match wish:
            case {"card": bits}:
                body = card_body(bits)
                self.event(event=1, reader_no=0, format=1, direction=0, length=len(bits), data=body[5:])
            case {"keys": keys}:
                self.event(event=2, reader_no=0, data=bytes(KEYS.get(key, ord(key)) for key in keys))
            case {"local": condition}:
                self.event(event=4, type=2, report=bytes(condition))
            case {"remote": condition}:
                self.event(event=4, type=3, report=bytes(condition))

    def event(self, **words: object) -> None:
        assert self.pd.submit_event(words)


def run_in_the_clear(options: argparse.Namespace) -> None:
    """A reader that knows no secure channel and says its cards to whoever asks."""
    terminal, received = Terminal(options.terminal), b""
    cards: list[str] = []
    say(ready=True)
    while True:
        received += terminal.read(256)
        at = received.find(b"\x53")
        length = int.from_bytes(received[at + 2 : at + 4], "little") if at >= 0 else 0
        if length and len(received) >= at + length:
            command, received = received[at : at + length], received[at + length :]
            if command[1] == options.address:
                say(asked=command[5])
                terminal.write(frame(options.address, command[4] & 3, _in_the_clear(command[5], cards)))
        if wish := asked():
            cards.append(wish["card"])
        time.sleep(0.002)


def _in_the_clear(command: int, cards: list[str]) -> bytes:
    if command == 0x61:
        return bytes([0x45, 1, 2, 3, 1, 1, 1, 0, 0, 0, 1, 0, 0])
    if command == 0x62:
        return bytes([0x46, 3, 1, 1, 8, 1, 0])
    return card_body(cards.pop(0)) if cards else b"\x40"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("terminal", type=Path)
    parser.add_argument("--address", type=int, default=0)
    parser.add_argument("--key", default="")
    parser.add_argument("--serial", type=int, default=7)
    parser.add_argument("--refuses", type=int, nargs="*", default=[])
    for name in ("install", "enforce", "clear", "text"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # a reader is a machine of its own, which nothing else slows down
    run_in_the_clear(options) if options.clear else Peripheral(options).run()


if __name__ == "__main__":
    main()
