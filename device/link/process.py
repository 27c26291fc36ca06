"""The process `lintel link run`: a thread for each integration, one for the doors' states, and what watches them."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from device.clock import Stop, SystemClock
from device.control.client import Client
from device.errors import ConfigError, LinkError
from device.failures import in_words
from device.link.carrier import PACE, Carrier, Pace, Surroundings
from device.link.cursor import Cursor
from device.link.health import EVERY_S, Board, most_behind, write_report
from device.link.states import States
from device.link.wires import Integration, Measuring
from device.notifier import Notifier

HANGS_S = 120.0
"""A thread that was not seen alive for that long hangs, as no call of a wire may last longer than 60 s. The service
manager hears nothing then, and starts the process again."""
LOOK_S = 0.1
END_S = 1.5
"""What is waited for threads at the end: a wire that hangs delays no stop."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the link keeps what outlasts it, and what doesn't."""

    state: Path
    runtime: Path


@dataclass(frozen=True, slots=True)
class Link:
    """All integrations, and what they need."""

    integrations: Sequence[Integration]
    socket: Path
    """The operators' socket."""
    folders: Folders
    say: Callable[[str], None]
    """A line for the journal."""
    pace: Pace = PACE

    def run(self, stop: Stop) -> None:
        """Carries events until the stop. Raises `ConfigError` without integrations, `LinkError` without a folder."""
        if not self.integrations:
            raise ConfigError(
                "The link has nothing to do: its settings name no integration.",
                hint="`lintel link config --defaults` shows what there is; docs/link.md says how to begin.",
            )
        _make(self.folders)
        with _alone_in(self.folders.state):
            self._run(stop)

    def _run(self, stop: Stop) -> None:
        clock, client = SystemClock(stop), Client(self.socket)
        states, board = States(client, stop), Board(tuple(one.name for one in self.integrations))
        for one in self.integrations:
            if isinstance(one.wire, Measuring):
                one.wire.measure(lambda: most_behind(board.report(states.newest, "")))
        around = Surroundings(client, states, board, stop, clock.sleep, self.say)
        carriers = [Carrier(one, Cursor(self.folders.state, one.name), around, self.pace) for one in self.integrations]
        threads = [_begun("states", partial(states.run, clock.sleep))]
        threads += [_begun(one.name, carrier.run) for one, carrier in zip(self.integrations, carriers, strict=True)]
        watch = _Watch(threads, lambda: min(states.beat_s, *(one.beat_s for one in carriers)), board, states)
        watch.run(self.folders.runtime, self.say, stop)
        deadline = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


@dataclass(frozen=True, slots=True)
class _Watch:
    """Tells the service manager and `lintel link status` how the threads are."""

    threads: Sequence[threading.Thread]
    beat_s: Callable[[], float]
    """When the one was seen alive that was silent for longest."""
    board: Board
    states: States

    def run(self, folder: Path, say: Callable[[str], None], stop: Stop) -> None:
        notifier, told_s = Notifier.of_environment(), float("-inf")
        notifier.ready()
        said: set[str] = set()
        while not stop.is_set():
            now = time.monotonic()
            if now - told_s >= EVERY_S:
                told_s = now
                if (words := self._tell(folder)) and words not in said:
                    said.add(words)
                    say(words)
                if now - self.beat_s() < HANGS_S and all(thread.is_alive() for thread in self.threads):
                    notifier.alive()
            time.sleep(LOOK_S)
        notifier.stopping()

    def _tell(self, folder: Path) -> str:
        """Writes the status file; what keeps it from being written, in words, which stops nothing."""
        try:
            write_report(folder, self.board.report(self.states.newest, self.states.why_lost))
        except OSError as error:
            return f"Can't write the status file in {folder}: {in_words(error)}."
        return ""


def _begun(name: str, run: Callable[[], None]) -> threading.Thread:
    """Daemonic: a wire that hangs delays no stop."""
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Two links with the same cursors would each move the other's. Raises `LinkError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        why = "Another link runs with its cursors" if isinstance(error, BlockingIOError) else in_words(error)
        raise LinkError(f"{why} in {folder}.", hint="`lintel link status`; or set another state_dir.") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _make(folders: Folders) -> None:
    for folder in (folders.state, folders.runtime):
        try:
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise LinkError(
                f"Can't make the folder {folder}: {in_words(error)}.", hint="Run it by its unit, or set state_dir."
            ) from None
