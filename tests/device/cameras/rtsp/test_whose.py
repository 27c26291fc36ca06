"""Whose socket it is: the door connects to the relay's user alone, in a folder that no one else can write to."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from device.cameras.rtsp import receiving
from device.cameras.rtsp.receiving import look_for_relay, refuse_stranger
from device.cameras.sources import look_for_camera, open_live_camera
from device.clock import SystemClock
from device.errors import CameraError
from tests.device.cameras.rtsp.relays import SETTINGS, frame, listening, opened, relay_folder
from tests.processes import output_of, started
from tests.waiting import PATIENCE_S

STRANGER = 65_533


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return relay_folder(tmp_path, monkeypatch)


def test_relay_is_found_and_opened(folder: Path) -> None:
    with listening(folder / "frames") as listener:
        assert look_for_camera(SETTINGS) == str(folder / "frames")
        camera = open_live_camera(SETTINGS, SystemClock(), in_background=True)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(frame(1, time.monotonic()))
            given = camera.read(PATIENCE_S)
        camera.close()
    assert given is not None
    assert given.image.shape == (16, 32, 3)


@pytest.mark.parametrize("what", ["no folder", "no socket", "dead socket"])
def test_relay_that_does_not_run_is_said_with_what_to_do(folder: Path, what: str) -> None:
    if what == "no folder":
        folder.rmdir()
    elif what == "dead socket":
        with listening(folder / "frames"):
            pass
    with pytest.raises(CameraError, match=r"^lintel-rtsp@hall isn't running\.$") as raised:
        opened()
    assert "systemctl enable --now lintel-rtsp@hall" in raised.value.hint


@pytest.mark.parametrize("mode", [0o770, 0o757, 0o777, 0o1777], ids=oct)
def test_folder_that_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with listening(folder / "frames"), pytest.raises(CameraError, match="others may write"):
        opened()


def test_file_in_place_of_the_socket_is_refused(folder: Path) -> None:
    (folder / "frames").write_text("")
    with pytest.raises(CameraError, match="not a relay's socket"):
        look_for_relay(SETTINGS.source)


def test_link_to_another_socket_is_refused(folder: Path, tmp_path: Path) -> None:
    with listening(tmp_path / "other"):
        (folder / "frames").symlink_to(tmp_path / "other")
        with pytest.raises(CameraError, match="not a relay's socket"):
            look_for_relay(SETTINGS.source)


def test_link_to_another_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    folder.rmdir()
    (tmp_path / "other").mkdir()
    folder.symlink_to(tmp_path / "other")
    with listening(tmp_path / "other" / "frames"), pytest.raises(CameraError, match="can't be trusted"):
        look_for_relay(SETTINGS.source)


def test_socket_of_another_user_is_refused() -> None:
    with pytest.raises(CameraError, match="belongs to the user 65533, expected lintel-rtsp"):
        refuse_stranger(STRANGER, "lintel-rtsp@hall")


LISTENS_AS_ANOTHER = f"""
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.setresuid({STRANGER}, {STRANGER}, {STRANGER})
listener.listen(4)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can listen as another user")
def test_program_of_another_user_is_refused_in_the_right_folder(folder: Path) -> None:
    """The kernel says who listens; who made the file doesn't matter."""
    command = [sys.executable, "-c", LISTENS_AS_ANOTHER, folder / "frames"]
    with started(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert output_of(child).readline() == "ready\n"
        with pytest.raises(CameraError, match="belongs to the user 65533, expected lintel-rtsp"):
            opened()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_refused(folder: Path) -> None:
    with listening(folder / "frames"):
        os.chown(folder, STRANGER, -1)
        with pytest.raises(CameraError, match="belongs to the user 65533, expected lintel-rtsp"):
            look_for_relay(SETTINGS.source)


def test_user_of_the_relays_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_relay_uid", lambda: STRANGER)
    refuse_stranger(STRANGER, "lintel-rtsp@hall")
    with pytest.raises(CameraError):
        refuse_stranger(STRANGER - 1, "lintel-rtsp@hall")


def test_relay_that_accepts_nothing_is_not_waited_for(folder: Path) -> None:
    """Stopped with its queue full."""
    waiting = []
    with listening(folder / "frames", backlog=0):
        for _ in range(2):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(str(folder / "frames"))
        began = time.monotonic()
        with pytest.raises(CameraError, match="accepts no connection: it hangs"):
            opened()
        assert time.monotonic() - began < PATIENCE_S / 2
    for one in waiting:
        one.close()


def test_relay_that_accepts_and_says_nothing_hangs(folder: Path) -> None:
    began = time.monotonic()
    with listening(folder / "frames"), pytest.raises(CameraError, match="nothing whole for 1 s: it hangs"):
        opened()
    assert time.monotonic() - began < PATIENCE_S / 2


def test_failed_opening_leaves_no_descriptor(folder: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with listening(folder / "frames", backlog=8) as listener:
        for _ in range(3):
            with pytest.raises(CameraError):
                opened_with(listener)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def opened_with(listener: socket.socket) -> None:
    """A relay that hangs up on who connects."""
    listener.settimeout(PATIENCE_S)

    def hang_up() -> None:
        listener.accept()[0].close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    try:
        opened()
    finally:
        thread.join()
