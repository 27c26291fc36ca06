"""From a chip to 128 numbers: the embedding network on the chip and its mirror image, averaged, unit length."""

import copy
from typing import TypeVar

import numpy as np

from device.errors import ModelError
from device.records import Embedding, Image
from device.vision.alignment import names_its_points
from device.vision.manifest import Alignment, DecisionRule, EmbeddingSpec, Manifest
from device.vision.models import Model
from device.vision.runtime import Interpreter

Part = TypeVar("Part")

REBUILD = "Rebuild it with `lintel-convert build`, then calibrate it with `lintel-convert calibrate`."
CALIBRATE = "Give it thresholds with `lintel-convert calibrate`: without them a door lets no one in."


class Embedder:
    """The embedding network with the alignment and the decision rule that its manifest carries."""

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        """Raises `ModelError` if the manifest lacks what an embedding model must state."""
        manifest = model.manifest
        self._interpreter = Interpreter(model, threads=threads)
        self._preprocessing = manifest.preprocessing
        self.model_sha256 = manifest.sha256
        self.alignment: Alignment = _stated(manifest.alignment, "alignment", manifest.name)
        self.spec: EmbeddingSpec = _stated(manifest.embedding, "embedding", manifest.name)
        self._manifest = manifest
        self.door_rule: DecisionRule | None = None
        """That of the door's own target rate, where it has one."""
        if not _fits(manifest, self.alignment, self.spec):
            raise ModelError(
                f"The manifest of {manifest.name} contradicts itself: alignment, tensors, scale or embedding.",
                hint="Install Lintel again, or rebuild the models with `lintel-convert build`.",
            )

    @property
    def manifest(self) -> Manifest:
        """The contract of its file."""
        return self._manifest

    @property
    def decision_rule(self) -> DecisionRule:
        """When two embeddings match, at the door's target rate. Raises `ModelError` for a model that has not been
        calibrated, or not for that.
        """
        return self.door_rule or self.network_rule

    @property
    def network_rule(self) -> DecisionRule:
        """The same at the rate that the network was calibrated for, which is one for all doors: what is enrolled is
        judged by it. Raises `ModelError` for a model that has not been calibrated.
        """
        return decision_rule_of(self._manifest)

    def at_target(self, fmr: float) -> "Embedder":
        """The same network for a door with that target rate. Raises `ModelError` if its data cannot support it."""
        other = copy.copy(self)
        other.door_rule = decision_rule_at(self._manifest, fmr)
        return other

    def embed(self, chip: Image) -> Embedding:
        """The unit vector of a chip, uint8 [size, size, 3] RGB."""
        total = self._output(chip) + self._output(chip[:, ::-1])
        return unit_length(total)

    def _output(self, chip: Image) -> Embedding:
        tensor = chip * np.float32(self._preprocessing.scale) + np.float32(self._preprocessing.offset)
        return np.asarray(self._interpreter.run(tensor[np.newaxis])[0][0], np.float32)


def decision_rule_of(manifest: Manifest) -> DecisionRule:
    """When two of a network's embeddings match. Raises `ModelError` if it has not been calibrated."""
    return _stated(manifest.decision, "decision", manifest.name, hint=CALIBRATE)


def decision_rule_at(manifest: Manifest, fmr: float) -> DecisionRule:
    """The same for a door with a target rate. Raises `ModelError` if the network's comparisons cannot support it."""
    rule = decision_rule_of(manifest)
    if fmr != rule.target_fmr and (missing := rule.missing(fmr)):
        raise ModelError(
            f"The network's data cannot support the door's `target_fmr` of {fmr:g}: {missing:,} comparisons of "
            f"different people are missing.",
            hint=f"Set `target_fmr` in [[doors]] to {rule.target_fmr:g} or to a larger rate, or calibrate the network "
            "on more people: `lintel-convert calibrate --help`.",
        )
    try:
        return rule.at_target(fmr)
    except ValueError:
        raise ModelError(
            f"The network's thresholds are for a false match rate of {rule.target_fmr:g} alone, the door's "
            f"`target_fmr` is {fmr:g}.",
            hint=f"Set `target_fmr` in [[doors]] to {rule.target_fmr:g}, or calibrate the network: "
            "`lintel-convert calibrate --help`.",
        ) from None


def _fits(manifest: Manifest, alignment: Alignment, spec: EmbeddingSpec) -> bool:
    size = alignment.size_px
    return (
        manifest.inputs[0].shape == (1, size, size, 3)
        and manifest.outputs[0].shape == (1, spec.length)
        and len(alignment.landmarks) >= 2
        and names_its_points(alignment)
        and manifest.preprocessing.scale > 0
    )


def unit_length(vector: Embedding) -> Embedding:
    """The vector divided by its length. Raises `ModelError` for one without direction."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length < 1e-6:
        raise ModelError("The embedding network gave no usable vector.", hint="Check the model: `lintel --version -v`.")
    return np.asarray(vector / length, np.float32)


def _stated(part: Part | None, what: str, name: str, *, hint: str = REBUILD) -> Part:
    if part is None:
        raise ModelError(f"The manifest of {name} has no {what}.", hint=hint)
    return part
