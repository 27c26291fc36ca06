"""The Debian package: the syntax of its scripts, and what a purge leaves."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
SCRIPTS = sorted([*PACKAGING.glob("bin/*"), *PACKAGING.glob("generators/*"), *PACKAGING.glob("debian/lintel.p*")])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_scripts_are_sound_shell(script: Path) -> None:
    checked = subprocess.run(["/bin/sh", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_no_script_asks(script: Path) -> None:
    assert re.findall(r"^\s*(?:while )?read\b|debconf|db_input", script.read_text(), re.MULTILINE) == []


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
