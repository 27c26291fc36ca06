"""Waiting for other threads and processes: for the thing itself, and for so long that a busy machine fails no test."""

import select
import socket
import time
from collections.abc import Callable

PATIENCE_S = 60.0
"""Reached by a test that fails, and by no other."""


def until(is_so: Callable[[], object]) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.001)


def quickest_s(act: Callable[[], object], limit_s: float, tries: int = 50) -> float:
    """The shortest time that an act takes, in seconds; no more tries than one under the limit needs.

    A busy machine adds to some tries, a fault in the program to each.
    """
    took_s = []
    for _ in range(tries):
        began = time.monotonic()
        act()
        took_s.append(time.monotonic() - began)
        if took_s[-1] < limit_s:
            break
    return min(took_s)


def rest(connection: socket.socket) -> bytes:
    """What comes until the other end hangs up."""
    received = b""
    while more := connection.recv(65536):
        received += more
    return received


def line(connection: socket.socket) -> bytes:
    """The next line, and nothing of what comes behind it."""
    received = b""
    while not received.endswith(b"\n"):
        more = connection.recv(1)
        assert more, f"hung up after {received!r}"
        received += more
    return received


def until_hung_up(connection: socket.socket) -> None:
    """Waits until the other end hangs up, and reads nothing."""
    poll = select.poll()
    poll.register(connection, 0)
    assert poll.poll(PATIENCE_S * 1000), "it did not hang up"
