"""Networks that a training goes on from: its own checkpoint, or the file of an earlier one."""

from pathlib import Path
from typing import TYPE_CHECKING

from convert.errors import WeightsError
from convert.keras_backend import load_keras
from convert.tensorflow_backend import quiet
from convert.weights.keras_files.archive import read_network

if TYPE_CHECKING:
    import keras


def load_checkpoint(path: Path) -> "keras.Model":
    """The model in a checkpoint, with its optimizer. Raises `WeightsError` if it cannot be read."""
    keras = load_keras()
    from convert.training.keras_classes import TripletLoss

    try:
        with quiet():
            return keras.models.load_model(path, safe_mode=True, custom_objects={"TripletLoss": TripletLoss})
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"Cannot read the checkpoint {path}: {reason}", hint="Delete that folder and start again."
        ) from None


def take_weights(network: "keras.Model", path: Path) -> None:
    """Gives `network` the weights of the one in the file, which may be anybody's: nothing in it is executed.

    Raises `WeightsError` if that is another network, or none that can be trusted to be one.
    """
    try:
        given = read_network(path)
    except WeightsError as error:
        raise WeightsError(
            f"Cannot read the network {path}: {error.message}",
            hint="Give a .keras file that `lintel-convert train` wrote.",
        ) from None
    expected, received = (_tensors(one) for one in (network, given))
    if expected != received:
        raise WeightsError(
            f"{path} is another network: its {len(received)} tensors are not the {len(expected)} of {network.name}.",
            hint="Name the --network and the --length it was trained with.",
        )
    network.set_weights(given.get_weights())


def _tensors(network: "keras.Model") -> list[tuple[str, tuple[int, ...]]]:
    """Each tensor's layer and name in it, which is where a path ends, and its shape."""
    return [("/".join(tensor.path.split("/")[-2:]), tuple(tensor.shape)) for tensor in network.weights]
