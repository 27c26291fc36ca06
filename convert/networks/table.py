"""Which networks there are: the one table, by name, each imported when it is asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras


def _dlib_resnet(_length: int) -> "keras.Model":
    from convert.networks.dlib_resnet import dlib_resnet

    return dlib_resnet()


def _inception_resnet_v1(length: int) -> "keras.Model":
    from convert.networks.inception_resnet_v1 import inception_resnet_v1

    return inception_resnet_v1(length=length)


def _mobilefacenet(length: int) -> "keras.Model":
    from convert.networks.mobilefacenet import mobilefacenet

    return mobilefacenet(length=length)


def _nn4_small2(_length: int) -> "keras.Model":
    from convert.networks.nn4_small2 import nn4_small2

    return nn4_small2()


def _tiny(length: int) -> "keras.Model":
    from convert.networks.tiny import tiny

    return tiny(length=length)


NETWORKS: "dict[str, Callable[[int], keras.Model]]" = {
    "dlib_resnet": _dlib_resnet,
    "inception_resnet_v1": _inception_resnet_v1,
    "mobilefacenet": _mobilefacenet,
    "nn4_small2": _nn4_small2,
    "tiny": _tiny,
}
"""By name: from the embedding's length to the network without its weights."""
OF_ANY_LENGTH = frozenset({"inception_resnet_v1", "mobilefacenet", "tiny"})
"""Those that give as many numbers as one likes; the others give the same number for every length."""
TRAINABLE = ("mobilefacenet", "nn4_small2", "inception_resnet_v1", "tiny")
"""Those that can be trained."""
USUAL_LENGTH = 128
"""How many numbers a network of any length gives unless another length is named."""


def network_named(name: str, length: int | None = None) -> "keras.Model":
    """A network of the table without its weights. `length` counts for those of any length."""
    return NETWORKS[name](length or USUAL_LENGTH)
