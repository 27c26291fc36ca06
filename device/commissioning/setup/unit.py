"""Starts and stops the unit, lets it reach the readers' ports, and lets an operator speak to it."""

import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from device.commissioning.alone import UNIT
from device.errors import ConfigError, DoorError
from device.failures import in_words
from device.files import SERVICE_USER, write_whole

START_S = 120.0
DROP_IN = Path("etc/systemd/system/lintel.service.d/setup-reader.conf")
_MODULES = {"ttyACM": "cdc_acm", "ttyUSB": "usbserial"}
"""What registers a class of ports. systemd allows only those that are there when the unit starts."""
_CODES = {
    "3": "A setting is wrong: `lintel config` says which.",
    "7": "The pins are missing or taken: `gpioinfo`, and `ls -l /dev/gpiochip*`.",
}
_LOOK = "`journalctl --unit lintel -n 30` says why, and `lintel doctor` what to do. Then run `lintel setup` again."


def start(*, again: bool) -> None:
    """Has the unit run now and after each boot; `again` restarts one that runs. Returns when it is ready.

    Raises `DoorError`.
    """
    _done("daemon-reload")
    _done("enable", UNIT)
    asked = _asked("restart" if again else "start", UNIT)
    if asked.returncode != 0:
        shown = _asked("show", UNIT, "--property=ExecMainStatus", "--value").stdout.strip()
        code = f" with exit code {shown}" if shown.isdigit() and shown != "0" else ""
        raise DoorError(
            f"The service did not start{code}. The door stays locked.", hint=f"{_CODES.get(shown, '')} {_LOOK}".strip()
        )


def stop() -> None:
    """Stops the unit; the doors are locked meanwhile. Raises `DoorError`."""
    _done("stop", UNIT)


def let_reach(root: Path, kinds: Collection[str]) -> bool:
    """Lets the unit use ports of those kinds alone, and says whether that is new. Raises `ConfigError`."""
    path = root / DROP_IN
    try:
        if not kinds:
            known = path.exists()
            path.unlink(missing_ok=True)
            return known
        text = _reaching(kinds)
        if path.exists() and path.read_text("utf-8", "replace") == text:
            return False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_whole(path, text.encode(), durable=True, mode=0o644)
    except OSError as error:
        raise ConfigError(
            f"Cannot write {path}: {in_words(error)}.", hint="Run it with sudo: `sudo lintel setup`."
        ) from None
    return True


def _reaching(kinds: Collection[str]) -> str:
    """The drop-in for those kinds of ports."""
    modules = " ".join(f"modprobe@{_MODULES[kind]}.service" for kind in sorted(kinds) if kind in _MODULES)
    order = f"[Unit]\nWants={modules}\nAfter={modules}\n" if modules else ""
    allowed = "".join(f"DeviceAllow=char-{kind} rw\n" for kind in sorted(kinds))
    return f"# Written by `lintel setup`: the ports of badge readers.\n{order}[Service]\n{allowed}"


def let_speak(login: str) -> None:
    """Puts a user into the service's group, which may use its socket. Raises `DoorError`."""
    done = _run("usermod", "--append", "--groups", SERVICE_USER, login)
    if done.returncode != 0:
        raise DoorError(
            f"{login} can't join the group {SERVICE_USER}: {done.stderr.strip() or done.returncode}.",
            hint=f"Do it by hand: `sudo usermod -aG {SERVICE_USER} {login}`.",
        )


def _done(*words: str) -> None:
    asked = _asked(*words)
    if asked.returncode != 0:
        raise DoorError(
            f"`systemctl {' '.join(words)}` failed: {asked.stderr.strip() or asked.returncode}.", hint=_LOOK
        )


def _asked(*words: str) -> "subprocess.CompletedProcess[str]":
    return _run("systemctl", *words)


def _run(program: str, *words: str) -> "subprocess.CompletedProcess[str]":
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        raise DoorError(
            f"There is no {program} on this machine.", hint="Run `lintel setup` on the Pi that the package is for."
        )
    try:
        return subprocess.run(  # noqa: S603 - the system's own program
            [found, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise DoorError(f"`{program} {' '.join(words)}` took longer than {START_S:.0f} s.", hint=_LOOK) from None
