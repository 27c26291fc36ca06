"""The other units: each run by systemd as its own user, and how far each is exposed."""

import re
import time

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding
from tests.system.door import BADGES, Door
from tests.system.machine import wait_for
from tests.system.steps import Steps

STEPS = Steps()
DOOR = 0.8
WIDER = dict.fromkeys(
    ("lintel-link.service", "lintel-rtsp@x.service", "lintel-turn.service", "lintel-watch.service"), 2.0
)
"""The most of each; every other unit is one of a timer, and has no more than the door's."""
RECEIVED = "/var/lib/received"
RECEIVER = f"""
import http.server
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("{RECEIVED}", "ab") as file:
            file.write(body + b"\\n")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8080), Taker).serve_forever()
"""
LINK = """
[[link.webhooks]]
name = "booted"
url = "http://127.0.0.1:8080/doors"
template = "ntfy"
"""


@STEPS.step(
    "`systemctl start lintel-link`, and a badge at the door",
    "ready; its own user; the event arrives within 5 s; no store for it",
)
def link(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    machine.write("/srv/receiver.py", RECEIVER)
    machine.write("/etc/lintel/link.toml", LINK)
    machine.must("systemd-run", "--unit=receiver", "/usr/bin/python3", "/srv/receiver.py")
    began = time.monotonic()
    machine.must("systemctl", "start", "lintel-link")
    figures.most("ready after", [time.monotonic() - began], 10.0)
    user = machine.must("stat", "--format=%U", f"/proc/{machine.shows('lintel-link', 'MainPID')[0]}").strip()
    figures.true("user lintel-link", f"user {user}", kept=user == "lintel-link")
    door.shows(EILEEN)
    at, _ = door.swiped(BADGES[EILEEN])
    came = wait_for(lambda: machine.run("grep", "-qi", "granted\\|let in", RECEIVED).code == 0, 10.0)
    figures.most("the event at the receiver after", [time.monotonic() - at if came else None], 5.0)
    process = machine.shows("lintel-link", "MainPID")[0]
    inside = ("nsenter", f"--target={process}", "--mount", "setpriv", "--reuid=lintel-link", "--regid=lintel-link")
    refused = machine.run(*inside, "--init-groups", "ls", "/var/lib/lintel").code != 0
    figures.true("store not readable", "store readable", kept=refused)
    machine.must("systemctl", "stop", "lintel-link", "receiver")
    return figures.finding(1)


@STEPS.step("each unit of a timer, by `systemctl start`", "each ends with success, as the user lintel")
def timers(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    identity = door.lintel("backup", "identity")
    (recipient,) = set(re.findall(r"lintel-recipient-\S+", identity))
    machine.must("install", "-d", "-o", "lintel", "-g", "lintel", "-m", "0700", "/var/backups/lintel")
    machine.write("/etc/lintel/backup-recipient", f"{recipient}\n")
    found = machine.must("sh", "-c", "cd /usr/lib/systemd/system && ls lintel*.timer")
    for timer in found.split():
        unit = timer.replace(".timer", ".service")
        answer = machine.run("systemctl", "start", unit)
        result, user = machine.shows(unit, "Result", "User")
        said = f"{unit.removesuffix('.service')} {answer.took_s:.1f} s"
        failed = f"{unit}: {result}: {machine.journal(unit)[-300:]}"
        figures.true(said, failed, kept=answer.code == 0 and result == "success" and user == "lintel")
    saved = machine.must("sh", "-c", "ls /var/backups/lintel").split()
    figures.count("backup in its folder", len(saved), 1)
    return figures.finding(len(found.split()))


@STEPS.step(
    "`systemctl start lintel-clock`, with a stand-in of chrony-wait",
    "the door's service sees that the clock is synchronized",
)
def clock(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    machine.write("/etc/systemd/system/chrony-wait.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
    machine.must("systemctl", "daemon-reload")
    answer = machine.run("systemctl", "start", "lintel-clock")
    there = machine.run("test", "-e", "/run/lintel-clock/synchronized").code == 0
    figures.true("its word is there", f"no word: {answer.said}", kept=answer.code == 0 and there)
    inside = ("nsenter", f"--target={door.process}", "--mount", "test", "-r", "/run/lintel-clock/synchronized")
    figures.true("the service can read it", "the service can't read it", kept=machine.run(*inside).code == 0)
    machine.must("systemctl", "stop", "lintel-clock")
    return figures.finding(1)


@STEPS.step(
    "`systemd-analyze security` of every installed unit", "door 0.8; link, rtsp, turn, watch 2.0; others 0.8, at most"
)
def exposure(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    units = machine.must("sh", "-c", "cd /usr/lib/systemd/system && ls lintel*.service").split()
    for unit in units:
        name = unit.replace("@.", "@x.")
        said = machine.run("systemd-analyze", "security", "--no-pager", name).said
        rated = re.findall(r"Overall exposure level for \S+ ([\d.]+)", said.replace(":", ""))
        score = float(rated[0]) if rated else 10.0
        limit = WIDER.get(name, DOOR)
        figures.true(f"{unit} {score}", f"{unit} {score}, {limit} at most", kept=score <= limit)
    return figures.finding(len(units))
