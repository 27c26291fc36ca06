"""Presentations that are recorded at a door in operation: a badge goes first, and nothing half is kept."""

import json
import subprocess
from pathlib import Path

from device.pad.folder import read_frames, read_manifest
from device.vision.models import shipped_models_dir
from tests.processes import errors_of
from tests.rig.camera import EILEEN, EMPTY
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, new_rig
from tests.rig.unit import LINTEL

CHECKS = Room("recording")
STAYS_S = 7.0
"""How long a person stands before the camera, and how long no one does, in turn."""
GRANTED_S = 2.5
SERVICE_GONE = 7


@CHECKS.check(
    "presentations are recorded at a door in operation, whose service is killed in the middle",
    "a badge is granted meanwhile; what was complete is kept whole, the rest not at all; the next run goes on",
    Size(small=1, full=5),
)
def recorded(times: int) -> Finding:
    figures, ends, granted, names = Figures(), [], 0, []
    for _ in range(times):
        with new_rig(strike_time_s=0.2) as rig:
            folder = rig.folder / "presentations"
            rig.start()
            _plays(rig)
            recording = _begun(rig, folder)
            _read_until(recording, "Kept.")
            granted += _granted_within(rig)
            _read_until(recording, "Turn the head")
            rig.running.kill()
            ends.append((recording.wait(60.0), _whole(folder)))
            figures.true("", rig.running.errors()[-500:], kept=rig.running.when_lives(2) is not None)
            _plays(rig)
            again = _begun(rig, folder)
            again.wait(120.0)
            names.append((again.returncode, _whole(folder)))
            figures.true("evaluated", "", kept=_evaluated(rig, folder))
    figures.count("ended with the service, one kept", ends.count((SERVICE_GONE, ["live-0001"])), times)
    figures.count("granted while recording", granted, times)
    figures.count("went on to both", names.count((0, ["live-0001", "live-0002"])), times)
    return figures.finding(times)


def _plays(rig: Rig) -> None:
    portrait = str(shipped_models_dir() / "portraits" / f"{EILEEN}.jpg")
    rig.camera.plays([EMPTY, portrait] * 20, STAYS_S)


def _begun(rig: Rig, folder: Path) -> "subprocess.Popen[str]":
    where = [LINTEL, "pad", "record", str(folder), "--at", "main"]
    command = [*where, "--person", "p1", "--species", "live", "--count", "2"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=rig.environment, stdout=pipe, stderr=pipe, text=True)


def _read_until(process: "subprocess.Popen[str]", *words: str) -> None:
    """Until it says one of these, or ends."""
    for line in errors_of(process):
        if line.startswith(words):
            return


def _granted_within(rig: Rig) -> bool:
    """Whether the person's badge opens the door while the recording goes on."""
    _, answer = rig.swiped(BADGES[EILEEN], within_s=STAYS_S + GRANTED_S)
    return "GRANTED" in answer


def _whole(folder: Path) -> list[str]:
    """The presentations that are kept, each of which can be read; nothing else may lie there."""
    kept = read_manifest(folder).presentations
    assert all(read_frames(folder, one) for one in kept)
    assert {path.name for path in folder.iterdir()} == {"pad.json", *(f"{one.name}.json" for one in kept)}
    return [one.name for one in kept]


def _evaluated(rig: Rig, folder: Path) -> bool:
    answer = rig.lintel("pad", "evaluate", folder, "--json")
    return answer.code == 0 and json.loads(answer.out)["policy"]["live"]["people"] == 1
