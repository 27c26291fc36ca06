"""What an operator's program carries to a command that the service runs: words, files, and back what was written."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import click

from device.cli.paths import leaf_of, path_values, writes
from device.control.channel import Channel, close_all
from device.control.command_messages import MOST_FILES, Files, Words
from device.errors import LintelError

MOST_NAMED = 20_000
MOST_COPIED = 512 << 20
"""Bytes of files that the service's user could not open again by itself, and that are copied in memory."""
_READABLE = 0o004


@dataclass(frozen=True, slots=True)
class Carried:
    """The arguments of one command, as seen from the folder where the operator stands."""

    arguments: tuple[str, ...]
    reads: tuple[str, ...]
    """Files by their absolute paths."""
    writes: tuple[str, ...]
    """Files and folders that the command may write, likewise."""


def carried(words: Sequence[str], arguments: Sequence[str], folder: str) -> Carried:
    """What a command's arguments name. Raises `LintelError` for a folder with too many files."""
    given = list(path_values(*leaf_of(words), arguments))
    places = {_place(value, folder): parameter for parameter, value in given}
    folders = {place for place, parameter in places.items() if writes(parameter) and Path(place).is_dir()}
    reads = [file for place, parameter in places.items() if not writes(parameter) for file in _files(place)]
    if len(reads) > MOST_NAMED:
        raise LintelError(
            f"The folders that are named hold {len(reads)} files, expected at most {MOST_NAMED}.",
            hint="Do it folder by folder.",
        )
    return Carried(
        tuple(_marked(_from_here(one, places.keys(), folder), folders, folder) for one in arguments),
        tuple(reads),
        tuple(place for place, parameter in places.items() if writes(parameter)),
    )


def _place(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, os.path.expanduser(path)))  # noqa: PTH111, PTH118 - links stay


def _from_here(argument: str, places: "Sequence[str] | object", folder: str) -> str:
    """An argument, with a path in it that leads elsewhere as one that begins in the operator's folder."""
    option, is_option, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    leads_elsewhere = value.startswith(("/", "~")) or ".." in value.split("/")
    if not leads_elsewhere or _place(value, folder) not in places:  # type: ignore[operator]  # a set of them
        return argument
    return f"{option}{is_option}{os.path.relpath(_place(value, folder), folder)}"


def _marked(argument: str, folders: Set[str], folder: str) -> str:
    """With a slash behind a folder that the command may write into: there it is one too."""
    return f"{argument.rstrip('/')}/" if folders and _place(argument, folder) in folders else argument


def _files(place: str) -> Iterator[str]:
    """A file, or those in a folder and the folders in it."""
    if Path(place).is_dir():
        for folder, _, names in os.walk(place):
            yield from (f"{folder}/{name}" for name in sorted(names))
    elif Path(place).is_file():
        yield place


def send(channel: Channel, what: Carried) -> None:
    """Sends arguments and files. Raises `OSError`, `LintelError`."""
    for chunk in _chunks(what.arguments, MOST_FILES):
        channel.send(Words(tuple(map(os.fsencode, chunk))))
    copied = 0
    for chunk in _chunks(what.reads, MOST_FILES):
        opened: list[int] = []
        try:
            for name in chunk:
                opened.append(os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
                copied += _made_readable(opened, name, copied)
            channel.send(Files(tuple(map(os.fsencode, chunk))), opened)
        finally:
            close_all(opened)


def _chunks(items: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    yield from (tuple(items[at : at + most]) for at in range(0, len(items), most))


def _made_readable(opened: list[int], name: str, copied: int) -> int:
    """Puts a copy in memory in the place of the last one, if others may not read it; how large that is."""
    status = os.fstat(opened[-1])
    if status.st_mode & _READABLE:
        return 0
    if copied + status.st_size > MOST_COPIED:
        raise LintelError(
            f"{name} and the files before it may not be read by the service's user, and are too large to hand over.",
            hint="Let others read them: `chmod -R o+rX FOLDER`; the folders around it may stay closed.",
        )
    memory = os.memfd_create(Path(name).name, os.MFD_CLOEXEC)
    with open(opened[-1], "rb", closefd=True) as source, open(memory, "wb", closefd=False) as copy:  # noqa: PTH123
        shutil.copyfileobj(source, copy)
    opened[-1] = os.open(f"/proc/self/fd/{memory}", os.O_RDONLY | os.O_CLOEXEC)
    os.close(memory)
    return status.st_size


def receive(name: str, descriptor: int, what: Carried) -> None:
    """Puts a file that the command wrote where the arguments said. Raises `OSError`, `LintelError`."""
    with open(descriptor, "rb") as content:
        if os.path.normpath(name) != name or not any(name == one or name.startswith(f"{one}/") for one in what.writes):
            raise LintelError(f"The service sent a file that was not asked for: {name!r}.", hint="Report this.")
        place = Path(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".lintel-", delete=False) as file:
            try:
                shutil.copyfileobj(content, file)
                os.fchmod(file.fileno(), os.fstat(content.fileno()).st_mode & 0o777)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(place)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise


def own_options(words: Sequence[str], arguments: Sequence[str], options: Sequence[str]) -> bool:
    """Whether one of these options is given."""
    command, context = leaf_of(words)
    from device.cli.paths import values

    given = values(command, context, arguments)
    named = (one for one in command.params if isinstance(one, click.Option) and set(one.opts) & set(options))
    return any(given.get(one.name or "") not in (None, False, ()) for one in named)
