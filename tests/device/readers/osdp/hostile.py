"""Real libosdp on both ends, our gate between them, and a hostile line: no card but the genuine one may ever be read.

    .venv/bin/python -m tests.device.readers.osdp.hostile --exchanges 100000 --seed 1

Replies are forged with right check characters in every kind of block, flipped and repaired, cut, and replaced by noise,
before, during and after the handshake. A panel that was made to wait is made anew, so that nothing waits.
"""

import argparse
import ctypes
import random
import time
from dataclasses import dataclass

from device.clock import SystemClock
from device.readers.osdp.frames import Asked, asked_by, reply_in
from device.readers.osdp.panel import Panel, Peer, PeerEvent
from tests.device.readers.osdp.pd import card_body, frame

KEY = bytes(range(100, 116))
GENUINE, FORGED = "10101010101110111100110011", "1" * 13 + "01" * 6 + "0"
BLOCKS = (b"", b"\x02\x12", b"\x02\x14", b"\x03\x12\x01", b"\x03\x14\x01", b"\x02\x16", b"\x02\x18", b"\x02\x15")
ANSWERS = (0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x4A, 0x4B, 0x50, 0x51, 0x53, 0x54, 0x76, 0x78, 0x79, 0x7A, 0x80, 0x90)
POLL = 0x60
BEEP = {"command": 3, "reader": 0, "control_code": 2, "on_count": 1, "off_count": 1, "rep_count": 1}


@dataclass
class Tally:
    exchanges: int = 0
    hostile: int = 0
    admitted: int = 0
    panels: int = 0
    channels: int = 0
    cards: int = 0


class Ours:
    """The panel's channel, with the gate; as `Wire` has it, without a terminal."""

    id = 1

    def __init__(self) -> None:
        self.command = b""
        self.received = b""
        self._asked: Asked | None = None
        self._admitted = b""
        self.has_admitted = False

    def read(self, count: int) -> bytes:
        if self._asked and (reply := reply_in(self.received, self._asked)):
            self._asked, self.received, self._admitted, self.has_admitted = None, b"", reply.frame, True
        given, self._admitted = self._admitted[:count], self._admitted[count:]
        return given

    def write(self, data: bytes) -> int:
        self.command, self._asked = bytes(data), asked_by(data)
        self.received, self._admitted, self.has_admitted = b"", b"", False
        return len(data)

    def flush(self) -> None:
        pass


class Theirs:
    """The peripheral's channel."""

    id = 0

    def __init__(self) -> None:
        self.incoming = b""
        self.outgoing = b""

    def read(self, count: int) -> bytes:
        given, self.incoming = self.incoming[:count], self.incoming[count:]
        return given

    def write(self, data: bytes) -> int:
        self.outgoing += data
        return len(data)

    def flush(self) -> None:
        pass


class Peripheral:
    def __init__(self) -> None:
        import osdp_sys

        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self._channel = Theirs()
        info = {
            "name": "pd",
            "address": 0,
            "flags": osdp_sys.FLAG_ENFORCE_SECURE,
            "scbk": KEY,
            "channel": self._channel,
        }
        info |= {"version": 1, "model": 1, "vendor_code": 1, "serial_number": 1, "firmware_version": 1}
        able = {"function_code": 5, "compliance_level": 1, "num_items": 1}
        self._pd = osdp_sys.PeripheralDevice(info, capabilities=[able])
        self._pd.set_command_callback(_obey)

    def reply(self, command: bytes) -> bytes:
        self._channel.incoming, self._channel.outgoing = command, b""
        self._pd.refresh()
        self._pd.refresh()
        return self._channel.outgoing

    def present(self) -> None:
        data = card_body(GENUINE)[5:]
        self._pd.submit_event(
            {"event": 1, "reader_no": 0, "format": 1, "direction": 0, "length": len(GENUINE), "data": data}
        )


def _obey(_command: dict[str, int]) -> tuple[int, None]:
    """libosdp 3.2.9's peripheral takes a reference to None too many, which ends the process before long."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(None))
    return 0, None


def hostile(chance: random.Random, asked: Asked, genuine: bytes) -> bytes:
    """A reply by somebody at the wire."""
    sequence = asked.sequence if chance.random() < 0.9 else chance.randrange(4)
    body = genuine.removeprefix(b"\xff") or frame(0, sequence, b"\x40")
    match chance.randrange(6):
        case 0:
            data = chance.randbytes(chance.choice((0, 1, 2, 4, 8, 12, 16, 20, 32, 36, 64, 100, 200)))
            return frame(0, sequence, bytes([chance.choice(ANSWERS)]) + data, chance.choice(BLOCKS))
        case 1:
            return frame(0, sequence, card_body(FORGED), chance.choice(BLOCKS))
        case 2:
            at = chance.randrange(8 * len(body))
            flipped = bytearray(body)
            flipped[at // 8] ^= 1 << at % 8
            return bytes(flipped)
        case 3:
            block = body[5 : 5 + body[5]] if body[4] & 8 else b""
            inside = bytearray(body[5 + len(block) : -2])
            at = chance.randrange(8 * len(inside))
            inside[at // 8] ^= 1 << at % 8
            return frame(0, body[4] & 3, bytes(inside), block)
        case 4:
            return body[: chance.randrange(len(body))] + chance.choice((b"", frame(0, sequence, card_body(FORGED))))
        case _:
            return chance.choice((chance.randbytes(chance.randrange(300)), b"\x53\x80" * chance.randrange(150)))


def run(exchanges: int, seed: int) -> Tally:
    """Raises `AssertionError` if a card is read that the peripheral never saw."""
    chance, tally, peripheral = random.Random(seed), Tally(), Peripheral()
    while tally.exchanges < exchanges:
        tally.panels += 1
        _one_panel(chance, tally, peripheral)
    return tally


def _one_panel(chance: random.Random, tally: Tally, peripheral: Peripheral) -> None:
    """A panel, from its beginning until it waits for an answer that does not come."""
    channel = Ours()
    panel = Panel(channel, [Peer("x", 0, KEY)])
    was_secure, idle = False, 0
    for _ in range(chance.randint(20, 400)):
        _judge(panel.refresh(), tally)
        if panel.is_secure(0) and not was_secure:
            was_secure = True
            tally.channels += 1
        if not channel.command:
            idle += 1
            if idle > 5:
                break
            if panel.is_online(0):
                _ask(chance, panel)
            continue
        idle = 0
        _exchange(chance, tally, channel, peripheral)
        if not channel.received:
            break
        _judge(panel.refresh(), tally)
        if not channel.has_admitted:
            break
        tally.admitted += 1
    panel.close()


def _judge(events: tuple[PeerEvent, ...], tally: Tally) -> None:
    cards = [event.report["data"] for event in events if event.report["event"] == 1]
    assert set(cards) <= {card_body(GENUINE)[5:]}, "a card was read that was never presented"
    tally.cards += len(cards)


def _ask(chance: random.Random, panel: Panel) -> None:
    """Something at once, or whether there is a card, which libosdp asks every 50 ms."""
    if chance.random() < 0.9:
        panel.order(0, BEEP)
    else:
        time.sleep(0.051)


def _exchange(chance: random.Random, tally: Tally, channel: Ours, peripheral: Peripheral) -> None:
    command, channel.command = channel.command, b""
    asked = asked_by(command)
    assert asked
    if asked.command == POLL:
        peripheral.present()
    channel.received = peripheral.reply(command)
    tally.exchanges += 1
    if chance.random() < 0.08:
        tally.hostile += 1
        channel.received = hostile(chance, asked, channel.received)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    clock = SystemClock()
    began, cpu = clock.monotonic(), time.process_time()
    tally = run(options.exchanges, options.seed)
    rate = tally.exchanges / (clock.monotonic() - began)
    print(f"{tally}\n{rate:.0f} exchanges a second, {time.process_time() - cpu:.0f} s CPU")


if __name__ == "__main__":
    main()
