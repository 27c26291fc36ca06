"""Which networks there are: the one table, by name. Which weights there are for them: `convert/catalogue.toml`.

A network is a function that builds it in Keras without its weights, in the file that the table names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convert.networks import dlib_resnet, inception_resnet_v1, minifasnet, mobilefacenet, nn4_small2, tiny

if TYPE_CHECKING:
    import keras

USUAL_LENGTH = 128
"""How many numbers a network of any length gives unless another length is named."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network without its weights: RGB 0..255, float32 [n, chip_px, chip_px, 3], to float32 [n, length].

    `build` takes the length; those not `of_any_length` ignore it. `parameters` are those at `length`. What does not
    `embed` gives classes, not a vector to compare.
    """

    title: str
    file: str
    chip_px: int
    parameters: int
    build: "Callable[[int], keras.Model]"
    length: int = USUAL_LENGTH
    of_any_length: bool = False
    trainable: bool = False
    embeds: bool = True


NETWORKS: dict[str, Architecture] = {
    "dlib_resnet": Architecture(
        title="dlib's ResNet v1",
        file="convert/networks/dlib_resnet.py",
        chip_px=dlib_resnet.CHIP_PX,
        parameters=5_607_488,
        build=lambda _length: dlib_resnet.dlib_resnet(),
    ),
    "inception_resnet_v1": Architecture(
        title="FaceNet's Inception-ResNet v1",
        file="convert/networks/inception_resnet_v1.py",
        chip_px=inception_resnet_v1.CHIP_PX,
        parameters=22_808_144,
        build=lambda length: inception_resnet_v1.inception_resnet_v1(length=length),
        of_any_length=True,
        trainable=True,
    ),
    "mobilefacenet": Architecture(
        title="MobileFaceNet",
        file="convert/networks/mobilefacenet.py",
        chip_px=mobilefacenet.CHIP_PX,
        parameters=1_022_720,
        build=lambda length: mobilefacenet.mobilefacenet(length=length),
        of_any_length=True,
        trainable=True,
    ),
    "nn4_small2": Architecture(
        title="OpenFace's nn4.small2",
        file="convert/networks/nn4_small2.py",
        chip_px=nn4_small2.CHIP_PX,
        parameters=3_743_280,
        build=lambda _length: nn4_small2.nn4_small2(),
        trainable=True,
    ),
    "tiny": Architecture(
        title="tiny, for tests and for a machine without an accelerator",
        file="convert/networks/tiny.py",
        chip_px=tiny.CHIP_PX,
        parameters=750_144,
        build=lambda length: tiny.tiny(length=length),
        of_any_length=True,
        trainable=True,
    ),
    "minifasnet_v2": Architecture(
        title="MiniFASNet V2: attacks, not faces",
        file="convert/networks/minifasnet.py",
        chip_px=minifasnet.CROP_PX,
        parameters=444_928,
        build=lambda _length: minifasnet.minifasnet(minifasnet.Variant.V2),
        length=minifasnet.CLASSES,
        embeds=False,
    ),
    "minifasnet_v1se": Architecture(
        title="MiniFASNet V1SE: attacks, not faces",
        file="convert/networks/minifasnet.py",
        chip_px=minifasnet.CROP_PX,
        parameters=444_554,
        build=lambda _length: minifasnet.minifasnet(minifasnet.Variant.V1SE),
        length=minifasnet.CLASSES,
        embeds=False,
    ),
}


def embedding_networks() -> tuple[str, ...]:
    """The names of those that give a vector to compare: what `import --network` takes."""
    return tuple(name for name, network in NETWORKS.items() if network.embeds)


def trainable_networks() -> tuple[str, ...]:
    """The names of those that can be trained."""
    return tuple(name for name, network in NETWORKS.items() if network.trainable)


def network_named(name: str, length: int | None = None) -> "keras.Model":
    """A network of the table without its weights. `length` counts for those of any length."""
    return NETWORKS[name].build(length or USUAL_LENGTH)
