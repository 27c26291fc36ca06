"""The tree of a version as the package holds it: an environment of hashed wheels for a release and an architecture.

Nothing of it runs here, so it may be of another machine: uv picks the wheels, and Python of the release's version
compiles the byte code, which is the same on each machine. The same commit gives the same bytes.
"""

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from environments import ROOT, EnvironmentProblem, find_interpreter

PACKAGING = ROOT / "packaging"
REQUIREMENTS = PACKAGING / "requirements.txt"
LGPIO = PACKAGING / "lgpio.txt"
UNITS = sorted(
    unit
    for folder in (ROOT / "systemd", PACKAGING / "units")
    for unit in folder.glob("lintel*")
    if unit.suffix in (".service", ".timer")
)
MODELS_AND_DEVICE = ("device/", "lintel_door-")
"""Of our own wheel: the converter stays at the desk."""
NOT_NEEDED = ("bin", "distutils-precedence.pth", "include", "share", ".lock", "_virtualenv.py")
INSTALLERS = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
"""What other packages name, and nothing here imports: the tree changes by a new package alone."""
NOT_THE_SAME = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
"""What names the time or the place of an installation, and is for programs that change one."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian, the version of Python that it has, and how a version of the package names it."""

    name: str
    python: str
    number: int
    after_python: str
    """The first version of Python that it does not go with."""


RELEASES = {one.name: one for one in (Release("bookworm", "3.11", 12, "3.12~"), Release("trixie", "3.13", 13, "3.14~"))}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
GLIBC = "manylinux_2_36"
"""The wheels' demand: bookworm has it, trixie has a later one."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a package is for."""

    release: Release
    architecture: str

    @property
    def machine(self) -> str:
        """The kernel's name of the architecture."""
        return MACHINES[self.architecture]

    @property
    def words(self) -> str:
        """The name of its folder."""
        return f"{self.release.name}-{self.architecture}"


def make_tree(tree: Path, target: Target, *, tools: Path, wheel: Path, epoch: int) -> None:
    """Makes the tree at `tree`, an empty folder that is called as the package's version.

    Raises `EnvironmentProblem`.
    """
    python = find_interpreter(target.release.python)
    if python is None:
        raise EnvironmentProblem(f"Python {target.release.python} is missing, which compiles the byte code.")
    packages = tree / "env" / "lib" / f"python{target.release.python}" / "site-packages"
    packages.mkdir(parents=True)
    _install_wheels(packages, target, tools)
    if target.release.python == "3.13":
        _compile_lgpio(packages, target, python=python, epoch=epoch)
    _unpack(wheel, packages)
    _tidy(packages)
    _make_environment(tree / "env", target.release)
    (tree / "libexec" / "lintel").mkdir(parents=True)
    shutil.copyfile(ROOT / "systemd" / "launch.py", tree / "libexec" / "lintel" / "launch.py")
    _compile_bytes(packages, python, f"/opt/lintel/{tree.name}/{packages.relative_to(tree)}")
    (tree / "share" / "units").mkdir(parents=True)
    for unit in UNITS:
        shutil.copyfile(unit, tree / "share" / "units" / unit.name)
    (tree / "share" / "build").write_text(f"{digest_of(tree)}\n")


def digest_of(tree: Path) -> str:
    """Sixteen hex digits of the SHA-256 of all names and contents."""
    hashed = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        hashed.update(f"{path.relative_to(tree)}\n".encode())
        if path.is_symlink():
            hashed.update(str(path.readlink()).encode())
        elif path.is_file():
            hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def _install_wheels(packages: Path, target: Target, tools: Path) -> None:
    command: list[str | Path] = [tools / "uv", "pip", "install", "--quiet", "--no-config", "--require-hashes"]
    command += ["--no-deps", "--only-binary", ":all:", "--link-mode", "copy", "--target", packages]
    command += ["--python-platform", f"{target.machine}-{GLIBC}", "--python-version", target.release.python]
    run([*command, "--requirement", REQUIREMENTS])
    for name in INSTALLERS:
        for folder in (*packages.glob(name), *packages.glob(f"{name}-*.dist-info")):
            shutil.rmtree(folder)


def _compile_lgpio(packages: Path, target: Target, *, python: Path, epoch: int) -> None:
    """As its own setup.py does, with Debian's compiler for the target and the headers of that version of Python."""
    work = packages.parents[4] / "lgpio"
    work.mkdir()
    pip: list[str | Path] = [
        python,
        "-m",
        "pip",
        "download",
        "-qq",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--require-hashes",
    ]
    run([*pip, "--dest", str(work), "--requirement", str(LGPIO)], epoch=epoch)
    (archive,) = work.glob("lgpio-*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(work, filter="data")
    source = next(path for path in work.iterdir() if path.is_dir())
    include = python.resolve().parents[1] / "include" / "python3.13"
    run(["swig", "-python", "lgpio.i"], at=source, epoch=epoch)
    compiled = f"_lgpio.cpython-313-{target.machine}-linux-gnu.so"
    sources = [*sorted(str(path.relative_to(source)) for path in source.glob("src/lg*.c")), "src/rgpiod.c"]
    command = [f"{target.machine}-linux-gnu-gcc", "-O2", "-g0", "-fPIC", "-shared", "-pthread", "-s", "-Isrc"]
    hardened = ["-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now", "-w"]
    placed = [f"-I{include}", f"-ffile-prefix-map={source}=.", *sources, "lgpio_wrap.c", "-ldl", "-lrt"]
    run([*command, *hardened, *placed, "-o", compiled], at=source, epoch=epoch)
    for name in (compiled, "lgpio.py"):
        shutil.copyfile(source / name, packages / name)
    information = packages / "lgpio-0.2.2.0.dist-info"
    information.mkdir()
    shutil.copyfile(source / "PKG-INFO", information / "METADATA")
    shutil.rmtree(work)


def _unpack(wheel: Path, packages: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = [name for name in opened.namelist() if name.startswith(MODELS_AND_DEVICE) and ".data/" not in name]
        opened.extractall(packages, names)  # noqa: S202 - it was built a moment ago


def _tidy(packages: Path) -> None:
    for name in NOT_NEEDED:
        path = packages / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in packages.glob("*.dist-info/*"):
        if path.name in NOT_THE_SAME:
            path.unlink()
    for path in sorted(packages.rglob("tests")):
        if path.is_dir() and path.parent != packages:
            shutil.rmtree(path)


def _make_environment(folder: Path, release: Release) -> None:
    """What `python3 -m venv` makes: a link to the interpreter, and the file by which that finds its packages."""
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to(f"/usr/bin/python{release.python}")
    said = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {release.python}\n"
    (folder / "pyvenv.cfg").write_text(said)


def _compile_bytes(packages: Path, python: Path, name: str) -> None:
    """Byte code that is never checked against its source, as the service can't write a newer one."""
    arguments = ["--invalidation-mode", "unchecked-hash", "-q", "-s", str(packages), "-p", name, str(packages)]
    run([python, "-I", "-m", compileall.__name__, *arguments], environment={"PYTHONHASHSEED": "0"})


def run(
    command: list[str | Path], *, at: Path = ROOT, epoch: int = 0, environment: dict[str, str] | None = None
) -> None:
    """Runs a program of the build. Raises `EnvironmentProblem`."""
    same = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(epoch), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        subprocess.run(command, cwd=at, env=os.environ | same | (environment or {}), check=True)
    except FileNotFoundError:
        hint = "sudo apt install debhelper swig gcc crossbuild-essential-arm64"
        raise EnvironmentProblem(f"{command[0]} is missing. On Debian: {hint}") from None
    except subprocess.CalledProcessError as error:
        said = " ".join(map(str, command))
        raise EnvironmentProblem(f"`{said}` ended with exit code {error.returncode}; its messages are above.") from None


if __name__ == "__main__":
    sys.exit("Run scripts/debian_package.py.")
