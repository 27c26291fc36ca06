"""Makes a signed apt repository of the packages in a folder.

    .venv/bin/python scripts/apt_repository.py --key FINGERPRINT [--packages dist] [--into dist/apt] [--valid-days 30]

The key is in the owner's GnuPG keyring and stays there. Needs apt-utils and gpg. What comes out is a folder for any web
server or stick: pool/, dists/RELEASE/ for each release with Packages, Release and InRelease, and lintel.gpg, the key
that each Pi gets by another way.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from debian_tree import MACHINES, RELEASES
from environments import ROOT, EnvironmentProblem

VALID_DAYS = 30
"""A Pi refuses a list that is older, so that no one can hold new versions back for longer: sign again in that time."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where it lies, and what signs it."""

    folder: Path
    key: str
    valid_days: int

    def make(self, packages: list[Path]) -> None:
        """Writes all of it, in place of what was there. Raises `EnvironmentProblem`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for release in RELEASES.values():
            pool = self.folder / "pool" / release.name
            pool.mkdir(parents=True)
            for package in packages:
                if f"+deb{release.number}_" in package.name:
                    shutil.copy(package, pool / package.name)
            self._make_lists(release.name)
        (self.folder / "lintel.gpg").write_bytes(self._run("gpg", "--export", self.key))

    def _make_lists(self, release: str) -> None:
        lists = self.folder / "dists" / release
        for architecture in MACHINES:
            said = self._run("apt-ftparchive", "--arch", architecture, "packages", f"pool/{release}")
            place = lists / "main" / f"binary-{architecture}"
            place.mkdir(parents=True)
            (place / "Packages").write_bytes(said)
        until = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(time.time() + self.valid_days * 86_400))
        told = {
            "Origin": "Lintel",
            "Label": "Lintel",
            "Suite": release,
            "Codename": release,
            "Architectures": " ".join(MACHINES),
            "Components": "main",
        }
        options = [f"-oAPT::FTPArchive::Release::{name}={words}" for name, words in told.items()]
        said = self._run("apt-ftparchive", *options, "release", f"dists/{release}")
        (lists / "Release").write_bytes(f"Valid-Until: {until}\n".encode() + said)
        self._run(
            *("gpg", "--batch", "--yes", "--local-user", self.key, "--digest-algo", "SHA512"),
            *("--output", f"dists/{release}/InRelease", "--clearsign", f"dists/{release}/Release"),
        )
        (lists / "Release").unlink()  # InRelease is the same, signed: an unsigned one invites to be trusted

    def _run(self, program: str, *arguments: str) -> bytes:
        """What it prints."""
        try:
            ended = subprocess.run(
                [program, *arguments],
                cwd=self.folder,
                env=os.environ | {"LC_ALL": "C.UTF-8"},
                capture_output=True,
                check=True,
            )
        except FileNotFoundError:
            raise EnvironmentProblem(f"{program} is missing. On Debian: sudo apt install apt-utils gpg") from None
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            raise EnvironmentProblem(f"{program} ended with exit code {error.returncode}: {said}") from None
        return ended.stdout


def main() -> int:
    """Makes what the command line names."""
    parser = argparse.ArgumentParser(description="Make a signed apt repository of Lintel's packages.")
    parser.add_argument("--key", required=True, help="fingerprint of the owner's key in the GnuPG keyring")
    parser.add_argument("--packages", type=Path, default=ROOT / "dist", help="folder with .deb files")
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "apt", help="folder of the repository, replaced")
    parser.add_argument("--valid-days", type=int, default=VALID_DAYS, help="until when a Pi trusts the lists")
    arguments = parser.parse_args()
    try:
        packages = sorted(arguments.packages.glob("lintel_*.deb"))
        if not packages:
            raise EnvironmentProblem(f"No package is in {arguments.packages}. Build them: make deb")
        if not re.fullmatch(r"[0-9A-Fa-f]{40}", arguments.key):
            raise EnvironmentProblem("--key takes the 40 digits of a fingerprint: gpg --list-secret-keys")
        Repository(arguments.into.resolve(), arguments.key, arguments.valid_days).make(packages)
    except EnvironmentProblem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{arguments.into}: {len(packages)} packages, trusted for {arguments.valid_days} days")
    return 0


if __name__ == "__main__":
    sys.exit(main())
