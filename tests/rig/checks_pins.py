"""PINs at a real door: right, wrong and under duress, floods of keys, and what failed before a power cut."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from device.credentials import parse_badge
from device.records import Factor
from device.store.store import Store
from tests.rig.camera import EILEEN, EMPTY
from tests.rig.checks import Figures, Finding, Room, Size
from tests.rig.rig import BADGES, Rig, new_rig
from tests.rig.unit import LINTEL

CHECKS = Room("pins")
PIN, DURESS, WRONG = "748291", "305864", "111222"
AGAIN_S = 0.8
ANSWER_S = 1.0
"""From the # to the strike: a comparison is made slow on purpose."""
NOISE_S = 0.15
"""What tells one answer from another may not be seen in the times."""


@contextmanager
def rig_with(mode: str, more: str = "") -> Iterator[Rig]:
    """A door in a mode, with a keypad and Eileen's PINs."""
    with new_rig(strike_time_s=0.2) as rig:
        text = rig.settings.read_text()
        text = text.replace("[[doors]]", f'[[doors]]\nmode = "{mode}"\n{more}', 1)
        rig.settings.write_text(text.replace('name = "outside"', 'name = "outside"\nkeypad = "keys"', 1))
        _given(rig, ["--stdin"], PIN)
        _given(rig, ["--stdin", "--duress"], f"{PIN}\n{DURESS}")
        yield rig


def _given(rig: Rig, options: list[str], lines: str) -> None:
    command = [LINTEL, "people", "pin", EILEEN, *options]
    subprocess.run(command, env=rig.environment, input=f"{lines}\n", text=True, check=True, capture_output=True)


def types(rig: Rig, keys: str, reader: str = "outside") -> float:
    """Types on the pad. When, seconds on CLOCK_MONOTONIC."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5.0)
        connection.connect(str(rig.folder / f"{reader}.sock"))
        at = time.monotonic()
        connection.sendall(f"{keys}\n".encode())
        connection.recv(100)
    return at


def tried(rig: Rig, keys: str, within_s: float = 20.0) -> tuple[str, float]:
    """A badge and keys: the reason, and how long the answer took from the last key."""
    time.sleep(AGAIN_S)
    count = len(rig.answers())
    rig.swipe(BADGES[EILEEN])
    time.sleep(0.1)
    at = types(rig, keys)
    line = rig.answer_after(count, within_s)
    found = re.search(r"\(([a-z-]+)\)", line)
    return (found[1] if found else f"no answer: {line}"), time.monotonic() - at


@CHECKS.check(
    "badge and PIN without anyone before the camera: right, duress, wrong, too short, a flood of digits",
    "granted or refused each time within 1 s of the #, the middles of ten times each within 0.15 s",
    Size(small=2, full=10),
    in_suite=True,
)
def pins(times: int) -> Finding:
    figures, took = Figures(), dict[str, list[float]]()
    expected = {PIN: "pin", DURESS: "pin", WRONG: "pin-wrong", "12": "pin-wrong", "7" * 25: "pin-wrong"}
    wrong = 0
    with rig_with("badge+pin") as rig:
        rig.start()
        rig.camera.shows(EMPTY)
        tried(rig, f"{PIN}#")
        for _ in range(times):
            for keys, reason in expected.items():
                said, seconds = tried(rig, f"{keys}#")
                took.setdefault(keys, []).append(seconds)
                wrong += said != reason
        output = rig.running.output() + rig.running.errors()
    middles = [median(values) for values in took.values()]
    figures.count("answers other than expected", wrong, 0)
    figures.most("from the # to the answer", [one for values in took.values() for one in values], ANSWER_S)
    spread = max(middles) - min(middles)
    is_noise = spread < NOISE_S or times < 10  # a few times say nothing
    figures.true(f"middles of the five {spread * 1000:.0f} ms apart", f"middles {spread:.3f} s apart", kept=is_noise)
    figures.count("PINs in the journal", sum(output.count(pin) for pin in (PIN, DURESS, WRONG)), 0)
    return figures.finding(times)


@CHECKS.check(
    "kill -9 after each of ten wrong PINs",
    "the eleventh is refused, right as it is; after `lintel badges reset` it is granted",
    Size(small=1, full=3),
)
def killed(times: int) -> Finding:
    figures, said = Figures(), list[tuple[str, ...]]()
    for _ in range(times):
        with rig_with("badge+pin") as rig:
            rig.start()
            wrong = []
            for _ in range(10):
                wrong.append(tried(rig, f"{WRONG}#")[0])
                at = time.monotonic()
                rig.running.kill()
                assert rig.running.when_said("READY=1", since=at, within_s=60.0), "the service did not come back"
            disabled = tried(rig, f"{PIN}#")[0]
            code = rig.lintel("badges", "reset", BADGES[EILEEN]).code
            said.append((*sorted(set(wrong)), disabled, str(code), tried(rig, f"{PIN}#")[0]))
    figures.count("rounds as promised", said.count(("pin-wrong", "pin-disabled", "0", "pin")), times)
    figures.true("", f"received {said}", kept=set(said) == {("pin-wrong", "pin-disabled", "0", "pin")})
    return figures.finding(times)


@CHECKS.check(
    "fifty faces failed with a badge at a door of `badge+face-or-pin`",
    "its face is not looked at any more, its PIN is granted; another badge is granted by face",
    Size(small=1, full=3),
)
def disabled(times: int) -> Finding:
    figures, said = Figures(), list[tuple[str, str]]()
    for _ in range(times):
        with rig_with("badge+face-or-pin") as rig:
            with Store(rig.state) as store:
                for _ in range(50):
                    with store.counters() as counters:
                        counters.decided(parse_badge(BADGES[EILEEN]), failed=frozenset({Factor.FACE}))
            rig.start()
            rig.camera.shows(EILEEN)
            time.sleep(1.5)
            said.append((tried(rig, "*", 20.0)[0], tried(rig, f"{PIN}#")[0]))
    figures.count("rounds as promised", said.count(("face-disabled", "pin")), times)
    figures.true("", f"received {said}", kept=set(said) == {("face-disabled", "pin")})
    return figures.finding(times)


@CHECKS.check(
    'the camera is pulled out at a door with `when_missing = "badge+pin"`',
    "PINs are refused for 60 s, then granted, and refused again once the camera is back",
    Size(small=1, full=2),
)
def pulled_out(times: int) -> Finding:
    figures, said = Figures(), list[tuple[str, ...]]()
    for _ in range(times):
        with rig_with("badge+face", 'when_missing = "badge+pin"\n') as rig:
            rig.start()
            rig.camera.shows(EMPTY)
            time.sleep(1.5)
            at = rig.camera.unplug()
            found = []
            for after_s in (45.0, 66.0):
                time.sleep(max(0.0, at + after_s - time.monotonic()))
                found.append(tried(rig, f"{PIN}#")[0])
            rig.camera.plug()
            time.sleep(8.0)
            found.append(tried(rig, f"{PIN}#")[0])
            said.append(tuple(found))
    expected = ("camera-fault", "pin", "no-face")
    figures.count("rounds as promised", said.count(expected), times)
    figures.true("", f"received {said}", kept=set(said) == {expected})
    return figures.finding(times)
