"""The conditions in which the quality gate is measured: each makes a picture of a face worse in one way.

Noise is seeded by condition and picture: a picture is made worse in the same way each time, and no two get the same.
"""

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from device.records import Image
from device.vision.landmarks import Landmarks
from device.vision.quality import worsening as made

Degradation = Callable[[Image, Landmarks, np.random.Generator], Image]
"""From a picture, its mesh and a generator to the worse picture."""

CLEAN = "clean"


def degrade(name: str, image: Image, mesh: Landmarks, *, seed: int) -> Image:
    """The picture in the condition `name` of `CONDITIONS`; the same for the same seed. Raises `KeyError`."""
    digest = hashlib.sha256(f"{seed}/{name}/".encode() + np.ascontiguousarray(image).tobytes()).digest()
    return CONDITIONS[name](image, mesh, np.random.default_rng(int.from_bytes(digest[:8])))


def _mask(color: made.Color) -> Degradation:
    return lambda image, mesh, _: made.masked(image, mesh, color=color)


def _noise(sigma: float, gain: float = 1.0) -> Degradation:
    return lambda image, _, generator: made.noisy(image, generator, sigma=sigma, gain=gain)


def _fog(contrast: float) -> Degradation:
    return lambda image, _, __: made.foggy(image, contrast=contrast)


def _turn(degrees: float) -> Degradation:
    return lambda image, _, __: made.turned(image, degrees=degrees)


CONDITIONS: Mapping[str, Degradation] = MappingProxyType(
    {
        CLEAN: lambda image, _, __: image,
        "mask-white": _mask(made.WHITE),
        "mask-black": _mask(made.BLACK),
        "mask-blue": _mask(made.BLUE),
        "mask-white-noise-10": lambda image, mesh, generator: made.noisy(
            made.masked(image, mesh, color=made.WHITE), generator, sigma=10
        ),
        "hand": lambda image, mesh, _: made.behind_hand(image, mesh),
        "glasses": lambda image, mesh, _: made.with_glasses(image, mesh),
        "mask-and-glasses": lambda image, mesh, _: made.with_glasses(made.masked(image, mesh, color=made.WHITE), mesh),
        "hat": lambda image, mesh, _: made.with_hat(image, mesh, color=made.BLACK),
        **{f"noise-{sigma}": _noise(sigma) for sigma in (10, 15, 20, 25, 40)},
        **{f"contrast-{contrast}": _fog(contrast) for contrast in (0.3, 0.15)},
        "gain-0.45-noise-20": _noise(20, gain=0.45),
        "half-black": lambda image, mesh, _: made.half_black(image, mesh),
        **{f"turned-{degrees}": _turn(degrees) for degrees in (90, 105, 180)},
        "mirrored": lambda image, _, __: made.mirrored(image),
        "turned-180-mirrored": lambda image, _, __: made.turned(made.mirrored(image), degrees=180),
        "jpeg-5": lambda image, _, __: made.compressed(image, quality=5),
    }
)
"""All conditions by name; `CLEAN` leaves the picture as it is."""
