"""A signed repository of Lintel's packages in a machine, made and used as docs/install.md says."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system.door import Door
from tests.system.package import built
from tests.system.trees import RELEASES, ROOT, Release

PAGE = ROOT / "docs" / "install.md"
REPOSITORY = "/srv/apt"
KEYRING = "/usr/share/keyrings/lintel.gpg"
SOURCE = "/etc/apt/sources.list.d/lintel.sources"


def release_of(door: Door) -> Release:
    """The release of a door's machine."""
    return next(one for one in RELEASES if one.name in door.machine.name)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who signs a repository: a key in a GnuPG home of its own."""

    home: Path
    key: str
    package: Path
    into: Path

    def publish(self, *options: str) -> None:
        """Makes the repository anew, in the machine."""
        place = self.home / "dist"
        place.mkdir(exist_ok=True)
        copy = place / self.package.name
        if not copy.exists():
            copy.symlink_to(self.package)
        command = [sys.executable, str(ROOT / "scripts" / "apt_repository.py"), "--key", self.key]
        command += ["--packages", str(place), "--into", str(self.into), *options]
        subprocess.run(command, env={**os.environ, "GNUPGHOME": str(self.home)}, capture_output=True, check=True)


@contextlib.contextmanager
def owner_of(door: Door, package: Path | None = None) -> Iterator[Owner]:
    """An owner with a new key, of a package; by default of the one that was built."""
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, "GNUPGHOME": place}
        made = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "owner", "ed25519", "sign", "never"]
        subprocess.run(made, env=environment, capture_output=True, check=True)
        listed = ["gpg", "--list-keys", "--with-colons"]
        said = subprocess.run(listed, env=environment, capture_output=True, text=True, check=True).stdout
        key = re.findall(r"^fpr:+([0-9A-F]{40}):", said, re.MULTILINE)[0]
        into = door.machine.root / REPOSITORY.lstrip("/")
        try:
            yield Owner(Path(place), key, package or built(release_of(door)), into)
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], env=environment, capture_output=True, check=False)


def use_source(door: Door) -> None:
    """The page's source is the only one of the machine's apt."""
    (source,) = re.findall(r"^```deb822\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    source = re.sub(r"^URIs: .*$", f"URIs: file:{REPOSITORY}", source, flags=re.MULTILINE)
    source = re.sub(r"^Suites: .*$", f"Suites: {release_of(door).name}", source, flags=re.MULTILINE)
    door.machine.write(SOURCE, source)
    door.machine.write("/etc/apt/sources.list", "")
