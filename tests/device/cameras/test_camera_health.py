"""Every kind of camera keeps the same rules: a fault is reported within 2 s without a swipe, and gives no evidence."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.cameras.health import FrameHealth
from device.errors import CameraError, ImageError
from tests.device.cameras.benches import Bench, FileBench, LiveBench, SimulatedBench, frames_in
from tests.device.cameras.csi_bench import CsiBench
from tests.device.cameras.rtsp.bench import RelayedBench

REPORTED_S = 2.0
POLL_S = 0.5
Making = Callable[[Path], Bench]

KINDS: dict[str, tuple[Making, tuple[str, ...]]] = {
    "live": (lambda _folder: LiveBench(), LiveBench.FAILS),
    "csi": (lambda _folder: CsiBench(), CsiBench.FAILS),
    "relayed": (lambda _folder: RelayedBench(), RelayedBench.FAILS),
    "simulated": (lambda _folder: SimulatedBench(), SimulatedBench.FAILS),
    "file": (FileBench, FileBench.FAILS),
}
FAULTS = [(kind, how) for kind, (_make, ways) in KINDS.items() for how in ways]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Bench]]:
    opened: list[Bench] = []

    def made(kind: str) -> Bench:
        opened.append(KINDS[kind][0](tmp_path))
        return opened[-1]

    yield made
    for bench in opened:
        with closing(bench):
            pass


@pytest.mark.parametrize("kind", KINDS)
def test_healthy_camera_is_not_in_trouble(make: Callable[[str], Bench], kind: str) -> None:
    bench = make(kind)
    frames_in(bench, 5.0)
    assert bench.camera.trouble() == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_a_healthy_camera_is_evidence(make: Callable[[str], Bench], kind: str) -> None:
    bench, health = make(kind), FrameHealth(0.0)
    frames = frames_in(bench, 5.0)
    assert len(frames) > 20
    evidence = [health.came(one.image, 0.0) and health.looked(one.image, one.captured_at) for one in frames]
    assert evidence == [True] * len(frames)


@pytest.mark.parametrize(("kind", "how"), [fault for fault in FAULTS if fault[0] != "file"])
def test_fault_is_reported_within_two_seconds_without_a_swipe(
    make: Callable[[str], Bench], kind: str, how: str
) -> None:
    bench = make(kind)
    frames_in(bench, 5.0)
    bench.fails(how)
    began = bench.now()
    while not (reported := bench.camera.trouble()) and bench.now() < began + 10:
        bench.passes(POLL_S)
    assert bench.now() - began <= REPORTED_S
    assert reported.endswith(".")


@pytest.mark.parametrize(("kind", "how"), FAULTS)
def test_fault_gives_no_evidence(make: Callable[[str], Bench], kind: str, how: str) -> None:
    """Of what a camera sees when it fails, at most the first frame is new."""
    bench = make(kind)
    frames_in(bench, 5.0)
    bench.fails(how)
    began = bench.now()
    frames = frames_in(bench, 5.0)
    fresh = [frame for frame in frames if frame.captured_at > began]
    assert len(fresh) <= (kind in ("live", "csi", "relayed")) or how in ("late", *FileBench.FAILS)


@pytest.mark.parametrize(("kind", "how"), [fault for fault in FAULTS if fault[1] != "late"])
def test_camera_in_trouble_says_so_when_it_is_read(make: Callable[[str], Bench], kind: str, how: str) -> None:
    bench = make(kind)
    frames_in(bench, 5.0)
    bench.fails(how)
    frames_in(bench, 2.0)
    bench.passes(0.5)
    with pytest.raises((CameraError, ImageError)) as raised:
        [bench.camera.read(0.2) for _ in range(3)]
    assert raised.value.message == bench.camera.trouble()


@pytest.mark.parametrize(("kind", "how"), FAULTS)
def test_camera_that_works_again_is_not_in_trouble(make: Callable[[str], Bench], kind: str, how: str) -> None:
    bench = make(kind)
    frames_in(bench, 5.0)
    bench.fails(how)
    frames_in(bench, 5.0)
    bench.works()
    frames = frames_in(bench, 2.0)
    assert bench.camera.trouble() == ""
    assert len(frames) >= 5


@pytest.mark.parametrize("how", ["repeats", "still", "late"])
def test_stuck_camera_is_opened_again_and_stays_in_trouble(make: Callable[[str], Bench], how: str) -> None:
    """Opening ends many a driver's stall; here it does not."""
    bench = make("live")
    assert isinstance(bench, LiveBench)
    frames_in(bench, 5.0)
    bench.fails(how)
    frames_in(bench, 2.0)
    reported = []
    for _ in range(250):
        bench.passes(0.1)
        reported.append(bench.camera.trouble())
    assert bench.opened >= 3
    assert len(set(reported)) == 1
    assert ("frozen" in reported[0]) == (how != "late")
