"""Puts a door together from settings: the real one on a board, or parts of it for the commands that need no door."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Protocol, TypeVar

from device.access import Doorway
from device.cameras.sources import open_camera, open_live_camera
from device.config import Settings, state_dir
from device.door.gpio import Relay, board_factory
from device.door.remembered import remember
from device.errors import LintelError
from device.ports import Clock
from device.readers.lines import LineReader, open_line_reader
from device.store.store import Store
from device.vision.faces import load_analyzer


class Closable(Protocol):
    """What can be let go."""

    def close(self) -> None:
        """Lets it go; harmless when repeated."""


Part = TypeVar("Part", bound=Closable)


def open_store(settings: Settings) -> Store:
    """The store in the settings' state folder. Raises `StoreError`."""
    return Store(state_dir(settings))


def open_board_door(settings: Settings) -> Relay:
    """The relay on this board, secured; which one it is, is written down first. Raises `DoorError`."""
    remember(settings.door)
    return Relay(settings.door, board_factory())


@contextmanager
def board(settings: Settings, clock: Clock) -> Iterator[tuple[Doorway, LineReader]]:
    """The whole real door and its reader, the relay first, so that it is secured before anything slow or fallible.

    Raises the error of what is missing; of several, one that names them all, as nobody likes to climb a ladder thrice.
    """
    missing: list[LintelError] = []
    with ExitStack() as stack:
        door = _part(stack, lambda: open_board_door(settings), missing)
        camera = _part(stack, lambda: open_live_camera(settings.camera, clock), missing)
        reader = _part(stack, lambda: open_line_reader(settings.reader.source, clock), missing)
        if door is None or camera is None or reader is None:
            raise _all_of(missing)
        store = stack.enter_context(open_store(settings))
        yield Doorway(camera, door, store, load_analyzer(settings.vision), clock), reader


def _part(stack: ExitStack, open_part: Callable[[], Part], missing: list[LintelError]) -> Part | None:
    """A part of the door, closed with the stack; None, and its error in `missing`, if it cannot be opened."""
    try:
        return stack.enter_context(closing(open_part()))
    except LintelError as error:
        missing.append(error)
        return None


def _all_of(errors: list[LintelError]) -> LintelError:
    """One error that says what several say, of the first one's kind."""
    if len(errors) == 1:
        return errors[0]
    messages = (f"  {error.message} {error.hint}" for error in errors)
    return type(errors[0])(
        "\n".join([f"{len(errors)} parts of the door are missing.", *messages]), hint="Mend all of them."
    )


@contextmanager
def desk(settings: Settings, clock: Clock, relay: Relay) -> Iterator[tuple[Doorway, LineReader]]:
    """A door with a virtual relay, for a real camera or clip and badges that are typed.

    It works on a copy of the store in memory: no grant of a virtual door is ever in a real audit.
    """
    with ExitStack() as stack:
        stack.enter_context(closing(relay))
        with open_store(settings) as real:
            store = stack.enter_context(real.copy_in_memory())
        analyzer = load_analyzer(settings.vision)
        camera = stack.enter_context(closing(open_camera(settings.camera, clock)))
        reader = stack.enter_context(closing(open_line_reader("stdin", clock)))
        yield Doorway(camera, relay, store, analyzer, clock), reader
