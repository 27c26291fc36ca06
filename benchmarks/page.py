"""Measures the page of a simulation as a browser would: its start, its pictures, a badge's way, its memory.

    python benchmarks/page.py [--minutes 1] [--badges 20]

`lintel simulate --web` is started as a process. Someone stands before the camera the whole time, so that the vision
loop works; a badge is presented again and again, and timed from the request to the first state of the door's reader or
decision that the stream brings. Memory is the process's own (RSS), and its slope is that of a line through the second
half of the time.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from websockets.sync.client import ClientConnection, connect

LINTEL = Path(sys.executable).parent / "lintel"
BADGE, BETWEEN_S = "17:1001", 2.0
FIGURE = {"image": "eileen", "as": "person", "to": {"x": 0.5, "y": 0.9, "size": 1.5}}


@dataclass
class Watched:
    """What came over the stream."""

    pictures: int = 0
    reactions_ms: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--badges", type=int, default=20)
    wanted = parser.parse_args()
    began = time.monotonic()
    with serving() as (process, address, token), client_of(address, token) as client:
        until_answered(client, "/")
        print(f"the page answers after {time.monotonic() - began:.1f} s")
        until_answered(client, "/api/world")
        print(f"its world lives after {time.monotonic() - began:.1f} s")
        client.post("/api/act", json={"view": [FIGURE]}).raise_for_status()
        with connect(f"{address.replace('http', 'ws')}/api/stream", max_size=None) as stream:
            stream.send(json.dumps({"token": token}))
            found = watch(stream, client, process.pid, seconds=60 * wanted.minutes, badges=wanted.badges)
        report(found, wanted.minutes)


def client_of(address: str, token: str) -> httpx.Client:
    return httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=60)


def watch(stream: ClientConnection, client: httpx.Client, pid: int, *, seconds: float, badges: int) -> Watched:
    """Receives until the time is over, and presents a badge every few seconds meanwhile."""
    found, began, next_at, asked_at = Watched(), time.monotonic(), time.monotonic() + BETWEEN_S, None
    while (now := time.monotonic()) < began + seconds:
        if now >= next_at and asked_at is None and len(found.reactions_ms) < badges:
            asked_at = time.monotonic()
            client.post("/api/act", json={"badge": BADGE}).raise_for_status()
        if not found.memory or now - found.memory[-1][0] >= 1.0:
            found.memory.append((now, memory_mib(pid)))
        try:
            message = stream.recv(0.2)
        except TimeoutError:
            continue
        if isinstance(message, bytes):
            found.pictures += message[0] == 1
        elif asked_at is not None and has_reacted(json.loads(message)):
            found.reactions_ms.append((time.monotonic() - asked_at) * 1000)
            asked_at, next_at = None, time.monotonic() + 4 * BETWEEN_S
    return found


def has_reacted(message: dict[str, object]) -> bool:
    """Whether that is the first that a page shows of a badge."""
    doors = message.get("doors")
    signals = isinstance(doors, list) and any(door["signal"] for door in doors)
    return signals or message.get("type") == "event" or bool(message.get("is_showing"))


def report(found: Watched, minutes: float) -> None:
    print(f"{found.pictures / (60 * minutes):.1f} pictures of the camera a second, with someone before it")
    if found.reactions_ms:
        median, most = statistics.median(found.reactions_ms), max(found.reactions_ms)
        print(f"badge to reaction: median {median:.0f} ms, most {most:.0f} ms, of {len(found.reactions_ms)}")
    later = found.memory[len(found.memory) // 2 :]
    if len(later) > 1:
        slope = statistics.linear_regression([at / 60 for at, _ in later], [mib for _, mib in later]).slope
        print(f"memory {later[-1][1]:.0f} MiB, slope {slope:+.2f} MiB a minute in the second half")


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A page in a process of its own: (process, address, token)."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [str(LINTEL), "--state-dir", folder, "simulate", "--web", "--no-browser"], stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            address, _, token = process.stdout.readline().split()[-1].partition("/#token=")
            yield process, address, token
        finally:
            process.terminate()


def until_answered(client: httpx.Client, path: str) -> None:
    while True:
        try:
            if client.get(path).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.01)


def memory_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
