"""The monitor's unit: its page, its user, and the little that this user may ask the service for."""

import json
import re

import msgspec

from device.control.protocol import VERBS
from tests.rig.checks import Figures, Finding
from tests.system.door import Door
from tests.system.machine import Answer, Machine, wait_for
from tests.system.steps import Steps

STEPS = Steps()
UNIT = "lintel-watch"
PAGE = "http://127.0.0.1:8480"
TOKEN = "/var/lib/lintel-watch/token"
MAY = ["status", "subscribe"]
VALUES = {
    "alarm": 1, "at": 0.0, "door": "main", "folder": "/var/lib/lintel", "missing": [], "name": "x",
    "reader": "outside", "token": "x", "why": "a test",
}  # fmt: skip
"""Of what a request must have."""
COMMANDS = {"administer": "people list", "coded-command": "release"}
ASKER = """
import json, socket, sys
for line in sys.stdin:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(5)
        asked.connect("/run/lintel/control.sock")
        asked.sendall(line.encode())
        said = json.loads(asked.makefile().readline())
    print(json.loads(line)["verb"], "refused" if said.get("code") == "forbidden" else said.get("code", "answered"))
"""
GETTER = """
import sys, urllib.error, urllib.request
asked = urllib.request.Request(sys.argv[1], headers=dict([one.split("=", 1) for one in sys.argv[2:]]))
try:
    with urllib.request.urlopen(asked, timeout=10) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as refused:
    print(refused.code)
except OSError as lost:
    print(0, lost)
"""


@STEPS.step(
    "`systemctl start lintel-watch`: its page, and each verb of the operators' socket as its user",
    "its own user; doors shown to who has the token; of all verbs `status` and `subscribe` alone",
)
def watch(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    machine.must("systemctl", "start", UNIT)
    shown = wait_for(lambda: _got(machine, "/").startswith("200"), 15.0)
    figures.true("the page is there", machine.journal(UNIT)[-300:], kept=shown)
    user = machine.must("stat", "--format=%U", f"/proc/{machine.shows(UNIT, 'MainPID')[0]}").strip()
    figures.true(f"user {user}", f"user {user}", kept=user == "lintel-watch")
    refused = _got(machine, "/api/world")[:3]
    figures.true(f"{refused} without the token", f"{refused} without the token", kept=refused in ("401", "403"))
    token = machine.must("cat", TOKEN).strip()
    world = _got(machine, "/api/world", f"Authorization=Bearer {token}")
    figures.true("the door with it", world[:300], kept=world.startswith("200") and _is_secure(world))
    said = dict(line.split() for line in _asked(machine).said.splitlines() if len(line.split()) == 2)
    answered = [verb for verb, answer in said.items() if answer != "refused"]
    figures.true(f"{len(said)} verbs: {', '.join(answered)} answered", f"{said}", kept=_is_little(said))
    inside = ("nsenter", f"--target={machine.shows(UNIT, 'MainPID')[0]}", "--mount")
    seen = machine.run(*inside, *_as_watcher(), "ls", "/var/lib/lintel").code == 0
    figures.true("store not readable", "store readable", kept=not seen)
    machine.must("systemctl", "stop", UNIT)
    return figures.finding(1)


def _got(machine: Machine, path: str, *headers: str) -> str:
    return machine.run("python3", "-c", GETTER, PAGE + path, *headers).said


def _is_secure(world: str) -> bool:
    doors = json.loads(world.partition(" ")[2])["doors"]
    return len(doors) == 1 and bool(re.search("secure", json.dumps(doors), re.IGNORECASE))


def _as_watcher() -> tuple[str, ...]:
    return ("setpriv", "--reuid=lintel-watch", "--regid=lintel-watch", "--init-groups")


def _asked(machine: Machine) -> Answer:
    """What each verb is answered, a line each."""
    lines = ""
    for verb in VERBS.values():
        names = [one.encode_name for one in msgspec.structs.fields(verb.request) if one.required]
        values = {**VALUES, "command": COMMANDS.get(verb.name, "")}
        lines += json.dumps({"v": 1, "verb": verb.name, **{name: values[name] for name in names}}) + "\n"
    machine.write("/srv/requests", lines)
    machine.write("/srv/asker.py", ASKER)
    asks = f"exec {' '.join(_as_watcher())} python3 /srv/asker.py </srv/requests"
    return machine.run("sh", "-c", asks)


def _is_little(said: dict[str, str]) -> bool:
    return set(said) == set(VERBS) and all(said[verb] == ("answered" if verb in MAY else "refused") for verb in said)
