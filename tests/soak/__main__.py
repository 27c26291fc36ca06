"""Swipes for a long time at the real `lintel run`: `python -m tests.soak [--seconds N] [--swipes N] [--write FILE]`.

A person with the right face at the way in, three times a second, and others who leave, twelve times a second. The
camera is a child that writes frames to a pipe, as rpicam-vid does, so that what it takes is not the service's.
"""

import argparse
import socket
import sys
import threading
import time
from pathlib import Path

from device.control.client import Client
from device.control.messages import Doors, Status
from tests.rig.camera import EILEEN
from tests.rig.rig import Rig, new_rig
from tests.rig.unit import ROOT
from tests.soak.figures import Sample, figures
from tests.soak.report import Taken, report

WAY_IN, WAYS_OUT = "17:1001", ("17:1001", "17:1002")
SETTLE_S = 5.0
TRIES = 5
"""The quickest counts: a busy machine adds to some tries."""


def main() -> int:
    """1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="at most for so long, 30 minutes at most")
    parser.add_argument("--swipes", type=int, default=20_000, help="so many swipes are enough")
    parser.add_argument("--every", type=float, default=0.33, help="seconds between badges at the way in")
    parser.add_argument("--write", type=Path, help="the page to write")
    chosen = parser.parse_args()
    with new_rig(strike_time_s=0.2, hold_time_s=0.1, source="csi:0", door="pad = 'off'\n") as rig:
        taken = soaked(rig, min(chosen.seconds, 1800.0), chosen.swipes, every_s=chosen.every)
    page = report(taken, figures(taken.samples))
    if chosen.write is not None:
        chosen.write.write_text(page)
    print(page)
    return 0 if taken.is_kept(figures(taken.samples)) else 1


def soaked(rig: Rig, seconds: float, swipes: int, *, every_s: float) -> Taken:
    """All that is measured."""
    rig.camera.shows("")
    rig.more_environment = unit_environment()
    unit = rig.start()
    (ready_at,) = (one.at for one in unit.said if one.message == "READY=1")
    time.sleep(SETTLE_S)
    idle, woken = _idle(unit.process, 10.0)
    rig.camera.shows(EILEEN)
    stop = threading.Event()
    workers = [
        threading.Thread(target=_present, args=(rig, "outside", (WAY_IN,), every_s, stop)),
        threading.Thread(target=_present, args=(rig, "inside", WAYS_OUT, every_s / 4, stop)),
    ]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    samples = [_sample(rig)]
    try:
        while samples[-1].swipes < swipes and time.monotonic() - began < seconds:
            time.sleep(min(5.0, seconds / 40))
            samples.append(_sample(rig))
    finally:
        stop.set()
        for worker in workers:
            worker.join(30.0)
    took_s = time.monotonic() - began
    secured = min(rig.lintel("door", "secure").took_s for _ in range(TRIES))
    return Taken(tuple(samples), took_s, ready_at - unit.started[0], idle, woken, secured)


def unit_environment() -> dict[str, str]:
    """What the unit sets for the service."""
    lines = (ROOT / "systemd" / "lintel.service").read_text().splitlines()
    pairs = (line.removeprefix("Environment=").partition("=") for line in lines if line.startswith("Environment="))
    return {name: value for name, _, value in pairs}


def _present(rig: Rig, reader: str, badges: tuple[str, ...], every_s: float, stop: threading.Event) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30.0)
        connection.connect(str(rig.folder / f"{reader}.sock"))
        count, due = 0, time.monotonic()
        while not stop.is_set():
            connection.sendall(f"{badges[count % len(badges)]}\n".encode())
            connection.recv(100)
            count, due = count + 1, max(due + every_s, time.monotonic() - 1.0)
            stop.wait(max(0.0, due - time.monotonic()))


def _sample(rig: Rig) -> Sample:
    answer = Client(rig.folder / "run" / "control.sock").ask(Status(), Doors, timeout_s=30.0)
    assert answer is not None, "no service answers"
    assert answer.service is not None, "the service says nothing of itself"
    (door,) = answer.doors
    said = answer.service
    counted = said.grants + sum(one.count for one in said.refusals)
    process = Path(f"/proc/{rig.running.process}")
    fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    pages = dict(line.split(":", 1) for line in (process / "smaps_rollup").read_text().splitlines()[1:])
    return Sample(
        counted,
        float(pages["Rss"].split()[0]),  # VmRSS lags by up to 64 pages of each thread
        min(len(list((process / "fd").iterdir())) for _ in range(TRIES)),
        int(fields["Threads"]),
        door.badge_to_relay.p99_s if door.badge_to_relay else 0.0,
    )


def _idle(process: int, seconds: float) -> tuple[float, float]:
    """Processor time of a process meanwhile, of one core, and how often a second its threads woke."""
    cpu_s, woken = _cpu_s(process), _woken(process)
    time.sleep(seconds)
    return (_cpu_s(process) - cpu_s) / seconds, (_woken(process) - woken) / seconds


def _woken(process: int) -> int:
    """How often threads that are there now have given up the processor to wait."""
    files = Path(f"/proc/{process}/task").glob("*/status")
    fields = (dict(line.split(":", 1) for line in file.read_text().splitlines()) for file in files)
    return sum(int(one["voluntary_ctxt_switches"]) for one in fields)


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == "__main__":
    sys.exit(main())
