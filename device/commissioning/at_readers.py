"""Readers in an installer's hands: opened for one command while the service rests, and watched for a while."""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any

from device.clock import SystemClock
from device.commissioning.alone import UNIT, service_runs
from device.commissioning.hangup import hangup_interrupts
from device.errors import ConfigError, DoorError, ReaderEnded, ReaderError
from device.ports import Clock, Reader
from device.readers.context import ReaderContext
from device.readers.formats import FormatTable
from device.readers.kinds import format_table_of, open_readers
from device.records import ReaderEvent
from device.settings.loading import state_dir
from device.settings.tables import ReaderSettings, Settings

GLANCE_S = 0.5
_STOP_IT = f"If the service is running, stop it first: sudo systemctl stop {UNIT}"


def chosen(settings: Settings, name: str | None) -> tuple[ReaderSettings, ...]:
    """The reader of a name, or all. Raises `ConfigError`."""
    found = tuple(reader for reader in settings.readers if name in (None, reader.name))
    if not found:
        names = ", ".join(reader.name for reader in settings.readers)
        raise ConfigError(f"There is no reader {name!r} in the settings.", hint=f"Choose one of {names}.")
    return found


def osdp_reader(settings: Settings, name: str) -> ReaderSettings:
    """The OSDP reader of a name. Raises `ConfigError`."""
    (reader,) = chosen(settings, name)
    if reader.kind != "osdp":
        raise ConfigError(
            f"The reader {name!r} speaks {reader.kind}, which has no keys.", hint="Choose a reader of the kind osdp."
        )
    return reader


def give_key(settings: Settings, reader: ReaderSettings, seconds: float, *, install: bool) -> None:
    """Has an OSDP reader take a new key. Raises `ReaderError`."""
    from device.readers.osdp.keyset import keyset

    _refuse_beside_service()
    keyset(reader, _context(settings, SystemClock()), seconds, install=install)


@contextmanager
def watched(
    settings: Settings, readers: tuple[ReaderSettings, ...]
) -> Iterator[tuple[Reader, Clock, dict[str, FormatTable | None]]]:
    """Readers in operation as one, and the card formats that each reads, by its name. They are closed in the end, also
    when the terminal hangs up.

    Raises `ReaderError` if the service has them, and what keeps one from being opened.
    """
    _refuse_beside_service()
    clock = SystemClock()
    context = _context(settings, clock)
    tables = {reader.name: format_table_of(reader, context) for reader in readers}
    with hangup_interrupts(), closing(_opened(readers, context)) as reader:
        yield reader, clock, tables


def events(reader: Reader, clock: Clock, seconds: float | None) -> Iterator[ReaderEvent]:
    """What a reader gives within a time, or until its input ends. Raises `ReaderError`."""
    deadline = clock.monotonic() + (math.inf if seconds is None else seconds)
    with suppress(ReaderEnded):
        while (left := deadline - clock.monotonic()) > 0:
            if event := reader.read(min(left, GLANCE_S)):
                yield event


def _context(settings: Settings, clock: Clock) -> ReaderContext:
    return ReaderContext(clock, partial(_board_pins, settings.gpio.chip), state_dir(settings), settings.formats)


def _board_pins(chip: str) -> Any:  # noqa: ANN401 - gpiozero is untyped
    from device.door.wires.gpio import board_factory

    return board_factory(chip)


def _opened(readers: tuple[ReaderSettings, ...], context: ReaderContext) -> Reader:
    """Each sighting counts here: an installer wants to see what a reader gives, and what the door makes of it."""
    from device.readers.group import ReaderGroup
    from device.readers.part import Member

    try:
        found = tuple(open_readers(readers, context).items())
    except (ReaderError, DoorError) as error:
        raise type(error)(error.message, hint=f"{error.hint} {_STOP_IT}") from error
    if len(found) == 1:
        return found[0][1]
    return ReaderGroup(tuple(Member(reader, name) for name, reader in found), context.clock)


def _refuse_beside_service() -> None:
    """Two programs at one reader would each get a part of what comes. Raises `ReaderError`."""
    if service_runs():
        raise ReaderError(
            "The service is running and holds the readers.",
            hint=f"Stop it first: sudo systemctl stop {UNIT}. The door stays locked until it is started again.",
        )
