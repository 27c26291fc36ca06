"""Signed packages, as docs/install.md has them: checked and refused by its own commands in a booted machine."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.rig.checks import Figures, Finding
from tests.system.door import Door
from tests.system.fetched import packages
from tests.system.machine import Answer, Machine
from tests.system.package import NUMBERS, built, variant
from tests.system.repository import KEYRING, PAGE, REPOSITORY, SOURCE, owner_of, release_of, use_source
from tests.system.steps import Steps
from tests.system.trees import ROOT, Release, run

STEPS = Steps()
PLACE, OLD_PLACE = "/srv/signed", "/srv/old"
NEWEST = "/var/lib/lintel-upgrade/newest"
STRICT = "-oAPT::Update::Error-Mode=any"


@STEPS.step(
    "signed packages: the page's two commands before `apt install`",
    "a tampered package, a tampered trusted comment and an old version are refused; the signed one is not",
)
def file(door: Door) -> Finding:
    figures, machine, release = Figures(), door.machine, release_of(door)
    _purge(machine)
    _get_minisign(machine, release)
    with tempfile.TemporaryDirectory() as place:
        owner = Path(place)
        run("minisign", "-G", "-W", "-p", f"{owner}/lintel.pub", "-s", f"{owner}/lintel.key")
        _hand_over(machine, owner, built(release), PLACE)
        version = f"0.0.9+deb{NUMBERS[release.name]}"
        old = variant(release, version)
        _hand_over(machine, owner, old.rename(old.with_name(f"lintel_{version}_amd64.deb")), OLD_PLACE)
    check, compare = _documented(r"^(minisign -V .*)$"), _documented(r"^(dpkg --compare-versions .*)$")
    genuine = in_folder(machine, PLACE, check)
    figures.true("signature and version told", genuine.said, kept=genuine.code == 0 and "+deb" in genuine.said)
    figures.true("", "the first one is not newer", kept="newer" in in_folder(machine, PLACE, compare).said)
    installed = in_folder(machine, PLACE, "apt-get install --yes ./lintel_*_amd64.deb")
    figures.true("installed", installed.said[-300:], kept=installed.code == 0)
    for what, pattern, change in (
        ("package", "lintel_*.deb", "printf x >>"),
        ("trusted comment", "lintel_*.minisig", "sed -i s/+deb/+dec/"),
    ):
        done = in_folder(machine, PLACE, f"cp {pattern} kept; for f in {pattern}; do {change} $f; done")
        refused = in_folder(machine, PLACE, check)
        said = refused.said.strip().splitlines()[-1:]
        figures.true(f"tampered {what} refused: {' '.join(said)}", f"{what}: {refused.said}",
                     kept=done.code == 0 and refused.code != 0)  # fmt: skip
        in_folder(machine, PLACE, f"for f in {pattern}; do mv kept $f; done")
    figures.true("", "put back, refused", kept=in_folder(machine, PLACE, check).code == 0)
    figures.true("old one signed", "not signed", kept=in_folder(machine, OLD_PLACE, check).code == 0)
    answer = in_folder(machine, OLD_PLACE, compare)
    figures.true("old version not newer", answer.said, kept=answer.code != 0 and not answer.said.strip())
    answer = in_folder(machine, OLD_PLACE, "apt-get install --yes --allow-downgrades ./lintel_*_amd64.deb")
    figures.true("and the package refuses it", answer.said[-300:], kept=answer.code != 0 and "is older" in answer.said)
    figures.true("", "dpkg --audit", kept=not machine.must("dpkg", "--audit").strip())
    machine.must("rm", "-r", PLACE, OLD_PLACE)
    return figures.finding(1)


@STEPS.step(
    "signed packages: the page's apt source",
    "apt installs from it; a list past its time, a changed list, another owner's and a changed package are refused",
)
def repository(door: Door) -> Finding:
    figures, machine = Figures(), door.machine
    _purge(machine)
    with owner_of(door) as owner, owner_of(door) as other:
        owner.publish()
        machine.write(KEYRING, "")
        shutil.copy(machine.root / REPOSITORY.lstrip("/") / "lintel.gpg", machine.root / KEYRING.lstrip("/"))
        use_source(door)
        figures.true("lists taken", "lists refused", kept=_update(machine).code == 0)
        answer = machine.run("apt-get", "install", "--yes", "lintel", within_s=300.0)
        figures.true(f"installed in {answer.took_s:.0f} s", answer.said[-300:], kept=answer.code == 0)
        owner.publish("--valid-days", "-1")
        _refused(machine, figures, "list past its time", "expired")
        owner.publish()
        lists = machine.root / REPOSITORY.lstrip("/") / "dists" / release_of(door).name / "InRelease"
        lists.write_text(lists.read_text().replace("Label: Lintel", "Label: Lintem"))
        _refused(machine, figures, "changed list", "")
        other.publish()
        _refused(machine, figures, "another owner's list", "")
        owner.publish()
        figures.true("", "its own list refused", kept=_update(machine).code == 0)
        with next((machine.root / REPOSITORY.lstrip("/")).glob("pool/*/*.deb")).open("r+b") as package:
            package.seek(-1, os.SEEK_END)
            package.write(b"!")
        answer = machine.run("apt-get", "install", "--yes", "--reinstall", "lintel", within_s=300.0)
        told = "Hash Sum mismatch" in answer.said or "unexpected size" in answer.said
        figures.true("changed package refused", answer.said[-300:], kept=answer.code != 0 and told)
    machine.must("rm", "-r", REPOSITORY, KEYRING, SOURCE)
    return figures.finding(1)


def in_folder(machine: Machine, folder: str, command: str) -> Answer:
    """A command line as a person types it there."""
    return machine.run("/bin/sh", "-c", f"cd {folder} && {command}", within_s=300.0)


def _documented(pattern: str) -> str:
    """A command of the page, for this machine's architecture."""
    (found,) = re.findall(pattern, PAGE.read_text(), re.MULTILINE)
    return str(found).replace("_arm64", "_amd64")


def _purge(machine: Machine) -> None:
    machine.must("apt-get", "purge", "--yes", "lintel", within_s=300.0)


def _get_minisign(machine: Machine, release: Release) -> None:
    """`apt install minisign`, without a network."""
    for package in packages(release, "minisign"):
        shutil.copy(package, machine.root / "srv" / package.name)
        machine.must("dpkg", "--install", "--force-depends", f"/srv/{package.name}")
        (machine.root / "srv" / package.name).unlink()


def _hand_over(machine: Machine, owner: Path, package: Path, place: str) -> None:
    """Signs a package as the page says, and puts it with the key into a folder of the machine."""
    folder = machine.root / place.lstrip("/")
    folder.mkdir()
    copy = folder / package.name
    shutil.copy(package, copy)
    shutil.copy(owner / "lintel.pub", folder)
    run(str(ROOT / "packaging" / "bin" / "sign"), f"{owner}/lintel.key", str(copy))


def _update(machine: Machine) -> Answer:
    return machine.run("apt-get", "update", STRICT)


def _refused(machine: Machine, figures: Figures, what: str, why: str) -> None:
    answer = _update(machine)
    figures.true(f"{what} refused", f"{what}: {answer.said[-400:]}", kept=answer.code != 0 and why in answer.said)
