"""The network that a training begins with, before it has learned anything."""

from typing import TYPE_CHECKING

from convert.networks.table import TRAINABLE, network_named
from convert.training.plan import TrainingPlan
from device.errors import ModelError

if TYPE_CHECKING:
    import keras


def build_network(plan: TrainingPlan) -> "keras.Model":
    """The network of the plan without its weights. Raises `ModelError` if nobody knows it or it cannot be so long."""
    if plan.network not in TRAINABLE:
        raise ModelError(
            f"There is no network {plan.network!r} to train.", hint=f"Name one of {', '.join(sorted(TRAINABLE))}."
        )
    network = network_named(plan.network, plan.length)
    length = network.output_shape[-1]
    if length != plan.length:
        raise ModelError(
            f"The embeddings of {plan.network} have {length} numbers, received a length of {plan.length}.",
            hint=f"Give --length {length}.",
        )
    return network
