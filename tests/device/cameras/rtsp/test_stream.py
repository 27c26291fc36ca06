"""The stream as OpenCV and the libav in it decode it, from a camera on this machine's loopback."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras.rtsp.address import Address
from device.cameras.rtsp.stream import open_stream
from device.records import Image
from tests.device.cameras.rtsp.media import H264, Media, MotionJpeg
from tests.device.cameras.rtsp.server import RtspServer, Wall

CLIP = Path(__file__).with_name("clip.h264")
KINDS: dict[str, Callable[[], Media]] = {"motion JPEG": MotionJpeg, "H.264": H264}


@pytest.fixture(autouse=True)
def _options_end_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are for a process that opens nothing else."""
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "")


class Counted(H264):
    """How many pictures have been sent."""

    sent = 0

    def packets(self, image: Image, captured_at: float, *, garbage: bool) -> bytes:
        Counted.sent += 1
        return super().packets(image, captured_at, garbage=garbage)


@contextlib.contextmanager
def serving(media: Callable[[], Media]) -> Iterator[RtspServer]:
    server = RtspServer(Wall().shows, user="door", password="p@ss/w%rd")
    server.media = media
    with contextlib.closing(server):
        yield server


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.int16]:
    return cv2.resize(image, (32, 24), interpolation=cv2.INTER_AREA).astype(np.int16)


def thumbnails() -> list[NDArray[np.int16]]:
    """Of the clip's 30 pictures."""
    capture, found = cv2.VideoCapture(str(CLIP)), []
    while (read := capture.read())[0]:
        found.append(thumbnail(np.asarray(read[1], np.uint8)))
    capture.release()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_stream_is_opened_with_its_credentials_within_two_seconds(kind: str) -> None:
    with serving(KINDS[kind]) as server:
        began = time.monotonic()
        stream = open_stream(Address(server.url("door", "p%40ss%2Fw%25rd")))
        took = time.monotonic() - began
        assert stream is not None
        stamps = []
        for _ in range(4):
            assert stream.grab()
            stamps.append(stream.get(cv2.CAP_PROP_POS_MSEC))
        good, image = stream.retrieve()
        stream.release()
    assert good
    assert image is not None
    assert image.shape == (240, 320, 3)
    assert np.diff(stamps) == pytest.approx([67, 67, 67], abs=15)
    assert took < 2.0


def test_h264_is_two_pictures_late_at_most() -> None:
    """With a thread for each processor it would be one more for each."""
    known = thumbnails()
    assert len(known) == 30
    with serving(Counted) as server:
        Counted.sent = 0
        stream = open_stream(Address(server.url("door", "p%40ss%2Fw%25rd")))
        assert stream is not None
        late = []
        for _ in range(8):
            stream.grab()
            image = stream.retrieve()[1]
            newest = Counted.sent - 1
            assert image is not None
            shown = min(range(30), key=lambda index: float(np.abs(known[index] - thumbnail(image)).sum()))
            late.append((newest - shown) % 30)
        stream.release()
    assert sorted(late)[4] <= 2


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:1/x", "rtsp://door:hunter2@127.0.0.1:1/x"])
def test_address_where_nothing_listens_is_no_stream(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert open_stream(Address(address)) is None
    assert "hunter2" not in capfd.readouterr().err
