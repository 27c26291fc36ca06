"""The unit's sandbox lets the service start commands: every system call of both is among those it allows."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.device.cli.served.house import ROOT, House
from tests.processes import output_of, started
from tests.waiting import PATIENCE_S

UNIT = (ROOT / "systemd" / "lintel.service").read_text()
NEEDS = pytest.mark.skipif(
    not (shutil.which("strace") and shutil.which("systemd-analyze")), reason="needs strace and systemd-analyze"
)


OF_ROOT = {"chown", "fchown"}
"""Called by root alone, as which this test runs: what root makes is given to the owner of its folder."""


@cache
def calls_in(group: str) -> frozenset[str]:
    """The system calls of a group, and of those in it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
    names = [line.strip() for line in listed.stdout.splitlines()[1:] if not line.strip().startswith("#")]
    return frozenset().union(*(calls_in(name) if name.startswith("@") else {name} for name in names if name))


def allowed() -> frozenset[str]:
    """As the unit says it: what is named is allowed, what is named behind ~ is taken out again."""
    found: frozenset[str] = frozenset()
    for rule in re.findall(r"^SystemCallFilter=(\S+)$", UNIT, re.MULTILINE):
        found = found - calls_in(rule[1:]) if rule.startswith("~") else found | calls_in(rule)
    return found


@NEEDS
def test_unit_allows_every_system_call_of_a_command(house: House, tmp_path: Path) -> None:
    apart = replace(house, runtime=house.runtime / "apart")
    apart.runtime.mkdir()
    (tmp_path / "a.txt").write_text("no picture")
    trace = tmp_path / "trace"
    command = [sys.executable, "-m", "tests.device.cli.served.serve", str(house.state), str(apart.runtime)]
    with started(["strace", "-f", "-qq", "-o", trace, *command], cwd=ROOT, stdin=PIPE, stdout=PIPE) as service:
        assert output_of(service).readline() == "listens\n"
        codes = [
            apart.lintel("badges", "suspend", "17:1").code,
            apart.lintel("enroll", "17:9", "--name", "Ada", "--basis", "contract", "a.txt", cwd=tmp_path).code,
        ]
        service.communicate(timeout=PATIENCE_S)
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
    assert codes == [0, 5]
    assert sorted(called - allowed() - OF_ROOT) == []


def test_unit_has_what_commands_need() -> None:
    """Unix sockets for the channel, a folder of its own for their files, and no way to more rights."""
    for line in ("RestrictAddressFamilies=AF_UNIX", "PrivateTmp=yes", "NoNewPrivileges=yes", "ProtectHome=yes"):
        assert f"\n{line}\n" in UNIT
