"""`lintel setup` at a real terminal, on the rig: from no settings to two doors and the first person's GRANTED."""

import contextlib
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device.commissioning.setup.answers_file import read_answers
from device.settings.loading import load_settings
from tests.rig.board import STRIKE
from tests.rig.camera import EILEEN, RigCamera
from tests.rig.rig import Rig, device, new_rig
from tests.rig.unit import LINTEL
from tests.waiting import PATIENCE_S

BADGE = "17:1001"
BACK = 5
"""The pin of the second door's relay."""
ANSWERS = f'[person]\nname = "Ada"\nbasis = "law"\npictures = 1\nbadge = "{BADGE}"\n'
SYSTEMCTL = """#!/bin/sh
case "$1" in
is-active) [ -e {folder}/started ]; exit $? ;;
start|restart) touch {folder}/start-asked; while [ ! -e {folder}/started ]; do sleep 0.05; done ;;
esac
exit 0
"""


@dataclass
class Talk:
    """One `lintel setup` at a terminal, and what is answered to what it says."""

    rig: Rig
    root: Path
    said: str = ""
    answers: dict[str, Callable[[], str]] = field(default_factory=dict)
    done: set[tuple[str, int]] = field(default_factory=set)

    def run(self, *arguments: object, until: str = "") -> int:
        """To its end, or until it says something: killed there. Its exit code."""
        self.said, self.done = "", set()
        near, far = pty.openpty()
        words = [LINTEL, "setup", "--root", str(self.root), *map(str, arguments)]
        environment = {**self.rig.environment, "PATH": f"{self.root}{os.pathsep}{self.rig.environment['PATH']}"}
        with subprocess.Popen(words, stdin=far, stdout=far, stderr=far, env=environment) as process:
            os.close(far)
            for text in _spoken(near):
                self.said += text
                if until and until in self.said:
                    process.kill()
                self._start_if_asked()
                self._answer(near)
            os.close(near)
            return process.wait(PATIENCE_S)

    def _answer(self, terminal: int) -> None:
        """Each time that a question is said, once."""
        plain = re.sub(r"\s+", " ", self.said)
        for part, answer in self.answers.items():
            for number in range(plain.count(part)):
                if (part, number) not in self.done:
                    self.done.add((part, number))
                    if typed := answer():
                        os.write(terminal, typed.encode() + b"\n")

    def _start_if_asked(self) -> None:
        started = self.rig.folder / "started"
        if (self.rig.folder / "start-asked").exists() and not started.exists():
            self.rig.start()
            started.touch()


def _spoken(terminal: int) -> Iterator[str]:
    """What comes, and "" now and then, until the other end is closed."""
    deadline = time.monotonic() + 3 * PATIENCE_S
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.05)[0]:
            yield ""
            continue
        try:
            received = os.read(terminal, 4096)
        except OSError:
            return
        if not received:
            return
        yield received.decode(errors="replace")
    raise AssertionError("setup did not end")


@pytest.fixture
def talk() -> Iterator[Talk]:
    with new_rig(people=False, strike_time_s=0.5) as rig:
        rig.settings.unlink()
        root = rig.folder / "root"
        for folder in ("boot/firmware", "dev", "var/lib/lintel", "var/lib/lintel-keys"):
            (root / folder).mkdir(parents=True, mode=0o700)
        (root / "boot/firmware/config.txt").write_text("dtparam=audio=on\n")
        (root / "answers.toml").write_text(ANSWERS)
        for name, text in (("systemctl", SYSTEMCTL.format(folder=rig.folder)), ("usermod", "#!/bin/sh\nexit 0\n")):
            (root / name).write_text(text)
            (root / name).chmod(0o755)
        rig.camera.shows(EILEEN)
        RigCamera(rig.folder / "video1").shows(EILEEN)
        found = Talk(rig, root)
        cameras = _each(device(rig.folder / "video0"), device(rig.folder / "video1"))
        ports = _each(*(str(rig.folder / f"{name}.sock") for name in ("outside", "side")))
        pins, doors = _each(str(STRIKE), str(STRIKE), str(BACK)), _each("back", "-", "-")
        read = _each("outside", "inside", "side")
        found.answers = {
            "Which camera sees": cameras,
            "Where do badges come from": ports,
            "By which reader do": _each(str(rig.folder / "inside.sock"), "none"),
            "Name of another door": doors,
            "Present any badge": lambda: _swiped(rig, read()),
            "What locks the door": lambda: "strike",
            "relay's input": pins,
            "exit button": lambda: "-",
            "door's contact": lambda: "-",
            "Is the relay at rest": lambda: "y",
            "Is someone at the door": lambda: "y",
            "Did the relay click": lambda: "y",
            "Could the door be opened": lambda: "y",
            "Write that line": lambda: "y",
            "administers the door": lambda: "root",
            "What may they do": lambda: "admin",
            "device key kept": lambda: "file",
            "Start the service": lambda: "y",
            "Keep it?": lambda: "y",
            "present your badge now": lambda: _swiped(rig),
        }
        yield found


def _each(*answers: str) -> Callable[[], str]:
    """One after the other."""
    return iter(answers).__next__


def _swiped(rig: Rig, reader: str = "outside") -> str:
    """Presents the badge; it types nothing."""
    with contextlib.suppress(OSError):
        rig.swipe(BADGE, reader)
    return ""


def test_the_answers_of_this_talk_are_answers(talk: Talk) -> None:
    """The file is read, and nothing on the rig is changed by looking at it."""
    assert talk.run("--print-answers") == 0
    assert read_answers(talk.root / "answers.toml").stated == {("person", None)}
    assert not talk.rig.settings.exists()


@pytest.mark.slow(small="test_the_answers_of_this_talk_are_answers")
def test_from_no_settings_to_granted(talk: Talk) -> None:
    assert talk.run("--answers", talk.root / "answers.toml", until="Write that line") == -9
    first = re.sub(r"\s+", " ", talk.said)
    assert not talk.rig.settings.exists()
    assert talk.run("--answers", talk.root / "answers.toml") == 1, talk.said
    assert "GRANTED: the door is open." in talk.said
    assert "Done, and not proven yet:" in talk.said
    assert "strict_gpiod counts from the next restart" in talk.said
    settings = load_settings(talk.rig.settings)
    assert [(door.name, door.pin) for door in settings.doors] == [("main", STRIKE), ("back", BACK)]
    assert [(one.name, one.direction) for one in settings.readers] == [
        ("reader", "entry"), ("main-out", "exit"), ("back-in", "entry"),
    ]  # fmt: skip
    assert "GPIO 17 is used twice" in talk.said + first
    assert [level.high for level in talk.rig.board.levels(BACK)].count(True) >= 2
    assert [level.high for level in talk.rig.board.levels()].count(True) >= 3
    assert not talk.rig.board.strangers()
