"""The rig's board as the test sees it: what is driven, when, and what the wires say."""

import fcntl
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STRIKE, REX, DPS, FIRE, LOCKDOWN, SHUNT = 17, 22, 27, 23, 24, 25
PI_4_CHIPS = {0: "pinctrl-bcm2711", 1: "raspberrypi-exp-gpio"}
POLL_S = 0.0005


@dataclass(frozen=True, slots=True)
class Level:
    """A level that was driven, at a time on CLOCK_MONOTONIC in seconds, by a process."""

    at: float
    process: int
    pin: str
    high: bool


class Board:
    """The files of `shim/lgpio.py`, from the other side."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "pins").mkdir()
        self.chips(PI_4_CHIPS)
        (folder / "spi.json").write_text(json.dumps([1023] * 8))

    def chips(self, labels: dict[int, str]) -> None:
        """The GPIO chips of the machine, by number."""
        devices = self._folder / "dev"
        devices.mkdir(exist_ok=True)
        for old in devices.glob("gpiochip*"):
            old.unlink()
        for number in labels:
            (devices / f"gpiochip{number}").touch()
        write(self._folder / "chips.json", json.dumps(labels))

    def put(self, pin: int, *, high: bool) -> float:
        """A wire's level from now on: a contact that closes is low. When, seconds."""
        at = time.monotonic()
        write(self._folder / "pins" / f"{pin}.in", str(int(high)))
        return at

    def press(self, pin: int) -> float:
        """Closes a contact, such as the exit button's. When, seconds."""
        return self.put(pin, high=False)

    def let_go(self, pin: int) -> float:
        """Opens a contact. When, seconds."""
        return self.put(pin, high=True)

    def cut(self, pin: int) -> float:
        """Nothing can be read of a wire from now on. When, seconds."""
        at = time.monotonic()
        write(self._folder / "pins" / f"{pin}.in", "cut")
        return at

    def levels(self, pin: int = STRIKE) -> list[Level]:
        """All levels that a pin was driven to."""
        return [level for level in self._log() if level.pin == str(pin)]

    def released_since(self, since: float, pin: int = STRIKE) -> list[float]:
        """When the strike was released, from secure, after `since`."""
        before, found = False, []
        for level in self.levels(pin):
            if level.high and not before and level.at >= since:
                found.append(level.at)
            before = level.high
        return found

    def pulses(self, since: float, pin: int = STRIKE) -> list[tuple[float, float]]:
        """From when to when the strike was released, each time that began after `since` and is over."""
        began, found = math.inf, []
        for level in self.levels(pin):
            if level.high and level.at >= since:
                began = min(began, level.at)
            elif not level.high and began < math.inf:
                found.append((began, level.at))
                began = math.inf
        return found

    def is_released(self, pin: int = STRIKE) -> bool:
        """The strike's level now, whether a process drives it or left it so."""
        path = self._folder / "pins" / str(pin)
        return path.exists() and path.read_bytes()[:1] == b"1"

    def when(self, *, high: bool, since: float, within_s: float, pin: int = STRIKE) -> float | None:
        """When the strike first had a level after `since`; None if it had not within `within_s` of now."""
        deadline = time.monotonic() + within_s
        while True:
            found = next((one.at for one in self.levels(pin) if one.high == high and one.at >= since), None)
            if found is not None or time.monotonic() >= deadline:
                return found
            time.sleep(POLL_S)

    @contextmanager
    def held(self, pin: int) -> Iterator[None]:
        """Another program has a pin within the block."""
        with (self._folder / "pins" / str(pin)).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def strangers(self) -> set[str]:
        """Pins of chips other than the header's that were driven."""
        return {level.pin for level in self._log() if ":" in level.pin}

    def forget(self) -> None:
        """Begins the log again, which is read from its start each time."""
        (self._folder / "levels.log").write_bytes(b"")

    def _log(self) -> Iterator[Level]:
        path = self._folder / "levels.log"
        for line in path.read_text().splitlines() if path.exists() else ():
            at, process, pin, level = line.split()
            yield Level(int(at) / 1e9, int(process), pin, level == "1")


def write(path: Path, text: str) -> None:
    """Whole at any moment, as a child reads it."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.write_text(text)
    unfinished.replace(path)
