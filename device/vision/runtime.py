"""The only user of a TFLite interpreter: ai-edge-litert, tflite-runtime or tensorflow behind one adapter."""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.failures import in_words
from device.vision.manifest import TensorSpec
from device.vision.models import Model

RUNTIME_VARIABLE = "LINTEL_RUNTIME"

_HINT = "Install Lintel again, or rebuild the models with `lintel-convert build`."


@dataclass(frozen=True, slots=True)
class Runtime:
    """A package that can run TFLite files, its module with the interpreter, and other names the package goes by."""

    package: str
    module: str
    also_named: tuple[str, ...] = ()


RUNTIMES = (
    Runtime("ai-edge-litert", "ai_edge_litert.interpreter"),
    Runtime("tflite-runtime", "tflite_runtime.interpreter"),
    Runtime("tensorflow", "tensorflow.lite.python.interpreter", ("tensorflow-cpu",)),
)
"""In the order of preference; the environment variable LINTEL_RUNTIME names one of them."""


def runtime_in_use() -> tuple[Runtime, str]:
    """The runtime that models are run with, and its version. Raises `ModelError` if none is installed."""
    wanted = os.environ.get(RUNTIME_VARIABLE)
    known = tuple(runtime for runtime in RUNTIMES if wanted in (None, "", runtime.package))
    if not known:
        names = ", ".join(runtime.package for runtime in RUNTIMES)
        raise ModelError(f"{RUNTIME_VARIABLE} is {wanted!r}, expected one of {names}.", hint="Unset the variable.")
    for runtime, package in [(one, name) for one in known for name in (one.package, *one.also_named)]:
        with contextlib.suppress(PackageNotFoundError):
            return runtime, version(package)
    names = " or ".join(runtime.package for runtime in known)
    raise ModelError(f"No TFLite runtime is installed: found no {names}.", hint=f"pip install {known[0].package}")


class Interpreter:
    """One loaded model: float32 tensors in, float32 tensors out."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        """Raises `ModelError` if no runtime can load the file, or if its tensors are not those of the manifest."""
        self._name = model.manifest.name
        self._interpreter = _load(model, threads)
        self._inputs = [detail["index"] for detail in self._interpreter.get_input_details()]
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]
        self._expect("input", model.manifest.inputs, self._interpreter.get_input_details())
        self._expect("output", model.manifest.outputs, self._interpreter.get_output_details())

    def run(self, tensor: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Feeds the one input (its batch dimension included); copies of all outputs, in the manifest's order.

        Raises `ModelError` if the model fails.
        """
        self._interpreter.set_tensor(self._inputs[0], tensor)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(
                f"The model {self._name} cannot be run: {in_words(error, quoted=True)}.", hint=_HINT
            ) from None
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)

    def _expect(self, side: str, specs: tuple[TensorSpec, ...], details: list[dict[str, Any]]) -> None:
        expected = [(spec.shape, spec.dtype) for spec in specs]
        received = [(tuple(int(n) for n in detail["shape"]), np.dtype(detail["dtype"]).name) for detail in details]
        if expected != received:
            raise ModelError(
                f"The manifest of {self._name} does not fit its model: {side} expected {expected}, got {received}.",
                hint=_HINT,
            )


def _load(model: Model, threads: int) -> Any:  # noqa: ANN401 - the runtimes are untyped
    runtime, _ = runtime_in_use()
    try:
        with _native_stderr_hidden():
            module = importlib.import_module(runtime.module)
            interpreter = module.Interpreter(model_content=model.content, num_threads=threads)
            interpreter.allocate_tensors()
    except (ImportError, AttributeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{runtime.package} cannot load {model.manifest.file}: {in_words(error, quoted=True)}.",
            hint="Run `lintel --version -v`, and install the versions that this release of Lintel was tested with.",
        ) from None
    return interpreter


@contextlib.contextmanager
def _native_stderr_hidden() -> Iterator[None]:
    """Keeps the runtimes' C++ greetings off the terminal; Python's own messages come as exceptions all the same."""
    sys.stderr.flush()
    with contextlib.ExitStack() as stack:
        saved = os.dup(2)
        stack.callback(os.close, saved)
        null = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, null)
        os.dup2(null, 2)
        stack.callback(os.dup2, saved, 2)
        yield
