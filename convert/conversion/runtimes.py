"""Runs a converted file: here, in the runtime the device would use, and once in every other runtime there is.

Runtimes of other environments are started as child processes; a file that kills one of them is a file that does not
load there.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.conversion import runtime_child
from convert.representative_set import Chips
from convert.tensorflow_backend import quiet
from device.errors import ModelError
from device.failures import in_words
from device.records import Image
from device.vision.runtime import RUNTIMES, Runtime, runtime_in_use

Vectors = NDArray[np.float32]
"""float32 [n, length]."""

TIMEOUT_S = 300
LEAST_COSINE = 0.95
"""Kernels of runtimes round differently; a vector further away than this is not the file's."""
CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
"""Operators at the border of float and integers, part of neither."""


@dataclass(frozen=True, slots=True)
class Place:
    """A runtime in an environment: this one, or that of the interpreter `python`."""

    runtime: Runtime
    version: str
    python_version: str
    python: Path | None = None

    @property
    def name(self) -> str:
        """As a table shows it."""
        return f"{self.runtime.package} {self.version} (Python {self.python_version})"


@dataclass(frozen=True, slots=True)
class Loading:
    """How a file fares in a runtime: why it does not run, or the cosine with the vector that it should give."""

    runtime: str
    where: str
    cosine: float | None = None
    reason: str = ""

    @property
    def runs(self) -> bool:
        """Whether the runtime runs the file."""
        return not self.reason


class TfliteFile:
    """A file in the runtime that the device would use."""

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        """Raises `ModelError` for a file that cannot be loaded, or that does not turn a chip into a vector."""
        self._interpreter = _loaded(content, threads)
        self.float_operators = _float_operators(self._interpreter)
        taken, given = (tensor[0]["shape"] for tensor in _details(self._interpreter))
        self.chip_shape = tuple(int(size) for size in taken[1:])
        self.length = int(given[-1])

    def run(self, chips: Chips) -> Vectors:
        """The raw vectors, float32 [n, length], of chips, uint8 [n, s, s, 3].

        Raises `ModelError` for other shapes or types, and if the file fails.
        """
        if chips.dtype != np.uint8 or chips.shape[1:] != self.chip_shape:
            raise ModelError(
                f"The file takes uint8 {list(self.chip_shape)}, received {chips.dtype} {list(chips.shape[1:])}.",
                hint="Align the faces as the sidecar of its network says.",
            )
        try:
            return np.stack([runtime_child.invoke(self._interpreter, chip) for chip in chips])
        except RuntimeError as error:
            raise _unusable(error) from None


def find_places(pythons: Sequence[Path]) -> tuple[Place, ...]:
    """Every runtime of this environment and of those of other interpreters.

    Raises `ModelError` for an interpreter that does not run, or that has none.
    """
    packages = [runtime.package for runtime in RUNTIMES]
    own = {"python": sys.version.split()[0], "versions": runtime_child.found(packages)}
    places = [*_places(own, None)]
    for python in pythons:
        there = [*_places(_asked(python, packages), python)]
        if not there:
            raise ModelError(f"{python} has no TFLite runtime.", hint=f"Install {' or '.join(packages)} there.")
        places += there
    return tuple(places)


def load_everywhere(
    contents: Sequence[bytes], chip: Image, expected: Sequence[Vectors], places: Sequence[Place]
) -> tuple[tuple[Loading, ...], ...]:
    """For each file how it fares in each place, with one chip for which it should give that vector, [length]."""
    with tempfile.TemporaryDirectory(prefix="lintel-") as folder:
        stored = Path(folder) / "chip.npy"
        np.save(stored, chip)
        files = [Path(folder) / f"{number}.tflite" for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        by_place = [_loadings(place, stored, files, expected) for place in places]
    return tuple(zip(*by_place, strict=True)) if by_place else ((),) * len(contents)


def cosine(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """The cosine of two vectors; not a number if one has no direction."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.dot(a, b)) / lengths if lengths > 0 else float("nan")


def _loadings(place: Place, chip: Path, files: Sequence[Path], expected: Sequence[Vectors]) -> list[Loading]:
    answers = _answers_here(place, chip, files) if place.python is None else _answers_there(place, chip, files)
    return [_loading(place, answer, vector) for answer, vector in zip(answers, expected, strict=True)]


def _loading(place: Place, answer: dict[str, Any], expected: Vectors) -> Loading:
    if "vector" not in answer:
        return Loading(place.runtime.package, place.name, reason=answer["error"])
    vector = np.asarray(answer["vector"], np.float32)
    if vector.shape != expected.shape:
        return Loading(place.runtime.package, place.name, reason=f"it gives {len(vector)} numbers")
    found = cosine(vector, expected)
    if not found >= LEAST_COSINE:
        return Loading(place.runtime.package, place.name, found, f"it gives another vector, cosine {found:.3f}")
    return Loading(place.runtime.package, place.name, found)


def _answers_here(place: Place, chip: Path, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    pixels = np.load(chip)
    for file in files:
        with quiet():
            answer = runtime_child.answer(place.runtime.module, file.read_bytes(), pixels)
        yield answer


def _answers_there(place: Place, chip: Path, files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """A child that dies over a file has answered for it; another one takes the rest."""
    left = list(files)
    while left:
        said, ending = _child(place, ["run", place.runtime.module, str(chip), *map(str, left)])
        answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")][: len(left)]
        yield from answers
        left = left[len(answers) :]
        if left:
            yield {"error": ending}
            left = left[1:]


def _child(place: Place, arguments: Sequence[str]) -> tuple[str, str]:
    """What a child said on standard output, and in words how it ended."""
    assert place.python is not None
    try:
        finished = _run(place.python, arguments)
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""
        return said.decode() if isinstance(said, bytes) else said, f"no answer in {TIMEOUT_S} s"
    except OSError as error:
        return "", f"cannot be started: {in_words(error)}"
    last = (finished.stderr.strip().splitlines() or [""])[-1]
    return finished.stdout, f"ended with exit code {finished.returncode}. {last}".strip()


def _asked(python: Path, packages: list[str]) -> dict[str, Any]:
    try:
        finished = _run(python, ["find", *packages])
        answer: dict[str, Any] = json.loads(finished.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ModelError(
            f"Cannot ask {python} for its TFLite runtimes, expected a Python with NumPy: {error}.",
            hint="Give the interpreter of an environment, such as .venv-tflite-runtime/bin/python.",
        ) from None
    return answer


def _run(python: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    script = str(Path(runtime_child.__file__))
    command = [str(python), "-I", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603


def _places(answer: dict[str, Any], python: Path | None) -> Iterator[Place]:
    for runtime in RUNTIMES:
        if runtime.package in answer["versions"]:
            yield Place(runtime, answer["versions"][runtime.package], answer["python"], python)


def _loaded(content: bytes, threads: int) -> Any:  # noqa: ANN401 - the runtimes are untyped
    runtime, _ = runtime_in_use()
    try:
        with quiet():
            interpreter = runtime_child.interpreter_class(runtime.module)(model_content=content, num_threads=threads)
    except (ImportError, AttributeError, ValueError, RuntimeError) as error:
        raise _unusable(error) from None
    return interpreter


def _details(interpreter: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """The input and the output tensors of a file that is ready to run. Raises `ModelError`."""
    try:
        with quiet():
            interpreter.allocate_tensors()
    except RuntimeError as error:
        raise _unusable(error) from None
    taken, given = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [[list(map(int, tensor["shape"])) for tensor in side] for side in (taken, given)]
    if len(taken) != 1 or len(given) != 1 or len(shapes[0][0]) != 4 or len(shapes[1][0]) != 2:
        raise _unusable(f"expected a picture [1, s, s, 3] in and a vector [1, length] out, received {shapes}")
    return taken, given


def _float_operators(interpreter: Any) -> dict[str, int]:  # noqa: ANN401
    """How many operators of which name compute in float; asked before delegates take any of them over."""
    floats = [
        operator["op_name"]
        for operator in interpreter._get_ops_details()  # noqa: SLF001 - there is no public way to ask a runtime
        if operator["op_name"] not in CONVERSIONS and {np.float32, np.float16} & {*operator["result_types"]}
    ]
    return {name: floats.count(name) for name in sorted(set(floats))}


def _unusable(why: object) -> ModelError:
    return ModelError(
        f"The converted file cannot be used: {str(why).strip() or type(why).__name__}.",
        hint="Convert it again; if that does not help, the network has layers that this TensorFlow cannot convert.",
    )
