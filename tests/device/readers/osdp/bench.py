"""A bench for OSDP readers: a serial line between two kinds of ends, with somebody at the wire, and real peripherals.

The line is a terminal for the control panel and one for each peripheral, and a thread that carries bytes between them.
Somebody at the wire may listen, hold back, garble, or answer in a peripheral's place.
"""

import json
import os
import pty
import queue
import select
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from device.clock import SystemClock
from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.group import ReaderGroup
from device.readers.osdp.keys import KeyFiles
from device.readers.osdp.reader import OsdpReader
from device.records import BadgeRead, Credential, ReaderNotice
from device.settings.tables import ReaderSettings
from tests.device.readers.events import as_notice
from tests.processes import input_of, output_of
from tests.waiting import PATIENCE_S

KEY, OTHER_KEY = bytes(range(100, 116)), bytes(range(50, 66))
EILEEN, GRACE = Credential("h10301", 17, 1001), Credential("h10301", 17, 1002)
PROGRAM = Path(__file__).with_name("pd.py")
STATUS = 9
"""libosdp's CMD_ number of what a reader is asked for as soon as it is there."""
AGAIN_S = 3.0

T = TypeVar("T")


def wait_until(condition: Callable[[], T | None], what: str = "it", patience_s: float = PATIENCE_S) -> T:
    """Returns what `condition` gives as soon as that is something."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError(f"{what} did not happen within {patience_s} s")


class Bench:
    """The line. `to_peripherals` and `to_panel` may change what passes: bytes to bytes; an empty result is silence."""

    def __init__(self, link: Path) -> None:
        self.source = str(link)
        """The panel's terminal, by a name that stays when the adapter is pulled and plugged in again."""
        self.to_peripherals: Callable[[bytes], bytes] = bytes
        self.to_panel: Callable[[bytes], bytes] = bytes
        self.recorded: list[tuple[str, bytes]] = []
        self._panel: tuple[int, ...] = ()
        self._ends: dict[int, int] = {}
        self._work: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waker, self._wake = os.pipe()
        self._stopping = False
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()
        self.plug_panel_in()

    @property
    def is_plugged_in(self) -> bool:
        return bool(self._panel)

    def plug_panel_in(self) -> None:
        """The panel's adapter is there, again."""
        ours, theirs, name = _terminal()
        link = Path(self.source)
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        self._carrying(lambda: setattr(self, "_panel", (ours, theirs)))

    def unplug_panel(self) -> None:
        """The panel's adapter is pulled: its terminal hangs up."""
        Path(self.source).unlink()
        panel = self._panel
        self._carrying(lambda: setattr(self, "_panel", ()))
        for descriptor in panel:
            os.close(descriptor)

    def plug_in(self) -> tuple[int, str]:
        """A terminal more for a peripheral: what to pull it out by, and its name."""
        ours, theirs, name = _terminal()
        self._carrying(lambda: self._ends.update({ours: theirs}))
        return ours, name

    def pull_out(self, end: int) -> None:
        """Takes a peripheral off the line."""
        theirs = self._ends[end]
        self._carrying(lambda: self._ends.pop(end))
        os.close(end)
        os.close(theirs)

    def say_to_panel(self, data: bytes) -> None:
        """Somebody at the wire speaks to the panel."""
        os.write(self._panel[0], data)

    def close(self) -> None:
        """Peripherals have to be pulled out before."""
        if self._panel:
            self.unplug_panel()
        self._carrying(lambda: setattr(self, "_stopping", True))
        self._thread.join()
        os.close(self._waker)
        os.close(self._wake)

    def _carrying(self, work: Callable[[], object]) -> None:
        """Has something done by the thread that carries, between two bytes."""
        done = threading.Event()
        self._work.put((work, done))
        os.write(self._wake, b"x")
        assert done.wait(PATIENCE_S)

    def _carry(self) -> None:
        while not self._stopping:
            for descriptor in select.select([self._waker, *self._panel[:1], *self._ends], [], [])[0]:
                data = os.read(descriptor, 4096)
                if descriptor == self._waker:
                    for _ in data:
                        work, done = self._work.get()
                        work()
                        done.set()
                    break
                if descriptor in self._ends:
                    self._pass_on("peripheral", self.to_panel(data), self._panel[:1])
                else:
                    self._pass_on("panel", self.to_peripherals(data), tuple(self._ends))

    def _pass_on(self, who: str, data: bytes, ends: tuple[int, ...]) -> None:
        if data:
            self.recorded.append((who, data))
            for end in ends:
                os.write(end, data)


def _terminal() -> tuple[int, int, str]:
    """Both ends of a raw terminal, and the name of the far one."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    return ours, theirs, os.ttyname(theirs)


def command_in(data: bytes) -> tuple[int, int]:
    """The sequence number and the code of a command, as it is on the line."""
    body = data.removeprefix(b"\xff")
    return body[4] & 3, body[5 + (body[5] if body[4] & 8 else 0)]


def answer_once(bench: Bench, code: int, reply: Callable[..., Any]) -> threading.Event:
    """Has somebody at the wire answer the next such command in the reader's place; set when it is done."""
    done = threading.Event()

    def answer(data: bytes) -> bytes:
        sequence, asked = command_in(data)
        if asked != code or done.is_set():
            return data
        bench.say_to_panel(reply(sequence))
        done.set()
        return b""

    bench.to_peripherals = answer
    return done


class Peripheral:
    """A peripheral on the bench, in a process of its own."""

    def __init__(self, bench: Bench, key: bytes = b"", address: int = 0, options: tuple[str, ...] = ()) -> None:
        self._bench = bench
        self._end, terminal = bench.plug_in()
        command = [sys.executable, str(PROGRAM), terminal, "--address", str(address), *options]
        command += ["--key", key.hex()] if key else []
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seen: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.wait_for(lambda one: "ready" in one, "starting")

    def do(self, **wish: str | list[int]) -> None:
        input_of(self._process).write(json.dumps(wish) + "\n")
        input_of(self._process).flush()

    def wait_for(self, matches: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first thing it has seen that matches."""
        return wait_until(lambda: next((one for one in list(self.seen) if matches(one)), None), what)

    def wait_secure(self) -> None:
        self.wait_for(lambda one: one.get("secure") is True, "a secure channel")

    def commands(self, code: int) -> list[dict[str, Any]]:
        """Those of libosdp's CMD_ number that it was given."""
        return [one["command"] for one in list(self.seen) if one.get("command", {}).get("command") == code]

    def stop(self) -> None:
        """Off the line, and gone."""
        if self._process.returncode is None:
            self._process.kill()
            self._process.wait()
            self._thread.join()
            input_of(self._process).close()
            output_of(self._process).close()
            self._bench.pull_out(self._end)

    def _listen(self) -> None:
        for line in output_of(self._process):
            self.seen.append(json.loads(line))


class Desk:
    """A bench with what stands on it, all of which is put away at the end."""

    def __init__(self, state_dir: Path) -> None:
        self.bench = Bench(state_dir / "line")
        self.around = ReaderContext(SystemClock(), lambda: None, state_dir)
        self.peripherals: list[Peripheral] = []
        self.readers: dict[str, OsdpReader] = {}

    def settings(self, name: str = "front", address: int = 0, source: str = "") -> ReaderSettings:
        return ReaderSettings(name=name, kind="osdp", source=source or self.bench.source, address=address)

    def keep(self, key: bytes, name: str = "front") -> None:
        """Writes a reader's key down."""
        files = KeyFiles(self.around.state_dir, name)
        files.propose(key)
        files.accept()

    def peripheral(self, key: bytes = b"", address: int = 0, *options: str) -> Peripheral:
        self.peripherals.append(Peripheral(self.bench, key, address, options))
        return self.peripherals[-1]

    def open(self, *settings: ReaderSettings) -> OsdpReader:
        """The first of the readers, and all of them in `readers`."""
        from device.readers.osdp.reader import open_readers

        chosen = settings or (self.settings(),)
        self.readers = open_readers(chosen, self.around)
        return self.readers[chosen[0].name]

    def up(self, peripheral: "Peripheral", *settings: ReaderSettings) -> OsdpReader:
        """The first of the readers, in operation, with nothing to read yet."""
        before = len(peripheral.commands(STATUS))
        reader = self.open(*settings)
        wait_until(lambda: len(peripheral.commands(STATUS)) > before, "asking for the condition")
        wait_until(lambda: reader._station.is_fresh, "nothing kept from before")
        while reader.read(0.0):
            pass
        return reader

    def clear(self) -> None:
        """As it was, with its peripherals."""
        self.close_readers()
        self.bench.to_panel = self.bench.to_peripherals = bytes
        if not self.bench.is_plugged_in:
            self.bench.plug_panel_in()

    def close_readers(self) -> None:
        for reader in self.readers.values():
            reader.close()

    def close(self) -> None:
        self.close_readers()
        for peripheral in self.peripherals:
            peripheral.stop()
        self.bench.close()


def events_until(
    reader: ReaderGroup | OsdpReader,
    matches: Callable[[object], bool],
    act: Callable[[], object] = lambda: None,
    patience_s: float = PATIENCE_S,
) -> list[Any]:
    """All events until one matches, that one last. Acts at first and now and then: a lost reply takes what it said
    with it, and then the reader has to be told again.
    """
    events, deadline, next_act_at = [], time.monotonic() + patience_s, 0.0
    while (now := time.monotonic()) < deadline:
        if now >= next_act_at:
            act()
            next_act_at = now + AGAIN_S
        if (event := reader.read(0.1)) is not None:
            events.append(event)
            if matches(event):
                return events
    raise AssertionError(f"not among {events} within {patience_s} s")


def read_card(peripheral: Peripheral, reader: OsdpReader, bits: str) -> list[BadgeRead]:
    """All badges until a card with these bits is read, which is presented until it is."""
    events = events_until(
        reader,
        lambda event: isinstance(event, BadgeRead) and event.bits == bits,
        lambda: peripheral.do(card=bits),
    )
    return [event for event in events if isinstance(event, BadgeRead)]


def read(peripheral: Peripheral, reader: OsdpReader, credential: Credential) -> Credential | None:
    """What is read of a card."""
    return read_card(peripheral, reader, encode(credential))[-1].credential


def is_badge(event: object) -> bool:
    return isinstance(event, BadgeRead)


def is_notice(event: object) -> bool:
    return isinstance(event, ReaderNotice)


def next_notice(reader: OsdpReader) -> ReaderNotice:
    return as_notice(events_until(reader, is_notice)[-1])
