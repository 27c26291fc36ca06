"""`lintel pad record` as a process of its own, at a camera that plays a clip."""

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

import device.cli.pad_evaluate
import device.cli.pad_record
from device.images import read_image
from device.policy.events import FrameSeen
from device.records import Frame, Image
from device.virtual.clock import SimulatedClock
from device.virtual.figures import Figure, Place
from device.virtual.scene import Scene
from device.vision.manifest import DecisionRule
from tests.device.commands import Lintel
from tests.device.conftest import LINTEL
from tests.device.pad.recorded import RULE, FakeCamera, face, nothing
from tests.processes import errors_of, started

RATE_FPS = 10.0


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, portrait_files: dict[str, Path]) -> Path:
    """Settings with a camera before which a person stands for 7 of 10.5 s, again and again."""
    folder = tmp_path_factory.mktemp("camera")
    faces = {"eileen": read_image(portrait_files["eileen-collins"])}
    empty = Scene((), {}).draw(0.0, 0)
    person = Scene((Figure(image="eileen", end=Place(x=0.5, y=0.8, size=1.3)),), faces).draw(0.0, 0)
    path = folder / "camera.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE_FPS, (640, 480))
    for image, seconds in ((empty, 3.5), (person, 7.0)):
        for _ in range(int(seconds * RATE_FPS)):
            writer.write(np.ascontiguousarray(image[:, :, ::-1]))
    writer.release()
    (folder / "lintel.toml").write_text(f'[[cameras]]\nsource = "{path}"\n[vision]\nthreads = 1\n')
    return folder / "lintel.toml"


class FakeLook:
    """A look that sees a person in 8 of each 12 s, and says so without a model."""

    network_sha256 = ""
    embedding_sha256 = "b" * 64
    rule = RULE

    def __call__(self, frame: Frame) -> FrameSeen:
        at = frame.captured_at
        return face(at) if at % 12 >= 4 else nothing(at)

    def rule_at(self, _target_fmr: float) -> DecisionRule:
        return RULE

    def begin(self) -> None:
        return

    def learn(self, _empty: Sequence[Image]) -> None:
        return


class Interrupted(FakeCamera):
    """A camera before which the operator presses Ctrl-C after a while."""

    def read(self, timeout_s: float) -> Frame | None:
        if self.clock.monotonic() >= self.stops_at:
            raise KeyboardInterrupt
        return super().read(timeout_s)


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> FakeCamera:
    clock = SimulatedClock()
    camera = Interrupted(clock)
    monkeypatch.setattr(device.cli.pad_record, "SystemClock", lambda: clock)
    monkeypatch.setattr(device.cli.pad_record, "own_camera", lambda *_args, **_options: camera)
    monkeypatch.setattr(device.cli.pad_record, "load_look", lambda *_args: FakeLook())
    return camera


@pytest.mark.usefixtures("state", "camera")
def test_what_is_missing_is_recorded_and_counted(lintel: Lintel, tmp_path: Path) -> None:
    command = ("pad", "record", tmp_path / "pad", "--camera", "--person", "p1", "--count", "2", "--species", "live")
    ended = lintel(*command, "--species", "print", "--device", "print=laser")
    assert (ended.exit_code, ended.out) == (0, f"In {tmp_path / 'pad'}: live 2, print 2\n")
    assert ended.err.count("Kept.") == 4
    assert "3 of 4 done. Next: print, 2 of 2." in ended.err
    assert "Look straight" not in lintel(*command).err
    more = lintel(*command[:-4], "--count", "3", "--species", "live", "--json")
    assert more.json["presentations"] == {"live": 3, "print": 2}


@pytest.mark.usefixtures("state", "camera")
def test_clips_are_kept_and_looked_at_again_by_their_passphrase(
    lintel: Lintel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, wrong, folder = tmp_path / "words", tmp_path / "wrong", tmp_path / "pad"
    words.write_text("a sentence of mine\nnot this\n")
    wrong.write_text("a sentence of hers\n")
    command = ("pad", "record", folder, "--camera", "--person", "p1", "--species", "print")
    ended = lintel(*command, "--count", "1", "--keep-clips", "--passphrase-file", words)
    assert ended.exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["pad.json", "print-0001.clip", "print-0001.json"]
    other = lintel(*command, "--count", "2", "--keep-clips", "--passphrase-file", wrong)
    assert (other.exit_code, "can't be decrypted" in other.err) == (9, True)
    monkeypatch.setattr(device.cli.pad_evaluate, "CuedLook", lambda *_args: FakeLook())
    again = ("pad", "evaluate", folder, "--clips", "--passphrase-file")
    assert "print, 1 known hand" in lintel(*again, words).out
    assert lintel(*again, wrong).exit_code == 9


@pytest.mark.usefixtures("state")
def test_stop_keeps_what_was_complete(lintel: Lintel, tmp_path: Path, camera: FakeCamera) -> None:
    camera.stops_at = 50.0
    ended = lintel("pad", "record", tmp_path / "pad", "--camera", "--person", "p1", "--species", "live")
    assert ended.exit_code == 130
    assert "What was complete is kept." in ended.err
    kept = json.loads((tmp_path / "pad/pad.json").read_text())["presentations"]
    assert 1 <= len(kept) < 5
    assert sorted(path.stem for path in (tmp_path / "pad").iterdir()) == [*(one["name"] for one in kept), "pad"]


@pytest.mark.slow(small="test_stop_keeps_what_was_complete")
def test_person_is_recorded_until_the_operator_stops(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pad"
    command = [LINTEL, "--config", config, "pad", "record", folder, "--camera", "--person", "p1", "--species", "live"]
    environment = {**os.environ, "LINTEL_STATE_DIR": str(tmp_path / "state")}
    with started(command, env=environment, stderr=-1, stdout=-1) as process:
        said = []
        for line in errors_of(process):
            said.append(line.strip())
            if line.startswith("Kept."):
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert said[-3:] == ["What was complete is kept. Run the command again to go on.", "", "Stopped."]
    assert any(line.startswith("Turn the head to the") for line in said)
    manifest = json.loads((folder / "pad.json").read_text())
    assert [one["name"] for one in manifest["presentations"]] == ["live-0001"]
    assert sorted(path.name for path in folder.iterdir()) == ["live-0001.json", "pad.json"]


@pytest.mark.usefixtures("state")
def test_camera_that_is_missing_leaves_an_empty_folder(lintel: Lintel, tmp_path: Path) -> None:
    (tmp_path / "lintel.toml").write_text('[[cameras]]\nsource = "/dev/video77"\n')
    ended = lintel(
        "--config", tmp_path / "lintel.toml", "pad", "record", tmp_path / "pad", "--camera", "--person", "p1"
    )
    assert (ended.exit_code, "What to do:" in ended.err) == (6, True)
    assert [path.name for path in (tmp_path / "pad").iterdir()] == ["pad.json"]


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--person", "p1"], 2, "--camera or --at"),
        (["--at", "main", "--person", "p1", "--keep-clips"], 2, "gives no pictures away"),
        (["--at", "main", "--person", "p1"], 7, "What to do:"),
        (["--camera", "--person", "p1", "--hand", "p2", "--species", "live"], 2, "their own face"),
        (["--camera"], 2, "--person"),
        (["--camera", "--person", "x" * 65], 2, "at most 64"),
        (["--camera", "--person", "p1", "--device", "mask=latex"], 2, "expected one of print"),
        (["--camera", "--person", "p1", "--passphrase-file", "x"], 2, "--keep-clips"),
        (["--camera", "--person", "p1", "--keep-clips", "--passphrase-file", "/missing"], 9, "Cannot read"),
    ],
)
def test_wrong_use_is_a_sentence(lintel: Lintel, tmp_path: Path, options: list[str], code: int, said: str) -> None:
    ended = lintel("pad", "record", tmp_path / "pad", *options)
    assert (ended.exit_code, said in ended.err) == (code, True)
    assert not (tmp_path / "pad").exists()


@pytest.mark.usefixtures("state")
def test_folder_with_other_files_is_left_alone(lintel: Lintel, config: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    ended = lintel(
        "--config", config, "--state-dir", tmp_path / "s", "pad", "record", tmp_path, "--camera", "--person", "p"
    )
    assert (ended.exit_code, "holds other files" in ended.err) == (8, True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
