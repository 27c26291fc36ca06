"""What a TFLite runtime makes of files; runs in any Python with NumPy and such a runtime, and knows nothing of Lintel.

    python runtime_child.py find PACKAGE...           {"python": "3.11.7", "versions": {PACKAGE: VERSION, ...}}
    python runtime_child.py run MODULE CHIP.npy FILE...

A line of JSON comes out for each file: {"vector": [...]} or {"error": "..."}. `convert.conversion.runtimes` starts it
in other environments, and calls it in its own.
"""

import importlib
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

ALSO_NAMED = {"tensorflow": ("tensorflow-cpu",)}
"""Distributions that bring a package under another name."""


def main(arguments: list[str]) -> None:
    """The command line."""
    task, *rest = arguments
    if task == "find":
        print(json.dumps({"python": platform.python_version(), "versions": found(rest)}))
        return
    module, chip, *files = rest
    pixels = np.load(chip, allow_pickle=False)
    for file in files:
        with open(file, "rb") as opened:  # noqa: PTH123 - as plain as can be, for whichever Python this is
            print(json.dumps(answer(module, opened.read(), pixels)), flush=True)


def found(packages: list[str]) -> dict[str, str]:
    """The versions of those packages that are installed here."""
    versions = {package: _version(package) for package in packages}
    return {package: number for package, number in versions.items() if number}


def _version(package: str) -> str:
    for name in (package, *ALSO_NAMED.get(package, ())):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def answer(module: str, content: bytes, chip: Any) -> dict[str, Any]:  # noqa: ANN401 - NumPy's types differ by version
    """The vector that the file gives for a chip, uint8 [s, s, 3], or the error."""
    try:
        interpreter = interpreter_class(module)(model_content=content)
        interpreter.allocate_tensors()
        return {"vector": [float(number) for number in invoke(interpreter, chip)]}
    except Exception as error:  # whatever a runtime raises is the answer
        return {"error": " ".join(str(error).split()) or type(error).__name__}


def interpreter_class(module: str) -> Any:  # noqa: ANN401
    """The class `Interpreter` of a module; TensorFlow offers another one under that name than it has on disk."""
    package, _, name = module.rpartition(".")
    offered = getattr(importlib.import_module(package), name, None) if package == "tensorflow" else None
    return (offered or importlib.import_module(module)).Interpreter


def invoke(interpreter: Any, chip: Any) -> Any:  # noqa: ANN401
    """The vector, float32 [length], of a chip [s, s, 3] with pixels 0..255; integer tensors by scale and zero point."""
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.set_tensor(taken["index"], _stored(chip, taken)[np.newaxis])
    interpreter.invoke()
    return _meant(interpreter.get_tensor(given["index"])[0], given)


def _stored(pixels: Any, tensor: dict[str, Any]) -> Any:  # noqa: ANN401
    if tensor["dtype"] == np.float32:
        return pixels.astype(np.float32)
    scale, zero = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.round(pixels / scale) + zero, limits.min, limits.max).astype(tensor["dtype"])


def _meant(numbers: Any, tensor: dict[str, Any]) -> Any:  # noqa: ANN401
    if tensor["dtype"] == np.float32:
        return numbers
    scale, zero = tensor["quantization"]
    return ((numbers.astype(np.float32) - zero) * scale).astype(np.float32)


if __name__ == "__main__":
    main(sys.argv[1:])
