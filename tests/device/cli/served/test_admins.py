"""What an admin who is not root does by the service: keys, and backups into a place of their own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.records import Event
from device.store.backup.container import MAGIC
from device.store.store import Store
from tests.device.cli.served.house import ADA, ANNA, GATE, House

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
FORBIDDEN = 7


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder of Ada's own, with a passphrase that no one else can read."""
    folder = Path(tempfile.mkdtemp(prefix="ada-"))
    secret = folder / "passphrase"
    secret.write_text("correct horse battery staple\n")
    secret.chmod(0o600)
    for each in (folder, secret):
        os.chown(each, ADA, GATE)
    yield folder
    shutil.rmtree(folder)


def rows(house: House, event: Event) -> list[str | None]:
    with Store(house.state) as store, store.audit() as audit:
        return [row.by for row in audit if row.event is event]


def test_admin_saves_a_backup_into_a_folder_of_their_own(house: House, place: Path) -> None:
    secret = str(place / "passphrase")
    done = house.by(ADA, "backup", "save", str(place), "--passphrase-file", secret, login=str(ADA))
    assert done.code == 0, done.err
    (made,) = place.glob("lintel-*.backup")
    assert (made.read_bytes()[: len(MAGIC)], made.stat().st_uid, made.stat().st_mode & 0o777) == (MAGIC, ADA, 0o600)
    assert rows(house, Event.BACKUP_MADE) == ["ada"]
    assert house.lintel("backup", "show", str(made), "--passphrase-file", secret, served=False).code == 0


def test_admin_saves_a_backup_under_a_name(house: House, place: Path) -> None:
    target = place / "mine.backup"
    done = house.by(ADA, "backup", "save", str(target), "--passphrase-file", str(place / "passphrase"))
    assert (done.code, target.read_bytes()[: len(MAGIC)]) == (0, MAGIC), done.err


def test_admin_sees_and_rotates_the_key(house: House) -> None:
    assert house.by(ADA, "keys", "status").code == 0
    done = house.by(ADA, "keys", "rotate", "--json", login=str(ADA))
    assert done.code == 0, done.err
    assert rows(house, Event.KEY_ROTATED) == ["ada"]


@pytest.mark.parametrize("words", ["backup save /tmp/never.backup", "keys status", "keys rotate", "keys init"])
def test_enroller_does_none_of_it(house: House, words: str) -> None:
    assert house.by(ANNA, *words.split()).code == FORBIDDEN
    assert not Path("/tmp/never.backup").exists()


def test_restore_says_that_the_service_has_to_be_stopped(house: House, place: Path) -> None:
    done = house.by(ADA, "restore", str(place / "passphrase"), "--passphrase-file", str(place / "passphrase"))
    assert (done.code, "sudo systemctl stop lintel" in done.err) == (7, True), done.err
