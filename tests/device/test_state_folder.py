"""The folder of the store: what root makes belongs to the service's user, and a file that does not is told at once."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device import files
from device.errors import StoreError
from device.own_store import open_store
from device.readers.osdp.keys import KeyFiles
from device.records import Enrolled
from device.settings.tables import Settings, StoreSettings
from device.state_folder import refuse_root
from tests.device.commands import Lintel

SERVICE = 65534
"""Some user who is not root."""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to somebody else")


class Account:
    """The service's user in `pwd`."""

    pw_uid = pw_gid = SERVICE


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may pass through, as /var/lib; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's user exists."""
    monkeypatch.setattr("pwd.getpwnam", {files.SERVICE_USER: Account}.__getitem__)


@pytest.fixture
def as_service() -> Iterator[None]:
    """This process is not root any more."""
    os.setegid(SERVICE)
    os.seteuid(SERVICE)
    yield
    os.seteuid(0)
    os.setegid(0)


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in (folder, *folder.rglob("*"))}


def opened(folder: Path) -> tuple[Enrolled, ...]:
    with open_store(Settings(store=StoreSettings(state_dir=str(folder)))) as store, store.people() as people:
        return people.everyone()


@pytest.mark.usefixtures("user")
def test_store_made_by_root_before_the_start_is_the_service_s(place: Path) -> None:
    opened(place / "lintel")
    assert (owners(place / "lintel"), (place / "lintel").stat().st_mode & 0o777) == ({SERVICE}, 0o700)


def test_store_made_by_root_in_the_folder_is_the_service_s(place: Path) -> None:
    os.chown(place, SERVICE, SERVICE)
    opened(place)
    assert owners(place) == {SERVICE}


def test_folder_in_the_service_s_folder_is_the_service_s(place: Path) -> None:
    os.chown(place, SERVICE, SERVICE)
    opened(place / "deeper")
    assert owners(place) == {SERVICE}


@pytest.mark.usefixtures("user")
def test_store_in_root_s_home_is_root_s(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place))
    opened(place / ".local" / "state" / "lintel")
    assert owners(place) == {0}


def test_without_the_service_s_user_the_store_is_root_s(place: Path) -> None:
    opened(place / "lintel")
    assert owners(place) == {0}


@pytest.mark.usefixtures("user")
def test_service_opens_what_root_has_made(place: Path, request: pytest.FixtureRequest) -> None:
    opened(place / "lintel")
    request.getfixturevalue("as_service")
    assert opened(place / "lintel") == ()


@pytest.mark.usefixtures("user")
def test_key_that_root_makes_before_the_first_start_is_the_service_s(place: Path) -> None:
    KeyFiles(place / "lintel", "reader").propose(bytes(range(16)))
    assert owners(place / "lintel") == {SERVICE}


def lost(place: Path) -> None:
    """A store of root's in the service's folder, as an earlier version made it."""
    opened(place)
    os.chown(place, SERVICE, SERVICE)


def test_root_is_told_of_a_database_that_the_service_cannot_open(place: Path) -> None:
    lost(place)
    with pytest.raises(StoreError, match=r"lintel\.db belongs to the user root, and its folder to nobody") as refused:
        opened(place)
    assert refused.value.hint == f"Give it to the folder's owner: `sudo chown --recursive nobody: {place}`."


def test_service_is_told_whose_the_database_is(place: Path, request: pytest.FixtureRequest) -> None:
    lost(place)
    request.getfixturevalue("as_service")
    with pytest.raises(StoreError, match="belongs to the user root") as refused:
        opened(place)
    assert "sudo chown --recursive nobody:" in refused.value.hint


def test_operator_is_told_whose_the_folder_is(place: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("as_service")
    with pytest.raises(StoreError, match=r"belongs to the user root, but this command runs as nobody\.") as refused:
        opened(place)
    assert refused.value.hint == (
        "Start the service, which carries the command out for members of its group: docs/operators.md. "
        "Without it, run the command with sudo."
    )


def test_folder_that_cannot_be_made_is_an_error(place: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("as_service")
    with pytest.raises(StoreError, match="Cannot make the folder"):
        opened(place / "lintel")


def test_root_is_root_again_afterwards(place: Path) -> None:
    os.chown(place, SERVICE, SERVICE)
    opened(place)
    assert (os.geteuid(), os.getegid()) == (0, 0)


@pytest.mark.usefixtures("lgpio")
@pytest.mark.parametrize("is_there", [True, False])
def test_service_of_root_does_not_start_in_the_service_s_folder(
    lintel: Lintel,
    user: None,  # noqa: ARG001
    place: Path,
    is_there: bool,
) -> None:
    """A door's mode that root wrote would be unreadable, and the next start of the real service a lockdown."""
    folder = place / "lintel"
    if is_there:
        opened(folder)
    ended = lintel("--state-dir", folder, "run")
    assert (ended.exit_code, "runs it as nobody" in ended.err) == (8, True)
    assert owners(place) == ({0, SERVICE} if is_there else {0})


def test_service_of_root_starts_in_root_s_folder(place: Path) -> None:
    refuse_root(place)
    refuse_root(place / "not" / "there")
    assert (owners(place), list(place.iterdir())) == ({0}, [])


@pytest.mark.usefixtures("user")
def test_keys_that_root_makes_later_are_the_service_s(place: Path) -> None:
    """The store is open by then, and root is root again."""
    with open_store(Settings(store=StoreSettings(state_dir=str(place / "lintel")))) as store:
        store.vault.seal(b"a secret", person_id=1, about=b"x")
    assert (owners(place / "lintel"), owners(place / "lintel-keys")) == ({SERVICE}, {SERVICE})
    assert {path.name for path in (place / "lintel-keys").iterdir()} >= {"device.key"}
