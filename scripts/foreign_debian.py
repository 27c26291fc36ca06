"""Debian's arm64 packages, an initramfs made of a folder, a device tree with a Pi's revision: for emulated machines."""

import re
import shutil
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Apt:
    """Debian's apt for an arm64 machine: its own lists and archives below a folder, this machine's sources."""

    def __init__(self, work: Path, *suites: str) -> None:
        """Packages are those of the first suite where it has them."""
        self._work = work
        self._archives = work / "apt" / "archives"
        shutil.rmtree(self._archives, ignore_errors=True)
        (work / "apt" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (self._archives / "partial").mkdir(parents=True, exist_ok=True)
        (work / "apt" / "status").touch()
        sources = work / "apt" / "debian.list"
        sources.write_text("".join(f"deb {debian_source()} {suite} main\n" for suite in suites))
        self._options = [
            f"-o{name}={value}"
            for name, value in {
                "APT::Architecture": "arm64",
                "APT::Architectures": "arm64",
                "APT::Default-Release": suites[0],
                "APT::Install-Recommends": "false",
                "APT::Sandbox::User": "",
                "Debug::NoLocking": "true",
                "Dir::Cache": work / "apt",
                "Dir::Etc::sourcelist": sources,
                "Dir::Etc::sourceparts": "-",
                "Dir::State": work / "apt",
                "Dir::State::status": work / "apt" / "status",
            }.items()
        ]

    def update(self) -> None:
        """Reads what Debian has today."""
        run("apt-get", *self._options, "--quiet=2", "update")

    def packages(self, *names: str) -> list[Path]:
        """Packages, all that they depend on included; the one with the folders' links first."""
        run("apt-get", *self._options, "--quiet=2", "--yes", "--download-only", "install", *names)
        return sorted(self._archives.glob("*.deb"), key=lambda path: not path.name.startswith("base-files_"))

    def kernel_image(self) -> Path:
        """The newest kernel's package."""
        shown = run("apt-cache", *self._options, "show", "linux-image-arm64")
        name = re.findall(r"^Depends: (linux-image-\S+)", shown, re.MULTILINE)[0]
        return self.download(name)

    def download(self, name: str) -> Path:
        """One package, without what it depends on."""
        folder = self._work / "kernel"
        folder.mkdir(exist_ok=True)
        run("apt-get", *self._options, "--quiet=2", "download", name, folder=folder)
        return max(folder.glob(f"{name}_*.deb"), key=lambda path: path.stat().st_mtime)


def debian_source() -> str:
    """Where this machine gets Debian's packages from."""
    shown = run("apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages")
    places = [line.split()[1] for line in shown.splitlines() if line.startswith("Debian http")]
    if not places:
        sys.exit("error: apt on this machine does not get its packages from Debian.")
    return places[0]


def with_revision(tree: bytes, revision: int) -> bytes:
    """The device tree with /system/linux,revision, which a Pi's firmware adds and QEMU does not.

    The format is that of the Devicetree Specification 0.4, chapter 5.
    """
    header = list(struct.unpack(">10I", tree[:40]))
    structure, strings = header[2], header[3]
    strings_size, structure_size = header[8], header[9]
    tree = tree[: max(structure + structure_size, strings + strings_size)]  # Linux takes 2 MB, and QEMU pads to 1 MB
    name = b"linux,revision\0"
    end_of_root = tree.rindex(b"\0\0\0\x02\0\0\0\x09", structure, structure + structure_size)
    node = struct.pack(">I8sIIIII", 1, b"system\0", 3, 4, strings_size, revision, 2)
    body = tree[structure:end_of_root] + node + tree[end_of_root : structure + structure_size]
    words = tree[strings : strings + strings_size] + name
    header[2], header[3] = len(tree) + -len(tree) % 8, len(tree) + -len(tree) % 8 + len(body)
    header[1] = header[3] + len(words)
    header[8], header[9] = len(words), len(body)
    return struct.pack(">10I", *header) + tree[40:] + bytes(-len(tree) % 8) + body + words


def cpio(folder: Path) -> Iterator[bytes]:
    """A folder as an initramfs: a cpio archive in the "newc" format, everything owned by root."""
    for number, path in enumerate([folder, *sorted(folder.rglob("*"))], start=1):
        status = path.lstat()
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        yield from record(path.relative_to(folder).as_posix(), number, status.st_mode, content)
    yield from record("TRAILER!!!", 0, stat.S_IFREG, b"")


def record(name: str, number: int, mode: int, content: bytes) -> Iterator[bytes]:
    """One file of a "newc" archive (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name.encode()) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    yield head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


def run(*command: str, folder: Path = ROOT) -> str:
    """What a command says. Raises `CalledProcessError`."""
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
