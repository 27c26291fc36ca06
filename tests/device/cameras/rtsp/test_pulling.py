"""The relay's thread at the camera: which pictures are passed on, and when the stream is opened again."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device.cameras.rtsp.pulling import Pulling, fitted, planar
from device.cameras.rtsp.serving import Message
from device.cameras.rtsp.stream import Stream, why
from device.cameras.rtsp.wire import FrameHead, Trouble, TroubleHead
from device.settings.tables import CameraSettings
from tests.device.cameras.benches import HandClock
from tests.waiting import PATIENCE_S

BASE = 5000.0
Picture = tuple[float, float]
"""When it comes, and the camera's stamp on it, seconds."""


class HandedStream:
    """Gives pictures at the times that a test wrote down, on the test's clock, and then ends or fails."""

    def __init__(self, clock: HandClock, pictures: Sequence[Picture], *, size: tuple[int, int] = (64, 48)) -> None:
        self._clock = clock
        self._pictures = iter(pictures)
        self._size = size
        self._stamp_s = 0.0
        self.retrieved = 0
        self.is_released = False

    def grab(self) -> bool:
        for at, stamp_s in self._pictures:
            self._clock.now = max(self._clock.now, at)
            self._stamp_s = stamp_s
            return True
        return False

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        self.retrieved += 1
        return True, np.full((self._size[1], self._size[0], 3), 77, np.uint8)

    def get(self, what: int, /) -> float:
        return 1000 * self._stamp_s if what == cv2.CAP_PROP_POS_MSEC else 0.0

    def release(self) -> None:
        self.is_released = True


class Pulled:
    """What a `Pulling` gave of some streams, opened in turn; after the last one it is closed."""

    def __init__(
        self, clock: HandClock, opened: Sequence[Stream | Trouble | Callable[[], Stream]], **settings: int
    ) -> None:
        self.messages: list[Message] = []
        self.rests: list[float] = []
        self.clock = clock
        self._opened = iter(opened)
        self._ended = threading.Event()
        camera = CameraSettings(source="rtsp:hall", **settings)  # type: ignore[arg-type]
        self.pulling = Pulling(self._open, camera, self.messages.append, monotonic=clock.monotonic)
        self.pulling._rest = self._rest  # type: ignore[method-assign]
        self.pulling.start()
        assert self._ended.wait(PATIENCE_S)
        self.pulling.close(PATIENCE_S)

    def _open(self) -> Stream | Trouble:
        for opened in self._opened:
            return opened() if callable(opened) else opened
        self.pulling._closing.set()
        self._ended.set()
        return Trouble.UNREACHABLE

    def _rest(self, seconds: float) -> None:
        if not self._ended.is_set():
            self.rests.append(seconds)
        self.clock.now += seconds

    @property
    def frames(self) -> list[FrameHead]:
        return [one.head for one in self.messages if isinstance(one.head, FrameHead)]

    @property
    def troubles(self) -> list[Trouble]:
        """Without the last one, of the end."""
        return [one.head.trouble for one in self.messages if isinstance(one.head, TroubleHead)][:-1]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def steady(seconds: float, *, rate_fps: float = 10.0, began: float = 101.0, late_s: float = 0.0) -> Iterator[Picture]:
    """Pictures of a camera whose stamps begin at 5000 s."""
    for count in range(round(seconds * rate_fps)):
        captured = began + count / rate_fps
        yield captured + late_s, captured - began + BASE


def test_pictures_are_passed_on_after_half_a_second(clock: HandClock) -> None:
    """From 101.6 on, each as one interval older than it came."""
    pulled = Pulled(clock, [HandedStream(clock, list(steady(3.0)))])
    assert len(pulled.frames) == 24
    assert [head.captured_ns / 1e9 for head in pulled.frames] == pytest.approx(
        [101.5 + count / 10 for count in range(24)], abs=0.001
    )


def test_picture_that_waited_too_long_is_not_passed_on(clock: HandClock) -> None:
    """The network stalls for 0.8 s: of eight pictures those are left out that may be older than half a second."""
    pictures = list(steady(2.0))
    stalled = [(103.8, stamp) for _, stamp in steady(0.8, began=103.0)]
    stalled = [(at, BASE + 2.0 + count / 10) for count, (at, _) in enumerate(stalled)]
    pulled = Pulled(clock, [HandedStream(clock, pictures + stalled)])
    late = [head.captured_ns / 1e9 for head in pulled.frames if head.captured_ns / 1e9 >= 102.99]
    assert late == pytest.approx([103.3, 103.4, 103.5, 103.6], abs=0.01)


def test_stream_that_stays_late_is_opened_again(clock: HandClock) -> None:
    """From then on each picture is a second late."""
    late = [(at + 3.0, stamp + 2.0) for at, stamp in steady(6.0)]
    stream = HandedStream(clock, list(steady(2.0)) + late)
    pulled = Pulled(clock, [stream])
    assert pulled.troubles == [Trouble.CONNECTING, Trouble.LATE]
    assert stream.is_released
    assert max(head.captured_ns / 1e9 for head in pulled.frames) < 103.0


def test_stamps_that_go_back_are_nothing_to_go_by(clock: HandClock) -> None:
    """The camera plays what it saw three seconds ago, at the pace of the present, and is opened again."""
    again = [(at + 2.0, stamp - 1.0) for at, stamp in steady(6.0)]
    pulled = Pulled(clock, [HandedStream(clock, list(steady(2.0)) + again)])
    assert max(head.captured_ns / 1e9 for head in pulled.frames) < 103.0
    assert pulled.troubles == [Trouble.CONNECTING, Trouble.LATE]


def test_camera_without_stamps_is_judged_by_its_pace(clock: HandClock) -> None:
    """At a steady pace; when two seconds of them come at once, none of those is passed on."""
    paced = [(101.0 + count / 10, 0.0) for count in range(20)]
    at_once = [(105.0 + count / 1000, 0.0) for count in range(20)]
    pulled = Pulled(clock, [HandedStream(clock, paced + at_once)])
    captured = [head.captured_ns / 1e9 for head in pulled.frames]
    assert len(captured) > 10
    assert max(captured) < 103.0


@pytest.mark.parametrize("stamp", [math.nan, math.inf, -math.inf, -1e300, 1e300])
def test_nonsense_for_a_stamp_gives_no_picture_of_the_future(clock: HandClock, stamp: float) -> None:
    pictures = [(at, stamp if count % 2 else good) for count, (at, good) in enumerate(steady(4.0))]
    pulled = Pulled(clock, [HandedStream(clock, pictures)])
    assert [head for head in pulled.frames if not 100 <= head.captured_ns / 1e9 <= clock.now] == []


def test_rate_of_the_settings_is_kept(clock: HandClock) -> None:
    stream = HandedStream(clock, list(steady(10.5, rate_fps=30.0)))
    pulled = Pulled(clock, [stream], rate=10)
    assert 95 <= len(pulled.frames) <= 101
    assert stream.retrieved == len(pulled.frames)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1920, 1080), (640, 360)), ((640, 480), (640, 480)), ((63, 47), (62, 46)), ((480, 1000), (230, 480))],
)
def test_picture_is_made_to_fit(clock: HandClock, size: tuple[int, int], wanted: tuple[int, int]) -> None:
    pulled = Pulled(clock, [HandedStream(clock, list(steady(1.0)), size=size)])
    assert {(head.width, head.height) for head in pulled.frames} == {wanted}
    pixels = pulled.messages[1].pixels
    assert pixels is not None
    assert pixels.size == wanted[0] * wanted[1] * 3 // 2


def test_picture_keeps_what_a_sensor_makes_of_it() -> None:
    """Through both conversions, luma is off by a step or two at most."""
    noisy = np.random.default_rng(1).normal(120, 4, (48, 64, 1)).clip(0, 255).astype(np.uint8).repeat(3, axis=2)
    back = cv2.cvtColor(planar(fitted(noisy, 64, 48)), cv2.COLOR_YUV2BGR_I420)
    assert np.abs(back.astype(int) - noisy).max() <= 2


PAUSES = [0.5, 1.0, 2.0, 5.0, 5.0]


def test_camera_that_is_not_there_is_sought_ever_less_often(clock: HandClock) -> None:
    pulled = Pulled(clock, [Trouble.UNREACHABLE] * 5)
    assert pulled.rests == PAUSES
    assert pulled.troubles == [Trouble.CONNECTING, *[Trouble.UNREACHABLE] * 5]


def test_stream_that_worked_for_five_seconds_is_sought_at_once(clock: HandClock) -> None:
    worked = HandedStream(clock, list(steady(6.0, began=102.0)))
    short = HandedStream(clock, list(steady(1.0, began=109.0)))
    pulled = Pulled(clock, [Trouble.UNREACHABLE, Trouble.UNREACHABLE, worked, short, Trouble.UNREACHABLE])
    assert pulled.rests == [0.5, 1.0, 0.5, 1.0, 2.0]


def test_wrong_password_is_not_tried_again_for_a_minute(clock: HandClock) -> None:
    assert Pulled(clock, [Trouble.REFUSED, Trouble.REFUSED]).rests == [60.0, 60.0]


class Failing(HandedStream):
    """A stream in which OpenCV comes up with something."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        raise cv2.error("rtsp://door:hunter2@camera/x")


class Empty(HandedStream):
    """A stream of pictures without pixels."""

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        return True, None


def test_whatever_a_library_raises_the_stream_is_opened_again(clock: HandClock) -> None:
    stream = Failing(clock, list(steady(1.0)))
    pulled = Pulled(clock, [stream])
    assert pulled.troubles == [Trouble.CONNECTING, Trouble.ENDED]
    assert stream.is_released


def test_picture_without_pixels_is_left_out(clock: HandClock) -> None:
    assert Pulled(clock, [Empty(clock, list(steady(1.0)))]).frames == []


def test_silent_stream_is_reported_once_within_a_second(clock: HandClock) -> None:
    quiet = threading.Event()
    stream = HandedStream(clock, list(steady(2.0)))
    messages: list[Message] = []
    pulling = Pulling(lambda: stream, CameraSettings(source="rtsp:hall"), messages.append, monotonic=clock.monotonic)
    grab = stream.grab

    def hang_at_the_end() -> bool:
        return grab() or not quiet.wait(PATIENCE_S)

    stream.grab = hang_at_the_end  # type: ignore[method-assign]
    pulling.start()
    while not messages or not isinstance(messages[-1].head, FrameHead) or messages[-1].head.captured_ns < 102.8e9:
        assert pulling.is_alive()
    said = []
    for _ in range(20):
        clock.now += 0.1
        said.append(pulling.gone_quiet())
    quiet.set()
    pulling.close(PATIENCE_S)
    heads = [one.head for one in said[:9] if one]
    assert [head.trouble for head in heads if isinstance(head, TroubleHead)] == [Trouble.ENDED]
    assert [one for one in said[9:] if one] == []


def test_call_that_never_returns_is_no_sign_of_life(clock: HandClock) -> None:
    """15 s after it began; the service manager ends the process."""
    asked, let_go = threading.Event(), threading.Event()

    def hang() -> Trouble:
        asked.set()
        let_go.wait(PATIENCE_S)
        return Trouble.UNREACHABLE

    pulling = Pulling(hang, CameraSettings(), lambda _message: None, monotonic=clock.monotonic)
    pulling.start()
    assert asked.wait(PATIENCE_S)
    clock.now += 14.9
    alive = [pulling.is_alive()]
    clock.now += 0.2
    alive.append(pulling.is_alive())
    let_go.set()
    pulling.close(PATIENCE_S)
    assert alive == [True, False]


@pytest.mark.parametrize(
    ("printed", "trouble"),
    [
        ("[rtsp @ 0x561e] method DESCRIBE failed: 401 (Unauthorized)\n", Trouble.REFUSED),
        ("[rtsp @ 0x561e] method DESCRIBE failed: 401 Unauthorized\n", Trouble.REFUSED),
        ("[rtsp @ 0x561e] method SETUP failed: 403 Forbidden\n", Trouble.REFUSED),
        ("[rtsp @ 0x561e] method DESCRIBE failed: 404 Not Found\n", Trouble.NO_STREAM),
        ("[rtsp @ 0x561e] method DESCRIBE failed: 454 Session Not Found\n", Trouble.NO_STREAM),
        ("[tcp @ 0x561e] Connection to tcp://127.0.0.1:1?timeout=0 failed: Connection refused\n", Trouble.UNREACHABLE),
        ("[tcp @ 0x561e] Connection to tcp://10.0.0.9:554 failed: No route to host\n", Trouble.UNREACHABLE),
        ("[ WARN:0@5.3] global cap_ffmpeg_impl.hpp:453 Stream timeout triggered after 1001 ms\n", Trouble.UNREACHABLE),
        (
            "[tcp @ 0x561e] Failed to resolve hostname nowhere.invalid: Name or service not known\n",
            Trouble.UNKNOWN_HOST,
        ),
        ("[rtsp @ 0x561e] Could not find codec parameters for stream 0\n", Trouble.UNUSABLE),
        ("", Trouble.UNUSABLE),
    ],
)
def test_lines_of_the_libraries_say_why(printed: str, trouble: Trouble) -> None:
    assert why(printed) is trouble
