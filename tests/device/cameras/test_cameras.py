"""The Camera port, kept by the simulated camera, by files that are played, and by a live camera with its thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from device.cameras.files import with_noise
from device.cameras.live import LiveCamera
from device.cameras.source import Raw
from device.cameras.sources import open_camera
from device.clock import SystemClock
from device.errors import CameraError, ImageError
from device.ports import Camera, Clock
from device.records import Frame, Image, Probe
from device.settings.tables import CameraSettings
from device.virtual.camera import SimulatedCamera
from device.virtual.clock import SimulatedClock
from device.virtual.scene import Scene
from device.vision.faces import FaceAnalyzer
from tests.waiting import PATIENCE_S

NOT_LONG_S = 0.01
CLIP_FRAMES, CLIP_RATE_FPS = 20, 12.0


def gray(level: int) -> Image:
    return np.full((120, 160, 3), level, np.uint8)


def write_clip(path: Path) -> Path:
    """Frames that get brighter, in motion JPEG."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), CLIP_RATE_FPS, (160, 120))
    for index in range(CLIP_FRAMES):
        writer.write(gray(10 * index))
    writer.release()
    return path


def levels(frames: list[Frame]) -> list[int]:
    return [round(float(frame.image.mean())) for frame in frames]


def played(camera: Camera, count: int) -> list[Frame]:
    frames = [camera.read(PATIENCE_S) for _ in range(count)]
    return [frame for frame in frames if frame is not None]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three gray images and something else."""
    path = tmp_path / "folder"
    path.mkdir()
    for name, level in (("a.png", 50), ("b.png", 100), ("c.png", 150)):
        cv2.imwrite(str(path / name), gray(level))
    (path / "notes.txt").write_text("no image")
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.avi")


@pytest.fixture
def truncated_clip(clip: Path, tmp_path: Path) -> Path:
    path = tmp_path / "truncated.avi"
    path.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    return path


@pytest.fixture
def open_file(clock: SimulatedClock) -> Iterator[Callable[[Path], Camera]]:
    """Opens a camera that plays a file, and closes it in the end."""
    opened: list[Camera] = []

    def open_one(path: Path) -> Camera:
        opened.append(open_camera(CameraSettings(source=str(path)), clock))
        return opened[-1]

    yield open_one
    for camera in opened:
        camera.close()


class SteadySource:
    """A device that always has a next frame, with a sensor's noise and the driver's time stamp."""

    rate_fps = buffers = 0.0

    def __init__(self) -> None:
        self._given = 0

    def take(self) -> Raw:
        self._given += 1
        return Raw(with_noise(gray(77), self._given), 1000 * time.monotonic())

    def decoded(self, raw: Raw) -> Image:
        return raw.data

    def interrupt(self) -> None:
        """It never waits."""

    def close(self) -> None:
        """Nothing to let go."""


def simulated_camera(clock: Clock, _request: pytest.FixtureRequest) -> Camera:
    return SimulatedCamera(clock, Scene((), {}))


def image_camera(clock: Clock, request: pytest.FixtureRequest) -> Camera:
    return open_camera(CameraSettings(source=str(request.getfixturevalue("folder") / "a.png")), clock)


def folder_camera(clock: Clock, request: pytest.FixtureRequest) -> Camera:
    return open_camera(CameraSettings(source=str(request.getfixturevalue("folder"))), clock)


def clip_camera(clock: Clock, request: pytest.FixtureRequest) -> Camera:
    return open_camera(CameraSettings(source=str(request.getfixturevalue("clip"))), clock)


def live_camera(_clock: Clock, _request: pytest.FixtureRequest) -> Camera:
    return LiveCamera(SteadySource, SystemClock())


@pytest.fixture(params=[simulated_camera, image_camera, folder_camera, clip_camera, live_camera])
def camera(request: pytest.FixtureRequest, clock: SimulatedClock) -> Iterator[Camera]:
    with closing(request.param(clock, request)) as opened:
        yield opened


def test_frame_is_rgb_bytes(camera: Camera) -> None:
    (frame,) = played(camera, 1)
    assert (frame.image.dtype, frame.image.ndim, frame.image.shape[2]) == (np.dtype(np.uint8), 3, 3)


def test_frames_follow_each_other(camera: Camera) -> None:
    times = [frame.captured_at for frame in played(camera, 5)]
    assert times == sorted(set(times))


def test_frames_do_not_run_out(camera: Camera) -> None:
    assert len(played(camera, CLIP_FRAMES + 5)) == CLIP_FRAMES + 5


def test_camera_closes_twice(camera: Camera) -> None:
    camera.read(PATIENCE_S)
    before = len(list(Path("/proc/self/fd").iterdir()))
    camera.close()
    camera.close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize("make", [simulated_camera, image_camera, folder_camera, clip_camera])
def test_frame_that_is_not_due_is_not_given(
    make: Callable[..., Camera], clock: SimulatedClock, request: pytest.FixtureRequest
) -> None:
    with closing(make(clock, request)) as camera:
        camera.read(PATIENCE_S)
        assert camera.read(NOT_LONG_S) is None


@pytest.mark.parametrize("make", [simulated_camera, image_camera, folder_camera, clip_camera])
def test_waiting_takes_no_longer_than_asked(
    make: Callable[..., Camera], clock: SimulatedClock, request: pytest.FixtureRequest
) -> None:
    with closing(make(clock, request)) as camera:
        camera.read(PATIENCE_S)
        before = clock.monotonic()
        camera.read(NOT_LONG_S)
    assert clock.monotonic() - before == pytest.approx(NOT_LONG_S)


@pytest.mark.parametrize("make", [simulated_camera, image_camera, folder_camera, clip_camera])
def test_frame_is_as_old_as_it_says(
    make: Callable[..., Camera], clock: SimulatedClock, request: pytest.FixtureRequest
) -> None:
    with closing(make(clock, request)) as camera:
        played(camera, 3)
        clock.sleep(60.0)
        (frame,) = played(camera, 1)
    assert frame.captured_at == clock.monotonic()


def test_image_is_given_over_and_over(folder: Path, open_file: Callable[[Path], Camera]) -> None:
    assert levels(played(open_file(folder / "b.png"), 3)) == [100, 100, 100]


def test_images_of_a_folder_are_given_by_name_over_and_over(folder: Path, open_file: Callable[[Path], Camera]) -> None:
    assert levels(played(open_file(folder), 5)) == [50, 100, 150, 50, 100]


@pytest.mark.parametrize("who", ["eileen-collins", "grace-hopper"])
def test_noise_of_a_played_file_changes_no_face(who: str, portraits: dict[str, Image], analyzer: FaceAnalyzer) -> None:
    plain, noisy = (analyzer.analyze(image) for image in (portraits[who], with_noise(portraits[who], 1)))
    assert isinstance(plain, Probe)
    assert isinstance(noisy, Probe)
    assert float(plain.embedding @ noisy.embedding) > 0.999


def test_noise_is_the_same_for_a_seed_and_another_for_the_next() -> None:
    first, again, other = (with_noise(gray(77), seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).mean() > 0.3


def test_clip_is_played_over_and_over(clip: Path, open_file: Callable[[Path], Camera]) -> None:
    shown = levels(played(open_file(clip), CLIP_FRAMES + 2))
    assert shown[CLIP_FRAMES:] == shown[:2]


def test_clip_is_played_from_dark_to_bright(clip: Path, open_file: Callable[[Path], Camera]) -> None:
    shown = levels(played(open_file(clip), CLIP_FRAMES))
    assert shown == sorted(set(shown))


def test_clip_is_played_at_its_own_rate(clip: Path, open_file: Callable[[Path], Camera]) -> None:
    first, second = played(open_file(clip), 2)
    assert second.captured_at - first.captured_at == pytest.approx(1 / CLIP_RATE_FPS)


def test_clip_has_red_where_it_is_red(tmp_path: Path, open_file: Callable[[Path], Camera]) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "red.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (160, 120))
    writer.write(np.full((120, 160, 3), (0, 0, 255), np.uint8))
    writer.release()
    (frame,) = played(open_file(tmp_path / "red.avi"), 1)
    assert frame.image[60, 80].argmax() == 0


def test_closed_clip_is_not_held_open(clip: Path, open_file: Callable[[Path], Camera]) -> None:
    camera = open_file(clip)
    camera.read(PATIENCE_S)
    camera.close()
    assert str(clip) not in [str(link.resolve()) for link in Path("/proc/self/fd").iterdir()]


def faults(camera: Camera, count: int) -> list[type[Exception]]:
    """What goes wrong while frames are read."""
    found: list[type[Exception]] = []
    for _ in range(count):
        try:
            camera.read(PATIENCE_S)
        except (CameraError, ImageError) as error:
            found.append(type(error))
    return found


def test_truncated_clip_is_a_fault_every_time_it_ends(
    truncated_clip: Path, open_file: Callable[[Path], Camera]
) -> None:
    assert faults(open_file(truncated_clip), 3 * CLIP_FRAMES)[:2] == [CameraError, CameraError]


def test_truncated_clip_is_told_with_what_is_left_of_it(
    truncated_clip: Path, open_file: Callable[[Path], Camera]
) -> None:
    camera = open_file(truncated_clip)
    with pytest.raises(CameraError, match=r"truncated, only \d+ of its \d+ bytes are there"):
        played(camera, CLIP_FRAMES)


def test_damaged_image_in_a_folder_is_a_fault_every_time(folder: Path, open_file: Callable[[Path], Camera]) -> None:
    (folder / "b.png").write_bytes(b"damaged")
    assert faults(open_file(folder), 6) == [ImageError] * 3


def test_damaged_image_is_a_fault_at_once(folder: Path, clock: SimulatedClock) -> None:
    (folder / "a.png").write_bytes(b"damaged")
    with pytest.raises(ImageError, match="not an image"):
        open_camera(CameraSettings(source=str(folder)), clock)


@pytest.mark.parametrize(
    "content", [b"", b"hello " * 1000, b"RIFF\xff\xff\xff\xffAVI LIST", bytes(4096)], ids=["empty", "text", "head", "0"]
)
def test_what_is_no_clip_is_refused(tmp_path: Path, clock: SimulatedClock, content: bytes) -> None:
    (tmp_path / "clip.avi").write_bytes(content)
    with pytest.raises(CameraError, match="damaged, truncated, or in a format"):
        open_camera(CameraSettings(source=str(tmp_path / "clip.avi")), clock)


def test_missing_clip_is_refused(tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(CameraError, match="there is no such file"):
        open_camera(CameraSettings(source=str(tmp_path / "none.mp4")), clock)


@pytest.mark.parametrize("source", ["http://localhost/clip.mp4", "rtsp://localhost/1"])
def test_clip_is_never_fetched_from_a_network(clock: SimulatedClock, source: str) -> None:
    with pytest.raises(CameraError, match="there is no such file"):
        open_camera(CameraSettings(source=source), clock)


def test_folder_without_images_is_refused(tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(ImageError, match="No image in the folder"):
        open_camera(CameraSettings(source=str(tmp_path)), clock)


@pytest.mark.parametrize(
    ("source", "device"),
    [("63", "/dev/video63"), ("/dev/video63", "/dev/video63"), ("/dev/v4l/by-id/none", "/dev/v4l/by-id/none")],
)
def test_missing_device_is_named(source: str, device: str) -> None:
    with pytest.raises(CameraError, match=f"No camera at {device}"):
        open_camera(CameraSettings(source=source), SystemClock())


def test_clip_in_memory_is_no_device() -> None:
    with pytest.raises(CameraError, match="there is no such file"):
        open_camera(CameraSettings(source="/dev/shm/none.avi"), SystemClock())


def test_device_that_is_no_camera_is_refused() -> None:
    with pytest.raises(CameraError, match="/dev/null cannot be opened"):
        open_camera(CameraSettings(source="/dev/null"), SystemClock())


def test_dead_simulated_camera_is_a_fault_every_time(clock: SimulatedClock) -> None:
    camera = SimulatedCamera(clock, Scene((), {}))
    camera.show(Scene((), {}), "dead")
    assert faults(camera, 2) == [CameraError, CameraError]


def test_frozen_simulated_camera_gives_nothing(clock: SimulatedClock) -> None:
    camera = SimulatedCamera(clock, Scene((), {}))
    camera.show(Scene((), {}), "frozen")
    assert camera.read(PATIENCE_S) is None


def test_late_simulated_camera_gives_old_frames(clock: SimulatedClock) -> None:
    camera = SimulatedCamera(clock, Scene((), {}))
    clock.sleep(60.0)
    camera.show(Scene((), {}), "late")
    (frame,) = played(camera, 1)
    assert clock.monotonic() - frame.captured_at == 2.0


def test_simulated_camera_works_again(clock: SimulatedClock) -> None:
    camera = SimulatedCamera(clock, Scene((), {}))
    camera.show(Scene((), {}), "dead")
    camera.show(Scene((), {}))
    assert len(played(camera, 1)) == 1


def test_drawing_time_is_told_once(clock: SimulatedClock) -> None:
    camera = SimulatedCamera(clock, Scene((), {}))
    camera.read(PATIENCE_S)
    camera.take_drawing_s()
    assert camera.take_drawing_s() == 0.0
