"""Maintainer scripts killed at each program that they start: run again, as dpkg does, they end in the same state."""

import shutil
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.project.upgraded_pi import NEW, OLD, Pi

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")
KILLED = -9
DATA = "var/lib/lintel/lintel.db"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the old version in use, and a database."""
    pi = Pi(tmp_path_factory.mktemp("before"))
    pi.unpack(OLD)
    assert pi.turn() == 0
    (pi.root / DATA).parent.mkdir(parents=True)
    (pi.root / DATA).touch()
    return pi.root


def copied(before: Path, root: Path) -> Pi:
    """The same once more, without what was asked of the service manager."""
    shutil.copytree(before, root, symlinks=True)
    return Pi(root)


def leftovers(pi: Pi) -> set[str]:
    """What is in the package's folders under names of work in progress."""
    places = [pi.root / "opt/lintel", pi.root / "opt/lintel/kept", pi.root / "var/lib/lintel-upgrade"]
    return {one.name for place in places for one in place.glob("*.new")} | {
        one.name for place in places for one in place.glob(".*")
    }


class Case(NamedTuple):
    """A new version, what is in use after it, and where the killing begins."""

    used: str
    self_test: str = "exit 0"
    starts: bool = True
    first: int = 0


@pytest.mark.parametrize("case", [Case(NEW), Case(OLD, "exit 8", first=8), Case(OLD, starts=False, first=18)], ids=str)
def test_killed_upgrade_is_finished_by_configure(before: Path, tmp_path: Path, case: Case) -> None:
    """Those that fail are killed from where they differ from one that works."""
    for at in count(case.first):
        pi = copied(before, tmp_path / f"{at}")
        pi.unpack(NEW, case.self_test)
        if not case.starts:
            (pi.root / "start-fails").touch()
        code = pi.run("lintel.postinst", "configure", OLD, killed_at=at)
        assert pi.used in (f"{OLD}-1234", f"{NEW}-1234")  # each has its files
        if code != KILLED:
            break
        assert pi.run("lintel.postinst", "configure", OLD) == 0
        assert (at, pi.used, pi.mark("restart-due"), leftovers(pi)) == (at, f"{case.used}-1234", "", set())
        assert (pi.mark("failed") == "") is (case.used == NEW)
    assert at >= case.first + 4  # the kills did happen


def test_killed_preinst_leaves_the_version_in_use(before: Path, tmp_path: Path) -> None:
    for at in count():
        pi = copied(before, tmp_path / f"{at}")
        code = pi.run("lintel.preinst.in", "upgrade", OLD, killed_at=at)
        assert pi.used == f"{OLD}-1234"
        if code != KILLED:
            break
        assert pi.run("lintel.preinst.in", "upgrade", OLD) == 0
    assert at >= 3


@pytest.mark.parametrize("purges_data", [False, True])
def test_killed_removal_is_finished_by_the_next(before: Path, tmp_path: Path, purges_data: bool) -> None:
    steps = (("lintel.prerm", "remove"), ("lintel.postrm", "remove"), ("lintel.postrm", "purge"))
    for step, at in ((step, at) for step in range(len(steps)) for at in range(5)):
        pi = copied(before, tmp_path / f"{step}-{at}")
        (pi.root / "etc/lintel").mkdir(parents=True)
        (pi.root / "etc/lintel/lintel.toml").write_text('[store]\npurge = "data"\n' if purges_data else "")
        for number, (script, word) in enumerate(steps):
            if script == "lintel.postrm" and word == "remove":
                shutil.rmtree(pi.root / "opt/lintel" / OLD)  # as dpkg does
            if number == step:
                pi.run(script, word, killed_at=at)
            assert pi.run(script, word) == 0
        left = {name: (pi.root / name).exists() for name in ("opt/lintel", "var/lib/lintel-upgrade", DATA)}
        assert (step, at, left) == (
            step, at, {"opt/lintel": False, "var/lib/lintel-upgrade": False, DATA: not purges_data}
        )  # fmt: skip
        assert (pi.root / "var/lib/lintel/README").exists() is not purges_data
