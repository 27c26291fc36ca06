"""How fast rows that waited for a dead broker reach it, and what the link holds meanwhile.

python benchmarks/mqtt.py [--rows 100000]

The store with its socket is this process, as in the service; the link is one of its own, and the broker a real
Mosquitto on this machine, which is started after the link. Each row is published at QoS 1 and acknowledged.
"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from link import memory_mb, write

from device.clock import Stop
from device.control.audit_rows import AuditRows
from device.control.desk import door_desk
from device.control.server import ControlServer
from device.link.cursor import Cursor, Mark, Place
from device.link.integrations import integrations_of
from device.link.process import Folders, Link
from device.link.settings.mqtt import MqttSettings
from device.link.settings.tables import LinkSettings
from device.store.store import Store

NAME = "mqtt"
DEAD_S = 3.0
"""How long the link is there before the broker is."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run_link(folder: Path, port: int) -> None:
    settings = LinkSettings(mqtt=MqttSettings(host="127.0.0.1", port=port, tls=False))
    Link(integrations_of(settings), folder / "control.sock", Folders(folder, folder), lambda _line: None).run(Stop())


def row_of(folder: Path) -> int:
    newest = Cursor(folder, NAME).read().newest
    return 0 if newest is None else newest.row


def drained(folder: Path, port: int, program: str, count: int) -> tuple[float, list[float]]:
    """Seconds from the first row to the last, and the link's memory on the way in MB."""
    Cursor(folder, NAME).write(Place((Mark(0),)))
    link = subprocess.Popen([sys.executable, __file__, "--link", str(folder), "--port", str(port)])
    time.sleep(DEAD_S)
    silent = subprocess.DEVNULL
    broker = subprocess.Popen([program, "-p", str(port)], stdout=silent, stderr=silent)
    memory, began = [], 0.0
    try:
        while (row := row_of(folder)) < count:
            began = began or (time.monotonic() if row else 0.0)
            time.sleep(0.1)
            memory.append(memory_mb(link.pid))
        return time.monotonic() - (began or time.monotonic() - 0.1), memory
    finally:
        for process in (link, broker):
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--link", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.link:
        run_link(chosen.link, chosen.port)
        return
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        print("mosquitto is not installed, so 0 rows were drained: sudo apt install mosquitto")
        return
    with tempfile.TemporaryDirectory() as name, Store(Path(name) / "state") as store:
        folder = Path(name)
        write(store, chosen.rows)
        server = ControlServer(folder / "control.sock", door_desk({}, lambda _ordered: None), AuditRows(store))
        with closing(server):
            seconds, memory = drained(folder, free_port(), program, chosen.rows)
        print(f"{chosen.rows} rows drained in {seconds:.1f} s: {chosen.rows / max(seconds, 0.001):.0f} a second")
        print(f"memory of the link: {memory[len(memory) // 10]:.0f} MB after a tenth, {max(memory):.0f} MB at most")


if __name__ == "__main__":
    main()
