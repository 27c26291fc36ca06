"""What the service prints and writes: no password anywhere, and a door that works whatever becomes of its journal."""

import subprocess
import time
from pathlib import Path

from device.records import DoorStatus
from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, Wanted, device, new_rig
from tests.rig.unit import LINTEL

CHECKS = Room("outputs")
SECRET = "Geheim-7"
TOLD = Wanted("a trouble of the camera", lambda status: any("camera" in one.lower() for one in status.troubles))
LINES = (
    ("door", "status"),
    ("door", "status", "--json"),
    ("audit", "list", "--json"),
    ("config",),
    ("config", "--json"),
    ("hardware",),
    ("watch", "--door", "none"),
)


@CHECKS.check(
    "a camera's address holds a password, and the settings a byte order mark",
    "0 outputs, files or command lines with the password",
    Size(small=1, full=5),
)
def password(times: int) -> Finding:
    figures = Figures()
    shown, told = 0, 0
    for _ in range(times):
        with new_rig() as rig:
            said = rig.settings.read_text().replace(
                device(rig.folder / "video0"), f"http://admin:{SECRET}@127.0.0.1:9/live"
            )
            rig.settings.write_text(f"\ufeff{said}".replace("\n", "\r\n"))
            rig.start()
            told += rig.when_status(TOLD, 10.0) is not None
            rig.swiped(BADGES[EILEEN])
            shown += sum(SECRET in text for text in everything(rig))
    figures.count("troubles of the camera", told, times)
    figures.count("outputs with the password", shown, 0)
    return figures.finding(times)


def everything(rig: Rig) -> list[str]:
    """All that the service and its commands print and write, and the command lines of its processes."""
    answers = [rig.lintel(*line) for line in LINES]
    printed = [answer.out + answer.err for answer in answers]
    lines = [
        path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ]
    kept = [path for folder in (rig.state, rig.folder / "run") for path in folder.rglob("*") if path.is_file()]
    return [
        *printed,
        *lines,
        rig.running.output(),
        rig.running.errors(),
        *(path.read_bytes().decode(errors="replace") for path in kept),
    ]


def ready(rig: Rig, status: DoorStatus) -> bool:
    return not status.troubles and (rig.folder / "outside.sock").exists()


@CHECKS.check(
    "the journal is full", "each holder who stands there is let in, at the first swipe", Size(small=2, full=20)
)
def full_journal(times: int) -> Finding:
    figures = Figures()
    let_in: list[float | None] = []
    with new_rig(strike_time_s=0.2) as rig, Path("/dev/full").open("wb") as full:
        service = subprocess.Popen([LINTEL, "run"], env=rig.environment, stdout=full, stderr=full)
        try:
            rig.camera.shows(EILEEN)
            rig.when_status(Wanted("no trouble", lambda status: ready(rig, status)), 40.0)
            for _ in range(times):
                time.sleep(3.0)
                at = rig.swipe(BADGES[EILEEN])
                released = rig.board.when(high=True, since=at, within_s=3.0)
                let_in.append(None if released is None else released - at)
        finally:
            service.terminate()
            service.wait(20)
    figures.most("swipe to the level on the pin", let_in, 3.0)
    return figures.finding(times)
