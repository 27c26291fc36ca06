"""What is tried at the emulated door, one after the other, each with its promise. Seconds are emulated ones."""

from collections.abc import Callable
from dataclasses import dataclass

from emulated_door_bench import BADGE, EILEEN, GRACE, PLACE, UNIT, Bench
from emulated_machine import wait_for

START_S = 400.0
"""Of the clock on the wall here, for what the door does by itself."""
SECURED_S = 1.0
CLOCKS_S = 0.1
"""The shell's clock and the kernel's trace may differ by that much."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened in a step, and whether that was promised."""

    kept: bool
    happened: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is tried, and its promise."""

    what: str
    promise: str
    run: Callable[[Bench], Outcome]


def ready(bench: Bench) -> Outcome:
    """The unit as it is, started by systemd."""
    bench.machine.must("systemctl", "enable", "--quiet", UNIT, within_s=START_S)
    bench.machine.run("systemctl", "start", UNIT, within_s=START_S)
    active, restarts = bench.is_active(START_S), bench.property_of("NRestarts")
    if not active:
        return Outcome(False, "not ready")
    said = f"ready after {bench.ready_s():.1f} s, resident {bench.resident_mb():.0f} MB, {restarts} restarts"
    return Outcome(restarts == "0" and not bench.is_high(), f"{said}; line: {bench.row()}")


def enrolled(bench: Bench) -> Outcome:
    """One person, by the running service."""
    picture = f"{PLACE}/{EILEEN}.jpg"
    said = bench.machine.must("lintel", "enroll", BADGE, picture, "--name", EILEEN, "--basis", "law", within_s=START_S)
    return Outcome(True, said.splitlines()[0])


def granted(bench: Bench) -> Outcome:
    """Badge and face of the same person, three times."""
    bench.shows(EILEEN)
    times: list[float] = []
    rows: set[str] = set()
    for _ in range(3):
        at, decision = bench.swiped(BADGE)
        if decision is None or not decision.granted:
            return Outcome(False, decision.said if decision else "no answer")
        if bench.is_high():
            rows.add(bench.row())
        pulse = bench.pulse_after(at)
        if pulse is None:
            return Outcome(False, "GRANTED, and the kernel has no pulse")
        times.append(pulse[0] - at)
    seen = f"; chip's register high, and the kernel's row: {', '.join(sorted(rows))}" if rows else ""
    each = ", ".join(f"{time:.2f}" for time in sorted(times))
    return Outcome(not bench.is_high(), f"GRANTED 3 times, badge to relay {each} s; low again{seen}")


def denied(bench: Bench) -> Outcome:
    """A stranger with someone's badge."""
    bench.shows(GRACE)
    at, decision = bench.swiped(BADGE)
    highs = [one for one in bench.levels() if one.at >= at and one.level]
    said = decision.said if decision else "no answer"
    return Outcome(decision is not None and not decision.granted and not highs, f"{said}; {len(highs)} times high")


def camera_pulled(bench: Bench) -> Outcome:
    """The camera's driver lets it go, and takes it again."""
    bench.shows(EILEEN)
    process = bench.property_of("MainPID")
    bench.camera_is(there=False)
    _, without = bench.swiped(BADGE)
    bench.camera_is(there=True)
    answers: list[bool] = []

    def works() -> bool:
        answers.append((found := bench.swiped(BADGE)[1]) is not None and found.granted)
        return answers[-1]

    back = wait_for(works, START_S)
    same = bench.property_of("MainPID") == process
    said = without.said if without else "no answer"
    then = f"then GRANTED at try {len(answers)}" if back else "then never granted"
    kept = without is not None and not without.granted and back and same
    return Outcome(kept, f"{said}; {then}, {'the same process' if same else 'a new process'}")


def killed(bench: Bench) -> Outcome:
    """SIGKILL in the middle of a pulse."""
    bench.shows(EILEEN)
    released(bench)
    pid = bench.property_of("MainPID")
    killed_at = float(bench.machine.shell(f"kill -9 {pid}; cut -d' ' -f1 /proc/uptime"))
    bench.is_active(START_S)
    after = [one for one in bench.levels() if one.at >= killed_at - CLOCKS_S and one.level == 0]
    if not after or bench.is_high():
        return Outcome(False, f"the line stays high: {bench.row()}")
    took_s = after[0].at - killed_at
    kept = took_s <= SECURED_S and after[0].process == "secure"
    return Outcome(kept, f"low after {max(0.0, took_s):.2f} s, by `{after[0].process}`; ready again")


def released(bench: Bench) -> None:
    """A grant whose pulse has just begun, after the one before it has ended. Raises `AssertionError`."""
    assert wait_for(lambda: not bench.is_high(), START_S), "the pulse before does not end"
    _, decision = bench.swiped(BADGE)
    assert decision is not None, "no answer"
    assert decision.granted, decision.said
    assert bench.is_high(), "the pulse was over before it could be cut off"


def lockdown_rebooted(bench: Bench) -> Outcome:
    """An operator's lockdown, then a reboot."""
    bench.door("lockdown")
    took_s = bench.machine.reboot()
    bench.watch()
    low = not bench.is_high()
    active = bench.is_active(START_S)
    bench.shows(EILEEN)
    _, decision = bench.swiped(BADGE)
    bench.door("clear")
    kept = low and active and decision is not None and not decision.granted
    return Outcome(kept, f"{decision.said if decision else 'no answer'}; reboot {took_s:.0f} s here")


def power_cut(bench: Bench) -> Outcome:
    """QEMU is killed during a pulse, and started again."""
    bench.shows(EILEEN)
    released(bench)
    bench.machine.cut()
    bench.machine.start()
    levels, directions = bench.machine.registers()
    bench.watch()
    active = bench.is_active(START_S)
    highs = sum(one.level for one in bench.levels())
    bench.shows(EILEEN)
    _, decision = bench.swiped(BADGE)
    kept = levels >> 5 & 1 == 0 and active and highs == 0 and decision is not None and decision.granted
    said = decision.said if decision else "no answer"
    direction = "output" if directions >> 5 & 1 else "input"
    return Outcome(kept, f"at boot the line is {direction}, low; ready after {bench.ready_s():.1f} s; {said}")


STEPS = (
    Step("the unit is started", "ready, no restart, line low", ready),
    Step("a person is enrolled by the running service", "done", enrolled),
    Step("badge and face, three times", "GRANTED, line high in the kernel's view, low after the strike time", granted),
    Step("a stranger with an enrolled badge", "denied, line never high", denied),
    Step(
        "the camera's driver is unbound and bound again", "denied meanwhile; granted again, no restart", camera_pulled
    ),
    Step("SIGKILL during a pulse", f"low within {SECURED_S:g} s, by `secure`; ready again", killed),
    Step("lockdown, then a reboot", "line low at boot, lockdown held", lockdown_rebooted),
    Step("power cut during a pulse", "line low at boot, never high before a grant; granted again", power_cut),
)
