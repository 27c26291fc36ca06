"""Reads Wiegand frames in real time while the vision loop runs as fast as it can, and times how late each is told.

    python benchmarks/wiegand.py [--seconds 60] [--threads 2] [--switch-interval-ms 5] [--idle] [--realtime]

The main thread analyzes one portrait frame after the other, with two threads of the TFLite interpreter. One thread
drives the two mock pins, ten 26-bit frames a second, at the full speed of Wiegand and at slower ones in turn, as far as
a Python thread can: a pulse on a mock pin calls the reader's edge callback in the driver's thread. Another one reads.

A frame counts as torn when the driver itself was kept from running so that its wire was no legal one; the reader
cannot have it. How late a badge is told counts from the last bit plus the silence to when `read` returned: by the
driver's own time stamp, and by the one that the edge bears, as the driver may be kept from running in between (on a
board the kernel stamps). A bare thread only sleeps as long and looks at the clock: what it costs to wake, whoever does.
"""

import argparse
import itertools
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.clock import SystemClock
from device.images import read_image
from device.readers.context import ReaderContext
from device.readers.formats import encode
from device.readers.wiegand.frames import BOUNCE_S, GREATEST_SPACING_S, SILENCE_S
from device.readers.wiegand.reader import open_reader
from device.records import BadgeRead, Credential, Probe
from device.settings.tables import ReaderSettings, VisionSettings
from device.virtual.figures import Figure, Place
from device.virtual.pins import SimulatedPins
from device.virtual.scene import Scene
from device.virtual.wiegand import Timing, WiegandWires, frame
from device.vision.faces import load_analyzer
from device.vision.models import shipped_models_dir

SPACINGS_S = (0.2e-3, 0.5e-3, 1e-3, 2e-3)
EVERY_S = 0.1
PROMISED_S = 5e-3


@dataclass
class Sent:
    """A frame that the driver sent, and when each of its bits fell."""

    number: int
    fallen: tuple[float, ...]

    @property
    def is_legal(self) -> bool:
        gaps = [later - earlier for earlier, later in itertools.pairwise(self.fallen)]
        return max(gaps) <= GREATEST_SPACING_S and min(gaps) >= BOUNCE_S


@dataclass
class Run:
    """What happened, each list written by one thread."""

    sent: list[Sent] = field(default_factory=list)
    read: dict[int, tuple[float, float]] = field(default_factory=dict)
    """By number: when its last bit was stamped, when `read` returned it."""
    unreadable: int = 0
    bare: list[float] = field(default_factory=list)
    analyzed: int = 0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--threads", type=int, default=2, help="of the TFLite interpreter")
    arguments.add_argument("--switch-interval-ms", type=float, default=sys.getswitchinterval() * 1000)
    arguments.add_argument("--idle", action="store_true", help="without the vision loop")
    arguments.add_argument(
        "--realtime", action="store_true", help="the reading thread under SCHED_FIFO (needs the right)"
    )
    chosen = arguments.parse_args()
    sys.setswitchinterval(chosen.switch_interval_ms / 1000)
    bench = Bench(chosen.seconds, realtime=chosen.realtime)
    began, cpu = time.monotonic(), time.process_time()
    bench.run(None if chosen.idle else vision_loop(chosen.threads))
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    print(
        f"{chosen.seconds:.0f} s, {chosen.threads} vision threads, "
        f"switch interval {chosen.switch_interval_ms:g} ms{', realtime' * chosen.realtime}; "
        f"{bench.seen.analyzed / chosen.seconds:.0f} frames analyzed a second; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, of which this process {share:.1f}"
    )
    report(bench.seen)


class Bench:
    """A reader on mock pins, and the threads around it."""

    def __init__(self, seconds: float, *, realtime: bool) -> None:
        self.seconds, self.realtime = seconds, realtime
        self.seen, self.clock, self.over = Run(), SystemClock(), threading.Event()
        pins = SimulatedPins(self.clock)
        settings = ReaderSettings(kind="wiegand", data0_pin=5, data1_pin=6, formats=("h10301",))
        self.reader = open_reader(settings, ReaderContext(self.clock, lambda: pins.factory, Path()))
        self.wires = WiegandWires(pins.factory, 5, 6)

    def run(self, analyze: Callable[[], object] | None) -> None:
        threads = [threading.Thread(target=work) for work in (self.drive, self.read, self.sleep)]
        for thread in threads:
            thread.start()
        while not self.over.is_set():
            if analyze:
                analyze()
                self.seen.analyzed += 1
            else:
                self.over.wait(EVERY_S)
        for thread in threads:
            thread.join()
        self.reader.close()

    def drive(self) -> None:
        began = self.clock.monotonic()
        for number in range(int(self.seconds / EVERY_S)):
            until_next_s = began + number * EVERY_S - self.clock.monotonic()
            self.clock.sleep(max(until_next_s, 1.2 * SILENCE_S))
            bits = encode(Credential("h10301", 17, number))
            timing = Timing(50e-6, SPACINGS_S[number % len(SPACINGS_S)])
            self.seen.sent.append(Sent(number, self.wires.play(frame(bits, timing), self.clock)))
        self.clock.sleep(1.0)
        self.over.set()

    def read(self) -> None:
        if self.realtime:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        while not self.over.is_set():
            event = self.reader.read(0.25)
            at = self.clock.monotonic()
            if isinstance(event, BadgeRead) and event.credential:
                self.seen.read[event.credential.number] = event.at, at
            elif event:
                self.seen.unreadable += 1

    def sleep(self) -> None:
        while not self.over.is_set():
            due = self.clock.monotonic() + SILENCE_S
            self.clock.sleep(SILENCE_S)
            self.seen.bare.append(self.clock.monotonic() - due)
            self.clock.sleep(EVERY_S - SILENCE_S)


def vision_loop(threads: int) -> Callable[[], object]:
    """The real analyzer on a frame in which it finds a face to embed."""
    portrait = read_image(shipped_models_dir() / "portraits" / "eileen-collins.jpg")
    image = Scene((Figure(image="p", end=Place(x=0.5, y=0.9, size=1.5)),), {"p": portrait}).draw(0.0, 1)
    analyzer = load_analyzer(VisionSettings(threads=threads))
    assert isinstance(analyzer.analyze(image), Probe)
    return lambda: analyzer.analyze(image)


def report(run: Run) -> None:
    legal = [sent for sent in run.sent if sent.is_legal]
    lost = [sent.number for sent in legal if sent.number not in run.read]
    spacings = [later - earlier for sent in run.sent for earlier, later in itertools.pairwise(sent.fallen)]
    late = [run.read[sent.number][1] - sent.fallen[-1] - SILENCE_S for sent in run.sent if sent.number in run.read]
    since_stamp = [told - stamped - SILENCE_S for stamped, told in run.read.values()]
    print(
        f"sent {len(run.sent)}, read {len(run.read)}, torn by the driver {len(run.sent) - len(legal)}, "
        f"lost {len(lost)}, unreadable {run.unreadable}"
    )
    print(f"{'spacing as driven':20s} {quantiles(spacings)}")
    for what, latencies in (
        ("late, by the driver", late),
        ("late, by the edge", since_stamp),
        ("late, a bare thread", run.bare),
    ):
        over = sum(latency > PROMISED_S for latency in latencies)
        print(f"{what:20s} {quantiles(latencies)}   over {PROMISED_S * 1000:.0f} ms: {over} of {len(latencies)}")


def quantiles(seconds: Sequence[float]) -> str:
    """Median, 95 %, 99 % and greatest, in milliseconds."""
    if len(seconds) < 2:
        return "-"
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    median, p95, p99 = cut[49], cut[94], cut[98]
    return "  ".join(
        f"{name} {value * 1000:6.2f} ms"
        for name, value in (("median", median), ("95 %", p95), ("99 %", p99), ("max", max(seconds)))
    )


if __name__ == "__main__":
    main()
