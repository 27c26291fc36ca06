"""Upgrades for which there is no room: on the disk of the programs, then on that of the store."""

from tests.rig.checks import Figures, Finding
from tests.system.door import UNIT, Door
from tests.system.machine import Machine, wait_for
from tests.system.steps import Steps
from tests.system.upgrading import FAILED, in_use, install, is_red, opens, runs_on

STEPS = Steps()
STORE = "/var/lib/lintel"
VERSION = "0.2.9"


@STEPS.step(
    "upgrade without room: for the package's files, then for the self-test's copy of the database",
    "the old one runs on, dpkg content, doctor red (apt ends 0 once unpacked); with room the same upgrade goes through",
)
def full(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    machine.must("systemctl", "stop", UNIT)
    small(machine, "/opt", room_mib=64)
    small(machine, STORE, room_mib=8)
    door.start()
    before = (in_use(door), door.process)
    answer = install(door, VERSION)
    figures.true("no room to unpack: dpkg says so", answer.said[-300:], kept="No space left" in answer.said)
    audit = machine.must("dpkg", "--audit").strip()
    figures.true("dpkg content", audit, kept=not audit)
    runs_on(door, figures, before)
    machine.must("mount", "-o", "remount,size=4g", "/opt")
    machine.run("sh", "-c", f"cat /dev/zero > {STORE}/filler")
    answer = install(door, VERSION)
    figures.true("no room for the copy: apt ends 0", answer.said[-300:], kept=answer.code == 0)
    now = (in_use(door), door.process)
    figures.true("the old one ran on", f"in use: {now}", kept=now == before)
    why = machine.run("cat", FAILED).said
    figures.true("why is kept", f"kept: {why}", kept=why.startswith(VERSION))
    figures.true("doctor is red", "doctor is not red", kept=is_red(door, VERSION))
    machine.must("rm", f"{STORE}/filler")
    opens(door, figures)
    again = machine.run("/usr/libexec/lintel/turn", within_s=120.0)
    used = again.code == 0 and VERSION in in_use(door) and wait_for(door.is_ready, 10.0)
    figures.true("with room: used", again.said[-300:], kept=used)
    opens(door, figures)
    return figures.finding(2)


def small(machine: Machine, place: str, *, room_mib: int) -> None:
    """Puts a folder on a disk of its own that has so much room, until the machine ends."""
    used = int(machine.must("du", "-sm", place).split()[0])
    aside = f"/srv/aside{place.replace('/', '-')}"
    machine.must(
        "sh",
        "-ec",
        f"cp -a {place} {aside}; mount -t tmpfs -o size={used + room_mib}m tmpfs {place}; "
        f"cp -a {aside}/. {place}; chown --reference={aside} {place}; chmod --reference={aside} {place}; rm -r {aside}",
    )
