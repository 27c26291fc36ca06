"""Debian's unattended-upgrades with Lintel's repository, by the lines of docs/install.md."""

import re
import shutil

from tests.rig.checks import Figures, Finding
from tests.system.door import Door
from tests.system.fetched import packages
from tests.system.package import NUMBERS, variant
from tests.system.repository import KEYRING, PAGE, REPOSITORY, owner_of, release_of, use_source
from tests.system.steps import Steps
from tests.system.upgrading import away_while, in_use, is_in_lockdown, opens

STEPS = Steps()
AWAY_S = 5.0
PROGRAM = ("unattended-upgrade", "--verbose")
"""As apt's own timer runs it, but for the words."""


@STEPS.step(
    "unattended-upgrades, by itself and with the page's lines, in lockdown",
    "Lintel stays without the lines; with them it is upgraded, nothing asked, away for less than 5 s; lockdown holds",
)
def unattended(door: Door) -> Finding:
    figures, machine, release, before = Figures(), door.machine, release_of(door), in_use(door)
    _get_unattended_upgrades(door)
    version = f"0.1.8+deb{NUMBERS[release.name]}"
    newer = variant(release, version)
    with owner_of(door, newer.rename(newer.with_name(f"lintel_{version}_amd64.deb"))) as owner:
        owner.publish()
        shutil.copy(machine.root / REPOSITORY.lstrip("/") / "lintel.gpg", machine.root / KEYRING.lstrip("/"))
        use_source(door)
        machine.must("apt-get", "update")
        door.lintel("door", "lockdown")
        alone = machine.run(*PROGRAM, within_s=300.0)
        figures.true(
            "without the lines Lintel stays", alone.said[-300:], kept=alone.code == 0 and in_use(door) == before
        )
        name, lines = _documented()
        machine.write(name, lines)
        away = away_while(door, lambda: machine.run(*PROGRAM, within_s=300.0))
    used = version in in_use(door)
    figures.true(
        "with them it is upgraded", f"in use: {in_use(door)}: {away.said[-300:]}", kept=used and away.code == 0
    )
    figures.most("away for", [away.took_s], AWAY_S)
    is_in_lockdown(door, figures)
    door.lintel("door", "clear")
    opens(door, figures)
    return figures.finding(1)


def _documented() -> tuple[str, str]:
    """The file that the page names for apt, and what it says."""
    pattern = r"`(/etc/apt/apt\.conf\.d/\S+)`:\n\n```\n(.*?)^```"
    ((name, lines),) = re.findall(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(name), str(lines)


def _get_unattended_upgrades(door: Door) -> None:
    """`apt install unattended-upgrades`, without a network."""
    fetched = packages(release_of(door), "unattended-upgrades")
    folder = door.machine.root / "srv" / "fetched"
    folder.mkdir()
    for package in fetched:
        shutil.copy(package, folder / package.name)
    names = [f"/srv/fetched/{package.name}" for package in fetched]
    door.machine.must("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install", *names, within_s=300.0)
    shutil.rmtree(folder)
