"""TensorFlow, imported when a command needs it, and kept quiet: its greetings are no part of what a command prints."""

import contextlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from device.errors import DependencyMissing

CPU_FEATURES = (("avx512f", "avx512"), ("avx2", "avx2"))
"""The instruction sets on which float kernels, and so calibrated ranges, differ in their last bits; widest first."""


def load_tensorflow() -> ModuleType:
    """The module `tensorflow`. Raises `DependencyMissing`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    try:
        with quiet():
            import tensorflow
    except ImportError as error:
        raise DependencyMissing(
            f"This command needs TensorFlow, which cannot be imported: {error}.", hint="pip install 'lintel[convert]'"
        ) from error
    return tensorflow


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps both standard streams clean, C++ included; when the body fails, what it said goes to standard error."""
    with tempfile.TemporaryFile() as said, _restored(1), _restored(2):
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        yield


@contextlib.contextmanager
def _restored(descriptor: int) -> Iterator[None]:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved = os.dup(descriptor)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os.dup2(saved, descriptor)
        os.close(saved)


def cpu_class() -> str:
    """The machine's architecture and its widest set of float instructions, such as `x86_64-avx512`."""
    flags = _cpu_flags()
    widest = next((label for flag, label in CPU_FEATURES if flag in flags), "")
    return "-".join(filter(None, [platform.machine(), widest]))


def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.split() for line in lines if line.startswith("flags")), []))
