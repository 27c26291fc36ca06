"""Keras on the backend that was chosen, TensorFlow if none was: what trains runs on JAX and torch as well."""

import os
from types import ModuleType

from convert.tensorflow_backend import quiet
from device.errors import DependencyMissing
from device.packages import install_hint

DEFAULT_BACKEND = "tensorflow"


def load_keras() -> ModuleType:
    """The module `keras`, on the backend that `KERAS_BACKEND` names. Raises `DependencyMissing`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    name = os.environ.setdefault("KERAS_BACKEND", DEFAULT_BACKEND)
    try:
        with quiet():
            import keras
    except ImportError as error:
        raise DependencyMissing(
            f"This command needs Keras on {name}, which cannot be imported: {error}.",
            hint=f"{install_hint('convert')}. Or name another backend in KERAS_BACKEND: tensorflow, jax or torch.",
        ) from error
    module: ModuleType = keras
    return module
