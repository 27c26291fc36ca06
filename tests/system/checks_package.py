"""The package over a door in operation: upgraded, upgraded to what does not work, killed, removed, purged."""

import contextlib
import threading
import time

from tests.rig.camera import EILEEN
from tests.rig.checks import Figures, Finding
from tests.system.door import UNIT, Door
from tests.system.machine import wait_for
from tests.system.steps import Steps
from tests.system.upgrading import (
    FAILED,
    HOLDER,
    away_while,
    given,
    in_use,
    install,
    is_in_lockdown,
    is_red,
    opens,
    runs_on,
)

STEPS = Steps()
AWAY_S = 5.0
"""How long an upgrade may leave the door without its program."""
BETWEEN_S, ANSWERED_S, STRIKE_S = 3.0, 2.0, 0.98
"""From one badge to the next; from a badge to its relay at most; the door's strike time, less 20 ms."""


@STEPS.step(
    "upgrade to a newer version, in lockdown, at a terminal at which no one types",
    "nothing is asked; away for less than 5 s; lockdown holds; the badge opens after `clear`",
)
def upgraded(door: Door) -> Finding:
    figures, before, first = Figures(), in_use(door), door.process
    door.lintel("door", "lockdown")
    path = given(door, "0.1.8")
    away = away_while(door, lambda: door.machine.typed("apt-get", "install", path, within_s=300.0))
    figures.true("nothing asked, no error", away.said[-300:], kept=away.code == 0 and "?" not in away.said)
    figures.true("the new version is in use", f"in use: {in_use(door)}", kept="0.1.8" in in_use(door) != before)
    figures.true("restarted", "not restarted", kept=door.process not in (0, first))
    figures.most("away for", [away.took_s], AWAY_S)
    is_in_lockdown(door, figures)
    door.lintel("door", "clear")
    opens(door, figures)
    return figures.finding(1)


@STEPS.step(
    "upgrade while the door is evacuated",
    "apt ends, the relay stays released, the old one runs on and says so; the new one is used after `clear`",
)
def evacuated(door: Door) -> Finding:
    figures, before, first = Figures(), in_use(door), door.process
    door.lintel("door", "evacuate")
    wait_for(door.board.is_released, 2.0)
    since = time.monotonic()
    locked, over = threading.Event(), threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            if not door.board.is_released():
                locked.set()

    looker = threading.Thread(target=look)
    looker.start()
    answer = install(door, "0.1.8.1")
    said = door.lintel("status")
    over.set()
    looker.join()
    driven = [level for level in door.board.levels() if level.at >= since]
    figures.true("apt content", answer.said[-300:], kept=answer.code == 0)
    kept = not locked.is_set() and all(level.high for level in driven)
    words = f"released in each look of 20 ms, and {len(driven)} levels driven meanwhile"
    figures.true(words, "the relay was locked", kept=kept)
    kept = in_use(door) == before and door.process == first
    figures.true("the old one ran on", f"in use: {in_use(door)}", kept=kept)
    figures.true("status says so", said, kept="0.1.8.1 waits" in said)
    door.lintel("door", "clear")
    used = wait_for(lambda: door.process not in (0, first), 30.0) and wait_for(door.is_ready, 30.0)
    figures.true("used after `clear`", f"in use: {in_use(door)}", kept=used and "0.1.8.1" in in_use(door))
    opens(door, figures)
    return figures.finding(1)


@STEPS.step(
    "upgrade while people come and go, a badge every 3 s",
    "the new version is used; no release is cut short; each badge opens but those of the 5 s without a program",
)
def busy(door: Door) -> Finding:
    figures, since = Figures(), time.monotonic()
    door.shows(EILEEN)
    over, times = threading.Event(), list[float]()

    def come_and_go() -> None:
        while not over.wait(BETWEEN_S):
            with contextlib.suppress(OSError):
                times.append(door.swipe(HOLDER))

    people = threading.Thread(target=come_and_go)
    people.start()
    away = away_while(door, lambda: install(door, "0.1.8.2", quiet_s=60))
    over.set()
    people.join()
    locked = wait_for(lambda: not door.board.is_released(), 5.0)
    figures.true("", "the relay stays released", kept=locked)
    figures.true("used", f"in use: {in_use(door)}: {away.said[-300:]}", kept="0.1.8.2" in in_use(door))
    figures.most("away for", [away.took_s], AWAY_S)
    pulses = door.board.pulses(since)
    shortest = min((ended - began for began, ended in pulses), default=0.0)
    words = f"{len(times)} badges, {len(pulses)} releases, the shortest {shortest:.2f} s"
    figures.true(words, f"cut short: {words}", kept=len(pulses) >= 2 and shortest >= STRIKE_S)
    unasked = [began for began, _ in pulses if not any(0.0 <= began - at <= ANSWERED_S for at in times)]
    figures.true("each after a badge", f"without one: {unasked}", kept=not unasked)
    missed = len(times) - len(pulses)
    figures.true(f"{missed} without a release", f"{missed} of {len(times)}", kept=missed <= AWAY_S / BETWEEN_S + 1)
    opens(door, figures)
    return figures.finding(1)


@STEPS.step(
    "upgrade to a version whose self-test, then whose migration fails",
    "the old one runs on without a pause, dpkg content",
)
def broken(door: Door) -> Finding:
    figures = Figures()
    for version, module in (("0.1.9", "device/cli/self_test.py"), ("0.2.0", "device/store/migrations.py")):
        before = (in_use(door), door.process)
        answer = install(door, version, module)
        said = f"{module.rpartition('/')[2]} broken"
        figures.true(f"{said}: apt content", answer.said[-300:], kept=answer.code == 0)
        runs_on(door, figures, before)
        told = door.machine.run("cat", FAILED).said
        figures.true("and why is kept", "why is not kept", kept=version in told)
        figures.true("doctor is red", "doctor is not red", kept=is_red(door, version))
    return figures.finding(2)


@STEPS.step(
    "an upgrade killed at each of its processes: preinst, unpacking, postinst",
    "the old one runs on; `dpkg --configure -a` or apt finishes it",
)
def killed(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    for number, pattern in enumerate(("tmp.ci/preinst", "dpkg-deb", "libexec/lintel/turn")):
        version = f"0.2.{number + 1}"
        path = given(door, version)
        hit: list[str] = []
        end = threading.Thread(target=kill_when_seen, args=(door, pattern, hit))
        end.start()
        machine.run("dpkg", "--install", path, within_s=300.0)
        end.join()
        figures.true("", f"{pattern}: the door's program ended", kept=wait_for(door.is_ready, 10.0))
        opens(door, figures)
        machine.run("dpkg", "--configure", "-a", within_s=300.0)
        again = machine.run("dpkg", "--install", path, within_s=300.0)
        done = again.code == 0 and version in in_use(door) and not machine.must("dpkg", "--audit").strip()
        figures.true(
            f"{'killed' if hit else 'missed'} {pattern}, finished", f"{pattern}: {again.said[-200:]}", kept=done
        )
        wait_for(door.is_ready, 10.0)
        opens(door, figures)
    return figures.finding(3)


@STEPS.step("remove, then purge", "relay secure; the data and the user stay, with a README; `dpkg --audit` is clean")
def removed(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    answer = machine.run("apt-get", "remove", "--yes", "lintel", within_s=300.0)
    figures.true("removed", answer.said[-300:], kept=answer.code == 0)
    figures.true("relay secure", "relay released", kept=not door.board.is_released())
    gone = machine.run("systemctl", "is-active", UNIT).said.strip() != "active" and door.process == 0
    figures.true("unit stopped", "unit runs on", kept=gone)
    answer = machine.run("apt-get", "purge", "--yes", "lintel", within_s=300.0)
    figures.true("purged", answer.said[-300:], kept=answer.code == 0)
    for path in ("/var/lib/lintel/lintel.db", "/var/lib/lintel-keys/device.key", "/var/lib/lintel/README"):
        figures.true(f"{path} there", f"{path} is gone", kept=machine.run("test", "-e", path).code == 0)
    figures.true("user there", "user gone", kept=machine.run("id", "lintel").code == 0)
    left = machine.run("ls", "/opt/lintel").said
    figures.true("/opt/lintel gone", f"left: {left}", kept="No such file" in left)
    figures.true("", "dpkg --audit", kept=not machine.must("dpkg", "--audit").strip())
    return figures.finding(1)


def kill_when_seen(door: Door, pattern: str, hit: list[str]) -> None:
    """Kills the first process of the machine whose command matches, and dpkg with it; adds it to `hit`."""

    def there() -> bool:
        return door.machine.run("pkill", "--signal=KILL", "--full", pattern).code == 0

    if wait_for(there, 30.0):
        hit.append(pattern)
        door.machine.run("pkill", "--signal=KILL", "--exact", "dpkg")
