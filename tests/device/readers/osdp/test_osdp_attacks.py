"""Somebody at the wire of an OSDP reader: forged, early and replayed replies, and what libosdp alone believes.

The tests of libosdp alone say why there is a gate in front of it. Should one fail after an update, it has been mended.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.readers.formats import encode
from device.readers.osdp.reader import OsdpReader
from device.records import BadgeRead, Credential, ReaderEvent
from tests.device.readers.osdp import hostile
from tests.device.readers.osdp.bench import (
    EILEEN,
    KEY,
    STATUS,
    Desk,
    Peripheral,
    answer_once,
    command_in,
    events_until,
    read_card,
    wait_until,
)
from tests.device.readers.osdp.pd import card_body, frame
from tests.processes import output_of
from tests.waiting import PATIENCE_S

osdp_sys = pytest.importorskip("osdp_sys", reason="libosdp is not installed, so there is no peripheral to speak to")

MALLORY = Credential("h10301", 66, 6666)
FORGED = card_body(encode(MALLORY))
POLL, ID, CHLNG, SCRYPT = 0x60, 0x61, 0x76, 0x77
BLOCKS = {"without a block": b"", "in a handshake's block": b"\x02\x12", "with a wrong MAC": b"\x02\x18"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.keep(KEY)
    yield desk
    desk.close()


def badges_until_eileen(peripheral: Peripheral, reader: OsdpReader) -> set[Credential]:
    """Whose badges were read until one of Eileen's was, who tries again while the channel is down."""
    badges = read_card(peripheral, reader, encode(EILEEN))
    return {badge.credential for badge in badges if badge.credential}


class TestForgery:
    @pytest.mark.parametrize("block", BLOCKS)
    def test_card_without_a_mac_in_a_secure_channel(self, desk: Desk, block: str) -> None:
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(peripheral)
        done = answer_once(desk.bench, POLL, lambda sequence: frame(0, sequence, FORGED, BLOCKS[block]))
        assert done.wait(PATIENCE_S)
        assert badges_until_eileen(peripheral, reader) == {EILEEN}

    @pytest.mark.parametrize("code", [ID, SCRYPT])
    def test_card_before_the_secure_channel_is_there(self, desk: Desk, code: int) -> None:
        """libosdp keeps it, and would report it as soon as the channel is there."""
        done = answer_once(desk.bench, code, lambda sequence: frame(0, sequence, FORGED))
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.open()
        assert done.wait(PATIENCE_S)
        assert badges_until_eileen(peripheral, reader) == {EILEEN}

    def test_card_that_nobody_asked_for(self, desk: Desk) -> None:
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(peripheral)
        for sequence in (0, 1, 2, 3):
            desk.bench.say_to_panel(frame(0, sequence, FORGED) + frame(0, sequence, FORGED, b"\x02\x12"))
        assert badges_until_eileen(peripheral, reader) == {EILEEN}


class TestReplay:
    def test_card_again_in_the_same_channel(self, desk: Desk) -> None:
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        reader = desk.up(peripheral)
        replies: list[bytes] = []

        def noted(data: bytes) -> bytes:
            replies.append(data)
            return data

        desk.bench.to_panel = noted
        peripheral.do(card=encode(EILEEN))
        events_until(reader, lambda event: isinstance(event, BadgeRead))
        card = max(replies, key=len)
        for _ in range(3):
            assert answer_once(desk.bench, POLL, lambda sequence: resequenced(card, sequence)).wait(PATIENCE_S)
        assert not [event for event in events_for(reader, 1.0) if isinstance(event, BadgeRead)]

    def test_whole_session_to_a_panel_that_was_restarted(self, desk: Desk) -> None:
        """In a process of its own each time. The recorded reader answers each command as it did then, card and all."""
        peripheral = desk.peripheral(KEY, 0, "--enforce")
        with restarted_panel(desk) as said:
            peripheral.wait_for(lambda one: one.get("command", {}).get("command") == STATUS, "coming up")
            peripheral.do(card=encode(EILEEN))
            wait_until(lambda: "BadgeRead" in said, "reading the card")
        peripheral.stop()
        recording = Recording(desk)
        with restarted_panel(desk) as said:
            wait_until(lambda: said, "saying anything")
        assert (said, recording.used) == (["lost: it has another key"], True)

    def test_challenges_of_two_processes_differ(self) -> None:
        """libosdp alone asks the same ones in every process."""
        assert len({challenge(OURS), challenge(OURS)}) == 2


class Recording:
    """Plays the recorded replies: the n-th to a command of some kind is the n-th that came to one of that kind."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._replies: dict[int, list[bytes]] = {}
        self.used = False
        asked = None
        for who, data in desk.bench.recorded:
            if who == "panel":
                asked = command_in(data)[1]
            elif asked:
                self._replies.setdefault(asked, []).append(data)
        desk.bench.to_peripherals = self._answer

    def _answer(self, data: bytes) -> bytes:
        sequence, code = command_in(data)
        if self._replies.get(code):
            self.used |= code == CHLNG
            self._desk.bench.say_to_panel(resequenced(self._replies[code].pop(0), sequence))
        return b""


def resequenced(reply: bytes, sequence: int) -> bytes:
    """A recorded reply with another sequence number, and check characters to match."""
    body = reply.removeprefix(b"\xff")
    block = body[5 : 5 + body[5]] if body[4] & 8 else b""
    return frame(body[1] & 0x7F, sequence, body[5 + len(block) : -2], block)


def events_for(reader: OsdpReader, time_s: float) -> list[ReaderEvent]:
    deadline = time.monotonic() + time_s
    events: list[ReaderEvent] = []
    while (left := deadline - time.monotonic()) > 0:
        events += [event for event in (reader.read(left),) if event]
    return events


PANEL = """
import sys
from pathlib import Path
from device.clock import SystemClock
from device.settings.tables import ReaderSettings
from device.readers.osdp.reader import open_readers
from device.readers.context import ReaderContext

settings = ReaderSettings(name="front", kind="osdp", source=sys.argv[1])
reader = open_readers((settings,), ReaderContext(SystemClock(), lambda: None, Path(sys.argv[2])))["front"]
while True:
    if event := reader.read(1.0):
        print(f"{event.notice}: {event.detail}" if hasattr(event, "notice") else type(event).__name__, flush=True)
"""


@contextlib.contextmanager
def restarted_panel(desk: Desk) -> Iterator[list[str]]:
    """What a control panel in a new process says of its reader, as it comes."""
    command = [sys.executable, "-c", PANEL, desk.bench.source, str(desk.around.state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said: list[str] = []
        thread = threading.Thread(target=lambda: said.extend(line.strip() for line in output_of(process)))
        thread.start()
        try:
            yield said
        finally:
            process.kill()
            thread.join()


ALONE = "osdp_sys.ControlPanel([dict(name='x', address=0, flags=65536, scbk=bytes(16), channel=wire)])"
OURS = "Panel(wire, [Peer('x', 0, bytes(range(16)))])"
PROGRAM = """
import os
import osdp_sys
from device.readers.osdp.panel import (Panel, Peer)
from tests.device.readers.osdp.pd import frame

class Wire:
    id, reply = 0, b""
    def read(self, count): reply, self.reply = self.reply, b""; return reply
    def flush(self): pass
    def write(self, data):
        sequence, code = data[5] & 3, data[-11] if len(data) == 20 else data[6]
        if code == 0x61: self.reply = frame(0, sequence, bytes([0x45]) + bytes(12))
        if code == 0x62: self.reply = frame(0, sequence, bytes([0x46, 9, 1, 1]))
        if code == 0x76:
            print(data[10:18].hex(), flush=True)
            os._exit(0)  # libosdp swallows exceptions
        return len(data)

osdp_sys.set_loglevel(0)
wire = Wire()
panel = {panel}
while True:
    panel.refresh()
"""


def challenge(panel: str) -> str:
    """What a new process asks a reader first."""
    program = PROGRAM.replace("{panel}", panel)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert len(ran.stdout.strip()) == 16, ran.stderr
    return ran.stdout.strip()


class Pipe:
    """libosdp's channel between a panel and a peripheral in this process."""

    id = 0

    def __init__(self) -> None:
        self.incoming = b""
        self.outgoing: list[bytes] = []

    def read(self, count: int) -> bytes:
        given, self.incoming = self.incoming[:count], self.incoming[count:]
        return given

    def write(self, data: bytes) -> int:
        self.outgoing.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass


class Alone:
    """libosdp's panel and peripheral, with nothing of ours between them."""

    def __init__(self) -> None:
        osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
        self.ends = Pipe(), Pipe()
        info = {"name": "x", "address": 0, "flags": osdp_sys.FLAG_ENFORCE_SECURE, "scbk": KEY}
        info |= {"version": 1, "model": 1, "vendor_code": 1, "serial_number": 1, "firmware_version": 1}
        self.panel = osdp_sys.ControlPanel([{**info, "channel": self.ends[0]}])
        self.peripheral = osdp_sys.PeripheralDevice({**info, "channel": self.ends[1]}, capabilities=[])
        self.events: list[tuple[dict[str, Any], int]] = []
        self.panel.set_event_callback(self._take)
        self.answer: Callable[[bytes], bytes | None] = lambda _: None
        self.is_forged = False

    def _take(self, _index: int, event: dict[str, bytes | int]) -> int:
        self.events.append((dict(event), self.panel.sc_status()))
        return 0

    def run_until(self, condition: Callable[..., Any]) -> None:
        def stepped() -> Any:
            self._step()
            return condition()

        wait_until(stepped, "it")

    def _step(self) -> None:
        panel, peripheral = self.ends
        self.panel.refresh()
        while panel.outgoing:
            command = panel.outgoing.pop(0)
            forged = self.answer(command)
            panel.incoming += forged or b""
            peripheral.incoming += b"" if forged else command
        self.peripheral.refresh()
        while peripheral.outgoing:
            panel.incoming += peripheral.outgoing.pop(0)


def test_hostile_line_makes_no_card() -> None:
    """`python -m tests.device.readers.osdp.hostile` runs as many exchanges as one likes."""
    tally = hostile.run(800, seed=1)
    assert (tally.hostile > 30, tally.channels > 20, tally.cards > 0) == (True, True, True)


class TestWhatLibosdpAloneBelieves:
    def forge_once(self, alone: Alone, code: int, block: bytes = b"") -> None:
        def answer(data: bytes) -> bytes | None:
            sequence, asked = command_in(data)
            if asked != code:
                return None
            alone.answer, alone.is_forged = lambda _: None, True
            return frame(0, sequence, FORGED, block)

        alone.answer = answer

    def test_card_in_a_block_of_the_handshake_without_a_mac(self) -> None:
        alone = Alone()
        alone.run_until(alone.panel.sc_status)
        self.forge_once(alone, POLL, b"\x02\x12")
        alone.run_until(lambda: alone.events)
        assert (alone.events[0][0]["data"], alone.events[0][1]) == (FORGED[5:], 1)

    def test_card_from_before_the_channel(self) -> None:
        alone = Alone()
        self.forge_once(alone, ID)
        alone.run_until(lambda: alone.is_forged)
        alone.panel.disable_pd(0)
        alone.run_until(lambda: alone.panel.enable_pd(0))
        alone.run_until(lambda: alone.events)
        assert (alone.events[0][0]["data"], alone.events[0][1]) == (FORGED[5:], 1)

    def test_same_challenge_in_every_process(self) -> None:
        assert challenge(ALONE) == challenge(ALONE)
