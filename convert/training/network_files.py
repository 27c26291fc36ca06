"""Networks that a training wrote: read, taken weights from, written whole."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from convert.errors import WeightsError
from convert.tensorflow import quiet
from convert.training.backend import load_keras
from device.errors import ModelError

if TYPE_CHECKING:
    import keras


def load_network(path: Path, *, compiled: bool) -> "keras.Model":
    """The model in the file, executing nothing of it. Raises `WeightsError` if it cannot be read."""
    keras = load_keras()
    from convert.training.keras_classes import TripletLoss

    try:
        with quiet():
            return keras.models.load_model(
                path, safe_mode=True, compile=compiled, custom_objects={"TripletLoss": TripletLoss}
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"Cannot read the network {path}: {reason}", hint="Give a .keras file that `lintel-convert train` wrote."
        ) from None


def take_weights(network: "keras.Model", path: Path) -> None:
    """Gives `network` the weights of the one in the file. Raises `WeightsError` if that is another network."""
    weights = load_network(path, compiled=False).get_weights()
    expected, received = [w.shape for w in network.get_weights()], [w.shape for w in weights]
    if expected != received:
        raise WeightsError(
            f"{path} is another network: {len(received)} tensors do not fit {network.name} with {len(expected)}.",
            hint="Name the --network and the --length it was trained with.",
        )
    network.set_weights(weights)


def write_network(network: "keras.Model", out: Path) -> None:
    """Writes the network whole or not at all. Raises `ModelError` if it cannot."""
    try:
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            with quiet():
                network.save(Path(folder) / out.name)
            (Path(folder) / out.name).replace(out)
    except OSError as error:
        raise ModelError(
            f"Cannot write {out}: {error.strerror or error}.", hint="Name another file with --out."
        ) from error
