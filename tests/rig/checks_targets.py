"""A door's target rate: the threshold in each row is that of the card, and a rate without data opens no door."""

import shutil
import time
from pathlib import Path

import msgspec

from device.vision.manifest import read_manifest, write_manifest
from device.vision.models import EMBEDDING, shipped_models_dir
from tests.rig.camera import EILEEN, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_visits import SETTLE_S, visits
from tests.rig.rig import BADGES, Rig, Wanted, new_rig

CHECKS = Room("targets")
SINGLE = {"1e-3": "0.92693", "1e-4": "0.93931", "1e-6": "0.95741"}
"""The card's threshold of one reference by the target, however alike the frames."""
REFUSED = Wanted("a count that is missing", lambda status: any("are missing" in one for one in status.troubles))


@CHECKS.check(
    "a door's target rate is another than the network's",
    "each row has the card's threshold for it, `door status` what it is worth, and the holder is let in",
    Size(small=1, full=3),
)
def thresholds(times: int) -> Finding:
    figures = Figures()
    for number in range(times):
        target, expected = list(SINGLE.items())[::-1][number % len(SINGLE)]
        with new_rig() as rig:
            state_target(rig, target)
            rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(SETTLE_S)
            (holder,) = visits(rig, (BADGES[EILEEN], "outside"))
            (stranger,) = visits(rig, (BADGES[GRACE], "outside"))
            rows = rig.lintel("audit", "list", "--json").out
            said = rig.lintel("door", "status").out
            figures.count("holders let in", int(holder.reason == "match"), 1)
            figures.count("strangers let in", int(stranger.reason == "match"), 0)
            shown = f"target FMR {float(target):.1e};".replace("e-0", "e-")
            figures.count("thresholds of the card", int(f'"threshold":{expected}' in rows.replace(" ", "")), 1)
            figures.count("targets in the status", int(shown in said), 1)
    return figures.finding(times)


@CHECKS.check(
    "a door's target rate, and a network measured on too few people for it",
    "a trouble with the number of comparisons that are missing; 0 grants",
    Size(small=1, full=2),
)
def refused(times: int) -> Finding:
    figures = Figures()
    for _ in range(times):
        with new_rig() as rig:
            measured_on_few(rig.folder / "models")
            rig.configure(models=rig.folder / "models")
            state_target(rig, "1e-6")
            rig.start()
            figures.count("troubles", int(rig.when_status(REFUSED, 20.0) is not None), 1)
            rig.camera.shows(EILEEN)
            time.sleep(SETTLE_S)
            (found,) = visits(rig, (BADGES[EILEEN], "outside"))
            figures.count("grants", int(found.reason == "match"), 0)
            figures.true("the strike stayed secure", "the strike was released", kept=not rig.board.is_released())
    return figures.finding(times)


def state_target(rig: Rig, target: str) -> None:
    rig.settings.write_text(rig.settings.read_text().replace("[[doors]]\n", f"[[doors]]\ntarget_fmr = {target}\n", 1))


def measured_on_few(folder: Path) -> None:
    """The shipped models, as if their thresholds had been set on 2,000,000 comparisons."""
    shutil.copytree(shipped_models_dir(), folder)
    path = folder / f"{EMBEDDING}.json"
    manifest = read_manifest(path)
    assert manifest.decision is not None
    few = tuple(msgspec.structs.replace(one, non_mated_comparisons=2_000_000) for one in manifest.decision.points)
    rule = msgspec.structs.replace(manifest.decision, points=few)
    write_manifest(msgspec.structs.replace(manifest, decision=rule), path)
