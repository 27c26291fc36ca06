"""FaceNet's triplet loss: its equation, its forms for labelled batches, and the latter as a loss of Keras.

Importing this module imports nothing heavy: Keras comes with the first call, or with `TripletLoss`.
"""

from typing import TYPE_CHECKING, Any

from convert.keras_backend import load_keras
from convert.training.mining import MARGIN, Mining, Tensor, as_float, batch_all, batch_hard, mined_loss, semi_hard

if TYPE_CHECKING:
    from convert.training.keras_classes import TripletLoss

__all__ = ["Mining", "TripletLoss", "batch_all", "batch_hard", "mined_loss", "semi_hard", "triplet_loss"]


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = MARGIN) -> Tensor:
    """The sum over n of max(|anchor - positive|^2 - |anchor - negative|^2 + margin, 0): a scalar.

    The three are [n, length]; row by row one triplet. Equation 3 of FaceNet, which takes unit vectors. Raises
    `ValueError` for other shapes.
    """
    ops = load_keras().ops
    anchor, positive, negative = (as_float(part) for part in (anchor, positive, negative))
    shapes = [tuple(part.shape) for part in (anchor, positive, negative)]
    if len(shapes[0]) != 2 or shapes != [shapes[0]] * 3:
        raise ValueError(f"expected three tensors of one shape [n, length], received {shapes}")
    mated = ops.sum(ops.square(anchor - positive), axis=-1)
    non_mated = ops.sum(ops.square(anchor - negative), axis=-1)
    return ops.sum(ops.relu(mated - non_mated + margin))


def __getattr__(name: str) -> Any:  # noqa: ANN401 - Keras is untyped
    """`TripletLoss` is a class of Keras, imported on first use."""
    if name != "TripletLoss":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    load_keras()
    from convert.training.keras_classes import TripletLoss

    return TripletLoss
