"""A root folder in which the package's own scripts run, with stand-ins for the service manager and the program."""

import os
import re
import shutil
import subprocess
from pathlib import Path

PACKAGING = Path(__file__).parents[2] / "packaging"
TURN = PACKAGING / "bin" / "turn"
OLD, NEW = "0.1.0+deb12", "0.1.1+deb12"
SYSTEMCTL = """
echo "$@" >>"$LINTEL_ROOT/systemctl"
case "$1" in
show) cat "$LINTEL_ROOT/service" 2>/dev/null || echo active ;;
start) [ "$2" != lintel.service ] || [ ! -e "$LINTEL_ROOT/start-fails" ] ;;
esac
"""
RUNUSER = 'shift 3; [ "$1" = env ] && shift 2; exec "$@"'
PROGRAM = """
case "$*" in
*--then-restart*)
    [ ! -e "$LINTEL_ROOT/comes" ] || {{ mv "$LINTEL_ROOT/comes" "$LINTEL_ROOT/released"; exit 1; }}
    [ ! -e "$LINTEL_ROOT/no-restart" ] || exit 7
    systemctl restart --no-block lintel.service ;;
*--until-quiet*) if [ -e "$LINTEL_ROOT/released" ]; then exit 1; fi ;;
*--record-failure*) ;;
*self-test*) {self_test} ;;
esac
"""
KILLER = """
read -r at <"$LINTEL_ROOT/count"
echo $((at - 1)) >"$LINTEL_ROOT/count"
if [ "$at" = 0 ]; then
    read -r script <"$LINTEL_ROOT/script"
    kill -9 "-$script"
    kill -9 0
fi
if [ -e "$LINTEL_ROOT/stand-ins/${0##*/}" ]; then exec "$LINTEL_ROOT/stand-ins/${0##*/}" "$@"; fi
exec "/usr/bin/${0##*/}" "$@"
"""
"""Stands before each program; the one whose turn it is kills the script and all that it started instead."""
PROGRAMS = ("awk", "cat", "cp", "dpkg", "flock", "ln", "mkdir", "mv", "readlink", "rm", "rmdir", "runuser", "sleep")
MORE_PROGRAMS = ("systemctl", "tail", "timeout", "tr")
PATHS = re.compile(r"(?<![\w/}])/(?=(?:opt|var|etc|run|usr/libexec|usr/share)/)")


class Pi:
    """A root folder with versions whose program is a shell script."""

    def __init__(self, root: Path) -> None:
        self.root = root
        write(root / "stand-ins" / "systemctl", SYSTEMCTL)
        write(root / "stand-ins" / "runuser", RUNUSER)
        for folder in ("usr/share/lintel", "run/systemd/system"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": f"{root}/stand-ins:{os.environ['PATH']}",
            "LINTEL_ROOT": str(root),
            "LINTEL_SETTLE_S": "0",
            "LINTEL_QUIET_S": "1",
        }

    def unpack(self, version: str, self_test: str = "exit 0") -> None:
        """As dpkg does: the version before goes."""
        shutil.rmtree(self.root / "opt" / "lintel" / OLD, ignore_errors=True)
        tree = self.root / "opt" / "lintel" / version
        write(tree / "share" / "units" / "lintel.service", f"# of {version}", mode=0o644)
        write(self.root / "usr/lib/systemd/system/lintel.service", f"# of {version}", mode=0o644)
        (tree / "share" / "build").write_text("1234\n")
        write(tree / "env" / "bin" / "python3", PROGRAM.format(self_test=self_test))
        (self.root / "usr" / "share" / "lintel" / "version").write_text(f"{version}\n")

    def turn(self, *arguments: str) -> int:
        """Its exit code."""
        return subprocess.run([TURN, *arguments], env=self.environment, capture_output=True, check=False).returncode

    def run(self, script: str, *arguments: str, killed_at: int = -1) -> int:
        """A maintainer script, killed where it would start its n-th program, if that is not negative: the exit code."""
        text = (PACKAGING / "debian" / script).read_text().replace("@VERSION@", NEW)
        file = self.root / "scripts" / script
        write(file, PATHS.sub(f"{self.root}/", text.partition("\n")[2]))
        if not (self.root / "usr/libexec/lintel/turn").exists():
            write(self.root / "usr/libexec/lintel/turn", TURN.read_text().partition("\n")[2])
        for name in (*PROGRAMS, *MORE_PROGRAMS):
            if not (self.root / "killers" / name).exists():
                write(self.root / "killers" / name, KILLER)
        (self.root / "count").write_text(f"{killed_at}\n")
        environment = self.environment
        if killed_at >= 0:
            environment = {**environment, "PATH": f"{self.root}/killers:{environment['PATH']}"}
        started = subprocess.Popen(
            ["/bin/sh", "-c", 'echo $$ >"$LINTEL_ROOT/script"; exec "$0" "$@"', file, *arguments],
            env=environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return started.wait()

    @property
    def used(self) -> str:
        """The tree that the link names; it is there."""
        return (self.root / "opt" / "lintel" / "current").resolve(strict=True).name

    @property
    def asked(self) -> list[str]:
        """What the service manager was asked, since this was asked last."""
        file = self.root / "systemctl"
        said = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return said

    def mark(self, name: str) -> str:
        """A mark's words, "" without it."""
        path = self.root / "var" / "lib" / "lintel-upgrade" / name
        return path.read_text().strip() if path.exists() else ""


def write(file: Path, text: str, *, mode: int = 0o755) -> None:
    """A script."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(mode)
