"""A service as a monitor sees it: its doors and rows are what a test says."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from device.control.client import Lost
from device.control.messages import Doors, Row, Update
from device.errors import LintelError
from device.records import DoorStatus
from device.records.service import ServiceStatus
from device.web.monitor import Monitor
from tests.device.control.bench import LOCKED

HEALTH = ServiceStatus(version="1.2.3", up_s=7300.0, is_ready=True, grants=5, as_of_s=0.0)


@dataclass
class SeenService:
    """`Glass` that shows what it is given."""

    statuses: tuple[DoorStatus, ...] = (LOCKED,)
    said: list[Update | Lost] = field(default_factory=list)
    gone: str = ""

    def doors(self) -> Doors:
        if self.gone:
            raise LintelError(self.gone, hint="Start it.")
        return Doors(self.statuses, HEALTH)

    def updates(self) -> Iterator[Update | Lost]:
        yield from self.said


def watched(service: SeenService) -> Monitor:
    """A monitor whose watchers a test calls by itself: they end after what was said."""
    ended = threading.Event()
    return Monitor(service, "1.2.3", ended)


def row(number: int, event: str = "decision", **values: object) -> Row:
    """A row of the audit."""
    return Row(number, "2026-06-01T08:00:00+00:00", event, door="main", **values)  # type: ignore[arg-type]
