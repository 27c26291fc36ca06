"""The network that a training begins with, before it has learned anything."""

from typing import TYPE_CHECKING

from convert.networks.table import network_named, trainable_networks
from convert.training.plan import TrainingPlan
from device.errors import ModelError

if TYPE_CHECKING:
    import keras


def build_network(plan: TrainingPlan) -> "keras.Model":
    """The network of the plan without its weights. Raises `ModelError` for an unknown name or another length."""
    if plan.network not in trainable_networks():
        raise ModelError(
            f"Unknown network {plan.network!r}.", hint=f"Networks to train: {', '.join(trainable_networks())}."
        )
    network = network_named(plan.network, plan.length)
    length = network.output_shape[-1]
    if length != plan.length:
        raise ModelError(
            f"The embeddings of {plan.network} have {length} numbers, received a length of {plan.length}.",
            hint=f"Give --length {length}.",
        )
    return network
