"""A door with its parts in operation, as `lintel run` has it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from device.assembly import Assembled, assembled
from device.clock import SystemClock
from device.open_doors import OpenBoard, open_doors
from device.own_store import late_store
from device.settings.tables import Settings
from tests.waiting import PATIENCE_S


class Running:
    """A door with its parts in operation."""

    def __init__(self, board: OpenBoard, parts: Assembled, lines: list[Any]) -> None:
        self.door, self.parts, self.lines = board.doors[0].door, parts, lines

    def troubles(self, text: str) -> tuple[str, ...]:
        """What is wrong with its parts, once something says `text`."""
        return self.polled(lambda said: any(text in one for one in said))

    def polled(self, is_so: Callable[..., Any]) -> tuple[str, ...]:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.parts.health.poll()
            if is_so(said := self.parts.health.troubles("main")):
                return said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    clock = SystemClock()
    lines: list[str] = []
    with (
        open_doors(settings, clock) as board,
        closing(late_store(settings)) as store,
        assembled(settings, board, store, clock, lines.append) as parts,
    ):
        yield Running(board, parts, lines)
