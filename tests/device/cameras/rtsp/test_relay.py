"""A real `lintel rtsp` between a camera on this machine's loopback and a door: faults, and what is kept secret."""

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import CameraError
from tests.device.cameras.rtsp.children import (
    RelayChild,
    door_camera,
    frame_of,
    opened,
    relay_child,
    trouble_of,
    until,
)
from tests.device.cameras.rtsp.server import Fault, RtspServer, Wall
from tests.waiting import PATIENCE_S

USER, PASSWORD, QUOTED = "door", "p@ss/w%rd", "p%40ss%2Fw%25rd"
SECRETS = (PASSWORD, QUOTED, "hunter", "127.0.0.1", "rtsp://")
TOLD_S = 2.0


class Scene:
    """A wall, the camera that sees it, and the relay of that camera."""

    def __init__(self, wall: Wall, camera: RtspServer, relay: RelayChild) -> None:
        self.wall, self.camera, self.relay = wall, camera, relay


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    wall = Wall()
    with (
        contextlib.closing(RtspServer(wall.shows, user=USER, password=PASSWORD)) as camera,
        pytest.MonkeyPatch.context() as patch,
        relay_child(folder, camera.url(USER, QUOTED), patch) as relay,
    ):
        relay.start()
        opened().close()
        yield Scene(wall, camera, relay)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """For tests that leave it as it was."""
    with scene(tmp_path_factory.mktemp("relay")) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


@pytest.mark.usefixtures("one")
def test_frames_come_in_order_and_young() -> None:
    with contextlib.closing(opened()) as source:
        frames = [(raw, time.monotonic()) for raw in (source.take() for _ in range(10))]
        image = source.decoded(frames[-1][0])
    stamps = [raw.stamp_ms / 1000 for raw, _ in frames]
    ages = [came - raw.stamp_ms / 1000 for raw, came in frames]
    assert image is not None
    assert image.shape == (240, 320, 3)
    assert 110 < image.mean() < 130
    assert stamps == sorted(set(stamps))
    assert 0 <= min(ages) < 0.5


def test_door_that_reads_nothing_stops_neither_relay_nor_door(one: Scene) -> None:
    with contextlib.closing(opened()) as deaf, contextlib.closing(opened()) as other:
        came = [other.take().stamp_ms for _ in range(12)]
        with contextlib.suppress(CameraError):  # what is left for it is old by now
            assert time.monotonic() - deaf.take().stamp_ms / 1000 < 0.5
    assert came[-1] - came[0] > 600
    assert one.relay.running.poll() is None


def test_no_secret_is_in_arguments_environment_or_output(one: Scene) -> None:
    process = Path(f"/proc/{one.relay.running.pid}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    said = seen.decode(errors="replace") + one.relay.output()
    assert "lintel-rtsp@hall passes on pictures of 320x240 pixels.\n" in said
    assert [secret for secret in SECRETS if secret in said] == []


def test_relay_tells_systemd_that_it_is_ready_and_alive(one: Scene) -> None:
    said = one.relay.notifies(5)
    assert set(said) <= {"READY=1", "WATCHDOG=1"}
    assert "WATCHDOG=1" in said


def test_frames_that_waited_in_the_network_are_never_given(one: Scene) -> None:
    """Nearly a second without a packet, in which the dark becomes light, then all of it at once."""
    one.wall.level = 60
    with contextlib.closing(opened()) as source:
        while source.take().data.mean() > 100:
            pass
        one.camera.fault = "hold"
        one.wall.level = 120
        with contextlib.suppress(CameraError):  # until none comes for 0.8 s
            while True:
                source.take()
    one.camera.fault = ""
    with contextlib.closing(opened()) as source:
        assert min(float(source.take().data.mean()) for _ in range(8)) > 80


def test_camera_that_hangs_up_is_a_trouble_at_once(one: Scene) -> None:
    with door_camera() as door:
        one.camera.hang_up()
        said, after_s = trouble_of(door)
        assert said == "lintel-rtsp@hall gets no more pictures from its camera."
        assert after_s < 1.0
    assert one.relay.says("lintel-rtsp@hall gets no more pictures from its camera.\n")


FAULTS: tuple[Fault, ...] = ("stall", "hold", "late", "garbage", "noise")


@pytest.mark.slow(small="test_camera_that_hangs_up_is_a_trouble_at_once")
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_the_camera_is_a_trouble_within_two_seconds_and_ends(own: Scene, fault: Fault) -> None:
    with door_camera() as door:
        own.camera.fault = fault
        said, after_s = trouble_of(door)
        assert said
        assert after_s < TOLD_S
        own.camera.fault = ""
        assert until(lambda: frame_of(door) and door.trouble() == "")


@pytest.mark.slow(small="test_reason_is_said_once_and_at_the_door")
def test_camera_that_restarts_is_found_again(own: Scene) -> None:
    with door_camera() as door:
        own.camera.close()
        assert own.relay.says("lintel-rtsp@hall can't reach its camera.")
        assert until(lambda: door.trouble() == "lintel-rtsp@hall can't reach its camera.")
        again = RtspServer(own.wall.shows, user=USER, password=PASSWORD, port=own.camera.port)
        with contextlib.closing(again):
            assert until(lambda: frame_of(door) and door.trouble() == "")


@pytest.mark.slow(small="test_dead_relay_is_a_trouble_within_two_seconds")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM], ids=lambda how: how.name)
def test_relay_that_comes_back_is_found_again(own: Scene, how: signal.Signals) -> None:
    with door_camera() as door:
        own.relay.running.send_signal(how)
        said, after_s = trouble_of(door)
        assert after_s < TOLD_S
        assert "lintel-rtsp@hall" in said
        if how is signal.SIGSTOP:
            own.relay.running.send_signal(signal.SIGCONT)
        else:
            own.relay.running.wait()
            own.relay.start()
        assert until(lambda: frame_of(door) and door.trouble() == "")


def test_dead_relay_is_a_trouble_within_two_seconds(own: Scene) -> None:
    with door_camera() as door:
        own.relay.running.kill()
        said, after_s = trouble_of(door)
        assert after_s < TOLD_S
        assert said in ("lintel-rtsp@hall has ended.", "lintel-rtsp@hall isn't running.")
        with pytest.raises(CameraError) as raised:
            [door.read(0.5) for _ in range(3)]
        assert "lintel-rtsp@hall" in raised.value.hint


ADDRESSES = {
    "wrong password": ("rtsp://door:hunter2@127.0.0.1:{port}/x", "was refused by its camera"),
    "no password": ("rtsp://127.0.0.1:{port}/x", "was refused by its camera"),
    "nothing listens": ("rtsp://door:hunter2@127.0.0.1:1/x", "can't reach its camera"),
}


@pytest.mark.parametrize("how", ADDRESSES)
def test_reason_is_said_once_and_at_the_door(
    one: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    address, words = ADDRESSES[how]
    with relay_child(tmp_path, address.format(port=one.camera.port), monkeypatch) as other:
        other.start()
        assert other.says(f"lintel-rtsp@hall {words}")
        with pytest.raises(CameraError, match=words):
            opened(within_s=0.5)
        assert other.stop() == 0
        said = other.output()
        assert said.count("\n") == 1
        assert [secret for secret in SECRETS if secret in said] == []
        assert list((other.relays / "hall").iterdir()) == []


@pytest.mark.slow(small="test_reason_is_said_once_and_at_the_door")
def test_wrong_password_is_not_tried_again_at_once(one: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many cameras lock a user out after a few tries."""
    one.camera.requests.clear()
    with relay_child(tmp_path, one.camera.url(USER, "hunter2"), monkeypatch) as other:
        other.start()
        assert other.says("was refused by its camera")
        time.sleep(4.0)
        asked = [request for request in one.camera.requests if request.startswith("DESCRIBE")]
    assert len(asked) == 2  # one without credentials, as digest authentication begins, and one with them


MISTAKES = {
    "unknown name": (3, 'No camera has `source = "rtsp:garden"`'),
    "no credential": (6, "the credential `address` can't be read"),
    "no folder": (6, "Can't listen at"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_relay_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mistake: str) -> None:
    code, words = MISTAKES[mistake]
    with relay_child(tmp_path, "rtsp://door:hunter2@127.0.0.1:1/x", monkeypatch) as other:
        if mistake == "no credential":
            (other.credentials / "address").unlink()
        if mistake == "no folder":
            (other.relays / "hall").rmdir()
        other.start(name="garden" if mistake == "unknown name" else "hall")
        assert other.running.wait(PATIENCE_S) == code
        assert words in other.output()
        assert "hunter2" not in other.output()
