"""The folder of the store, made so that the service can use it: what root makes there belongs to the service's user."""

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from device.errors import StoreError
from device.failures import named
from device.files import heir, keys_folder, make_private


@contextlib.contextmanager
def usable_by_the_service(folder: Path, file_name: str) -> Iterator[None]:
    """Makes the folder if need be. Within the block, what root makes in it belongs to the folder's owner.

    Raises `StoreError` with what to do if the folder or the database in it is another user's than it has to be.
    """
    hint = "Run the command with sudo, or name another folder with --state-dir."
    with named(StoreError, f"Cannot make the folder {folder}", hint=hint):
        make_private(folder)
    owner = folder.stat()
    _refuse_another_s(folder, owner)
    _refuse_another_s_file(folder / file_name, owner)
    _make_room_for_keys(folder, owner)
    with _as_user(owner):
        yield


def refuse_root(folder: Path) -> None:
    """Raises `StoreError` if this is root and the folder is for the service's user, who could not read what root's
    service writes there by and by: a door's mode, keys, the journal of the database.
    """
    if os.geteuid() != 0:
        return
    owner = folder.stat().st_uid if folder.is_dir() else heir(folder)[0]
    if owner != 0:
        name = _name(owner)
        raise StoreError(
            f"The state folder {folder} belongs to the user {name}, who could not read what root writes there.",
            hint=f"Run `sudo systemctl start lintel`, which runs it as {name}.",
        )


def _refuse_another_s(folder: Path, owner: os.stat_result) -> None:
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        name = _name(owner.st_uid)
        raise StoreError(
            f"The folder {folder} belongs to the user {name}, but this command runs as {_name(os.geteuid())}.",
            hint="Start the service, which carries the command out for members of its group: docs/operators.md. "
            "Without it, run the command with sudo.",
        )


def _refuse_another_s_file(path: Path, owner: os.stat_result) -> None:
    """SQLite would say that it cannot open the file, or write to it, but not whose it is."""
    if not path.is_file():
        return
    file_owner = path.stat().st_uid
    is_lost = os.geteuid() == 0 and file_owner != owner.st_uid
    if is_lost or not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        name = _name(owner.st_uid)
        raise StoreError(
            f"The database {path} belongs to the user {_name(file_owner)}, and its folder to {name}.",
            hint=f"Give it to the folder's owner: `sudo chown --recursive {name}: {path.parent}`.",
        )


def _make_room_for_keys(folder: Path, owner: os.stat_result) -> None:
    """The service's user may make no folder beside the state folder, so root does; what is wrong shows with the key."""
    keys = keys_folder(folder)
    if os.geteuid() != 0 or owner.st_uid == 0 or os.path.lexists(keys):
        return
    with contextlib.suppress(OSError):
        keys.mkdir(mode=0o700)
        os.chown(keys, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextlib.contextmanager
def _as_user(owner: os.stat_result) -> Iterator[None]:
    """As root, in the place of `owner`: a new file is theirs, and nothing is reached that is not in their reach."""
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
