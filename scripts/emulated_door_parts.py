"""The emulated door's machine in .emulated-door/: Debian's arm64 kernel, and a disk with the package installed."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from emulated_machine import QEMU, Unready
from foreign_debian import ROOT, Apt, cpio, debian_source, run, with_revision

WORK = ROOT / ".emulated-door"
GUEST = ROOT / "scripts" / "on_emulated_door"
RELEASE = "bookworm"
PACKAGES = ("dbus", "gpiod", "kmod", "procps", "python3", "systemd-sysv", "udev", "v4l-utils")
FOR_THE_DISK = ("virtio_mmio", "virtio_blk", "ext4", "virtio_console")
PI_4B_REVISION = 0xC03111
"""gpiozero asks for the model of the Pi, which QEMU's `virt` does not have."""
DISK_MB = 1800
PROGRAMS = {
    "debootstrap": "debootstrap",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-system-aarch64": "qemu-system-arm",
    "mkfs.ext4": "e2fsprogs",
    "depmod": "kmod",
}


def build(package: Path) -> None:
    """Everything that the machine is started from. What Debian gives is kept for the next time. Raises `Unready`."""
    for program, of in PROGRAMS.items():
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            raise Unready(f"{program} is missing. On Debian: sudo apt install {of}")
    WORK.mkdir(exist_ok=True)
    modules = kernel()
    device_tree()
    tree = installed(package)
    furnish(tree, modules)
    disk(tree)


def kernel() -> Path:
    """`vmlinuz` and `initramfs`; the folder that has the kernel's lib/modules."""
    unpacked = WORK / "kernel" / "unpacked"
    if not (WORK / "initramfs").exists():
        apt = Apt(WORK, RELEASE)
        apt.update()
        for package, folder in ((apt.kernel_image(), unpacked), (apt.download("busybox-static"), WORK / "busybox")):
            run("dpkg-deb", "--extract", str(package), str(folder))
        release = release_of(unpacked)
        run("/sbin/depmod", "-b", str(unpacked), release)
        shutil.copyfile(unpacked / "boot" / f"vmlinuz-{release}", WORK / "vmlinuz")
        with (WORK / "initramfs").open("wb") as file:
            file.writelines(cpio(initramfs(unpacked)))
    return unpacked


def initramfs(unpacked: Path) -> Path:
    """The folder with what is needed until the disk is there: its modules, in their order, and busybox."""
    folder = WORK / "first"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("bin", "modules", "dev", "proc", "sys", "disk"):
        (folder / name).mkdir(parents=True)
    shutil.copy(WORK / "busybox" / "bin" / "busybox", folder / "bin")
    shutil.copy(GUEST / "init.sh", folder / "init")
    (folder / "init").chmod(0o755)
    order = list(dict.fromkeys(file for name in FOR_THE_DISK for file in needed(unpacked, name)))
    for file in order:
        shutil.copy(file, folder / "modules")
    (folder / "modules" / "order").write_text("".join(f"{file.name}\n" for file in order))
    return folder


def needed(unpacked: Path, module: str) -> list[Path]:
    """A module's file, after those that it depends on."""
    said = run("/sbin/modprobe", "-d", str(unpacked), "-S", release_of(unpacked), "--show-depends", module)
    return [Path(line.split()[1]) for line in said.splitlines() if line.startswith("insmod ")]


def release_of(unpacked: Path) -> str:
    """The kernel's release."""
    return next((unpacked / "lib" / "modules").iterdir()).name


def device_tree() -> None:
    """`pi.dtb`: that of QEMU's `virt`, with a Pi's revision."""
    dumped = WORK / "virt.dtb"
    subprocess.run([*QEMU, "-M", f"virt,dumpdtb={dumped}"], check=True, capture_output=True)
    (WORK / "pi.dtb").write_bytes(with_revision(dumped.read_bytes(), PI_4B_REVISION))


def base() -> Path:
    """Debian's tree without Lintel, made once."""
    tree = WORK / "base"
    if not (tree / "made").exists():
        shutil.rmtree(tree, ignore_errors=True)
        run(
            "debootstrap", "--arch=arm64", "--variant=minbase", f"--include={','.join(PACKAGES)}", RELEASE,
            str(tree), debian_source(),
        )  # fmt: skip
        shutil.rmtree(tree / "var" / "cache" / "apt")
        (tree / "made").touch()
    return tree


def installed(package: Path) -> Path:
    """Debian's tree with the package: apt and the maintainer scripts ran, by user-mode emulation. Raises `Unready`."""
    tree, stamp = WORK / "root", WORK / "root.stamp"
    of = sha256(package.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == of:
        return tree
    stamp.unlink(missing_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", str(base()), str(tree))
    shutil.copy(package, tree / "srv" / "lintel.deb")
    run("mount", "-t", "proc", "proc", str(tree / "proc"))
    try:
        said = run(
            "chroot", str(tree), "/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
            "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends",
            "/srv/lintel.deb",
        )  # fmt: skip
    finally:
        run("umount", str(tree / "proc"))
    if not (tree / "opt" / "lintel" / "current").exists():
        raise Unready(f"the package was not taken into use: {said[-1500:]}")
    (tree / "srv" / "lintel.deb").unlink()
    stamp.write_text(of)
    return tree


def furnish(tree: Path, unpacked: Path) -> None:
    """The bench: an agent, a camera and what stands before it, settings; and the camera's modules."""
    bench, units = tree / "opt" / "bench", tree / "etc" / "systemd" / "system"
    shutil.rmtree(bench, ignore_errors=True)
    bench.mkdir()
    for file in (*GUEST.glob("*.py"), GUEST / "lens.sh", *(ROOT / "models" / "portraits").glob("*.jpg")):
        shutil.copy(file, bench)
    shutil.copy(GUEST / "10-bench-camera.rules", tree / "etc" / "udev" / "rules.d")
    (units / "multi-user.target.wants").mkdir(exist_ok=True)
    for file in GUEST.glob("*.service"):
        shutil.copy(file, units)
        wanted = units / "multi-user.target.wants" / file.name
        wanted.unlink(missing_ok=True)
        wanted.symlink_to(f"../{file.name}")
    (tree / "etc" / "lintel").mkdir(exist_ok=True)
    shutil.copy(GUEST / "lintel.toml", tree / "etc" / "lintel")
    (tree / "etc" / "fstab").write_text("")
    (tree / "etc" / "hostname").write_text("door\n")
    (tree / "etc" / "machine-id").write_text("")
    modules = tree / "lib" / "modules" / release_of(unpacked)
    shutil.rmtree(modules, ignore_errors=True)
    modules.mkdir(parents=True)
    source = unpacked / "lib" / "modules" / modules.name
    for file in source.glob("modules.*"):
        shutil.copy(file, modules)
    for file in needed(unpacked, "vivid"):
        place = modules / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)


def disk(tree: Path) -> None:
    """`disk`, new: what a run before had written is gone."""
    file = WORK / "disk"
    file.unlink(missing_ok=True)
    run("truncate", f"--size={DISK_MB}M", str(file))
    run("/sbin/mkfs.ext4", "-q", "-d", str(tree), str(file))
