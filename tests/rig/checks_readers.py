"""A card that stays at a serial reader is served once, and a reader that is pulled is reported without a swipe."""

import itertools
import os
import pty
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.rig.board import STRIKE
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, Wanted, new_rig

CHECKS = Room("readers")
STRIKE_TIME_S = 1.0
LATE_S = 0.4
"""What a busy machine may add to it; a second grant is a second transaction besides."""
FRAME_S = 0.065
"""Between two frames of a reader that reports a card as often as it can."""
SETTLE_S = 1.5
REPORTED_S = 2.0
READER = """
[[doors.readers]]
name = "serial"
kind = "lines"
source = "{source}"
"""
TROUBLE = Wanted("a trouble of the serial reader", lambda status: any("serial" in one for one in status.troubles))
WELL = Wanted("no trouble of it", lambda status: not any("serial" in one for one in status.troubles))


class Plug:
    """A serial reader at the far end of a pseudo-terminal, by a name that stays when it is pulled."""

    def __init__(self, rig: Rig) -> None:
        self._path = rig.folder / "tty0"
        self._ends: tuple[int, ...] = ()
        self.put_in()

    def put_in(self) -> None:
        """It is there, again."""
        self._ends = pty.openpty()
        self._path.symlink_to(os.ttyname(self._ends[1]))

    def pull(self) -> None:
        """It is gone."""
        self._path.unlink()
        for end in self._ends:
            os.close(end)
        self._ends = ()

    def send(self, line: str) -> None:
        """A line, as the reader sends it."""
        os.write(self._ends[0], line.encode() + b"\r\n")


@contextmanager
def with_serial_reader() -> Iterator[tuple[Rig, Plug]]:
    """A door in operation with the holder before its camera."""
    with new_rig() as rig:
        plug = Plug(rig)
        rig.configure(strike_time_s=STRIKE_TIME_S, more=READER.format(source=rig.folder / "tty0"))
        rig.camera.shows(EILEEN)
        rig.start()
        time.sleep(SETTLE_S)
        yield rig, plug
        with suppress(FileNotFoundError):
            plug.pull()


def held(lasts_s: int, *lines: str) -> Finding:
    """The reader reports these in turn; the first is the badge of the person who stands there."""
    figures = Figures()
    with with_serial_reader() as (rig, plug):
        ends_at = time.monotonic() + lasts_s
        for line in itertools.cycle(lines):
            if time.monotonic() > ends_at:
                break
            plug.send(line)
            time.sleep(FRAME_S)
        time.sleep(SETTLE_S)
        figures.count("releases", len(rig.board.released_since(0)), 1)
        figures.count("transactions", len(rig.answers()), len({line for line in lines if ":" in line}))
        figures.most("strike driven for", [_driven_s(rig)], STRIKE_TIME_S + LATE_S)
    return figures.finding(lasts_s)


def _driven_s(rig: Rig) -> float | None:
    """For how long the strike was released in all."""
    levels = rig.board.levels(STRIKE)
    ends = itertools.pairwise(levels)
    return sum(later.at - level.at for level, later in ends if level.high) or None


@CHECKS.check("a card stays at its reader", "1 transaction, 1 strike time", Size(4, 60, "s"))
def stays(lasts_s: int) -> Finding:
    return held(lasts_s, BADGES[EILEEN])


@CHECKS.check(
    "a card stays, every other frame damaged", "1 transaction, 1 strike time", Size(4, 60, "s"), in_suite=True
)
def damaged(lasts_s: int) -> Finding:
    return held(lasts_s, BADGES[EILEEN], "damaged")


@CHECKS.check("two cards in turn at one reader", "a transaction each, 1 strike time", Size(4, 60, "s"))
def in_turn(lasts_s: int) -> Finding:
    return held(lasts_s, BADGES[EILEEN], BADGES[GRACE])


@CHECKS.check(
    "a serial reader is pulled, and put back",
    "reported within 2 s without a swipe, served when it is back, one process",
    Size(1, 8),
)
def pulled(times: int) -> Finding:
    figures, told, well, granted = Figures(), [], [], 0
    with with_serial_reader() as (rig, plug):
        unit = rig.running
        for _ in range(times):
            at = time.monotonic()
            plug.pull()
            told.append(_after(at, rig.when_status(TROUBLE, within_s=REPORTED_S)))
            at = time.monotonic()
            plug.put_in()
            well.append(_after(at, rig.when_status(WELL, within_s=12.0)))
            count = len(rig.answers())
            plug.send(BADGES[EILEEN])
            granted += "GRANTED" in rig.answer_after(count)
            time.sleep(3.2)
        figures.most("in the status after", told, REPORTED_S)
        figures.most("well again after", well, 12.0)
        figures.count(f"of {times} granted when it was back", granted, times)
        figures.count("processes", len(unit.started), 1)
    return figures.finding(times)


def _after(since: float, at: float | None) -> float | None:
    return None if at is None else at - since
