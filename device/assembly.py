"""Puts the parts behind open doors: store, cameras, models and readers, each of which may be missing and come later.

A part that is missing is a trouble that is reported and retried, never the end of the service: exit button, fire input,
alarms and operators need none of them.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial

from device.at_work import late_words
from device.cameras.hanging import HangingCamera
from device.cameras.live import LiveCamera
from device.cameras.sources import in_its_light, open_live_camera
from device.control.desk import Ordered
from device.door.operation import Door
from device.door_log import DoorLog
from device.door_pads import load_analyzer_at, pad_at
from device.door_rules import DoorRules
from device.door_times import DoorTimes, DoorTimesThread
from device.doorway import Doorway
from device.duress_output import DuressOutput
from device.errors import CameraError
from device.forgetting import KeyForgetting, with_housing
from device.health import Health, Part
from device.idle import Glanced, IdleWatch, Sight
from device.missing import Choice, Missing, badge_alone
from device.open_doors import Beat, OpenBoard, OpenDoor
from device.operators import command_words
from device.own_store import clock_watch
from device.pin_checking import PinChecks
from device.policy.attempts import LastFailures
from device.policy.clock_state import ClockReading
from device.policy.light import share_in
from device.policy.waits import Waits
from device.ports import AbsentCamera, Camera, Clock, Reader
from device.probing import (
    AUDIT,
    BADGE_ALONE,
    CLOCK,
    DETECTOR,
    INSTEAD,
    KEY,
    MODELS,
    PAD,
    READER,
    SCHEDULES,
    STORE,
    THREADS,
    camera_part,
)
from device.readers.context import ReaderContext
from device.readers.group import ReaderGroup
from device.readers.kinds import group_of, open_in_background
from device.records import AuditRow, CameraSight, DoorOutput, Event, Frame, PadMode
from device.scenes import CHANGED, CameraScenes
from device.settings.loading import state_dir
from device.settings.prompts import pad_of
from device.settings.tables import CameraSettings, DoorSettings, Settings
from device.store.store import Store
from device.vision.faces import load_detector
from device.vision.late import LateAnalyzer
from device.whereabouts import Whereabouts


@dataclass(frozen=True, slots=True)
class DoorParts:
    """What one loop of a door needs: the door with its parts, what its readers give, and where its rows go.

    The readers at the way out have a loop of their own: whatever lies on the reader outside delays no one who leaves.
    """

    doorway: Doorway
    reader: Reader
    beats: tuple[Beat, ...]
    log: DoorLog | None = None
    is_way_out: bool = False


@dataclass(frozen=True, slots=True)
class Assembled:
    """All that the service runs."""

    parts: tuple[DoorParts, ...]
    health: Health
    clock: Clock
    report: Callable[[str], None]
    """Takes a line for the journal."""
    tried: Callable[[], bool]
    """Whether each part was tried once."""
    ended: Callable[[], str]
    """The name of a door whose thread has ended, "" if there is none: no command and no exit button is heard there."""
    frame_age: Callable[[str], float | None]
    """How old the newest frame of a door's cameras is, seconds, by its name: of the oldest, where it has several."""
    sights: Callable[[str], tuple[CameraSight, ...]]
    """What the pictures of a door's cameras are like, by its name."""
    reading: Callable[[], ClockReading]
    """The time of day with its state."""
    begins_again: Callable[[], bool] = lambda: False
    """Whether this life is to end now, as new settings are there."""


class MissingCamera:
    """`Camera` that is not there, and will not come by itself: the settings name what can't be one."""

    def __init__(self, error: CameraError) -> None:
        self._error = error

    def read(self, timeout_s: float) -> Frame | None:  # noqa: ARG002
        """Raises `CameraError`."""
        raise CameraError(self._error.message, hint=self._error.hint)

    def trouble(self) -> str:
        """Why there is none."""
        return self._error.message

    def absence(self) -> str:
        """The same."""
        return self._error.message

    def close(self) -> None:
        """Nothing to let go."""


@contextmanager
def assembled(
    settings: Settings, board: OpenBoard, store: Store, clock: Clock, report: Callable[[str], None]
) -> Iterator[Assembled]:
    """The parts of all doors, opened in the background. `report` takes lines for the journal."""
    with ExitStack() as stack:
        yield _Assembly(stack, settings, store, clock).all(board, report)


@dataclass(frozen=True, slots=True)
class _Seeing:
    """The cameras by their names, and what is known of their empty views."""

    cameras: Mapping[str, Camera]
    scenes: CameraScenes


def _ended(doors: tuple[OpenDoor, ...]) -> str:
    return next((opened.door.name for opened in doors if opened.failure() is not None), "")


def _with_duress(settings: Settings, doors: tuple[OpenDoor, ...]) -> dict[str, Door]:
    """The doors that have an output for duress."""
    wired = {one.name for one in settings.doors if any(out.signal is DoorOutput.DURESS for out in one.outputs)}
    return {opened.door.name: opened.door for opened in doors if opened.door.name in wired}


def _sight_of(name: str, live: LiveCamera, seen: Sight | None) -> CameraSight:
    if seen is None:
        return CameraSight(name, live.rate_fps())
    return CameraSight(name, live.rate_fps(), seen.light, seen.sharpness)


class _Assembly:
    """Opens part after part; `stack` closes them."""

    def __init__(self, stack: ExitStack, settings: Settings, store: Store, clock: Clock) -> None:
        self._stack = stack
        self._settings = settings
        self._store = store
        self._clock = clock
        self._analyzers: list[LateAnalyzer] = []
        self._groups: list[ReaderGroup] = []
        self._watched: list[Part] = []
        self._glanced: dict[str, Glanced] = {}
        self._live: list[tuple[LiveCamera, frozenset[str]]] = []
        self._named: dict[str, LiveCamera] = {}
        self._at: dict[str, frozenset[str]] = {}
        self._waits = Waits()
        self._failures = LastFailures(clock.monotonic())
        self._pins = stack.enter_context(closing(PinChecks(store)))
        self._clock_watch = stack.enter_context(closing(clock_watch(settings, store, clock)))

    def all(self, board: OpenBoard, report: Callable[[str], None]) -> Assembled:
        names = frozenset(opened.door.name for opened in board.doors)
        areas = Whereabouts(self._settings)
        self._stack.enter_context(closing(DuressOutput(self._store, _with_duress(self._settings, board.doors))))
        logs = {opened.door.name: DoorLog(opened.door, self._store, self._clock, areas) for opened in board.doors}
        heard = with_housing(self._settings, [opened.door for opened in board.doors])
        self._stack.enter_context(closing(KeyForgetting(self._store.vault, heard, logs, report)))
        self._watched.append(Part(STORE, names, self._store.trouble))
        self._watched.append(Part(AUDIT, names, self._store.audit_trouble))
        self._watched.append(Part(CLOCK, names, self._clock_watch.trouble))
        self._watched.append(Part(KEY, names, self._store.key_trouble))
        self._watched.append(Part(THREADS, names, late_words))
        cameras = {
            name: self._camera(self._settings.camera_named(name), doors, report) for name, doors in self._seen_by()
        }
        scenes = self._scenes(logs, report)
        self._idle = idle = IdleWatch(self._glanced, partial(load_detector, self._settings.vision), saw=scenes.saw)
        self._watched.append(Part(DETECTOR, names, self._stack.enter_context(closing(idle)).trouble))
        readers = self._readers(board)
        parts = tuple(
            part
            for opened in board.doors
            for part in self._parts(opened, _Seeing(cameras, scenes), readers, logs[opened.door.name])
        )
        self._follow_schedules(board, names)
        health = Health(self._watched, logs, self._clock, report)
        ended, reading = partial(_ended, board.doors), self._clock_watch.reading
        return Assembled(
            parts, health, self._clock, report, self._were_tried, ended, self._frame_age, self._sights, reading
        )

    def _frame_age(self, door: str) -> float | None:
        ages = [live.frame_age() for live, doors in self._live if door in doors]
        return max((age for age in ages if age is not None), default=None)

    def _sights(self, door: str) -> tuple[CameraSight, ...]:
        at = [(name, live) for name, live in self._named.items() if door in self._at[name]]
        return tuple(_sight_of(name, live, self._idle.sight(name)) for name, live in at)

    def _follow_schedules(self, board: OpenBoard, names: frozenset[str]) -> None:
        times = DoorTimes(tuple(opened.door for opened in board.doors), self._store, self._clock)
        thread = self._stack.enter_context(closing(DoorTimesThread(times, self._clock_watch.reading)))
        self._watched.append(Part(SCHEDULES, names, thread.trouble))

    def _scenes(self, logs: Mapping[str, DoorLog], report: Callable[[str], None]) -> CameraScenes:
        """What is known of the empty views of cameras at doors that look for presentation attacks."""
        at = {name: doors for name, doors in self._seen_by() if any(map(self._looks_for_attacks, doors))}

        def changed(camera: str) -> None:
            report(f"Door {', '.join(sorted(at[camera]))}: camera {camera}: {CHANGED}")
            for door in at[camera]:
                logs[door].add(Event.CAMERA_VIEW_CHANGED, f"camera {camera}")

        cameras = [self._settings.camera_named(name) for name in at]
        scenes = CameraScenes(cameras, state_dir(self._settings), report=report, changed=changed)
        for name, doors in at.items():
            self._watched.append(Part(camera_part(name), doors, scenes.by_camera[name].trouble, is_logged=False))
        return scenes

    def _looks_for_attacks(self, door: str) -> bool:
        return pad_of(self._settings.door_named(door)) is not PadMode.OFF

    def _were_tried(self) -> bool:
        return all(one.tried.is_set() for one in self._analyzers) and all(one.was_tried for one in self._groups)

    def _seen_by(self) -> Iterator[tuple[str, frozenset[str]]]:
        """The name of each camera at a way in, and the doors that it is at."""
        settings = self._settings
        at = [
            (settings.camera_at(door, reader).name, door.name)
            for door in settings.doors
            for reader in door.readers
            if reader.direction == "entry"
        ]
        for name in sorted({camera for camera, _ in at}):
            yield name, frozenset(door for camera, door in at if camera == name)

    def _camera(self, settings: CameraSettings, doors: frozenset[str], report: Callable[[str], None]) -> Camera:
        try:
            opened = open_live_camera(settings, self._clock, in_background=True, note=report)
            live: Camera = self._stack.enter_context(closing(opened))
            self._live.append((opened, doors))
            if isinstance(opened, LiveCamera):
                self._named[settings.name], self._at[settings.name] = opened, doors
            if isinstance(live, Glanced):
                self._glanced[settings.name] = live
            camera: Camera = HangingCamera(in_its_light(live, settings), settings.rotate)
        except CameraError as error:
            camera = MissingCamera(error)
        self._watched.append(Part(camera_part(settings.name), doors, camera.trouble))
        return camera

    def _readers(self, board: OpenBoard) -> Mapping[str, Reader]:
        """By their names."""
        is_service = "NOTIFY_SOCKET" in os.environ
        settings = self._settings
        context = ReaderContext(
            self._clock, board.pins, state_dir(settings), settings.formats, has_standard_input=not is_service
        )
        opened = open_in_background(settings.readers, context)
        for reader in opened.values():
            self._stack.callback(reader.close)
        return opened

    def _parts(
        self, opened: OpenDoor, seeing: _Seeing, readers: Mapping[str, Reader], log: DoorLog
    ) -> Iterator[DoorParts]:
        """A loop for the way in and one for the way out; each door has an analyzer of its own, as each has a thread."""
        door, settings = opened.door, self._settings.door_named(opened.door.name)
        ways = {way: [one for one in settings.readers if one.direction == way] for way in ("entry", "exit")}
        at = {one.name: self._settings.camera_at(settings, one) for one in ways["entry"]}
        seen = {name: seeing.cameras[camera.name] for name, camera in at.items()}
        shares = {name: share_in(camera.light) for name, camera in at.items()}
        scenes = {name: seeing.scenes.known(camera.name) for name, camera in at.items()}
        made = self._doorway(door, settings, seen)
        missing = self._missing(settings, made, {name: camera.name for name, camera in at.items()}, log)
        doorway = replace(
            made,
            shares=shares,
            scenes=scenes,
            waits=self._waits,
            failures=self._failures,
            missing=missing,
            pins=self._pins,
        )
        for way, those in ways.items():
            if those:
                group = self._stack.enter_context(closing(group_of(tuple(those), readers, self._clock)))
                self._groups.append(group)
                self._watched.append(Part(READER, frozenset({door.name}), group.trouble, is_logged=False))
                yield DoorParts(doorway, group, opened.beats, log, is_way_out=way == "exit")

    def _missing(
        self, settings: DoorSettings, doorway: Doorway, at: Mapping[str, str], log: DoorLog
    ) -> Callable[[str], str]:
        """What says which part a face at a reader needs has been missing for long enough; `at` are readers' cameras."""
        analyzer, parts = doorway.analyzer, dict[str, Callable[[], str]]()
        for reader, camera in doorway.cameras.items():
            parts[camera_part(at[reader])] = partial(_absence, camera)
        parts |= {MODELS: analyzer.trouble} if isinstance(analyzer, LateAnalyzer) else {}
        parts[KEY] = self._store.key_trouble
        choice = Choice(settings.when_missing, settings.missing_after_s)
        missing = Missing(parts, choice, log, self._clock)
        names = frozenset({settings.name})
        self._watched.append(Part(INSTEAD, names, missing.trouble))
        self._watched.append(Part(BADGE_ALONE, names, lambda: badge_alone(settings), is_logged=False))
        return lambda reader: missing.at([camera_part(at[reader]), MODELS, KEY] if reader in at else [])

    def _doorway(self, door: Door, settings: DoorSettings, seen: Mapping[str, Camera]) -> Doorway:
        made_for = pad_at(self._settings, settings)
        load = partial(load_analyzer_at, self._settings, settings, made_for)
        analyzer = self._stack.enter_context(closing(LateAnalyzer(load)))
        self._analyzers.append(analyzer)
        names = frozenset({door.name})
        self._watched.append(Part(MODELS, names, analyzer.trouble))
        self._watched.append(Part(PAD, names, lambda: made_for.trouble))
        camera = next(iter(seen.values()), MissingCamera(_NO_WAY_IN))
        return Doorway(
            camera,
            door,
            self._store,
            analyzer,
            self._clock,
            seen,
            pad=made_for.pad,
            clock_watch=self._clock_watch,
            rules=DoorRules(self._store, settings),
        )


def _absence(camera: Camera) -> str:
    return camera.absence() if isinstance(camera, AbsentCamera) else ""


_NO_WAY_IN = CameraError("This door has no reader at its way in, and so no camera.", hint="Set `direction`.")


def release_writer(store: Store, clock: Clock) -> Callable[[Ordered], None]:
    """Writes an operator's release down before it is done. Raises `StoreError`."""

    def write(ordered: Ordered) -> None:
        with store.audit() as audit:
            said, who = command_words(ordered), ordered.by.words
            audit.add(AuditRow(0, clock.utc(), Event.DOOR_COMMANDED, fault=said, door=ordered.door, by=who))

    return write
