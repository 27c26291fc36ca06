"""Looks at frames as a door does, with the cues of each: for recordings at a camera, and for clips."""

from collections.abc import Sequence
from pathlib import Path

from device.policy.events import FrameSeen
from device.records import Frame, Image
from device.settings.tables import VisionSettings
from device.vision.attack.passive import PassiveNetwork, load_passive
from device.vision.attack.scene import learnt, small
from device.vision.faces import FaceAnalyzer, load_analyzer, look_for_attacks
from device.vision.following import View
from device.vision.manifest import DecisionRule


class CuedLook:
    """What a frame shows, with its cues; turned faces are embedded too. One thread uses it, on the frames of one camera
    in their order.
    """

    def __init__(self, analyzer: FaceAnalyzer, network: PassiveNetwork | None) -> None:
        """Raises `ModelError` without the shipped portraits."""
        self.analyzer = look_for_attacks(analyzer, network)
        self.network_sha256 = "" if network is None else network.model_sha256
        self._view = self._new_view()

    def __call__(self, frame: Frame) -> FrameSeen:
        """Raises `ModelError` if a network fails."""
        found, at = self.analyzer.follow(frame, self._view), frame.captured_at
        return FrameSeen(at, at, at, found, cues=self._view.cues)

    @property
    def embedding_sha256(self) -> str:
        """Which network says whose face it is."""
        return self.analyzer.embedder.model_sha256

    @property
    def rule(self) -> DecisionRule:
        """When faces match. Raises `ModelError` for a network that is not calibrated."""
        return self.analyzer.embedder.decision_rule

    def rule_at(self, target_fmr: float) -> DecisionRule:
        """The same for a door with a target rate. Raises `ModelError` if the network's data cannot support it."""
        return self.analyzer.embedder.at_target(target_fmr).decision_rule

    def begin(self) -> None:
        """The next frame is of another clip."""
        scene, self._view = self._view.scene, self._new_view()
        self._view.scene = scene

    def learn(self, empty: Sequence[Image]) -> None:
        """Learns the empty view from RGB pictures of it; without one nothing is known of it."""
        self._view.scene = learnt([small(image) for image in empty]) if empty else None

    def _new_view(self) -> View:
        view = View()
        view.embeds_turned = True
        return view


def load_look(settings: VisionSettings, network: str, folder: Path) -> CuedLook:
    """A look with the models of the settings, and the passive network of that name in a folder, "" for none.

    Raises `ModelError`.
    """
    return CuedLook(load_analyzer(settings), load_passive(network, folder) if network else None)
