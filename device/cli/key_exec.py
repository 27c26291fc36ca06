"""Runs a command with the device key while no service does: in a transient unit, which gets it as a credential."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from device.errors import KeyMissing

if TYPE_CHECKING:
    from device.key_keeping import KeyKeeping

SYSTEMD = Path("/run/systemd/system")
MEMORY = Path("/run")
_SANDBOX = ("UMask=0077", "LimitCORE=0", "NoNewPrivileges=yes", "PrivateTmp=no", "CapabilityBoundingSet=")
_NO_SYSTEMD = (
    "There is no systemd running here, and no other program hands a key to a command alone.",
    "Start the service, which carries commands out with the key, or keep the key in a file (docs/keys.md).",
)


def run_with_key(keeping: "KeyKeeping", state: Path, command: Sequence[str], passphrase: str | None) -> int:
    """The command's exit code. Raises `KeyMissing` where it can't be run."""
    program = shutil.which("systemd-run")
    if not SYSTEMD.is_dir() or program is None:
        raise KeyMissing(_NO_SYSTEMD[0], hint=_NO_SYSTEMD[1])
    if os.geteuid() != 0:
        raise KeyMissing("Opening the key takes root.", hint="Run it with sudo.")
    with _credential(keeping, passphrase) as properties:
        words = [program, *_unit(state, properties), "--", *command]
        return subprocess.run(words, check=False).returncode  # noqa: S603 - the command that root typed


def _unit(state: Path, properties: Sequence[str]) -> Iterator[str]:
    """What the transient unit is like: as the store's user, in this folder, on this terminal."""
    yield from ("--quiet", "--collect", "--wait", "--service-type=exec")
    yield "--pty" if sys.stdin.isatty() else "--pipe"
    yield f"--setenv=LINTEL_STATE_DIR={state.absolute()}"
    if config := os.environ.get("LINTEL_CONFIG"):
        yield f"--setenv=LINTEL_CONFIG={Path(config).absolute()}"
    user = pwd.getpwuid(state.stat().st_uid).pw_name if state.is_dir() else "lintel"
    for one in (f"User={user}", f"WorkingDirectory=-{Path.cwd()}", *_SANDBOX, *properties):
        yield f"--property={one}"


@contextmanager
def _credential(keeping: "KeyKeeping", passphrase: str | None) -> Iterator[tuple[str, ...]]:
    """The property that hands the key in: opened here into a folder of root's in memory, or as the service has it."""
    if passphrase is None and not keeping.is_of_machine:
        yield _as_the_service()
        return
    folder = Path(tempfile.mkdtemp(prefix="lintel-key-", dir=MEMORY))
    try:
        opened = keeping.opened(folder, passphrase)
        yield (f"LoadCredential=lintel.key:{opened.place}",)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_the_service() -> tuple[str, ...]:
    """The credential of the service's unit and what was added to it; nothing for a key in a file."""
    program = shutil.which("systemctl")
    if program is None:
        return ()
    words = [program, "cat", "lintel.service"]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stdout  # noqa: S603 - constants
    return tuple(re.findall(r"^(LoadCredential(?:Encrypted)?=lintel\.key:\S+)$", said, re.MULTILINE))
