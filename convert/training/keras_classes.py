"""What Keras wants as subclasses: the loss of a labelled batch, the batches of an epoch. Importing it imports Keras."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convert.training.mining import MARGIN, Mining, Tensor, mined_loss

Batch = tuple[NDArray[np.float32], NDArray[np.int32]]
"""Chips float32 [n, size, size, 3], RGB 0..255, and the number of the person on each, int32 [n]."""


@keras.saving.register_keras_serializable(package="lintel")
class TripletLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """The triplet loss over a labelled batch: `y_true` are labels [n], `y_pred` are embeddings [n, length].

    `mining` is one of `convert.triplet.Mining` or its value. Embeddings of unit length give `margin` its meaning.
    """

    def __init__(
        self,
        mining: str = Mining.SEMI_HARD,
        margin: float = MARGIN,
        *,
        name: str = "triplet_loss",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        super().__init__(name=name, reduction=reduction)
        if mining not in list(Mining):
            raise ValueError(f"expected one of {', '.join(Mining)} as mining, received {mining!r}")
        if not margin >= 0:
            raise ValueError(f"expected a margin of at least 0, received {margin}")
        self.mining = Mining(mining)
        self.margin = margin

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The mean loss of the batch, a scalar."""
        return mined_loss(self.mining)(y_pred, y_true, margin=self.margin)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the loss of again."""
        return {**super().get_config(), "mining": self.mining.value, "margin": self.margin}


class EpochBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is untyped
    """`steps` batches, each drawn by its number."""

    def __init__(self, draw: Callable[[int], Batch], steps: int) -> None:
        super().__init__(workers=2, max_queue_size=4)
        self._draw = draw
        self._steps = steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, index: int) -> Batch:
        return self._draw(index)
