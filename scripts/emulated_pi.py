"""Kills the door's process on an emulated Raspberry Pi 3, and writes what the relay's pin did into a page of the docs.

    .venv/bin/python scripts/emulated_pi.py

Needs Debian's apt and `qemu-system-aarch64`, no root and no Pi. Builds the machine in .emulated-pi/ from Debian's arm64
packages, the Python packages of requirements/pi.txt, and this tree's `device` and unit; then boots it twice, with the
kernel's persistence of GPIO outputs on and off.
"""

import json
import platform
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreign_debian import ROOT, Apt, cpio, run, with_revision

WORK = ROOT / ".emulated-pi"
TREE = WORK / "root"
GUEST = ROOT / "scripts" / "on_emulated_pi"
PAGE = ROOT / "docs" / "killed-process.md"
USERLAND = "bookworm"
KERNEL = "trixie"  # the first Debian whose kernel has pinctrl_bcm2835.persist_gpio_outputs, as Raspberry Pi OS has it
PACKAGES = (
    "base-files", "base-passwd", "bash", "busybox-static", "coreutils", "dash", "python3", "python3-minimal",
    "systemd-sysv", "util-linux",
)  # fmt: skip
PYTHON_PACKAGES = ("click", "colorzero", "gpiozero", "lgpio", "msgspec", "numpy")
NOT_NEEDED = ("usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/zoneinfo", "var/cache")
PI_3B_REVISION = 0xA02082
PI_3B_GHZ = 1.2
ICOUNT_SHIFT = 1
"""An instruction takes 2 to the power of this, in ns, by the emulated clock."""
LIMIT_MS = 1000
LONGEST_S = 3600
RESULTS = 3


def main() -> int:
    """Builds, boots twice, writes the page."""
    for program, package in (("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("qemu-system-aarch64", "qemu-system-arm")):
        if shutil.which(program) is None:
            print(f"error: {program} is missing. On Debian: sudo apt install {package}", file=sys.stderr)
            return 1
    print("emulated Pi: building it in .emulated-pi/", flush=True)
    build()
    print("emulated Pi: booting it twice, with the persistence of outputs on and off", flush=True)
    started_s = time.monotonic()
    with ThreadPoolExecutor() as pool:
        transcripts = list(pool.map(boot, (1, 0)))
    page = describe(transcripts, wall_s=time.monotonic() - started_s)
    PAGE.write_text(page, encoding="utf-8")
    print(page[page.index("## What came out") : page.index("## Whose")].strip())
    return 0 if "is kept" in page else 1


def build() -> None:
    """Kernel, device tree and the machine's files in .emulated-pi/."""
    apt = Apt(WORK, USERLAND, KERNEL)
    apt.update()
    kernel = apt.kernel_image()
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for package in apt.packages(*PACKAGES):
        run("dpkg-deb", "--extract", str(package), str(TREE))
    unpack_kernel(kernel)
    install_lintel()
    install_experiment()
    if sys.version_info[:2] == (3, 11):  # else the emulated Pi does it, slowly
        for folder in ("opt/lintel/lib", "usr/lib/python3.11"):
            run(sys.executable, "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", str(TREE / folder))
    for name in NOT_NEEDED:
        shutil.rmtree(TREE / name, ignore_errors=True)
    with (WORK / "initramfs").open("wb") as file:
        for piece in cpio(TREE):
            file.write(piece)


def unpack_kernel(package: Path) -> None:
    """Kernel and device tree, and nothing else: all that the machine needs is built in."""
    names = [line.split()[-1] for line in run("dpkg-deb", "--contents", str(package)).splitlines()]
    kernel = next(name for name in names if "/boot/vmlinuz-" in name)
    tree = next(name for name in names if name.endswith("/bcm2837-rpi-3-b.dtb"))
    archive = WORK / "kernel" / "linux.tar"
    with archive.open("wb") as file:
        unpack = ("dpkg-deb", "--fsys-tarfile", str(package))
        subprocess.run(unpack, stdout=file, check=True)
    run("tar", "--extract", f"--file={archive}", f"--directory={WORK / 'kernel'}", kernel, tree)
    archive.unlink()
    shutil.copyfile(WORK / "kernel" / kernel, WORK / "vmlinuz")
    (WORK / "pi.dtb").write_bytes(with_revision((WORK / "kernel" / tree).read_bytes(), PI_3B_REVISION))


def install_lintel() -> None:
    """`device`, its packages and the command in a virtual environment, as systemd/README.md has them."""
    folder = TREE / "opt" / "lintel"
    packages = folder / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    pinned = WORK / "requirements.txt"
    pinned.write_text("".join(pins(ROOT / "requirements" / "pi.txt")))
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(17, 37)]
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"--target={packages}",
        *platforms, "--python-version=3.11", "--only-binary=:all:", "--no-deps", "--no-compile", "--require-hashes",
        f"--requirement={pinned}",
    )  # fmt: skip
    shutil.copytree(ROOT / "device", packages / "device", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "python3").symlink_to("/usr/bin/python3.11")
    (folder / "libexec" / "lintel").mkdir(parents=True)
    shutil.copy(ROOT / "systemd" / "launch.py", folder / "libexec" / "lintel")
    command = folder / "bin" / "lintel"
    command.write_text("#!/opt/lintel/bin/python3\nimport sys\nfrom device.cli.main import main\nsys.exit(main())\n")
    command.chmod(0o755)


def pins(requirements: Path) -> Iterator[str]:
    """The lines of a requirements file, hashes included, for the packages of the relay."""
    wanted = False
    for line in requirements.read_text().splitlines(keepends=True):
        if re.match(r"\w", line):
            wanted = re.split(r"[=\[ ]", line)[0] in PYTHON_PACKAGES
        if wanted:
            yield line


def install_experiment() -> None:
    """The real unit and its user, what the unit has different here, and the experiment."""
    system = TREE / "etc" / "systemd" / "system"
    (system / "lintel.service.d").mkdir(parents=True)
    shutil.copy(ROOT / "systemd" / "lintel.service", system)
    shutil.copy(GUEST / "holder.conf", system / "lintel.service.d")
    shutil.copy(GUEST / "killed-process.service", system)
    (TREE / "etc" / "sysusers.d").mkdir(exist_ok=True)
    (TREE / "usr" / "lib" / "sysusers.d").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "systemd" / "lintel.sysusers.conf", TREE / "usr" / "lib" / "sysusers.d" / "lintel.conf")
    (TREE / "etc" / "lintel").mkdir()
    (TREE / "etc" / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (TREE / "opt" / "experiment").mkdir()
    for name in ("experiment.py", "holder.py"):
        shutil.copy(GUEST / name, TREE / "opt" / "experiment")
    shutil.copy(GUEST / "init.sh", TREE / "init")
    (TREE / "init").chmod(0o755)


def boot(persist: int) -> str:
    """What the machine says on its serial line, from start to power-off. Raises `RuntimeError` if it gets stuck."""
    options = (
        "quiet loglevel=3 console=ttyAMA0 rdinit=/init iomem=relaxed maxcpus=1 systemd.show_status=no "
        f"systemd.unit=killed-process.service pinctrl_bcm2835.persist_gpio_outputs={persist}"
    )
    command = (
        "qemu-system-aarch64", "-M", "raspi3b", "-accel", "tcg,thread=single",
        "-icount", f"shift={ICOUNT_SHIFT},sleep=off",
        "-kernel", str(WORK / "vmlinuz"), "-dtb", str(WORK / "pi.dtb"), "-initrd", str(WORK / "initramfs"),
        "-append", options, "-display", "none", "-serial", "stdio",
    )  # fmt: skip
    said = []
    with (
        (WORK / f"transcript-{persist}.txt").open("w", encoding="utf-8") as progress,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as machine,
    ):
        assert machine.stdout is not None
        too_late = threading.Timer(LONGEST_S, machine.kill)
        too_late.start()
        for line in machine.stdout:
            if "reboot: " in line:  # QEMU's Pi cannot switch itself off
                machine.kill()
                break
            said.append(line.rstrip())
            print(said[-1], file=progress, flush=True)
        too_late.cancel()
    if sum(line.startswith("RESULT ") for line in said) != RESULTS:
        raise RuntimeError("The emulated Pi did not finish. It said:\n" + "\n".join(said))
    return "\n".join(said)


def describe(transcripts: list[str], *, wall_s: float) -> str:
    """The page."""
    results = [json.loads(line[7:]) for text in transcripts for line in text.splitlines() if line.startswith("RESULT ")]
    pulses = [Pulse.read(result) for result in results if "changes" in result]
    alone = next(result for result in results if "alone_ms" in result)
    longest = max(pulses, key=lambda pulse: pulse.secured_ms)
    start = r"([\d.]+) ms after the kill: kernel: process \d+ starts \S+/python3\b"
    started = re.findall(start, "\n".join(transcripts))
    systemd_ms = float(started[pulses.index(longest)])
    facts: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "cases": len(pulses),
        "longest_ms": round(longest.secured_ms),
        "limit_ms": LIMIT_MS,
        "limit_ns": 2**ICOUNT_SHIFT * LIMIT_MS / longest.secured_ms,
        "kept": "kept" if longest.secured_ms <= LIMIT_MS else "missed",
        "rows": "\n".join(pulse.row() for pulse in pulses),
        "systemd_ms": round(systemd_ms),
        "command_ms": round(longest.secured_ms - systemd_ms),
        "alone_ms": round(alone["alone_ms"]),
        "python_ms": round(alone["python_ms"]),
        "ns": 2**ICOUNT_SHIFT,
        "ipc": 1 / (PI_3B_GHZ * 2**ICOUNT_SHIFT),
        "native": platform.machine(),
        "native_ms": native_ms(),
        "wall_s": wall_s,
        "transcript": "\n\n".join(re.sub(r"(?m)^RESULT .*\n?", "", text).strip() for text in transcripts),
    }
    return (GUEST / "page.md").read_text(encoding="utf-8").format_map(facts)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What became of the pin in one pulse that ended with SIGKILL."""

    persist: bool
    active_high: bool
    not_released_ms: float
    secured_ms: float
    at_the_end: str
    released_again: bool

    @classmethod
    def read(cls, result: dict[str, Any]) -> "Pulse":
        """Of a RESULT line: [ms, is an output, level, in words] for each state of the pin since the kill."""
        released = (True, int(result["active_high"]))
        states = [(at_ms, (is_output, level)) for at_ms, is_output, level, _ in result["changes"]]
        after = [(at_ms, state) for at_ms, state in states if state != released]
        return cls(
            persist=result["persist"] == "Y",
            active_high=result["active_high"],
            not_released_ms=after[0][0],
            secured_ms=next(at_ms for at_ms, state in after if state == (True, 1 - released[1])),
            at_the_end=result["changes"][-1][3],
            released_again=any(state == released for at_ms, state in states if at_ms > after[0][0]),
        )

    def row(self) -> str:
        """For the table."""
        cells = (
            "on" if self.persist else "off",
            "a high level" if self.active_high else "a low level",
            f"{self.not_released_ms:.0f}",
            f"{self.secured_ms:.0f}",
            self.at_the_end,
            "yes" if self.released_again else "no",
        )
        return f"| {' | '.join(cells)} |"


def native_ms() -> float:
    """Processor time that `lintel door secure` takes here until it finds no GPIO chip; the least of ten."""
    if any(Path("/dev").glob("gpiochip*")):
        return float("nan")  # there may be a door on it
    times_s = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([Path(sys.executable).with_name("lintel"), "door", "secure"], capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times_s.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times_s) * 1000


if __name__ == "__main__":
    sys.exit(main())
