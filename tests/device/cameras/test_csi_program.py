"""CSI cameras through a real child: a stand-in for `rpicam-vid` that shows a portrait, and fails as it is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from device.cameras.child import Process
from device.cameras.sources import look_for_camera, open_live_camera
from device.clock import SystemClock
from device.errors import CameraError
from device.ports import Camera
from device.records import Frame, Probe
from device.settings.tables import CameraSettings
from device.vision.faces import FaceAnalyzer
from tests.rig.camera import EILEEN, RigCamera
from tests.waiting import PATIENCE_S

PROGRAMS = Path(__file__).parents[2] / "rig" / "bin"
SETTINGS = CameraSettings(source="csi:0", rate=15)


@pytest.fixture
def lens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RigCamera:
    """What is before the first camera."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LINTEL_RPICAM", str(tmp_path))
    monkeypatch.setenv("LINTEL_RPICAM_PYTHON", sys.executable)
    seen = RigCamera(tmp_path / "csi0")
    seen.does("live", fps=15.0)
    return seen


@pytest.fixture
def said() -> list[str]:
    return []


Opening = Callable[..., Camera]


@pytest.fixture
def opened(lens: RigCamera, said: list[str]) -> Iterator[Opening]:
    """Opens cameras in the background, and closes them in the end."""
    assert lens.device.exists()
    cameras: list[Camera] = []

    def open_one(settings: CameraSettings = SETTINGS) -> Camera:
        cameras.append(open_live_camera(settings, SystemClock(), in_background=True, note=said.append))
        return cameras[-1]

    yield open_one
    for camera in cameras:
        camera.close()


def first_frame(camera: Camera) -> Frame:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(CameraError):
            if frame := camera.read(0.1):
                return frame
    raise AssertionError(camera.trouble())


def when(wanted: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not wanted() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(wanted())


def test_face_before_the_lens_is_recognized(lens: RigCamera, opened: Opening, analyzer: FaceAnalyzer) -> None:
    lens.shows(EILEEN)
    camera = opened()
    frame = first_frame(camera)
    assert frame.image.shape == (480, 640, 3)
    assert isinstance(analyzer.analyze(frame.image), Probe)
    assert camera.trouble() == ""


def test_frame_is_never_younger_than_it_is(lens: RigCamera, opened: Opening) -> None:
    """Its time is when the frame before it was whole, as that can't be later than its capture by much."""
    camera = opened()
    before = first_frame(camera).captured_at
    after = first_frame(camera).captured_at
    assert lens.device.exists()
    assert before < after <= time.monotonic()


@pytest.mark.parametrize(
    ("mode", "said_so"),
    [
        ("error", "The CSI camera 0 stopped: rpicam-vid ended with exit code 255 (device timeout)."),
        ("dead", "The CSI camera 0 stopped: rpicam-vid ended with exit code 255 (failed to queue request)."),
    ],
)
def test_death_of_the_program_is_a_trouble_within_two_seconds(
    lens: RigCamera, opened: Opening, mode: str, said_so: str
) -> None:
    camera = opened()

    def is_told_in_time() -> bool:
        lens.does("live", fps=15.0)
        first_frame(camera)
        at = lens.does(mode)
        assert when(lambda: camera.trouble() == said_so)
        return time.monotonic() - at < 2.0

    assert any(is_told_in_time() for _ in range(5)), "a busy machine is late once, not each time"


def test_program_that_was_killed_is_begun_again(lens: RigCamera, opened: Opening, said: list[str]) -> None:
    camera = opened()
    first_frame(camera)
    assert lens.device.exists()
    os.kill(children()[0], signal.SIGKILL)
    assert when(lambda: camera.trouble() == "The CSI camera 0 stopped: rpicam-vid was ended by SIGKILL.")
    first_frame(camera)
    assert camera.trouble() == ""
    assert said == ["Camera main: [0:00:01.5] [7]  INFO Camera camera_manager.cpp:325 libcamera v0.5.2"] * 2


def test_camera_that_is_not_there_is_a_trouble(lens: RigCamera, opened: Opening) -> None:
    lens.unplug()
    camera = opened()
    missing = "The CSI camera 0 stopped: rpicam-vid ended with exit code 255 (no cameras available)."
    assert when(lambda: camera.trouble() == missing), camera.trouble()


@pytest.mark.parametrize(
    ("settings", "said_so"),
    [
        (CameraSettings(source="csi:x"), "The CSI camera x: 'csi:x' names no CSI camera - expected "),
        (
            CameraSettings(source="csi:0", width=800),
            "The CSI camera 0: a CSI camera's `width` is a multiple of 64, such as 768 or 832, not 800.",
        ),
    ],
)
def test_source_on_the_command_line_is_refused_as_in_the_settings(settings: CameraSettings, said_so: str) -> None:
    """`lintel simulate --webcam csi:0` takes the size from the settings of another camera."""
    with pytest.raises(CameraError) as refused:
        open_live_camera(settings, SystemClock())
    assert refused.value.message.startswith(said_so)


def test_program_that_is_not_installed_is_a_trouble(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with closing(open_live_camera(SETTINGS, SystemClock(), in_background=True)) as camera:
        assert when(camera.trouble)
        assert camera.trouble() == "A CSI camera needs rpicam-vid, which isn't installed."
    with pytest.raises(CameraError, match=r"needs rpicam-vid, which isn't installed\.") as missing:
        look_for_camera(SETTINGS)
    assert "sudo apt install rpicam-apps-lite" in missing.value.hint


def test_older_name_of_the_program_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libcamera-vid").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look_for_camera(SETTINGS) == f"csi:0 through {tmp_path}/libcamera-vid"


def test_two_cameras_are_two_programs(lens: RigCamera, opened: Opening, tmp_path: Path) -> None:
    second = RigCamera(tmp_path / "csi1")
    second.does("live", fps=15.0)
    lens.shows(EILEEN)
    frames = [first_frame(opened(CameraSettings(source=f"csi:{number}", rate=15))) for number in (0, 1)]
    assert frames[0].image.std() > 2 * frames[1].image.std()
    assert json.loads((tmp_path / "csi1.argv").read_text())[:2] == ["--camera", "1"]


def test_closed_camera_leaves_no_program(lens: RigCamera, opened: Opening) -> None:
    camera = opened()
    first_frame(camera)
    lens.does("hang")
    running = children()
    camera.close()
    assert len(running) == 1
    assert children() == []


def test_program_does_not_speak_to_the_services_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    with closing(Process(("sleep", "60"))):
        (program,) = children()
        assert b"NOTIFY_SOCKET" not in Path(f"/proc/{program}/environ").read_bytes()


WITHOUT_PRIVILEGES = """
from device.cameras.child import Process
print(Process(("true",)).ended())
"""


def test_program_starts_where_privileged_calls_are_refused() -> None:
    """As in the unit: SystemCallFilter=~@privileged. `setpriv` sets capabilities, and ends there."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    refused = "capset,setuid,setgid,setgroups,setresuid,setresgid,chroot"
    traced = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={refused}", "-e", f"inject={refused}:error=EPERM"]
    ended = subprocess.run(
        [*traced, sys.executable, "-c", WITHOUT_PRIVILEGES], capture_output=True, text=True, check=False, timeout=60
    )
    if "ptrace" in ended.stderr:
        pytest.skip("strace may not trace here")
    assert (ended.stdout, ended.stderr) == ("ended with exit code 0\n", "")


def test_program_that_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with closing(Process((str(tmp_path / "none"),))) as child:
        assert child.ended() == "ended with exit code 127"


SERVICE = """
import contextlib, sys, time
from device.cameras.sources import open_live_camera
from device.clock import SystemClock
from device.settings.tables import CameraSettings
from device.errors import CameraError
camera = open_live_camera(CameraSettings(source="csi:0"), SystemClock(), in_background=True)
frame = None
while frame is None:
    with contextlib.suppress(CameraError):  # a busy machine is late
        frame = camera.read(1.0)
print("seen", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("mode", ["live", "hang"])
def test_killed_service_leaves_no_program(lens: RigCamera, mode: str) -> None:
    """Even one that writes nothing, and so does not see that its pipe is closed."""
    service = subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    with service, service.stdout:
        assert service.stdout.readline() == "seen\n"
        (program,) = children(service.pid)
        lens.does(mode)
        service.kill()
    assert when(lambda: not Path(f"/proc/{program}").exists() or is_zombie(program))


def is_zombie(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def children(parent: int = 0) -> list[int]:
    """The processes that a process has, of all its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{parent or os.getpid()}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += map(int, (task / "children").read_text().split())
    return [process for process in found if not is_zombie(process)]
