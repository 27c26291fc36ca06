"""A camera's empty view is learnt while no one is there, kept over a restart, and learnt again once it has changed."""

import stat
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from device.idle import Glance
from device.records import Box, Frame, Image
from device.scenes import CameraScenes
from device.settings.tables import CameraSettings
from device.vision.attack.scene import learnt, small
from device.vision.attack.scene_file import decoded, encoded
from device.vision.detector import Detection
from tests.device.vision.attack.test_scene import room, seen, with_head

HALL = CameraSettings(name="hall")


class House:
    """A door's cameras over a time, with a state folder that outlasts them."""

    def __init__(self, folder: Path, camera: CameraSettings = HALL) -> None:
        self.lines: list[str] = []
        self.changes: list[tuple[float, str]] = []
        self.at = 0.0
        self.scenes = CameraScenes([camera], folder, report=self.lines.append, changed=self.note)
        self.scene = self.scenes.by_camera["hall"]

    def note(self, camera: str) -> None:
        self.changes.append((self.at, camera))

    def shows(self, picture: Image, seconds: float, *, faces: tuple[Detection, ...] = ()) -> "House":
        for _ in range(round(seconds / 10)):
            self.scenes.saw(Glance("hall", Frame(picture, self.at), faces))
            self.at += 10
        return self

    @property
    def is_known(self) -> bool:
        return self.scene.known() is not None


@pytest.fixture
def hall() -> Image:
    return seen(room(), 0)


FACE = Detection(Box(270.0, 170.0, 100.0, 100.0), (300.0, 200.0), (340.0, 200.0), 0.9)


def test_view_is_known_after_a_minute_without_a_person(tmp_path: Path, hall: Image) -> None:
    house = House(tmp_path).shows(hall, 50)
    assert not house.is_known
    assert house.shows(hall, 10).is_known


def test_nothing_is_learnt_while_a_person_is_in_view(tmp_path: Path, hall: Image) -> None:
    assert not House(tmp_path).shows(with_head(hall), 600, faces=(FACE,)).is_known


def test_scene_outlasts_a_restart_and_counts_once_seen(tmp_path: Path, hall: Image) -> None:
    House(tmp_path).shows(hall, 60)
    house = House(tmp_path)
    assert not house.is_known
    assert house.shows(hall, 10).is_known


def test_camera_that_was_moved_meanwhile_refuses_no_one(tmp_path: Path, hall: Image) -> None:
    House(tmp_path).shows(hall, 60)
    house = House(tmp_path).shows(seen(room(1), 0), 300)
    assert (house.is_known, house.changes, house.scene.trouble()) == (False, [], "")
    house.shows(seen(room(1), 0), 10)
    assert house.changes == [(300.0, "hall")]
    assert house.scene.trouble().startswith("The camera's view has changed")
    house.shows(seen(room(1), 0), 60)
    assert (house.is_known, house.scene.trouble()) == (True, "")
    assert House(tmp_path).shows(seen(room(1), 0), 10).is_known


def test_other_camera_settings_are_learnt_without_an_alarm(tmp_path: Path, hall: Image) -> None:
    House(tmp_path).shows(hall, 60)
    turned = House(tmp_path, msgspec.structs.replace(HALL, rotate=180)).shows(seen(room(1), 0), 400)
    assert (turned.changes, turned.lines, turned.is_known) == ([], [], True)


def test_frames_of_another_size_are_learnt_again(tmp_path: Path, hall: Image) -> None:
    wide = np.asarray(cv2.resize(hall, (640, 360)), np.uint8)
    house = House(tmp_path).shows(hall, 60).shows(wide, 50)
    assert not house.is_known
    assert house.shows(wide, 10).is_known


def test_darkness_is_no_change_and_says_nothing(tmp_path: Path, hall: Image) -> None:
    dark = np.full_like(hall, 3)
    house = House(tmp_path).shows(hall, 60).shows(dark, 3600)
    assert (house.is_known, house.changes) == (False, [])
    assert house.shows(hall, 10).is_known


def test_scene_is_its_owners_alone_and_holds_no_picture(tmp_path: Path, hall: Image) -> None:
    House(tmp_path).shows(hall, 60)
    (path,) = (tmp_path / "scenes").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert small(hall).tobytes()[:64] not in path.read_bytes()
    assert path.stat().st_size < 40_000


def test_scene_is_written_once_an_hour(tmp_path: Path, hall: Image) -> None:
    house = House(tmp_path).shows(hall, 60)
    (path,) = (tmp_path / "scenes").iterdir()
    first = path.read_bytes()
    assert house.shows(hall, 3590).is_known
    path.write_bytes(b"")
    house.shows(hall, 10)
    assert len(path.read_bytes()) == len(first)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[:-1],
    "one bit": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "longer": lambda content: content + b"\0",
    "later version": lambda content: content.replace(b'"version":1', b'"version":2'),
    "another kind": lambda content: content.replace(b"lintel scene", b"lintel stone"),
    "rows beyond any": lambda content: content.replace(b'"rows":15', b'"rows":9999999999'),
    "no text": lambda _: b"\xff" * 100,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_learnt_again_and_reported(tmp_path: Path, hall: Image, damage: str) -> None:
    House(tmp_path).shows(hall, 60)
    path = tmp_path / "scenes" / "hall.scene"
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    house = House(tmp_path).shows(hall, 10)
    assert not house.is_known
    assert len(house.lines) == 1
    assert house.lines[0].startswith(f"The scene of the camera hall in {path} can't be used: ")
    assert house.shows(hall, 50).is_known
    assert House(tmp_path).shows(hall, 10).is_known


def test_disk_that_takes_nothing_is_a_trouble_until_it_does(tmp_path: Path, hall: Image) -> None:
    (tmp_path / "scenes").write_text("no folder")
    house = House(tmp_path).shows(hall, 60)
    assert house.is_known
    assert "can't be kept over a restart" in house.scene.trouble()
    (tmp_path / "scenes").unlink()
    assert house.shows(hall, 10).scene.trouble() == ""


def test_kept_edges_match_as_those_learnt(hall: Image) -> None:
    known = learnt([small(hall)])
    kept = decoded(encoded(known, "x"), "x")
    assert kept is not None
    for seed in range(3):
        frame = seen(with_head(room()), seed)
        both = [one.match_around(small(frame), FACE.box, 640) for one in (known, kept)]
        assert both[0].known == both[1].known
        assert abs(both[0].share - both[1].share) <= 0.02
