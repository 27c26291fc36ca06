"""The pickles in PyTorch's files as plain values: a stack machine of the few instructions they use; it calls nothing.

Unpickling runs whatever a file names. This machine knows four names and makes records of them; every other name, and
every other instruction, is refused. The instructions are those that Python's protocol 2 writes for a state dict.
"""

import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import IO, Any

from convert.errors import WeightsError

MAX_NAME = 80
MAX_INSTRUCTIONS = 1_000_000
"""Maximum number of instructions; a state dict has some ten for each tensor."""


class Known(Enum):
    """The globals a state dict needs, as module and name."""

    ORDERED_DICT = "collections OrderedDict"
    TENSOR = "torch._utils _rebuild_tensor_v2"
    FLOAT_STORAGE = "torch FloatStorage"
    LONG_STORAGE = "torch LongStorage"


@dataclass(frozen=True, slots=True)
class StorageReference:
    """Where a tensor's numbers lie: `kind` and `size` numbers under `key`. Nothing of it has been checked."""

    kind: object
    key: object
    size: object


@dataclass(frozen=True, slots=True)
class TensorReference:
    """A tensor as it is described: a view of a storage. Nothing of it has been checked."""

    storage: object
    offset: object
    shape: object
    strides: object


def read_pickle(file: IO[bytes]) -> object:
    """The value of the pickle at the file's position, which is left behind it. Raises `WeightsError`."""
    machine = _Machine()
    try:
        for number, (name, argument) in enumerate(_instructions(file)):
            if number >= MAX_INSTRUCTIONS:
                raise refused(f"expected at most {MAX_INSTRUCTIONS} instructions in its pickle, received more")
            machine.do(name, argument)
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise refused(f"its pickle is damaged: {str(error)[:MAX_NAME]}") from None
    return machine.stack[0]


def refused(what: str) -> WeightsError:
    """The error of a file that is not a state dict, or not only one."""
    return WeightsError(f"Not a PyTorch state dict: {what}.", hint="Give an intact file, as it was published.")


def _instructions(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Names and arguments up to the last instruction; the argument of an unknown one is not even read."""
    while code := file.read(1):
        instruction = _BY_CODE.get(code.decode("latin-1"))
        name = f"0x{code.hex()}" if instruction is None else instruction.name
        if instruction is None or name not in _KNOWN:
            raise refused(f"its pickle has the instruction {name}, which no state dict needs")
        yield name, _two_lines(file) if name == "GLOBAL" else instruction.arg and instruction.arg.reader(file)
        if name == "STOP":
            return
    raise ValueError("it is cut off")


def _two_lines(file: IO[bytes]) -> str:
    """A module and a name, as `pickle` reads them; `pickletools` would look for escapes in them."""
    return f"{file.readline().decode()[:-1]} {file.readline().decode()[:-1]}"


@dataclass(slots=True)
class _Machine:
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def do(self, name: str, argument: Any) -> None:  # noqa: ANN401 - its type is the instruction's
        if name in _LITERALS:
            self.stack.append(_LITERALS[name]())
        elif name in _NUMBERS_AND_TEXTS:
            self.stack.append(argument)
        else:
            _INSTRUCTIONS[name](self, argument)

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def last(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError("its stack is empty")
        values = self.stack[-count:]
        del self.stack[-count:]
        return values


def _protocol(_: _Machine, version: int) -> None:
    if version != 2:
        raise refused(f"expected a pickle of protocol 2, received {version}")


def _global(machine: _Machine, name: str) -> None:
    try:
        machine.stack.append(Known(name))
    except ValueError:
        raise refused(f"its pickle names {name.replace(' ', '.')[:MAX_NAME]}, which no state dict needs") from None


def _reduce(machine: _Machine, _: object) -> None:
    called, arguments = machine.last(2)
    match called, arguments:
        case Known.ORDERED_DICT, ():
            machine.stack.append({})
        case Known.TENSOR, (StorageReference() as storage, offset, shape, strides, _, _):
            machine.stack.append(TensorReference(storage, offset, shape, strides))
        case _:
            raise refused("its pickle calls what no state dict calls")


def _persistent(machine: _Machine, _: object) -> None:
    match machine.last(1):
        case [("storage", kind, key, str(), size)] | [("storage", kind, key, str(), size, None)]:
            machine.stack.append(StorageReference(kind, key, size))
        case _:
            raise refused("its pickle refers to something that is not a storage")


def _build(machine: _Machine, _: object) -> None:
    """Attributes of the dict: PyTorch's `_metadata`, the versions of its layers, which no number depends on."""
    target, state = machine.last(2)
    if type(target) is not dict or type(state) is not dict:
        raise refused("its pickle sets attributes of something that is not a dict")
    machine.stack.append(target)


def _set(machine: _Machine, items: list[Any]) -> None:
    target = machine.stack[-1]
    if type(target) is not dict or len(items) % 2 or any(type(key) is not str for key in items[::2]):
        raise refused("its pickle has a dict with keys that are not names")
    target.update(zip(items[::2], items[1::2], strict=True))


def _append(machine: _Machine, items: list[Any]) -> None:
    if type(machine.stack[-1]) is not list:
        raise refused("its pickle appends to something that is not a list")
    machine.stack[-1].extend(items)


def _tuple(machine: _Machine, items: list[Any]) -> None:
    machine.stack.append(tuple(items))


def _put(machine: _Machine, place: int) -> None:
    machine.memo[place] = machine.stack[-1]


def _stop(machine: _Machine, _: object) -> None:
    if len(machine.stack) != 1:
        raise refused(f"its pickle ends with {len(machine.stack)} values, expected one")


_LITERALS: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
_NUMBERS_AND_TEXTS = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"})
_INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _protocol,
    "GLOBAL": _global,
    "REDUCE": _reduce,
    "BINPERSID": _persistent,
    "BUILD": _build,
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "SETITEM": lambda machine, _: _set(machine, machine.last(2)),
    "SETITEMS": lambda machine, _: _set(machine, machine.since_mark()),
    "APPEND": lambda machine, _: _append(machine, machine.last(1)),
    "APPENDS": lambda machine, _: _append(machine, machine.since_mark()),
    "TUPLE": lambda machine, _: _tuple(machine, machine.since_mark()),
    "TUPLE1": lambda machine, _: _tuple(machine, machine.last(1)),
    "TUPLE2": lambda machine, _: _tuple(machine, machine.last(2)),
    "TUPLE3": lambda machine, _: _tuple(machine, machine.last(3)),
    "BINPUT": _put,
    "LONG_BINPUT": _put,
    "BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "LONG_BINGET": lambda machine, place: machine.stack.append(machine.memo[place]),
    "STOP": _stop,
}
_KNOWN = _LITERALS.keys() | _NUMBERS_AND_TEXTS | _INSTRUCTIONS.keys()
_BY_CODE = {opcode.code: opcode for opcode in pickletools.opcodes}
