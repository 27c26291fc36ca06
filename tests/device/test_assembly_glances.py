"""What the parts of a door make of glances through its camera while no one is there."""

from functools import partial
from pathlib import Path
from typing import NoReturn

import msgspec
import numpy as np
import pytest

from device.clock import SystemClock
from device.idle import IdleWatch
from device.records import Event, Frame, Image, PadMode
from device.settings.tables import DoorSettings, ReaderSettings, Settings, StoreSettings, VisionSettings
from device.store.store import Store
from device.virtual.camera import SimulatedCamera
from device.virtual.scene import Scene
from tests.device.assembled import running
from tests.device.vision.attack.test_scene import room, seen
from tests.there import there


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    readers = (ReaderSettings(kind="socket", source=str(tmp_path / "badges")),)
    return Settings(
        doors=(DoorSettings(readers=readers),),
        vision=VisionSettings(threads=1),
        store=StoreSettings(state_dir=str(tmp_path / "state")),
    )


class Glimpsed(SimulatedCamera):
    """A camera that is glanced through while no one is there."""

    def glance(self) -> Frame:
        return Frame(np.zeros((120, 160, 3), np.uint8), 0.0)


class Failing:
    def detect(self, image: Image) -> NoReturn:
        raise RuntimeError(str(image.shape))


@pytest.mark.usefixtures("lgpio")
def test_detector_that_fails_is_in_the_status_before_a_badge_comes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device.assembly.open_live_camera", lambda *_, **__: Glimpsed(SystemClock(), Scene((), {})))
    monkeypatch.setattr("device.assembly.load_detector", lambda _settings: Failing())
    monkeypatch.setattr("device.assembly.IdleWatch", partial(IdleWatch, every_s=0.01))
    with running(settings) as run:
        said = run.troubles("detector: ")
    assert "detector: The detector failed on a picture of the camera main: " in "".join(said)


class Moved(SimulatedCamera):
    """A camera before an empty room, 10 s from glance to glance, that is turned away after the eighth."""

    glances = 0
    views = (seen(room(0), 0), seen(room(1), 0))

    def glance(self) -> Frame:
        self.glances += 1
        return Frame(self.views[self.glances > 8], 10.0 * self.glances)


class Blind:
    def detect(self, _image: Image) -> tuple[()]:
        return ()


@pytest.mark.usefixtures("lgpio")
@pytest.mark.parametrize(("pad", "watched"), [(None, True), (PadMode.OFF, False)])
def test_camera_that_was_moved_is_in_the_audit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pad: PadMode | None, watched: bool
) -> None:
    moved = Moved(SystemClock(), Scene((), {}))
    monkeypatch.setattr("device.assembly.open_live_camera", lambda *_, **__: moved)
    monkeypatch.setattr("device.assembly.load_detector", lambda _settings: Blind())
    monkeypatch.setattr("device.assembly.IdleWatch", partial(IdleWatch, every_s=0.001))
    door = msgspec.structs.replace(settings.doors[0], pad=pad)
    with running(msgspec.structs.replace(settings, doors=(door,))) as run:
        run.polled(lambda _said: moved.glances > 50)
        there(run.parts.parts[0].log).write_down()
    with Store(tmp_path / "state") as store, store.audit() as audit:
        rows = [(row.door, row.fault) for row in audit.newest(100) if row.event is Event.CAMERA_VIEW_CHANGED]
    changed = [line for line in run.lines if "The camera's view has changed" in line]
    assert (rows, len(changed)) == (([("main", "camera main")], 1) if watched else ([], 0))
    assert (tmp_path / "state" / "scenes" / "main.scene").exists() == watched
