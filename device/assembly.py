"""Puts a door together from settings: the real one on a board, or parts of it for the commands that need no door."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from device.access import Doorway
from device.cameras.sources import open_camera
from device.config import Settings, state_dir
from device.door.gpio import Relay, board_factory
from device.ports import Clock
from device.readers.lines import LineReader, open_line_reader
from device.store.store import Store
from device.vision.faces import load_analyzer


def open_store(settings: Settings) -> Store:
    """The store in the settings' state folder. Raises `StoreError`."""
    return Store(state_dir(settings))


def open_board_door(settings: Settings) -> Relay:
    """The relay on this board, secured. Raises `DoorError`."""
    return Relay(settings.door, board_factory())


@contextmanager
def board(settings: Settings, clock: Clock) -> Iterator[tuple[Doorway, LineReader]]:
    """The whole real door and its reader, the relay first, so that it is secured before anything slow or fallible."""
    with ExitStack() as stack:
        door = stack.enter_context(closing(open_board_door(settings)))
        store = stack.enter_context(open_store(settings))
        analyzer = load_analyzer(settings.vision)
        camera = stack.enter_context(closing(open_camera(settings.camera, clock)))
        reader = stack.enter_context(closing(open_line_reader(settings.reader.source, clock)))
        yield Doorway(camera, door, store, analyzer, clock), reader


@contextmanager
def desk(settings: Settings, clock: Clock, relay: Relay) -> Iterator[tuple[Doorway, LineReader]]:
    """A door with a virtual relay, for a real camera or clip and badges that are typed.

    It works on a copy of the store: no grant of a virtual door is ever in a real audit.
    """
    with ExitStack() as stack:
        stack.enter_context(closing(relay))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lintel-")))
        with open_store(settings) as real:
            real.copy_to(folder)
        store = stack.enter_context(Store(folder))
        analyzer = load_analyzer(settings.vision)
        camera = stack.enter_context(closing(open_camera(settings.camera, clock)))
        reader = stack.enter_context(closing(open_line_reader("stdin", clock)))
        yield Doorway(camera, relay, store, analyzer, clock), reader
