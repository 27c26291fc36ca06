"""Programs that attack the operators' socket: `python -m tests.attackers MODE PATH SECONDS`, then a line with a count.

Each is a process of its own, so that it takes no time of the service's interpreter.
"""

import contextlib
import itertools
import json
import os
import random
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from device.control.channel import pair
from device.control.client import Client
from device.control.command_messages import Begin, Go
from device.control.messages import Row

CHURNED = 10_000


def connected(path: str) -> socket.socket:
    """A connection, once the kernel's queue has room for it."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5.0)
    while True:
        try:
            connection.connect(path)
        except BlockingIOError:
            time.sleep(0.001)
        else:
            return connection


def said(path: str, *parts: bytes, reads: bool = True) -> None:
    """Sends parts on a connection of their own, and reads what is answered."""
    with contextlib.suppress(OSError), connected(path) as connection:
        for part in parts:
            connection.sendall(part)
        while reads and connection.recv(1 << 20):
            pass


def flood(path: str, until: float, line: bytes) -> int:
    """One request after another, as fast as they are answered."""
    return counted(until, lambda: said(path, line))


def counted(until: float, work: Callable[[], None]) -> int:
    """How often something was done until then."""
    count = 0
    while time.monotonic() < until:
        work()
        count += 1
    return count


def questions(path: str, until: float) -> int:
    """Asks how the doors are."""
    return flood(path, until, b'{"v":1,"verb":"status"}\n')


def releases(path: str, until: float) -> int:
    """Asks for releases and does not wait for them."""
    return counted(until, lambda: said(path, b'{"v":1,"verb":"release"}\n', reads=False))


def hangs_up(path: str, until: float) -> int:
    """Connects, sends half a line, hangs up: 10,000 times and more."""
    count = counted(until, lambda: said(path, b'{"v":1,"verb":"sta', reads=False))
    for _ in range(max(0, CHURNED - count)):
        said(path, b'{"v":1,"verb":"sta', reads=False)
    return max(count, CHURNED)


def holds(path: str, until: float) -> int:
    """Opens as many connections as it may have files, up to 10,000, and opens each again that is hung up."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    held: list[socket.socket] = []
    with contextlib.suppress(OSError):
        while len(held) < CHURNED and time.monotonic() < until:
            held.append(connected(path))
    count = len(held)
    for number in itertools.cycle(range(max(1, count))):
        if time.monotonic() >= until or not held:
            return count
        with contextlib.suppress(OSError):
            held[number].close()
            held[number] = connected(path)
    return count


def slow(path: str, until: float) -> int:
    """Fifty peers that send a byte a second."""
    peers = [connected(path) for _ in range(50)]
    for byte in b'{"v":1,"verb":"status"}' * 100:
        for number, peer in enumerate(peers):
            try:
                peer.sendall(bytes([byte]))
            except OSError:
                peer.close()
                peers[number] = connected(path)
        if time.monotonic() + 1.0 > until:
            break
        time.sleep(1.0)
    return len(peers)


def oversize(path: str, until: float) -> int:
    """Lines of a megabyte and more."""
    return flood(path, until, b"x" * (1 << 21) + b"\n")


def garbage(path: str, until: float) -> int:
    """Any bytes, from a seed."""
    chance = random.Random(1)
    return counted(until, lambda: said(path, chance.randbytes(chance.randrange(1, 4000)), b"\n"))


def deaf(path: str, until: float) -> int:
    """Fourteen subscribers that read nothing; with the fifty that do, as many as there may be."""
    held = []
    for _ in range(14):
        held.append(connected(path))
        held[-1].sendall(b'{"v":1,"verb":"subscribe","from":1}\n')
    time.sleep(max(0.0, until - time.monotonic()))
    return len(held)


def administer(path: str) -> bytes:
    """The line of a request for a command of the store beside the socket's folder."""
    folder = str(Path(path).parents[1] / "state")
    return json.dumps({"v": 1, "verb": "administer", "command": "people list", "folder": folder}).encode() + b"\n"


def admitted(path: str, until: float) -> int:
    """Asks for commands, and hangs up once they are admitted, sixteen at a time."""

    def work() -> None:
        with contextlib.suppress(OSError), connected(path) as connection:
            connection.sendall(administer(path))
            connection.recv(1 << 16)

    return in_threads(16, until, work)


def commands(path: str, until: float) -> int:
    """Commands that are carried out, from four threads: each a process of the service."""

    def work() -> None:
        near, far = pair()
        null = os.open(os.devnull, os.O_RDWR)
        with contextlib.suppress(OSError), connected(path) as connection:
            connection.settimeout(30.0)
            connection.sendall(administer(path))
            if b"admitted" in connection.recv(1 << 16):
                socket.send_fds(connection, [b"\0"], [far.connection.fileno()])
                near.send(Begin(b"/", ("utf-8",) * 3, has_terminal=False), (null, null, null))
                near.send(Go())
                while connection.recv(1 << 16):
                    pass
        os.close(null)
        near.close()
        far.close()

    return in_threads(4, until, work)


def in_threads(number: int, until: float, work: Callable[[], None]) -> int:
    """How often it was done by so many threads."""
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(counted(until, work)), daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def subscribers(path: str, until: float) -> int:
    """Fifty subscribers that read the whole audit again and again: how many rows they got."""
    got = [0] * 50

    def read(number: int) -> None:
        while time.monotonic() < until:
            updates: Iterator[object] = Client(Path(path)).subscribe(1)
            for update in itertools.islice(updates, 2000):
                got[number] += isinstance(update, Row)
                if time.monotonic() >= until:
                    return

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until + 1.0 - time.monotonic()))
    return sum(got)


def uploads(path: str, until: float) -> int:
    """Bulk requests of a megabyte from eight threads, as fast as they are taken."""
    line = b'{"v":1,"verb":"store","picture":"' + b"QUJD" * 260_000 + b'"}\n'
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(flood(path, until, line))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


MODES: dict[str, Callable[[str, float], int]] = {
    "questions": questions,
    "releases": releases,
    "hangs-up": hangs_up,
    "holds": holds,
    "slow": slow,
    "oversize": oversize,
    "garbage": garbage,
    "deaf": deaf,
    "commands": commands,
    "admitted": admitted,
    "subscribers": subscribers,
    "uploads": uploads,
}

if __name__ == "__main__":
    mode, where, seconds = sys.argv[1:]
    print("attacks", flush=True)
    print(MODES[mode](where, time.monotonic() + float(seconds)), flush=True)
