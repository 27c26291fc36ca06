"""What a process does to files, as strace recorded it: each write, sync, cut, removal and rename, and what it said.

The real store runs unchanged: no file system layer of SQLite's is in the way, and the files that Lintel writes by
itself are recorded as well.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
CALLS = "openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat"
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(.*)$")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"^\d+<((?:\\x[0-9a-f]{2})*)>")


APPEND = -1
"""The offset of a write at the end of the file, wherever that is."""


class Kind(Enum):
    """What an operation does."""

    MAKE = auto()
    EMPTY = auto()
    WRITE = auto()
    CUT = auto()
    SYNC = auto()
    REMOVE = auto()
    RENAME = auto()
    SAY = auto()


@dataclass(frozen=True, slots=True)
class Operation:
    """One of them, on a path below the folder that is watched; `said` is a line of the process's own."""

    kind: Kind
    path: str = ""
    offset: int = 0
    data: bytes = b""
    to: str = ""
    said: str = ""


def recorded(command: list[str], folder: Path) -> tuple[Operation, ...]:
    """All that a command does below a folder, in its order. Raises `AssertionError` if it fails."""
    with tempfile.TemporaryDirectory() as elsewhere:
        log = Path(elsewhere) / "log"
        tracing = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "16777216", "-o", str(log)]
        whole = [*tracing, "-e", f"trace={CALLS}", sys.executable, *command]
        ran = subprocess.run(whole, stdout=subprocess.PIPE, env=ENVIRONMENT, check=False)
        assert ran.returncode == 0, ran.returncode
        return tuple(_operations(log.read_text(), str(folder)))


def _operations(log: str, folder: str) -> Iterator[Operation]:
    offsets: dict[str, int] = {}
    for line in _whole_lines(log):
        found = _LINE.match(line)
        if found and int(found[3]) >= 0:
            operation = _operation(found[1], found[2], found[4], offsets)
            if operation and (operation.kind is Kind.SAY or _is_below(operation.path, folder)):
                yield operation


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _whole_lines(log: str) -> Iterator[str]:
    """Calls that another thread's interrupted, put together again where they ended."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        thread = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
        elif resumed := re.match(r"^\d+ +<\.\.\. \w+ resumed>(.*)$", line):
            yield f"{begun.pop(thread, '')}{resumed[1]}"
        else:
            yield line


def _operation(call: str, arguments: str, result: str, offsets: dict[str, int]) -> Operation | None:
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    found = _DESCRIPTOR.match(arguments)
    path = _text(found[1]) if found else ""
    match call:
        case "openat":
            return _opened(arguments, result, offsets)
        case "pwrite64":
            return Operation(Kind.WRITE, path, int(arguments.rsplit(", ", 1)[1]), texts[0])
        case "write" if arguments.startswith("1<"):
            return Operation(Kind.SAY, said=texts[0].decode().strip())
        case "write":
            at = offsets.get(path, 0)
            offsets[path] = at if at == APPEND else at + len(texts[0])
            return Operation(Kind.WRITE, path, at, texts[0])
        case "ftruncate":
            return Operation(Kind.CUT, path, int(arguments.rsplit(", ", 1)[1]))
        case "fsync" | "fdatasync":
            return Operation(Kind.SYNC, path)
        case "unlink" | "unlinkat":
            return Operation(Kind.REMOVE, _within(arguments, texts[0]))
        case "rename" | "renameat" | "renameat2":
            there = re.findall(r"(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>", arguments)
            folders = [_text(one) for one in there] if len(there) > 1 else ["", ""]
            source, target = (str(Path(folder) / text.decode()) for folder, text in zip(folders, texts, strict=False))
            return Operation(Kind.RENAME, source, to=target)
    return None


def _opened(arguments: str, result: str, offsets: dict[str, int]) -> Operation | None:
    opened = re.match(r"^<((?:\\x[0-9a-f]{2})*)>", result)
    if opened is None:
        return None
    path = _text(opened[1])
    offsets[path] = APPEND if "O_APPEND" in arguments else 0
    if "O_CREAT" not in arguments and "O_TRUNC" not in arguments:
        return None
    return Operation(Kind.EMPTY if "O_TRUNC" in arguments else Kind.MAKE, path)


def _within(arguments: str, name: bytes) -> str:
    found = re.match(r"^(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>", arguments)
    return str(Path(_text(found[1]) if found else "") / name.decode())


def _text(hexadecimal: str) -> str:
    return bytes.fromhex(hexadecimal.replace("\\x", "")).decode()
