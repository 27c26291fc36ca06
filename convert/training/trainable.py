"""The networks that can be trained, by name."""

from typing import TYPE_CHECKING

from convert.training.plan import TrainingPlan
from device.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


def _mobilefacenet(length: int) -> "keras.Model":
    from convert.networks.mobilefacenet import mobilefacenet

    return mobilefacenet(length=length)


def _nn4_small2(_length: int) -> "keras.Model":
    from convert.networks.nn4_small2 import nn4_small2

    return nn4_small2()


def _inception_resnet_v1(length: int) -> "keras.Model":
    from convert.networks.inception_resnet_v1 import inception_resnet_v1

    return inception_resnet_v1(length=length)


def _tiny(length: int) -> "keras.Model":
    from convert.networks.tiny import tiny

    return tiny(length=length)


NETWORKS: "dict[str, Callable[[int], keras.Model]]" = {
    "mobilefacenet": _mobilefacenet,
    "nn4_small2": _nn4_small2,
    "inception_resnet_v1": _inception_resnet_v1,
    "tiny": _tiny,
}
"""What can be trained, by name: from the embedding's length to the network without its weights."""


def build_network(plan: TrainingPlan) -> "keras.Model":
    """The network of the plan without its weights. Raises `ModelError` if nobody knows it or it cannot be so long."""
    if plan.network not in NETWORKS:
        raise ModelError(
            f"There is no network {plan.network!r} to train.", hint=f"Name one of {', '.join(sorted(NETWORKS))}."
        )
    network = NETWORKS[plan.network](plan.length)
    length = network.output_shape[-1]
    if length != plan.length:
        raise ModelError(
            f"The embeddings of {plan.network} have {length} numbers, received a length of {plan.length}.",
            hint=f"Give --length {length}.",
        )
    return network
