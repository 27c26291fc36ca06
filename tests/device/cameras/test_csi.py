"""A CSI camera's frames, put together from a pipe: whole or not used, the newest, in true colors, within limits."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.child import Words
from device.cameras.csi import CsiSource, arguments, rgb_of_i420
from device.cameras.source import Raw
from device.errors import CameraError
from device.records import Image
from device.settings.tables import CameraSettings
from tests.device.cameras.benches import HandClock
from tests.device.cameras.csi_bench import i420, picture

WIDTH, HEIGHT = 192, 120
BYTES = WIDTH * HEIGHT * 3 // 2
SETTINGS = CameraSettings(source="csi:0", width=WIDTH, height=HEIGHT, rate=10)
Step = bytes | float | str


class Script:
    """`Child` that gives what is written: bytes of frames, pauses in seconds, and words; at last it ends."""

    def __init__(self, clock: HandClock, steps: Sequence[Step], how: str = "ended with exit code 255") -> None:
        self._clock = clock
        self._steps = list(steps)
        self._how = how
        self._words = b""
        self.was_killed = self.was_closed = False

    def wait(self, timeout_s: float, *, hears: bool) -> tuple[bool, bool]:
        while self._steps and not isinstance(self._steps[0], bytes):
            step = self._steps.pop(0)
            if isinstance(step, str):
                self._words += step.encode()
            elif isinstance(step, float):
                waited = min(step, timeout_s)
                self._clock.now += waited
                if step > waited:
                    self._steps.insert(0, step - waited)
                    return False, hears and bool(self._words)
        return True, hears and bool(self._words)

    def read_into(self, view: memoryview) -> int:
        if not self._steps:
            return 0
        step = self._steps.pop(0)
        assert isinstance(step, bytes)
        count = min(len(step), len(view))
        view[:count] = step[:count]
        if step[count:]:
            self._steps.insert(0, step[count:])
        return count

    def said(self) -> bytes:
        said, self._words = self._words, b""
        return said

    def ended(self) -> str:
        return self._how

    def kill(self) -> None:
        self.was_killed = True

    def close(self) -> None:
        self.was_closed = True


Opening = Callable[..., CsiSource]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def opened(clock: HandClock, said: list[str]) -> Opening:
    def open_with(*steps: Step, settings: CameraSettings = SETTINGS) -> CsiSource:
        return CsiSource(Script(clock, steps), settings, clock, Words(said.append, clock))

    return open_with


def frame(seed: int) -> bytes:
    return i420(picture(seed))


def taken(source: CsiSource) -> tuple[list[bytes], str]:
    """All whole frames until the program ends, and what is said then."""
    frames: list[bytes] = []
    while True:
        try:
            raw = source.take()
        except CameraError as error:
            return frames, error.message
        assert raw is not None
        frames.append(raw.data.tobytes())


@given(st.lists(st.integers(1, 3 * BYTES), min_size=1, max_size=40))
def test_frames_are_put_together_from_pieces_of_any_size(sizes: list[int]) -> None:
    clock = HandClock()
    stream = b"".join(frame(seed) for seed in range(3))
    cuts = [0, *np.minimum(np.cumsum(sizes), len(stream)), len(stream)]
    pieces = [stream[begin:end] for begin, end in pairwise(cuts) if end > begin]
    source = CsiSource(Script(clock, pieces), SETTINGS, clock, Words(print, clock))
    assert taken(source)[0] == [frame(seed) for seed in range(3)]


@pytest.mark.parametrize("count", [1, BYTES // 2, BYTES - 1])
def test_part_of_a_frame_at_the_end_is_never_given(opened: Opening, count: int) -> None:
    frames, said = taken(opened(frame(1), 0.1, frame(2)[:count]))
    assert frames == [frame(1)]
    assert said == "The CSI camera 0 stopped: rpicam-vid ended with exit code 255."


def test_frame_with_a_pause_within_is_not_given(opened: Opening) -> None:
    """At 10 frames a second a pause of 0.08 s is one between two frames."""
    halves = frame(2)[: BYTES // 2], frame(2)[BYTES // 2 :]
    frames, _said = taken(opened(frame(1), 0.1, halves[0], 0.08, halves[1], 0.1, frame(3)))
    assert frames == [frame(1), frame(3)]


def test_short_pause_within_a_frame_is_none_between_two(opened: Opening) -> None:
    halves = frame(2)[: BYTES // 2], frame(2)[BYTES // 2 :]
    frames, _said = taken(opened(frame(1), 0.1, halves[0], 0.05, halves[1]))
    assert frames == [frame(1), frame(2)]


def test_no_frame_is_given_once_half_a_frame_was_lost(opened: Opening) -> None:
    """Each later one would begin in the middle; after fifteen the program is restarted."""
    whole: list[Step] = [piece for seed in range(20) for piece in (0.1, frame(seed))]
    frames, said = taken(opened(frame(99), 0.1, frame(98)[: BYTES // 2], *whole))
    assert frames == [frame(99)]
    assert said == "The CSI camera 0 does not deliver whole frames of the requested size."


def test_busy_machine_does_not_begin_the_program_again(opened: Opening) -> None:
    """Nine of ten frames come in pieces."""
    torn = (0.1, frame(1)[:9000], 0.1, frame(1)[9000:])
    frames, said = taken(opened(*[step for _ in range(10) for step in (*torn * 9, 0.1, frame(1))]))
    assert (len(frames), said) == (10, "The CSI camera 0 stopped: rpicam-vid ended with exit code 255.")


def test_frames_of_another_size_are_not_given(opened: Opening) -> None:
    small: list[Step] = [piece for seed in range(40) for piece in (0.1, frame(seed)[: BYTES * 2 // 3])]
    frames, said = taken(opened(*small))
    assert len(frames) <= 1
    assert said == "The CSI camera 0 does not deliver whole frames of the requested size."


@pytest.mark.parametrize(("given", "least", "most"), [(0, 10.0, 10.5), (1, 3.0, 3.5)])
def test_stall_ends_the_program(opened: Opening, clock: HandClock, given: int, least: float, most: float) -> None:
    """Ten seconds to begin, three between frames."""
    source = opened(*[frame(seed) for seed in range(given)], 60.0)
    began = clock.now
    frames, said = taken(source)
    assert len(frames) == given
    assert least <= clock.now - began <= most
    assert said == "The CSI camera 0 has delivered no whole picture for some seconds, and is restarted."


def test_half_a_frame_that_never_ends_is_a_stall(opened: Opening, clock: HandClock) -> None:
    began = clock.now
    frames, _said = taken(opened(frame(1), 0.1, frame(2)[: BYTES // 2], 60.0))
    assert (len(frames), clock.now - began <= 3.6) == (1, True)


def test_interrupted_camera_gives_no_more(clock: HandClock, said: list[str]) -> None:
    script = Script(clock, [frame(1)])
    source = CsiSource(script, SETTINGS, clock, Words(said.append, clock))
    source.interrupt()
    assert (source.take(), script.was_killed) == (None, True)


REASONS = {
    "ERROR: *** no cameras available ***\n": " (no cameras available)",
    "ERROR: *** unrecognised option '--metering' ***\n": " (unrecognised option '--metering')",
    "[0:25:38.1] [590] ERROR V4L2 v4l2_device.cpp:390 'imx708': Unable to set controls\n[0:25:39] [5]  INFO a\n": (
        " (ERROR V4L2 v4l2_device.cpp:390 'imx708': Unable to set controls)"
    ),
    "rpicam-vid: error while loading shared libraries: libcamera.so.0.5\n": (
        " (rpicam-vid: error while loading shared libraries: libcamera.so.0.5)"
    ),
    "\x1b[1;31mERROR:\x1b[0m *** bad \x07 bell ***\n": " (bad   bell)",
    "Mode selection\n#29 (30.00 fps) exp 9998.00 ag 1.12 dg 1.00\n": " (Mode selection)",
    "": "",
}


@pytest.mark.parametrize("words", REASONS)
def test_end_of_the_program_is_told_with_its_last_error(opened: Opening, words: str) -> None:
    _frames, said = taken(opened(words))
    assert said == f"The CSI camera 0 stopped: rpicam-vid ended with exit code 255{REASONS[words]}."


def test_program_that_was_killed_gives_no_reason_of_its_own(clock: HandClock) -> None:
    script = Script(clock, ["Mode selection for 640:480:12:P\n"], how="was ended by SIGKILL")
    source = CsiSource(script, SETTINGS, clock, Words(print, clock))
    assert taken(source)[1] == "The CSI camera 0 stopped: rpicam-vid was ended by SIGKILL."


def test_program_that_only_closes_its_pipe_has_stopped(clock: HandClock) -> None:
    source = CsiSource(Script(clock, [], how=""), SETTINGS, clock, Words(print, clock))
    assert taken(source)[1] == "The CSI camera 0 stopped: rpicam-vid closed its pipe."


def test_words_of_the_program_go_to_the_journal(opened: Opening, said: list[str]) -> None:
    taken(opened("one\n\ntw", 0.1, "o\n", 0.1, frame(1)))
    assert said == ["one", "two"]


def test_program_that_never_stops_talking_fills_no_journal(opened: Opening, said: list[str], clock: HandClock) -> None:
    """Twenty lines a minute, and how many more there were."""
    babble: list[Step] = [piece for _ in range(100) for piece in (0.1, "x" * 5000 + "\n" + "y\n" * 99, frame(1))]
    taken(opened(*babble))
    assert (len(said), max(map(len, said))) == (20, 200)
    clock.now += 60.0
    taken(opened("z\n", 0.1))
    assert said[20:] == ["z"]


def test_lines_that_were_left_out_are_counted(clock: HandClock, said: list[str]) -> None:
    words = Words(said.append, clock)
    words.heard(b"x\n" * 70)
    clock.now += 60.0
    words.heard(b"z\n")
    assert said[20:] == ["50 more lines were left out", "z"]


def test_line_without_an_end_takes_no_memory(clock: HandClock, said: list[str]) -> None:
    words = Words(said.append, clock)
    for _ in range(1000):
        words.heard(b"x" * 10_000)
    words.heard(b"\n")
    assert [len(line) for line in said] == [200]


@pytest.mark.parametrize(
    "color", [(0, 0, 0), (255, 255, 255), (200, 30, 30), (30, 200, 30), (30, 30, 200), (9, 90, 240)]
)
def test_colors_are_those_of_full_range(color: tuple[int, int, int]) -> None:
    """A camera's video range would make black of the darkest 16 levels."""
    shown = np.full((HEIGHT, WIDTH, 3), color, np.uint8)
    read = rgb_of_i420(np.frombuffer(i420(shown), np.uint8), HEIGHT, WIDTH)
    assert np.abs(read.astype(int) - shown).max() <= 2


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frame_is_turned_here_or_by_the_program(opened: Opening, degrees: int) -> None:
    """The program turns by 180 degrees; what it gives then is upright."""
    shown: Image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    shown[:60] = (200, 30, 30)
    settings = CameraSettings(source="csi:0", width=WIDTH, height=HEIGHT, rotate=degrees)  # type: ignore[arg-type]
    image = opened(settings=settings).decoded(Raw(np.frombuffer(i420(shown), np.uint8)))
    assert image is not None
    red = {0: image[:50], 90: image[:, -50:], 180: image[:50], 270: image[:, :50]}[degrees]
    assert int(red[:, :, 0].min()) > 150
    assert image.shape == ((HEIGHT, WIDTH, 3) if degrees in (0, 180) else (WIDTH, HEIGHT, 3))


ALWAYS = "--camera 0 --codec yuv420 --width 640 --height 480 --timeout 0 --nopreview --flush"


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (CameraSettings(source="csi:0"), ""),
        (CameraSettings(source="csi:0", rate=15), " --framerate 15"),
        (CameraSettings(source="csi:0", rotate=180), " --rotation 180"),
        (CameraSettings(source="csi:0", rotate=90), ""),
        (CameraSettings(source="csi:0", exposure=100), " --shutter 10000"),
        (CameraSettings(source="csi:0", exposure="auto"), ""),
        (CameraSettings(source="csi:0", metering="center"), " --metering centre"),
        (CameraSettings(source="csi:0", metering="spot"), " --metering spot"),
        (CameraSettings(source="csi:0", metering="average"), " --metering average"),
    ],
)
def test_settings_become_options(settings: CameraSettings, more: str) -> None:
    assert " ".join(arguments(settings)) == f"{ALWAYS}{more} --output -"


def test_second_camera_is_chosen_by_its_number() -> None:
    assert arguments(CameraSettings(source="csi:1"))[:2] == ("--camera", "1")
