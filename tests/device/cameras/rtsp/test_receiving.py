"""The door's end of a relay's socket: what a relay sends is checked, and none of it makes a frame younger."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from device.cameras.rtsp.receiving import WHY
from device.cameras.rtsp.wire import FrameHead, Trouble, packed
from device.errors import CameraError
from device.settings.tables import CameraSettings
from tests.device.cameras.rtsp.relays import (
    HEIGHT,
    NS,
    SETTINGS,
    SIZE,
    WIDTH,
    HandedRelay,
    flooding,
    frame,
    head,
    relay,
    trouble,
)
from tests.waiting import PATIENCE_S


def test_frame_has_its_pixels_and_its_time() -> None:
    with relay() as one:
        captured_at = time.monotonic()
        one.peer.sendall(frame(2, captured_at, level=130))
        raw = one.source.take()
        image = one.source.decoded(raw)
    assert image is not None
    assert (image.shape, image.dtype.name) == ((16, 32, 3), "uint8")
    assert raw.stamp_ms / 1000 == pytest.approx(captured_at, abs=1e-6)


def test_colors_come_as_they_were() -> None:
    """Red, after the rounding of a picture with chroma at half size."""
    red = np.full((HEIGHT, WIDTH, 3), (200, 20, 20), np.uint8)
    pixels = cv2.cvtColor(red, cv2.COLOR_RGB2YUV_I420).tobytes()
    with relay() as one:
        one.peer.sendall(head(2, time.monotonic()) + pixels)
        image = one.source.decoded(one.source.take())
    assert image is not None
    assert np.abs(image.astype(int) - red).max() <= 2


def test_camera_on_its_side_is_turned() -> None:
    settings = CameraSettings(source="rtsp:hall", width=160, height=120, rotate=90)
    with relay(settings=settings) as one:
        one.peer.sendall(frame(2, time.monotonic()))
        image = one.source.decoded(one.source.take())
    assert image is not None
    assert image.shape == (32, 16, 3)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (Trouble.CONNECTING, "isn't connected to its camera yet"),
        (Trouble.UNREACHABLE, "can't reach its camera"),
        (Trouble.UNKNOWN_HOST, "can't find the host name in its camera's address"),
        (Trouble.REFUSED, "was refused by its camera: the user name or the password is wrong"),
        (Trouble.NO_STREAM, "found its camera, which has no stream at the path in its address"),
        (Trouble.UNUSABLE, "found nothing at its camera's address that it can show"),
        (Trouble.ENDED, "gets no more pictures from its camera"),
        (Trouble.LATE, "gets its camera's pictures too late"),
    ],
)
def test_trouble_is_said_at_once(what: Trouble, words: str) -> None:
    with pytest.raises(CameraError) as at_first:
        HandedRelay(trouble(1, what))
    with relay(trouble(2, what)) as one, pytest.raises(CameraError) as later:
        one.source.take()
    assert {at_first.value.message, later.value.message} == {f"lintel-rtsp@hall {words}."}


def test_each_trouble_has_its_words() -> None:
    assert set(WHY) == set(Trouble)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "stamped a minute ahead": (lambda: frame(2, time.monotonic() + 60.0), "a time that has not come yet"),
    "stamped a second ahead": (lambda: frame(2, time.monotonic() + 1.0), "a time that has not come yet"),
    "stamped with the wall clock": (lambda: frame(2, time.time()), "a time that has not come yet"),
    "stamped at the end of time": (
        lambda: packed(FrameHead(2, 2**64 - 1, WIDTH, HEIGHT)) + bytes(SIZE),
        "a time that has not come yet",
    ),
    "stamped at the beginning of time": (lambda: frame(2, 0.0), "its time stamps go back"),
    "the same number again": (lambda: frame(1, time.monotonic()), "it repeats its messages"),
    "number 0": (lambda: frame(0, time.monotonic()), "it repeats its messages"),
    "larger than the settings allow": (lambda: head(2, time.monotonic(), width=162), "162x16 pixels, expected at most"),
    "huge": (lambda: head(2, time.monotonic(), width=64000, height=40000), "expected at most 160x120"),
    "not a relay": (lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n", "not a relay's"),
    "zeros": (lambda: bytes(4096), "not a relay's"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_message_ends_the_connection(how: str) -> None:
    message, words = HOSTILE[how]
    with relay() as one:
        one.peer.sendall(message())
        with pytest.raises(CameraError, match=words):
            one.source.take()


def test_stamp_that_stays_is_refused() -> None:
    with relay() as one:
        captured_at = time.monotonic()
        one.peer.sendall(frame(2, captured_at) + frame(3, captured_at))
        one.source.take()
        with pytest.raises(CameraError, match="its time stamps go back"):
            one.source.take()


def test_frame_older_than_half_a_second_is_left_out() -> None:
    settings_first = frame(1, time.monotonic() - 30.0)
    one = HandedRelay(settings_first)
    fresh = time.monotonic()
    one.peer.sendall(frame(2, fresh - 10.0) + frame(3, fresh - 0.51) + frame(4, fresh, level=7))
    raw = one.source.take()
    one.close()
    assert raw.data[0, 0] == 7


def test_only_old_frames_are_a_trouble() -> None:
    one = HandedRelay(frame(1, time.monotonic() - 30.0))
    began = time.monotonic()
    with old_frames(one), pytest.raises(CameraError, match=r"older than 0\.5 s"):
        one.source.take()
    took = time.monotonic() - began
    one.close()
    assert 0.9 < took < PATIENCE_S / 2


@contextlib.contextmanager
def old_frames(one: HandedRelay) -> Iterator[None]:
    """Sends frames of 0.7 s ago, 50 a second."""
    ended = threading.Event()

    def send() -> None:
        number = 2
        while not ended.wait(0.02):
            one.peer.sendall(frame(number, time.monotonic() - 0.7))
            number += 1

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    ("part", "seconds", "words"),
    [
        (b"", 1.0, "nothing whole for 1 s"),
        (head(2, 1.0)[:31], 1.0, "nothing whole for 1 s"),
        ("head", 0.5, r"nothing whole for 0\.5 s"),
        ("half", 0.5, r"nothing whole for 0\.5 s"),
    ],
    ids=["nothing", "31 bytes", "no pixels", "half the pixels"],
)
def test_relay_that_stops_anywhere_hangs_within_a_second(part: bytes | str, seconds: float, words: str) -> None:
    with relay() as one:
        whole = frame(2, time.monotonic())
        one.peer.sendall({"head": whole[:32], "half": whole[:400]}.get(part, b"") if isinstance(part, str) else part)
        began = time.monotonic()
        with pytest.raises(CameraError, match=words):
            one.source.take()
        assert seconds - 0.02 < time.monotonic() - began < PATIENCE_S / 2


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 799])
def test_relay_that_ends_anywhere_is_noticed_at_once(size: int) -> None:
    with relay() as one:
        one.peer.sendall(frame(2, time.monotonic())[:size])
        one.peer.close()
        began = time.monotonic()
        with pytest.raises(CameraError, match=r"lintel-rtsp@hall has ended\."):
            one.source.take()
        assert time.monotonic() - began < PATIENCE_S / 2


def test_bytes_that_come_one_by_one_do_not_keep_the_door() -> None:
    """A head that takes longer than a second, though something comes all the time."""
    with relay() as one:
        ended = threading.Event()

        def drip() -> None:
            for byte in frame(2, time.monotonic()):
                if ended.wait(0.5):
                    return
                one.peer.sendall(bytes([byte]))

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(CameraError, match="nothing whole"):
            one.source.take()
        took = time.monotonic() - began
        ended.set()
        thread.join(PATIENCE_S)
    assert took < 10.0


def test_flood_is_taken_no_faster_than_60_a_second() -> None:
    """Each is new and fresh; what the door doesn't take, the relay has to keep."""
    with relay() as one:
        began, last = time.monotonic(), 0.0
        one.peer.setblocking(False)
        number = 2
        for _ in range(10):
            while True:
                try:
                    one.peer.send(frame(number, time.monotonic()))
                except BlockingIOError:
                    break
                number += 1
                if number > 200:
                    break
            last = one.source.take().stamp_ms
        took = time.monotonic() - began
    assert last > 0
    assert took >= 9 / 60


def test_flood_of_nonsense_ends_at_its_first_head() -> None:
    with relay() as one, flooding(one.peer, b"\xff" * 65536), pytest.raises(CameraError, match="not a relay's"):
        one.source.take()


def test_no_error_repeats_what_a_relay_sent() -> None:
    with relay() as one:
        one.peer.sendall(b"rtsp://door:hunter2@camera/secret and more than that")
        with pytest.raises(CameraError) as raised:
            one.source.take()
    assert "hunter2" not in f"{raised.value} {raised.value.hint}"


def test_settings_bound_what_a_frame_may_take() -> None:
    assert (SETTINGS.width, SETTINGS.height) == (160, 120)
    with pytest.raises(CameraError, match="160x122 pixels, expected at most 160x120"):
        HandedRelay(packed(FrameHead(1, NS, 160, 122)))
