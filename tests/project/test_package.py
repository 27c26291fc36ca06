"""The Debian package's scripts: their syntax, the turn to a version that works, and what a purge leaves."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
TURN = PACKAGING / "bin" / "turn"
SCRIPTS = sorted([*PACKAGING.glob("bin/*"), *PACKAGING.glob("debian/lintel.p*")])
PAGE = (ROOT / "docs" / "install.md").read_text()
OLD, NEW = "0.1.0+deb12", "0.1.1+deb12"
SHIMS = {
    "runuser": 'shift 3; [ "$1" = env ] && shift 2; exec "$@"',
    "systemctl": 'echo "$@" >>"$LINTEL_ROOT/systemctl"; [ ! -e "$LINTEL_ROOT/start-fails" ] || [ "$1" != restart ]',
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound_shell(script: Path) -> None:
    checked = subprocess.run(["/bin/sh", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_asks(script: Path) -> None:
    assert re.findall(r"^\s*(?:while )?read\b|debconf|db_input", script.read_text(), re.MULTILINE) == []


class Pi:
    """A root folder with versions whose program is a shell script."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shims = root / "shims"
        shims.mkdir()
        for name, body in SHIMS.items():
            (shims / name).write_text(f"#!/bin/sh\n{body}\n")
            (shims / name).chmod(0o755)
        for folder in ("usr/share/lintel", "run/systemd/system"):
            (root / folder).mkdir(parents=True)
        self.environment = {"PATH": f"{shims}:{os.environ['PATH']}", "LINTEL_ROOT": str(root), "LINTEL_SETTLE_S": "0"}

    def unpack(self, version: str, program: str = "exit 0") -> None:
        """As dpkg does: the version before goes."""
        shutil.rmtree(self.root / "opt" / "lintel" / OLD, ignore_errors=True)
        tree = self.root / "opt" / "lintel" / version
        for folder in ("env/bin", "share"):
            (tree / folder).mkdir(parents=True)
        (tree / "share" / "build").write_text("1234\n")
        (tree / "env" / "bin" / "python3").write_text(f"#!/bin/sh\n{program}\n")
        (tree / "env" / "bin" / "python3").chmod(0o755)
        (self.root / "usr" / "share" / "lintel" / "version").write_text(f"{version}\n")

    def turn(self) -> int:
        return subprocess.run([TURN], env=self.environment, capture_output=True, check=False).returncode

    @property
    def used(self) -> str:
        return (self.root / "opt" / "lintel" / "current").resolve(strict=True).name

    def mark(self, name: str) -> str:
        path = self.root / "var" / "lib" / "lintel-upgrade" / name
        return path.read_text().strip() if path.exists() else ""


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    """With the old version in use."""
    if shutil.which("dpkg") is None:
        pytest.skip("dpkg is not installed")
    pi = Pi(tmp_path)
    pi.unpack(OLD)
    assert pi.turn() == 0
    return pi


def test_version_that_works_is_turned_to_and_restarted(pi: Pi) -> None:
    pi.unpack(NEW)
    assert (pi.turn(), pi.used, pi.mark("newest"), pi.mark("failed")) == (0, f"{NEW}-1234", NEW, "")
    assert "restart lintel.service" in (pi.root / "systemctl").read_text().splitlines()


def test_version_that_fails_its_test_leaves_the_one_before(pi: Pi) -> None:
    """Its files are kept, although dpkg has removed them by then."""
    pi.unpack(NEW, 'echo "the database is damaged"; exit 8')
    assert (pi.turn(), pi.used, pi.mark("newest")) == (1, f"{OLD}-1234", OLD)
    assert "the database is damaged" in pi.mark("failed")
    assert (pi.root / "opt/lintel/current/env/bin/python3").exists()


def test_version_that_does_not_start_is_turned_back(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "start-fails").touch()
    assert (pi.turn(), pi.used, pi.mark("restart-due")) == (1, f"{OLD}-1234", "")
    assert pi.mark("failed").startswith(f"{NEW}: the service did not start")


def test_second_try_after_a_failure_ends_it(pi: Pi) -> None:
    pi.unpack(NEW)
    (pi.root / "start-fails").touch()
    pi.turn()
    (pi.root / "start-fails").unlink()
    assert (pi.turn(), pi.used, pi.mark("failed")) == (0, f"{NEW}-1234", "")


@pytest.mark.parametrize("left", ["kept/.new", "current.new"])
def test_what_a_killed_turn_leaves_is_no_hindrance(pi: Pi, left: str) -> None:
    pi.unpack(NEW)
    (pi.root / "opt" / "lintel" / left).mkdir()
    shutil.rmtree(pi.root / "opt/lintel/current.new", ignore_errors=True)
    assert (pi.turn(), pi.used) == (0, f"{NEW}-1234")


def test_turn_killed_before_the_restart_restarts_later(pi: Pi) -> None:
    pi.unpack(NEW)
    assert pi.turn() == 0
    (pi.root / "systemctl").unlink()
    (pi.root / "var/lib/lintel-upgrade/restart-due").write_text(f"{OLD}-1234\n")
    assert pi.turn() == 0
    assert "restart lintel.service" in (pi.root / "systemctl").read_text()


@pytest.mark.parametrize(
    ("said", "is_wanted"),
    [
        ('[store]\npurge = "data"\n', True),
        ('[store]\nstate_dir = "/x"\n  purge="data" # all\n', True),
        ('[store]\npurge = "keep"\n', False),
        ('[link]\npurge = "data"\n', False),
        ('[store]\n# purge = "data"\n', False),
        ("", False),
    ],
)
def test_data_goes_only_where_the_settings_say_so(tmp_path: Path, said: str, is_wanted: bool) -> None:
    (tmp_path / "lintel.toml").write_text(said)
    script = (PACKAGING / "debian" / "lintel.postrm").read_text().partition('case "$1" in')[0]
    script = script.replace("/etc/lintel/lintel.toml", str(tmp_path / "lintel.toml"))
    ended = subprocess.run(["/bin/sh", "-c", f"{script}\nwants_data_purged"], capture_output=True, check=False)
    assert (ended.returncode == 0) is is_wanted


def test_package_owns_no_file_in_etc() -> None:
    assert "etc/" not in (ROOT / "scripts" / "debian_package.py").read_text()


def test_each_release_depends_on_its_python_alone() -> None:
    import debian_tree

    spans = {one.name: (one.python, one.after_python) for one in debian_tree.RELEASES.values()}
    assert spans == {"bookworm": ("3.11", "3.12~"), "trixie": ("3.13", "3.14~")}
    assert "python3 (>= @PYTHON@), python3 (<< @AFTER@)" in (PACKAGING / "debian" / "control.in").read_text()


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_documented_check_finds_each_change(tmp_path: Path) -> None:
    """A package of a few bytes, its comment and its signature, by minisign itself."""
    package, signature = tmp_path / "lintel_1_arm64.deb", tmp_path / "lintel_1_arm64.deb.minisig"
    package.write_bytes(b"a package")
    for command in (
        ["minisign", "-G", "-W", "-p", "lintel.pub", "-s", "lintel.key"],
        ["minisign", "-S", "-s", "lintel.key", "-m", package.name, "-t", "lintel 1 sha256:00"],
    ):
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    (documented,) = re.findall(r"^(minisign -V .*)$", PAGE, re.MULTILINE)

    def checked() -> int:
        return subprocess.run(["/bin/sh", "-c", documented], cwd=tmp_path, capture_output=True, check=False).returncode

    assert checked() == 0
    sound = signature.read_text()
    signature.write_text(sound.replace("lintel 1 sha256", "lintel 2 sha256"))
    assert checked() != 0
    signature.write_text(sound)
    package.write_bytes(b"a packagE")
    assert checked() != 0
