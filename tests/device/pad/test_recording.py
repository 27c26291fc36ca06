"""Presentations before a camera: what is asked for when, and that nothing half is kept."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from device.errors import CameraError, StoreError
from device.pad.folder import PadStore, opened, read_frames, read_manifest
from device.pad.manifest import PadFolder
from device.pad.protocol import Ask
from device.pad.recording import Finished, Recorder, Wanted, keep
from device.pad.sealing import Sealer
from device.records import Reason
from device.virtual.clock import SimulatedClock
from tests.device.pad.recorded import ANNA, LOOKS, FakeCamera, look_by, nothing

PRINT = Wanted("print", "anna", "ben", "laser printer")
NETWORKS = PadFolder(network_sha256="a" * 64, embedding_sha256="b" * 64)


def from_two_seconds(at: float) -> bool:
    return at >= 2.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PadStore]:
    with opened(tmp_path / "pad", NETWORKS) as store:
        yield store


def recorder(is_there: Callable[[float], bool], *, camera: FakeCamera | None = None, clips: bool = False) -> Recorder:
    clock = camera.clock if camera else SimulatedClock()
    return Recorder(camera or FakeCamera(clock), look_by(is_there), clock, with_clips=clips)


def record(store: PadStore, by: Recorder, turn: Ask | None = None, *, sealer: Sealer | None = None) -> list[Ask]:
    """What was asked for; the presentation is kept if there was one."""
    asked = []
    for said in by.presentation(PRINT, ANNA, turn):
        if isinstance(said, Finished):
            keep(said, store, sealer)
        elif said is not None:
            asked.append(said)
    return asked


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "pad").iterdir())


def test_presentation_is_asked_for_and_kept(store: PadStore, tmp_path: Path) -> None:
    asked = record(store, recorder(from_two_seconds), Ask.TURN_LEFT)
    assert asked == [Ask.SHOW, Ask.TURN_LEFT]
    (kept,) = read_manifest(tmp_path / "pad").presentations
    assert (kept.name, kept.species, kept.person, kept.hand) == ("print-0001", "print", "anna", "ben")
    assert [(prompt.ask, round(prompt.at, 1)) for prompt in kept.prompts] == [("turn-left", 2.0)]
    frames = read_frames(tmp_path / "pad", kept)
    assert [round(frames[index].at, 1) for index in (0, 1, -1)] == [0.0, 0.1, 5.0]
    assert frames[7].similarity == pytest.approx(1.0)
    assert (frames[7].live, frames[7].scene) == (0.9, 0.95)


def test_without_a_choice_no_picture_and_no_template_is_written(store: PadStore, tmp_path: Path) -> None:
    record(store, recorder(from_two_seconds))
    assert files(tmp_path) == ["pad.json", "print-0001.json"]
    frame = json.loads((tmp_path / "pad/print-0001.json").read_text())["frames"][3]
    allowed = {"at", "box", "yaw", "pitch", "crop_scale", "presence", "box_share", "scene", "live", "similarity"}
    assert frame.keys() <= allowed
    assert {(tmp_path / "pad" / name).stat().st_mode & 0o777 for name in files(tmp_path)} == {0o600}


def test_clip_is_kept_encrypted_by_choice(store: PadStore, tmp_path: Path) -> None:
    sealer = Sealer("twelve letters")
    record(store, recorder(from_two_seconds, clips=True), sealer=sealer)
    frames = sealer.opened("print-0001", (tmp_path / "pad/print-0001.clip").read_bytes())
    assert (len(frames), frames[0].captured_at) == (41, 0.0)


def test_turn_is_asked_for_to_either_side(store: PadStore) -> None:
    turns = {ask for _ in range(40) for ask in record(store, recorder(from_two_seconds))}
    assert {Ask.TURN_LEFT, Ask.TURN_RIGHT} <= turns


def test_person_who_stays_is_asked_to_leave_first(store: PadStore) -> None:
    asked = record(store, recorder(lambda at: at < 3 or at > 5), Ask.TURN_RIGHT)
    assert asked == [Ask.LEAVE, Ask.SHOW, Ask.TURN_RIGHT]


def test_face_that_is_gone_most_of_the_time_is_no_presentation(store: PadStore) -> None:
    asked = record(store, recorder(lambda at: 2 <= at < 4), Ask.TURN_RIGHT)
    assert asked[-1] is Ask.AGAIN
    assert store.manifest.presentations == ()


@pytest.mark.parametrize("second", [0.5, 2.2, 4.0, 6.9])
def test_camera_that_dies_leaves_nothing(store: PadStore, tmp_path: Path, second: float) -> None:
    camera = FakeCamera(SimulatedClock(), dies_at=second)
    with pytest.raises(CameraError, match="pulled out"):
        record(store, recorder(from_two_seconds, camera=camera))
    assert files(tmp_path) == ["pad.json"]


def test_camera_that_gives_nothing_is_an_error(store: PadStore) -> None:
    camera = FakeCamera(SimulatedClock(), stops_at=4.0)
    with pytest.raises(CameraError, match="gave no frame for 5 s"):
        record(store, recorder(from_two_seconds, camera=camera))


def test_pause_is_not_waited_for(store: PadStore) -> None:
    """While another is at the door the camera gives nothing, for as long as that takes."""
    camera = FakeCamera(SimulatedClock(), stops_at=4.0)

    def is_paused() -> bool:
        if camera.clock.monotonic() >= 400.0:
            camera.stops_at = np.inf
        return 4.0 <= camera.clock.monotonic() < 400.0

    by = Recorder(camera, look_by(lambda at: 2 < at < 402 or at > 404), camera.clock, is_paused=is_paused)
    assert record(store, by)[-2:] == [Ask.SHOW, Ask.AGAIN]
    assert record(store, by)[-1] in (Ask.TURN_LEFT, Ask.TURN_RIGHT)


def test_wait_for_a_presentation_ends(store: PadStore) -> None:
    with pytest.raises(CameraError, match="for 120 s"):
        record(store, recorder(lambda _at: False))


@pytest.mark.parametrize("fails_at", [1, 2])
def test_full_disk_leaves_nothing(
    store: PadStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    """The first file is that of the frames, the second the manifest."""
    flush, flushed = os.fsync, []

    def full(descriptor: int) -> None:
        if not os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112 - a link of the kernel
            flushed.append(descriptor)
            if len(flushed) == fails_at:
                raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        record(store, recorder(from_two_seconds))
    assert files(tmp_path) == ["pad.json"]
    assert read_manifest(tmp_path / "pad").presentations == ()
    record(store, recorder(from_two_seconds))
    assert files(tmp_path) == ["pad.json", "print-0001.json"]


def test_recording_goes_on_where_it_ended(store: PadStore, tmp_path: Path) -> None:
    record(store, recorder(from_two_seconds))
    again = PadStore(tmp_path / "pad", read_manifest(tmp_path / "pad"))
    record(again, recorder(from_two_seconds))
    assert [one.name for one in read_manifest(tmp_path / "pad").presentations] == ["print-0001", "print-0002"]


@pytest.mark.usefixtures("store")
def test_two_do_not_record_into_one_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="another `lintel pad record`"), opened(tmp_path / "pad", NETWORKS):
        pytest.fail("opened twice")


def test_other_networks_get_another_folder(tmp_path: Path) -> None:
    with opened(tmp_path / "pad", NETWORKS):
        pass
    with pytest.raises(StoreError, match="other networks"), opened(tmp_path / "pad", PadFolder()):
        pytest.fail("mixed")


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other files"), opened(tmp_path, NETWORKS):
        pytest.fail("opened")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_empty_view_is_seen_without_anyone() -> None:
    *asked, pictures = filter(None, recorder(lambda at: at < 3 or 4 < at < 5).empty_view())
    assert asked == [Ask.LEAVE]
    assert isinstance(pictures, list)
    assert len(pictures) == 17


def test_references_are_the_person_straight_ahead() -> None:
    *said, references = recorder(from_two_seconds).references()
    assert [reason.code for reason in said if isinstance(reason, Reason)] == ["no-face"]
    assert isinstance(references, np.ndarray)
    assert references == pytest.approx(np.stack([LOOKS] * 3))


def test_frame_without_a_face_has_a_reason_and_no_values(store: PadStore, tmp_path: Path) -> None:
    record(store, recorder(lambda at: at >= 2 and not 4 <= at < 5))
    frames = read_frames(tmp_path / "pad", store.manifest.presentations[0])
    assert {(frame.reason, frame.yaw) for frame in frames} == {("", 0.0), (nothing(0.0).found.code, None)}  # type: ignore[union-attr]  # a reason
