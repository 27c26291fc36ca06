"""Puts a store that was restored in its place, all of it or nothing, whenever a kill or a power cut comes.

A restored store is made ready in a folder of its own. Once that folder has its mark, what was there before is gone:
whoever opens the store next finishes what was begun.
"""

import fcntl
import os
import shutil
from pathlib import Path

from device.files import flush_folder, keys_folder
from device.store.backup.manifest import DATABASE

STAGE = "restoring"
MARK = "ready"


def stage_of(state: Path) -> Path:
    """The folder in which a restored store is made ready."""
    return state / STAGE


def clear_stage(state: Path) -> None:
    """Removes what an interrupted restore left. Raises `OSError`."""
    for folder in (stage_of(state), keys_folder(stage_of(state))):
        if folder.exists():
            shutil.rmtree(folder)


def commit(state: Path) -> None:
    """Marks a stage as complete, which is the moment it counts from, and puts it in its place. Raises `OSError`."""
    stage = stage_of(state)
    for folder in (stage, keys_folder(stage)):
        if folder.is_dir():
            _flush_all(folder)
    flush_folder(state)
    os.close(os.open(stage / MARK, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    flush_folder(stage)
    finish(state)


def finish(state: Path) -> None:
    """Puts a stage with its mark in its place; nothing to do without one. Raises `OSError`."""
    mark = stage_of(state) / MARK
    if not mark.exists():
        return
    descriptor = os.open(mark, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if mark.exists():
            _install(state)
    finally:
        os.close(descriptor)


def _install(state: Path) -> None:
    stage = stage_of(state)
    _move(keys_folder(stage), keys_folder(state))
    for folder in sorted(path for path in stage.iterdir() if path.is_dir()):
        _move(folder, state / folder.name)
    for path in sorted(path for path in stage.iterdir() if path.is_file() and path.name != MARK):
        if path.suffix == ".db":
            _remove_old(state / path.name)
        path.replace(state / path.name)
    for folder in (state, stage):  # both ends of a move, before the mark goes that would repeat it
        flush_folder(folder)
    clear_stage(state)
    flush_folder(state)


def _move(source: Path, target: Path) -> None:
    if not source.is_dir():
        return
    target.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(source.iterdir()):
        path.replace(target / path.name)
    for folder in (target, source):
        flush_folder(folder)
    source.rmdir()


def _remove_old(database: Path) -> None:
    """A journal of the database before would be rolled back into the new one."""
    if database.exists() or database.name == DATABASE:
        for path in database.parent.glob(f"{database.name}-*"):
            if path.name != f"{database.name}-withdrawn":
                path.unlink()
        database.unlink(missing_ok=True)
        flush_folder(database.parent)


def _flush_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    flush_folder(folder)
