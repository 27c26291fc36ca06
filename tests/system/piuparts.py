"""Debian's piuparts on the built packages, as root: `python -m tests.system.piuparts [--release NAME]`.

It installs, upgrades and purges in a copy of the tree of a release, and compares all files before and after.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.system.package import NUMBERS, built, variant
from tests.system.trees import RELEASES, Release, Unready, debian_source, run, tree

BEFORE = "0.0.9"
LEFT = {
    "var/lib/lintel(/.*)?": "people, badges and the audit stay unless the settings say that they go: docs/install.md",
    "var/lib/lintel-(keys|link|watch)(/.*)?": "the same",
    "var/backups/lintel/.*": "backups always stay",
    "opt": "dpkg takes a folder with the last package that has something in it, and no package has /opt alone",
}
"""What a purge may leave or take, and why. The user is in /etc/passwd, which piuparts itself leaves out."""
TESTS = re.compile(r"^.*?(PASS|FAIL|ERROR|WARN): (.*)$", re.MULTILINE)


def main() -> int:
    """A line for each release; 1 if piuparts was not content, 2 if it could not be tried."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.piuparts", description=__doc__)
    parser.add_argument("--release", choices=[one.name for one in RELEASES], help="only this one")
    parser.add_argument("--log", type=Path, help="folder for what piuparts says")
    chosen = parser.parse_args()
    failed = False
    try:
        for release in RELEASES:
            if chosen.release in (None, release.name):
                began = time.monotonic()
                code, said = tried(release)
                if chosen.log is not None:
                    (chosen.log / f"piuparts-{release.name}.log").write_text(said, encoding="utf-8")
                for level, words in TESTS.findall(said):
                    print(f"{release.name} {level}: {words}")
                failed = failed or bool(code)
                print(f"{release.name}: piuparts ended with {code} after {time.monotonic() - began:.0f} s", flush=True)
    except Unready as why:
        print(f"error: {why}", file=sys.stderr)
        return 2
    return int(failed)


def tried(release: Release) -> tuple[int, str]:
    """Exit code, and all that it says. Raises `Unready`."""
    with tempfile.TemporaryDirectory(dir=tree(release).parent.parent) as place:
        folder, chroots = Path(place, "repository"), Path(place, "chroots")
        folder.mkdir()
        chroots.mkdir()
        before = variant(release, f"{BEFORE}+deb{NUMBERS[release.name]}")
        (folder / before.name).hardlink_to(before)
        (folder / "Packages").write_text(run("apt-ftparchive", "packages", str(folder)).replace(str(folder), "."))
        command = [
            "piuparts", "--distribution", release.name, "--existing-chroot", str(tree(release)),
            "--tmpdir", str(chroots),
            "--mirror", f"{debian_source()} main", "--extra-repo", f"deb [trusted=yes] file://{folder} ./",
            "--bindmount", str(folder), "--no-eatmydata", "--warn-on-others", "--pedantic-purge-test",
            *(f"--ignore-regexp=^/{regex}/?$" for regex in LEFT), str(built(release)),
        ]  # fmt: skip
        try:
            ended = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
            )
        except FileNotFoundError:
            raise Unready("piuparts is missing. On Debian: sudo apt install piuparts apt-utils") from None
    return ended.returncode, ended.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
