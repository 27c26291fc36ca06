"""`lintel pad record --at`: the service has the camera, the operator the folder, and a badge goes first."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.control.desk import Desk
from device.control.messages import RecordPresentations, verb_of
from device.control.protocol import VERBS
from device.control.server import ControlServer
from device.guided_place import GuidedPlace
from device.guided_recording import GuidedRecordings
from device.next_badge import NextBadge
from device.pad.folder import opened, read_frames, read_manifest
from device.pad.manifest import PadFolder
from device.presented import ReadersOfDoor
from device.virtual.clock import SimulatedClock
from tests.device.cli.pad.test_record import FakeLook
from tests.device.commands import Ended, Lintel
from tests.device.pad.recorded import FakeCamera


def no_analyzer() -> Any:
    pytest.fail("nobody is enrolled")


@dataclass
class Door:
    """A door whose service runs, as far as operators see it."""

    camera: FakeCamera
    place: GuidedPlace
    busy_until: float = -np.inf


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    camera = FakeCamera(SimulatedClock())
    readers = ReadersOfDoor(NextBadge(), ("reader",))
    made = Door(camera, GuidedPlace(camera, lambda: False, no_analyzer, FakeLook, readers))  # type: ignore[arg-type]  # fake
    made.place = replace(made.place, is_busy=lambda: camera.clock.monotonic() < made.busy_until)
    recordings = GuidedRecordings({"main": made.place}, camera.clock)
    desk = Desk(VERBS, {verb_of(RecordPresentations): recordings.progress})  # type: ignore[dict-item]  # its own request
    with closing(ControlServer(tmp_path / "run" / "control.sock", desk)):
        yield made


def record(lintel: Lintel, folder: Path, *options: str) -> Ended:
    return lintel("pad", "record", folder, "--person", "p1", "--count", "2", "--species", "live", *options)


@pytest.mark.usefixtures("door")
def test_presentations_come_through_the_service(lintel: Lintel, tmp_path: Path) -> None:
    ended = record(lintel, tmp_path / "pad", "--at", "main", "--species", "print", "--device", "print=laser")
    assert (ended.exit_code, ended.out) == (0, f"In {tmp_path / 'pad'}: live 2, print 2\n")
    assert ended.err.count("Kept.") == 4
    manifest = read_manifest(tmp_path / "pad")
    assert (manifest.camera, manifest.embedding_sha256) == ("door main", "b" * 64)
    last = manifest.presentations[-1]
    assert (last.species, last.person, last.device, last.references) == ("print", "p1", "laser", 3)
    assert read_frames(tmp_path / "pad", last)[7].similarity == pytest.approx(1.0)
    assert "Look straight" not in record(lintel, tmp_path / "pad", "--at", "main").err


def test_person_with_a_badge_goes_first(lintel: Lintel, tmp_path: Path, door: Door) -> None:
    door.busy_until = 300.0
    ended = record(lintel, tmp_path / "pad", "--at", "main")
    assert (ended.exit_code, ended.err.count("Another person is at the door with a badge")) == (0, 1)


def test_service_whose_camera_dies_keeps_what_was_complete(lintel: Lintel, tmp_path: Path, door: Door) -> None:
    door.camera.dies_at = 33.0
    ended = record(lintel, tmp_path / "pad", "--at", "main")
    assert (ended.exit_code, "pulled out" in ended.err) == (7, True)
    assert [one.name for one in read_manifest(tmp_path / "pad").presentations] == ["live-0001"]


@pytest.mark.usefixtures("door")
def test_folder_of_other_networks_is_refused_at_once(lintel: Lintel, tmp_path: Path) -> None:
    with opened(tmp_path / "pad", PadFolder(embedding_sha256="c" * 64)):
        pass
    ended = record(lintel, tmp_path / "pad", "--at", "main")
    assert (ended.exit_code, "other networks" in ended.err) == (8, True)
    assert "Kept." not in ended.err


@pytest.mark.usefixtures("door")
def test_unknown_door_is_said(lintel: Lintel, tmp_path: Path) -> None:
    ended = record(lintel, tmp_path / "pad", "--at", "cellar")
    assert (ended.exit_code, "There is no door 'cellar'" in ended.err) == (7, True)


def test_two_operators_do_not_record_at_one_door(lintel: Lintel, tmp_path: Path, door: Door) -> None:
    with ExitStack() as stack:
        assert door.place.turn.acquire(timeout=5)
        stack.callback(door.place.turn.release)
        ended = record(lintel, tmp_path / "pad", "--at", "main")
    assert (ended.exit_code, "under way at door main" in ended.err) == (7, True)
