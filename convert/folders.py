"""Which files of a folder a command did not read, and why: between the commands that read folders and their reports."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from device.failures import in_words
from device.images import SUFFIXES
from device.terminal import say

SHOWN = 10
"""How many files are named in text; `align`, `cluster` and `evaluate` name all in JSON."""
_NOTES = frozenset({"thumbs.db", "desktop.ini", "alignment.json", "groups.csv", "pairs.txt", "pairs.csv", "readme.md"})
"""What systems and our own commands put beside pictures."""
NOT_A_PICTURE = "not a picture by the ending of its name"
ELSEWHERE = "not in a person's folder"


def left_out(folder: Path, taken: Iterable[Path]) -> dict[Path, str]:
    """The files below a folder that are not among those `taken`, sorted, with the reason; hidden ones are not meant."""
    known, found = set(taken), dict[Path, str]()

    def unreadable(error: OSError) -> None:
        found[Path(os.fsdecode(error.filename))] = in_words(error)

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(where, name)
            if path not in known and not name.startswith(".") and name.lower() not in _NOTES:
                found[path] = ELSEWHERE if path.suffix.lower() in SUFFIXES else NOT_A_PICTURE
    return dict(sorted(found.items()))


def listed(heading: str, files: Mapping[Path, str]) -> list[str]:
    """A heading, and the first of the files, a line each with the reason."""
    lines = [f"  {click.format_filename(path)}: {why}" for path, why in list(files.items())[:SHOWN]]
    more = len(files) - SHOWN
    return [heading, *lines, *([f"  and {more} more"] if more > 0 else [])]


def left_out_lines(files: Mapping[Path, str]) -> list[str]:
    """What of a folder was not read, if anything was not."""
    return listed(f"files left out: {len(files)}", files) if files else []


def as_json(files: Mapping[Path, str], name: str) -> list[dict[str, str]]:
    """All of them, the file under `name`."""
    return [{name: click.format_filename(path), "why": why} for path, why in files.items()]


def note_left_out(folder: Path, taken: Iterable[Path]) -> None:
    """Says on standard error what of a folder is not read, if anything is not."""
    _note(left_out_lines(left_out(folder, taken)))


def note_failures(failures: Mapping[Path, str], pictures: int) -> None:
    """Says on standard error which of so many pictures gave no face, if any gave none."""
    _note(listed(f"pictures without a face: {len(failures)} of {pictures}", failures) if failures else [])


def _note(lines: list[str]) -> None:
    if lines:
        say("\n".join([f"Note: {lines[0]}", *lines[1:]]), err=True)
