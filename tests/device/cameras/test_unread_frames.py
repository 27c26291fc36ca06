"""Frames that nobody reads: fingerprinted as they come, decoded a few times a second, and judged all the same."""

import numpy as np

from device.cameras.files import with_noise
from device.cameras.live import LiveCamera
from device.cameras.source import Raw
from device.records import Image
from tests.device.cameras.benches import HandClock, HandedSource, gray


def quiet_camera(monotonic: HandClock) -> tuple[LiveCamera, HandedSource]:
    """A camera that nobody reads, and its device."""
    device = HandedSource(monotonic.monotonic)
    camera = LiveCamera(lambda: device, monotonic)
    device.wait_until_asked()
    return camera, device


def runs(device: HandedSource, clock: HandClock, seconds: float, rate_fps: float = 15.0) -> None:
    for _ in range(round(seconds * rate_fps)):
        clock.now += 1 / rate_fps
        device.give(with_noise(gray(120), round(clock.now * 1000)))
        device.wait_until_asked()


def test_most_frames_that_nobody_reads_are_not_decoded() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 10.0)
    learned = device.decodings
    runs(device, clock, 20.0)
    device.give(None)
    camera.close()
    assert device.decodings - learned <= 4 * 20 + 1


def test_frame_that_is_read_is_decoded_once() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 10.0)
    before = device.decodings
    given = 0
    for _ in range(30):
        runs(device, clock, 1 / 15)
        given += camera.read(0.0) is not None
    device.give(None)
    camera.close()
    assert (given, device.decodings - before) == (30, 30)


def test_noise_that_vanishes_unread_is_reported_within_two_seconds() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 15.0)
    still = with_noise(gray(120), 1)
    for number in range(30):
        clock.now += 1 / 15
        still = still.copy()
        still[0, 0, 0] = number  # never seen before, and without any noise
        device.give(still)
        device.wait_until_asked()
    told = camera.trouble()
    device.give(None)
    camera.close()
    assert told == "The camera is frozen: its picture has lost the sensor's noise."


def test_frames_that_cannot_be_decoded_are_a_trouble_unread() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 10.0)
    for number in range(9):
        clock.now += 0.2
        device.give(np.full((4, 4), number, np.uint8))
        device.wait_until_asked()
    told = camera.trouble()
    device.give(None)
    camera.close()
    assert told == "The camera delivers pictures that can't be decoded."


def test_glance_leaves_the_frame_to_its_reader() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 6.0)
    before = device.decodings
    glanced, again, read = camera.glance(), camera.glance(), camera.read(0.0)
    device.give(None)
    camera.close()
    assert [frame is not None and frame.captured_at == clock.now for frame in (glanced, again, read)] == [True] * 3
    assert device.decodings - before <= 1


def test_camera_that_is_read_is_not_glanced_at() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 6.0)
    camera.read(0.0)
    runs(device, clock, 1.8)
    while_read = camera.glance()
    runs(device, clock, 0.4)
    later = camera.glance()
    device.give(None)
    camera.close()
    assert (while_read, later is not None) == (None, True)


def test_camera_in_trouble_is_not_glanced_at() -> None:
    clock = HandClock()
    camera, device = quiet_camera(clock)
    runs(device, clock, 6.0)
    clock.now += 2.0
    glanced = camera.glance()
    device.give(None)
    camera.close()
    assert glanced is None


class Wrapping(HandedSource):
    """A camera that wraps its pictures in bytes that always differ, such as a counter."""

    def decoded(self, raw: Raw) -> Image:
        return raw.data[:-1]


def wrapped(image: Image, number: int) -> Image:
    return np.concatenate([image, np.full((1, *image.shape[1:]), number, np.uint8)])


def test_frozen_picture_in_other_bytes_is_no_evidence() -> None:
    """From the start, when nothing is known about its noise."""
    clock = HandClock()
    device = Wrapping(clock.monotonic)
    camera = LiveCamera(lambda: device, clock)
    device.wait_until_asked()
    given: list[Image] = []
    for number in range(30):
        clock.now += 0.1
        device.give(wrapped(with_noise(gray(120), 1), number))
        device.wait_until_asked()
        frame = camera.read(0.0) if not camera.trouble() else None
        given += [frame.image] if frame else []
    told = camera.trouble()
    device.give(None)
    camera.close()
    assert (len(given), told) == (1, "The camera is frozen: it repeats the same picture.")


def test_picture_given_twice_in_other_bytes_is_healthy() -> None:
    """As webcams do in the dark."""
    clock = HandClock()
    device = Wrapping(clock.monotonic)
    camera = LiveCamera(lambda: device, clock)
    device.wait_until_asked()
    troubles = set()
    for number in range(200):
        clock.now += 0.1
        device.give(wrapped(with_noise(gray(120), number // 2), number))
        device.wait_until_asked()
        troubles.add(camera.trouble())
    device.give(None)
    camera.close()
    assert troubles == {""}
