"""Puts this tree's `device`, its pinned packages and its units into a machine, as systemd/README.md has it by hand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.system.machine import Machine
from tests.system.trees import ROOT, WORK, Release, Unready, run

OPT = "opt/lintel"


def environment(release: Release) -> Path:
    """A folder with the packages of requirements/pi.txt for a release's Python, made if it is not there."""
    folder, pins = WORK / "packages" / release.python, ROOT / "requirements" / "pi.txt"
    stamp = folder.with_name(f"{folder.name}.stamp")
    if stamp.exists() and stamp.read_text() == pins.read_text():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    python = shutil.which(f"python{release.python}", path=_paths(release))
    if python is None:
        raise Unready(f"no Python {release.python} on the PATH, whose wheels the machine needs.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    run(
        python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"--target={folder}", "--no-deps",
        "--only-binary=:all:", "--no-compile", "--require-hashes", f"--requirement={pins}",
    )  # fmt: skip
    run(python, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", str(folder))
    stamp.write_text(pins.read_text())
    return folder


def install(machine: Machine, release: Release) -> None:
    """All that `systemd/README.md` asks for, in the machine's files before it starts."""
    opt = machine.root / OPT
    packages = opt / "lib" / f"python{release.python}" / "site-packages"
    packages.parent.mkdir(parents=True)
    shutil.copytree(environment(release), packages, copy_function=_linked)
    shutil.unpack_archive(wheel(), packages, "zip")
    compiled = (f"/usr/bin/python{release.python}", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash")
    run("chroot", str(machine.root), *compiled, f"/{packages.relative_to(machine.root)}/device")
    (opt / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {release.python}\n"
    )
    (opt / "bin").mkdir()
    (opt / "bin" / "python3").symlink_to(f"/usr/bin/python{release.python}")
    (opt / "libexec" / "lintel").mkdir(parents=True)
    shutil.copy(ROOT / "systemd" / "launch.py", opt / "libexec" / "lintel")
    machine.write("/usr/local/bin/lintel", COMMAND, 0o755)
    units = machine.root / "usr/lib/systemd/system"
    for unit in (ROOT / "systemd").glob("lintel*.[st]*"):
        if unit.suffix in (".service", ".timer"):
            shutil.copy(unit, units)
    machine.write("/usr/lib/sysusers.d/lintel.conf", (ROOT / "systemd" / "lintel.sysusers.conf").read_text())
    for name in ("gpio", "input", "spi"):
        subprocess.run(["chroot", str(machine.root), "groupadd", "--force", "--system", name], check=True)
    subprocess.run(["chroot", str(machine.root), "systemd-sysusers"], check=True, capture_output=True)


def wheel() -> Path:
    """This tree's wheel, made now."""
    folder = WORK / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (made,) = folder.glob("*.whl")
    return made


COMMAND = '#!/bin/sh\nexec /opt/lintel/bin/python3 -I /opt/lintel/libexec/lintel/launch.py "$@"\n'


def _linked(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
    return target


def _paths(release: Release) -> str:
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{release.python}*/bin"))
    own = [str(Path(sys.base_prefix) / "bin"), *os.get_exec_path()]
    return os.pathsep.join([*map(str, pyenv), *own])
