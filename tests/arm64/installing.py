"""Puts the package into an emulated tree as a user does, and beside it the tests and what they need."""

import re
import shutil
import sys

from tests.arm64.cell import Cell
from tests.system.package import built
from tests.system.trees import ROOT, Unready, run

PYTHON = "/opt/lintel/current/env/bin/python3"
TESTER = "tester"
WITHOUT = ("device/", "models/", "convert/")
"""What lies in the checkout and not beside the tests there: `device` is a link to the package's own."""
LAST = 'import sys\nsys.path.append("/srv/lintel")\n'
"""The tests, found after all that the package has; `python -m pytest` would put their folder first."""
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
ENTRY = re.compile(r"^([a-z0-9-]+)==.*\n(?:    .*\n)*", re.MULTILINE)


def install(cell: Cell) -> float:
    """`apt-get install ./lintel_*_arm64.deb` without a network: how long it took, seconds. Raises `Unready`."""
    shutil.copy(built(cell.release, "arm64"), cell.root / "srv" / "lintel_arm64.deb")
    answer = cell.run(
        "apt-get", "install", "--yes", "--no-install-recommends", "./lintel_arm64.deb", within_s=900.0
    )  # fmt: skip
    (cell.root / "srv" / "lintel_arm64.deb").unlink()
    if answer.code:
        raise Unready(f"the package was not installed: {(answer.out + answer.err)[-1500:]}")
    return answer.took_s


def put_tests(cell: Cell) -> None:
    """The tests in /srv/lintel, and in /srv/extra the hashed wheels that they need and the package has not."""
    listed = run("git", "-C", str(ROOT), "ls-files").splitlines()
    place = cell.root / "srv" / "lintel"
    for name in listed:
        if not name.startswith(WITHOUT) and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    (place / "device").symlink_to(f"/{packages_of(cell)}/device")
    needed = cell.root / "srv" / "extra.txt"
    locks = [(ROOT / name).read_text() for name in ("requirements/test.txt", "packaging/requirements.txt")]
    needed.write_text(missing(*locks))
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    command = [
        sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--require-hashes", "--only-binary", ":all:",
        *platforms, "--python-version", cell.release.python, "--implementation", "cp", "--no-compile",
        "--target", str(cell.root / "srv" / "extra"), "--requirement", str(needed),
    ]  # fmt: skip
    run(*command)
    (cell.root / "srv" / "extra" / "sitecustomize.py").write_text(LAST)


def make_tester(cell: Cell) -> None:
    """A user for the tests: what root types goes through the service's user, where Lintel is installed, and that may
    not read root's folders. Beside Python lies the program, as tests look for it there.
    """
    for command in (
        ("useradd", "--create-home", TESTER),
        ("chown", "-hR", TESTER, "/srv/lintel"),
        ("ln", "-s", "/usr/bin/lintel", f"{PYTHON.removesuffix('python3')}lintel"),
    ):
        answer = cell.run(*command, within_s=60.0)
        if answer.code:
            raise Unready(f"{' '.join(command)}: {answer.err}")


def packages_of(cell: Cell) -> str:
    """The folder of the package's own environment, below the tree's root."""
    version = (cell.root / "usr/share/lintel/version").read_text().strip()
    return f"opt/lintel/{version}/env/lib/python{cell.release.python}/site-packages"


def missing(tests: str, package: str) -> str:
    """The entries of a lock of the tests, hashes included, whose names the package's lock has not."""
    there = {found[1] for found in ENTRY.finditer(package)}
    return "".join(found[0] for found in ENTRY.finditer(tests) if found[1] not in there)
