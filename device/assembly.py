"""Puts a door together from settings: the real one on a board, or parts of it for the commands that need no door."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

import msgspec

from device.access import Doorway
from device.cameras.sources import open_live_camera
from device.config import DoorSettings, ReaderSettings, Settings, state_dir
from device.control.client import control_socket
from device.control.server import ControlServer, Ordered
from device.door.interlock import Interlock
from device.door.mode import ModeFile
from device.door.operation import Door
from device.door.securing.driven import remember
from device.door.thread import DoorThread
from device.door.wires.gpio import board_factory, chip_of, open_board_io
from device.errors import LintelError
from device.ports import Camera, Clock, Reader
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.kinds import group_of, open_readers
from device.records import AuditRow, DoorCommand, Event
from device.store.store import Store
from device.vision.faces import load_analyzer

Found = TypeVar("Found")


def open_store(settings: Settings) -> Store:
    """The store in the settings' state folder. Raises `StoreError`."""
    return Store(state_dir(settings))


Beat = Callable[[], float]
"""When a thread last came round, in seconds on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class Post:
    """One door with what its readers give, and when each thread that it needs last came round."""

    doorway: Doorway
    reader: Reader
    beats: tuple[Beat, ...]


@contextmanager
def board(settings: Settings, clock: Clock) -> Iterator[tuple[Post, ...]]:
    """All real doors with their readers: the relays first, so that they are secured before anything slow or fallible.

    Raises the error of what is missing; of several, one that names them all, as nobody likes to climb a ladder thrice.
    """
    with ExitStack() as stack:
        yield _Board(stack, settings, clock).posts()


class _Board:
    """Opens part after part; `stack` closes them."""

    def __init__(self, stack: ExitStack, settings: Settings, clock: Clock) -> None:
        self._stack = stack
        self._settings = settings
        self._clock = clock
        self._pins = cache(partial(board_factory, settings.gpio.chip))
        self._beats: dict[str, tuple[Beat, ...]] = {}

    def posts(self) -> tuple[Post, ...]:
        missing: list[LintelError] = []
        doors = _found(self._doors, missing) or ()
        cameras = {source: _found(partial(self._camera, source), missing) for source in self._sources()}
        readers = _found(self._readers, missing) or {}
        if missing:
            raise _all_of(missing)
        seen = {source: camera for source, camera in cameras.items() if camera is not None}
        return tuple(self._post(door, seen, readers[door.name]) for door in doors)

    def _doors(self) -> tuple[Door, ...]:
        """Each relay secured; which ones they are, and on which chip, is written down first."""
        remember(self._settings.doors, self._settings.outputs, chip_of(self._pins()))
        interlock = Interlock() if self._settings.access.interlock else None
        return tuple(self._door(door, interlock) for door in self._settings.doors)

    def _door(self, door: DoorSettings, interlock: Interlock | None) -> Door:
        """With its time from the first moment on: it may begin with an evacuation, and cameras are slow to open."""
        io = open_board_io(door, self._settings, self._pins(), self._clock)
        self._stack.callback(io.close)
        memory = ModeFile(state_dir(self._settings), door.name)
        opened = self._stack.enter_context(closing(Door(door, io, self._clock, memory, interlock)))
        opened.chip = str(chip_of(self._pins()) or "")
        time = self._stack.enter_context(closing(DoorThread(opened, self._clock)))
        self._beats[door.name] = (lambda: time.last_beat, lambda: io.last_beat)
        return opened

    def _sources(self) -> list[str]:
        return sorted({self._source(reader) for reader in self._settings.readers})

    def _source(self, reader: ReaderSettings) -> str:
        return reader.camera or self._settings.camera.source

    def _camera(self, source: str) -> Camera:
        settings = msgspec.structs.replace(self._settings.camera, source=source)
        return self._stack.enter_context(closing(open_live_camera(settings, self._clock)))

    def _readers(self) -> dict[str, ReaderGroup]:
        """By door."""
        settings = self._settings
        opened = open_readers(
            settings.readers, ReaderContext(self._clock, self._pins, state_dir(settings), settings.formats)
        )
        for reader in opened.values():
            self._stack.callback(reader.close)
        return {
            door.name: self._as_one(tuple(one for one in settings.readers if one.door == door.name), opened)
            for door in settings.doors
        }

    def _as_one(self, readers: tuple[ReaderSettings, ...], opened: Mapping[str, Reader]) -> ReaderGroup:
        """Also a single one: it is read, and its badges are stamped, when they come, not when the door has time."""
        return self._stack.enter_context(closing(group_of(readers, opened, self._clock)))

    def _post(self, door: Door, cameras: Mapping[str, Camera], reader: ReaderGroup) -> Post:
        """A door has a store and an analyzer of its own, because each door has a thread of its own."""
        at_door = {part.name: cameras[self._source(part)] for part in self._settings.readers if part.door == door.name}
        store = self._stack.enter_context(open_store(self._settings))
        analyzer = load_analyzer(self._settings.vision)
        doorway = Doorway(next(iter(at_door.values())), door, store, analyzer, self._clock, at_door)
        beats = self._beats[door.name]
        return Post(doorway, reader, (*beats, lambda: reader.last_beat))


@contextmanager
def operators(settings: Settings, posts: tuple[Post, ...], clock: Clock) -> Iterator[None]:
    """Lets operators speak to the doors until the end, if there is a folder for their socket. Raises `DoorError`."""
    path = control_socket()
    if path is None:
        yield
        return

    doors = {post.doorway.door.name: post.doorway.door for post in posts}

    def note(ordered: Ordered) -> None:
        """A release before it is done, with a connection of the socket's own thread; nothing else waits for a disk."""
        detail = f"{ordered.command.value}, by user {ordered.uid}"
        if ordered.command is not DoorCommand.RELEASE:
            doors[ordered.door].remark(Event.DOOR_COMMANDED, detail)
            return
        with open_store(settings) as store, store.audit() as audit:
            audit.add(AuditRow(0, clock.utc(), Event.DOOR_COMMANDED, fault=detail, door=ordered.door))

    with closing(ControlServer(path, doors, note)):
        yield


def _found(find: Callable[[], Found], missing: list[LintelError]) -> Found | None:
    """What is opened; None, and the error in `missing`, if it cannot be."""
    try:
        return find()
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
