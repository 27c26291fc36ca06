"""Signed packages by real apt, GnuPG and minisign: what was tampered with or is old is refused as documented."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
NEEDED = ("apt-get", "apt-ftparchive", "gpg", "gpgconf", "dpkg-deb")
METHODS = 'Dir::Bin::Methods "/usr/lib/apt/methods";'
apt_only = pytest.mark.skipif(
    not all(shutil.which(name) for name in NEEDED), reason="apt-ftparchive, gpg or dpkg-deb is not installed"
)
minisign_only = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("minisign", "dpkg-deb")), reason="minisign or dpkg-deb is not installed"
)


def package(folder: Path, version: str = "0.1.1+deb12") -> Path:
    """A package with nothing in it but its name and version."""
    tree = folder / f"tree-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    said = f"Package: lintel\nVersion: {version}\nArchitecture: arm64\nMaintainer: A <a@localhost>\nDescription: door\n"
    (tree / "DEBIAN" / "control").write_text(said)
    made = folder / f"lintel_{version}_arm64.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "-b", tree, made], capture_output=True, check=True)
    return made


class Owner:
    """A key in a GnuPG home of its own, a repository, and a root in which apt reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repository, self.root = folder, folder / "apt", folder / "root"
        home = folder / "gnupg"
        home.mkdir(mode=0o700)
        (folder / "dist").mkdir()
        package(folder / "dist")
        self.environment = {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}
        command = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "owner", "ed25519", "sign", "never"]
        subprocess.run(command, env=self.environment, capture_output=True, check=True)
        said = subprocess.run(
            ["gpg", "--list-keys", "--with-colons"], env=self.environment, capture_output=True, text=True, check=True
        ).stdout
        self.key = re.findall(r"^fpr:+([0-9A-F]{40}):", said, re.MULTILINE)[0]
        for place in ("etc/apt/sources.list.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            (self.root / place).mkdir(parents=True)
        (self.root / "var/lib/dpkg").mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()

    def publish(self, *options: str) -> None:
        command = [sys.executable, ROOT / "scripts" / "apt_repository.py", "--key", self.key, "--packages"]
        command += [self.folder / "dist", "--into", self.repository, *options]
        subprocess.run(command, env=self.environment, capture_output=True, check=True)
        (source,) = re.findall(r"^```deb822\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        source = re.sub(r"^URIs: .*$", f"URIs: file:{self.repository}", source, flags=re.MULTILINE)
        keyring = self.folder / "lintel.gpg"
        source = source.replace("/usr/share/keyrings/lintel.gpg", str(keyring))
        if not keyring.exists():
            shutil.copy(self.repository / "lintel.gpg", keyring)
        (self.root / "etc/apt/sources.list.d/lintel.sources").write_text(source)

    def apt(self, *arguments: str) -> tuple[int, str]:
        """Exit code, and all that it says."""
        settings = self.folder / "apt.conf"  # read before the machine's own, and instead of it
        said = f'Dir "{self.root}"; Dir::State::status "{self.root}/var/lib/dpkg/status"; APT::Architecture "arm64";'
        settings.write_text(f'{said} APT::Architectures "arm64"; APT::Sandbox::User ""; {METHODS}')
        environment = {**self.environment, "APT_CONFIG": str(settings)}
        command = ["apt-get", *arguments]
        ended = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return ended.returncode, ended.stdout

    def lists(self) -> Path:
        return self.repository / "dists" / "bookworm" / "InRelease"


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    owner = Owner(tmp_path_factory.mktemp("owner"))
    yield owner
    subprocess.run(["gpgconf", "--kill", "all"], env=owner.environment, capture_output=True, check=False)


@apt_only
def test_apt_takes_the_package_of_a_signed_repository(owner: Owner) -> None:
    owner.publish()
    assert "\nValid-Until: " in owner.lists().read_text()
    assert owner.apt("update")[0] == 0
    code, said = owner.apt("install", "--simulate", "lintel")
    assert (code, "Inst lintel (0.1.1+deb12" in said) == (0, True)


@apt_only
def test_apt_refuses_a_list_of_another_key(owner: Owner) -> None:
    owner.publish()
    text = owner.lists().read_text()
    owner.lists().write_text(text.replace("Label: Lintel", "Label: Lintem"))
    code, said = owner.apt("update", "-oAPT::Update::Error-Mode=any")
    assert (code != 0, "BADSIG" in said) == (True, True)


@apt_only
def test_apt_refuses_a_list_past_its_time(owner: Owner) -> None:
    owner.publish("--valid-days", "-1")
    code, said = owner.apt("update", "-oAPT::Update::Error-Mode=any")
    assert (code != 0, "expired" in said) == (True, True)


@apt_only
def test_apt_refuses_a_tampered_package(owner: Owner) -> None:
    owner.publish()
    assert owner.apt("update")[0] == 0
    (published,) = owner.repository.glob("pool/bookworm/*.deb")
    published.write_bytes(published.read_bytes()[:-1] + b"!")
    code, said = owner.apt("install", "--yes", "--download-only", "lintel")
    assert (code != 0, "Hash Sum mismatch" in said or "unexpected size" in said) == (True, True)


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A folder with a package, signed as documented; the key has no password, as it asks for one otherwise."""
    package(tmp_path)
    subprocess.run(
        ["minisign", "-G", "-W", "-p", "lintel.pub", "-s", "lintel.key"], cwd=tmp_path, capture_output=True, check=True
    )
    (documented,) = re.findall(r"^packaging/bin/sign (.*)$", PAGE, re.MULTILINE)
    command = f"{ROOT}/packaging/bin/sign {documented.replace('dist/', '')}"
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    return tmp_path


def checked(folder: Path) -> tuple[int, str]:
    """The first documented command: its exit code, and what it says."""
    (documented,) = re.findall(r"^(minisign -V .*)$", PAGE, re.MULTILINE)
    ended = subprocess.run(["/bin/sh", "-c", documented], cwd=folder, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


@minisign_only
def test_documented_check_names_version_and_sum(signed: Path) -> None:
    code, said = checked(signed)
    assert code == 0
    assert re.search(r"^Trusted comment: lintel 0\.1\.1\+deb12 sha256:[0-9a-f]{64}$", said, re.MULTILINE)


@minisign_only
def test_documented_check_refuses_a_tampered_package(signed: Path) -> None:
    (file,) = signed.glob("*.deb")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert checked(signed)[0] != 0


@minisign_only
def test_documented_check_refuses_a_tampered_comment(signed: Path) -> None:
    (file,) = signed.glob("*.minisig")
    file.write_text(file.read_text().replace("lintel 0.1.1", "lintel 0.1.2"))
    assert checked(signed)[0] != 0


@minisign_only
@pytest.mark.parametrize(
    ("newest", "is_newer"), [("", True), ("0.1.0+deb12", True), ("0.1.1+deb12", True), ("0.1.2+deb12", False)]
)
def test_documented_check_refuses_an_old_version(signed: Path, newest: str, is_newer: bool) -> None:
    (documented,) = re.findall(r"^(dpkg --compare-versions .*)$", PAGE, re.MULTILINE)
    if newest:
        (signed / "newest").write_text(f"{newest}\n")
    command = documented.replace("/var/lib/lintel-upgrade/newest", f"{signed}/newest")
    ended = subprocess.run(["/bin/sh", "-c", command], cwd=signed, capture_output=True, text=True, check=False)
    assert (ended.stdout == "newer\n", ended.returncode == 0) == (is_newer, is_newer)


@pytest.mark.parametrize("page", ["docs/install.md", "systemd/README.md"])
def test_both_checks_stand_before_the_installation(page: str) -> None:
    """Each document that installs a file is one of these."""
    said, installs = (ROOT / page).read_text(), "\nsudo apt install ./lintel"
    checks = re.findall(r"^(?:minisign -V|dpkg --compare-versions) .*$", PAGE, re.MULTILINE)
    assert len(checks) == 2
    assert all(0 <= said.find(check) < said.index(installs) for check in checks)


def test_only_known_documents_install_a_file() -> None:
    pages = [path for place in ("docs", "systemd") for path in (ROOT / place).rglob("*.md")]
    installing = {
        path.relative_to(ROOT).as_posix() for path in pages if "\nsudo apt install ./lintel" in path.read_text()
    }
    assert installing == {"docs/install.md", "systemd/README.md"}
