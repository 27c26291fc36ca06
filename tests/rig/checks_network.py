"""A network camera and its relay fail in each way they can, and the same holds as for any other camera.

What is not here: pictures that all come late by the same time from the beginning of a connection. Nothing in a stream
says how long the quickest of them was on its way.
"""

import contextlib
import re
import shutil
import signal
import subprocess
import time
from functools import partial
from typing import Any

from tests.rig.camera import EILEEN, EMPTY, GRACE
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.checks_cameras import PROMISE, SETTLE_S, TOLD, TOLD_S, WELL, failing, granted, swiped_in_turn, usable
from tests.rig.network import PASSWORD, SOURCE, behind_network
from tests.rig.rig import BADGES, new_rig
from tests.rig.strace import Skipped, missing

CHECKS = Room("network")
COMES_BACK_S = 15.0


@CHECKS.check("no fault: the holder stands before a network camera", "granted within 1.5 s", Size(full=20))
def healthy(times: int) -> Finding:
    figures = Figures()
    with new_rig(strike_time_s=0.2, source=SOURCE) as rig, behind_network(rig):
        rig.start()
        rig.when_status(WELL, COMES_BACK_S)
        rig.camera.shows(EILEEN)
        waited = swiped_in_turn(rig, times)
        figures.most("swipe to the level on the pin", waited, 1.5)
        figures.count("troubles", rig.troubles(), 0)
        rig.camera.shows(GRACE)
        time.sleep(SETTLE_S)
        figures.count("grants of another person", int(granted(rig)), 0)
    return figures.finding(times)


for _rate in (5.0, 30.0):
    CHECKS.check(
        f"no fault: a network camera of {_rate:.0f} pictures a second", "granted within 3 s; no trouble", Size(full=5)
    )(partial(usable, source=SOURCE, beside=behind_network, fps=_rate))


_FAULTS: tuple[tuple[str, str, dict[str, Any], bool], ...] = (
    ("frozen on the holder: one picture for ever", "frozen", {}, False),
    ("repeats its last 16 pictures", "loop", {"loop": 16}, False),
    ("its noise vanished: a still picture but for one bit", "still", {}, False),
    ("stalls: no packet comes", "hang", {}, False),
    ("hangs up, and does so again", "dead", {}, False),
)
for _fault, _mode, _how, _in_suite in _FAULTS:
    CHECKS.check(f"network camera {_fault}", PROMISE, Size(full=5), in_suite=_in_suite)(
        partial(failing, mode=_mode, source=SOURCE, beside=behind_network, **_how)
    )


@CHECKS.check(
    "the network stalls for 1.2 s while the holder leaves, one probe: frames that waited in it",
    "0 grants",
    Size(full=10),
)
def stalled(times: int) -> Finding:
    figures = Figures()
    with new_rig(probes=1, face_timeout_s=2.0, source=SOURCE) as rig, behind_network(rig) as camera:
        rig.start()
        for _ in range(times):
            rig.camera.shows(EILEEN)
            rig.when_status(WELL, COMES_BACK_S)
            time.sleep(SETTLE_S)
            camera.server.fault = "hold"
            time.sleep(0.4)
            rig.camera.shows(EMPTY)
            time.sleep(0.6)
            at = rig.swipe(BADGES[EILEEN])
            time.sleep(0.2)
            camera.server.fault = ""
            time.sleep(2.5)
            figures.count("grants on the person who had left", len(rig.board.released_since(at)), 0)
    return figures.finding(times)


def relay_ends(times: int, how: signal.Signals) -> Finding:
    """The relay ends or is stopped while the holder stands there, who then leaves."""
    figures, told_after, recovered = Figures(), [], 0
    with new_rig(face_timeout_s=1.0, source=SOURCE) as rig, behind_network(rig) as camera:
        rig.start()
        for _ in range(times):
            rig.camera.shows(EILEEN)
            rig.when_status(WELL, COMES_BACK_S)
            time.sleep(SETTLE_S)
            failed_at = camera.signal(how)
            rig.camera.shows(EMPTY)
            seen = rig.when_status(TOLD, 4.0)
            told_after.append(None if seen is None else seen - failed_at)
            rig.swiped(BADGES[EILEEN], within_s=3.0)
            figures.count("grants", len(rig.board.released_since(failed_at)), 0)
            if how is signal.SIGSTOP:
                camera.signal(signal.SIGCONT)
            else:
                camera.logs_in(PASSWORD)
            rig.camera.shows(EILEEN)
            recovered += rig.when_status(WELL, COMES_BACK_S) is not None
        figures.most("in the status after", told_after, TOLD_S)
        figures.count(f"of {times} well again within {COMES_BACK_S:.0f} s", recovered, times)
        figures.count("restarts of the door", len(rig.running.ended), 0)
    return figures.finding(times)


for _fault, _signal in (("killed", signal.SIGKILL), ("stopped (SIGSTOP)", signal.SIGSTOP)):
    CHECKS.check(
        f"relay {_fault} while the holder leaves", "0 grants; in the status within 2 s; well again", Size(full=5)
    )(partial(relay_ends, how=_signal))


@CHECKS.check(
    "network camera switched off for 3 s", "in the status within 2 s, with the reason; well again", Size(full=3)
)
def restarted(times: int) -> Finding:
    figures, told_after, recovered = Figures(), [], 0
    with new_rig(source=SOURCE) as rig, behind_network(rig) as camera:
        rig.start()
        for _ in range(times):
            rig.when_status(WELL, COMES_BACK_S)
            time.sleep(SETTLE_S)
            with contextlib.ExitStack() as stack:
                stack.callback(camera.restart_server, 0.0)
                off_at = time.monotonic()
                camera.server.close()
                seen = rig.when_status(TOLD, 4.0)
                told_after.append(None if seen is None else seen - off_at)
                time.sleep(3.0)
                status = rig.status()
                said = " ".join(status.troubles) if status else ""
                figures.true("", f"reported: {said}", kept="lintel-rtsp@hall can't reach its camera" in said)
            recovered += rig.when_status(WELL, COMES_BACK_S) is not None
        figures.most("in the status after", told_after, TOLD_S)
        figures.count(f"of {times} well again within {COMES_BACK_S:.0f} s", recovered, times)
    return figures.finding(times)


@CHECKS.check("wrong password of a network camera", "said in the status; no password in any output", Size(full=1))
def wrong_password(times: int) -> Finding:
    figures = Figures()
    with new_rig(source=SOURCE) as rig, behind_network(rig) as camera:
        camera.logs_in("letmein")
        rig.start()
        rig.when_status(TOLD, COMES_BACK_S)
        time.sleep(6.0)
        status = rig.status()
        said = " ".join(status.troubles) if status else ""
        figures.true("", f"reported: {said}", kept="was refused by its camera" in said)
        printed = camera.printed.read_text() + rig.running.output() + rig.running.errors()
        leaks = [word for word in ("letmein", PASSWORD, "rtsp://") if word in printed]
        figures.true("no password in the outputs", f"in the outputs: {leaks}", kept=not leaks)
    return figures.finding(times)


def allowed(name: str) -> set[str]:
    """The system calls of one of systemd's sets. Raises `Skipped` without systemd."""
    if shutil.which("systemd-analyze") is None:
        raise Skipped("systemd-analyze is not installed")
    said = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.strip() for line in said.splitlines()[1:]]
    calls = {line for line in lines if line and line[0] not in "#@"}
    return calls.union(*(allowed(line) for line in lines if line.startswith("@")))


@CHECKS.check("relay watched by strace", "only system calls and kinds of sockets that its unit allows", Size(full=1))
def confined(times: int) -> Finding:
    if why := missing():
        raise Skipped(why)
    figures = Figures()
    with new_rig(source=SOURCE) as rig, behind_network(rig) as camera:
        trace = rig.folder / "trace"
        camera.stop_relay()
        camera.logs_in(PASSWORD, prefix=["strace", "-f", "-qq", "-o", str(trace)])
        rig.start()
        figures.true("pictures", "no pictures", kept=rig.when_status(WELL, 2 * COMES_BACK_S) is not None)
        camera.server.hang_up()
        time.sleep(2.0)
        seen = trace.read_text()
    calls = set(re.findall(r"^\d+\s+(?:<\.\.\. )?(\w+)[( ]", seen, re.MULTILINE))
    beyond = calls - (allowed("@system-service") - allowed("@privileged"))
    families = set(re.findall(r"socket\((\w+)", seen)) - {"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}
    figures.true(f"{len(calls)} system calls", f"beyond the unit: {beyond} {families}", kept=not beyond | families)
    figures.count("maps memory that is written and run", seen.count("PROT_WRITE|PROT_EXEC"), 0)
    return figures.finding(times)
