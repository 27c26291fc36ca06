"""What one frame says about whether its face is a live person's: between the mesh and the verdict on a presentation.

Geometry and pose from the mesh, the surroundings from what was learnt of the empty view, and a probability from the
owner's network if there is one. `device.policy.attack` says what all that has to be.
"""

import math

from device.records import Box, Cues, Image
from device.vision.attack.passive import PassiveNetwork
from device.vision.attack.pose import MeanFace
from device.vision.attack.scene import Scene, small
from device.vision.landmarks import Landmarks

LEAST_KNOWN = 20
"""Blocks beside a head that have to be known to say anything of them."""
EMBEDDED_UP_TO_DEG = 50.0
"""How far a head may be turned, in all, for its face to be embedded: 35 degrees from a view that is 15 off itself."""


class CuesOf:
    """Takes the cues of faces. One thread at a time uses it."""

    def __init__(self, mean: MeanFace, network: PassiveNetwork | None = None) -> None:
        """`mean` is the face that yaw and pitch are measured against."""
        self._mean = mean
        self.network = network

    def of(self, image: Image, box: Box, mesh: Landmarks, scene: Scene | None) -> Cues:
        """The cues of a face in an RGB frame; `scene` is what is known of the camera's empty view, None if nothing.

        Raises `ModelError` if the network fails.
        """
        height, width = image.shape[:2]
        yaw, pitch = self._mean.pose(mesh)
        return Cues(
            yaw=yaw,
            pitch=pitch,
            crop_scale=min(width / max(box.width, 1e-9), height / max(box.height, 1e-9)),
            presence=mesh.presence,
            box_share=max(box.width, box.height) / max(width, height),
            box=box,
            scene=None if scene is None else scene_share(image, box, scene),
            live=self._live(image, box),
        )

    def _live(self, image: Image, box: Box) -> float | None:
        if self.network is None or not (box.width > 0 and box.height > 0 and math.isfinite(sum(box.center))):
            return None
        return self.network.live(image, box)


def scene_share(image: Image, box: Box, scene: Scene) -> float | None:
    """The share of the known blocks beside a head that are seen, 0..1; None if too few are known."""
    gray = small(image)
    if not scene.fits(gray):
        return None
    match = scene.match_around(gray, box, image.shape[1])
    return match.share if match.known >= LEAST_KNOWN else None


def is_embedded(cues: Cues) -> bool:
    """Whether a turned face is near enough to the front to say whose it is."""
    return abs(cues.yaw) <= EMBEDDED_UP_TO_DEG
