"""What a disk may hold after the power was cut: everything synced, and of the rest any part, in any order, torn.

A file's content is safe up to its last sync; a name that was made, removed or moved, once its folder was synced. What
came later may be there or not, each write by itself, and of a write only its first sectors.
"""

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.power_loss.operations import APPEND, Kind, Operation

SECTOR = 512
_NAMES = frozenset({Kind.MAKE, Kind.REMOVE, Kind.RENAME, Kind.EMPTY})


def whole(operations: Iterable[Operation], before: dict[str, bytes]) -> dict[str, bytes]:
    """The files after all of these operations: what a process leaves that was killed."""
    files = {path: bytearray(content) for path, content in before.items()}
    for operation in operations:
        _apply(operation, files)
    return {path: bytes(content) for path, content in files.items()}


def cut_off(operations: Sequence[Operation], before: dict[str, bytes], chance: random.Random) -> dict[str, bytes]:
    """The files after a power cut at the end of these operations."""
    safe = _safe(operations)
    kept = [
        one if number in safe else _torn(one, chance)
        for number, one in enumerate(operations)
        if number in safe or chance.random() < 0.5
    ]
    return whole(kept, before)


def write_out(files: dict[str, bytes], base: Path, folder: Path) -> None:
    """Puts files that were below `base` below `folder`."""
    for path, content in files.items():
        there = folder / Path(path).relative_to(base)
        there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        there.write_bytes(content)
        there.chmod(0o600)


def read_in(base: Path) -> dict[str, bytes]:
    """The files below a folder."""
    return {str(path): path.read_bytes() for path in base.rglob("*") if path.is_file()}


def _safe(operations: Sequence[Operation]) -> frozenset[int]:
    """The numbers of operations that outlast a power cut."""
    synced: dict[str, int] = {}
    for number, operation in enumerate(operations):
        if operation.kind is Kind.SYNC:
            synced[operation.path] = number
    return frozenset(number for number, one in enumerate(operations) if number < _synced_at(one, number, synced))


def _synced_at(operation: Operation, number: int, synced: dict[str, int]) -> int:
    """When an operation became safe; names are their folder's, and a move is of both its folders."""
    if operation.kind is Kind.RENAME:
        return min(synced.get(str(Path(path).parent), -1) for path in (operation.path, operation.to))
    if operation.kind in _NAMES:
        return synced.get(str(Path(operation.path).parent), -1)
    return synced.get(operation.path, -1) if operation.kind is not Kind.SAY else number


def _torn(operation: Operation, chance: random.Random) -> Operation:
    if operation.kind is not Kind.WRITE or chance.random() < 0.7:
        return operation
    sectors = chance.randrange(len(operation.data) // SECTOR + 1)
    return Operation(Kind.WRITE, operation.path, operation.offset, operation.data[: sectors * SECTOR])


def _apply(operation: Operation, files: dict[str, bytearray]) -> None:
    path = operation.path
    match operation.kind:
        case Kind.MAKE:
            files.setdefault(path, bytearray())
        case Kind.EMPTY:
            files[path] = bytearray()
        case Kind.WRITE if path in files:
            content = files[path]
            at = len(content) if operation.offset == APPEND else operation.offset
            content.extend(bytes(max(0, at - len(content))))
            content[at : at + len(operation.data)] = operation.data
        case Kind.CUT if path in files:
            del files[path][operation.offset :]
            files[path].extend(bytes(max(0, operation.offset - len(files[path]))))
        case Kind.REMOVE:
            files.pop(path, None)
        case Kind.RENAME if path in files:
            files[operation.to] = files.pop(path)
        case _:
            pass
