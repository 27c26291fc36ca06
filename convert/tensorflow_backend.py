"""TensorFlow, imported when a command needs it, and kept quiet: a command prints nothing of its greetings."""

import contextlib
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import IO

from device.errors import DependencyMissing
from device.packages import install_hint

FLOAT_INSTRUCTIONS = {"avx512f": "avx512", "avx2": "avx2"}
"""Sets of instructions, widest first: float kernels, and so a quantization's ranges, differ by them in the last bit."""


def load_tensorflow() -> ModuleType:
    """The module `tensorflow`. Raises `DependencyMissing`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        with quiet():
            import tensorflow as tf
    except ImportError as error:
        raise DependencyMissing(
            f"This command needs TensorFlow, which cannot be imported: {error}.", hint=install_hint("convert")
        ) from error
    module: ModuleType = tf
    return module


def cpu_class() -> str:
    """The machine's architecture and its widest float instructions, such as `x86_64-avx512`."""
    flags = _cpu_flags()
    widest = next((name for flag, name in FLOAT_INSTRUCTIONS.items() if flag in flags), None)
    return "-".join(filter(None, [platform.machine(), widest]))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps both standard streams clean, C++ included. What was said comes out on standard error if the body fails."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        try:
            with _said_into(said), warnings.catch_warnings(action="ignore"):
                yield
        except Exception:
            said.seek(0)
            sys.stderr.write(said.read())
            raise


@contextlib.contextmanager
def _said_into(file: IO[str]) -> Iterator[None]:
    """What Python writes to its streams, and what anybody writes to their descriptors, goes into `file`."""
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        with _redirected(1, file.fileno()), _redirected(2, file.fileno()):
            yield
        file.flush()


@contextlib.contextmanager
def _redirected(descriptor: int, target: int) -> Iterator[None]:
    saved = os.dup(descriptor)
    os.dup2(target, descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())
