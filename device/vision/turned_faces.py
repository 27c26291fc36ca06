"""Whether a door may ask for a turn of the head with its network: only if it is known how well that knows turned faces.

Each frame on the way has to match the claim, so that with a network that knows a face from the front alone everybody
would be locked out. Between the manifest, in which `lintel-convert turned` writes what it measured, and the start.
"""

from device.errors import ModelError
from device.records import Embedding, Evidence
from device.vision.comparison import Vectors, fused_similarity, newest
from device.vision.manifest import DecisionRule, Manifest, Turned

FMR = 1e-3
"""The false match rate that a single frame during a turn has to keep."""
REFERENCES = 3
"""The number of references it is measured with."""
UP_TO_DEG = 35.0
"""How far turned a frame still has to match."""
_HINT = "Measure it: `lintel-convert turned --clips FOLDER --models FOLDER`; or set `pad` to another value than a turn."


def frame_threshold(rule: DecisionRule, references: int, *, share: float = 1.0) -> float:
    """The similarity from which on a single frame matches `references` references, at a `share` of `FMR`.

    Thresholds without a curve can't be set for it; theirs is kept to, which is stricter.
    """
    try:
        return rule.at_target(FMR * share).threshold(references, 1)
    except ValueError:
        return rule.threshold(references, 1, share=share)


def identity(embedding: Embedding, references: Vectors, rule: DecisionRule, *, share: float = 1.0) -> Evidence:
    """How similar one frame is to a person's references, and the threshold for it, at a `share` of `FMR`."""
    known = newest(references, rule.most_references)
    similarity = fused_similarity([embedding], known, rule.fusion)
    return Evidence(similarity, frame_threshold(rule, len(known), share=share), 1, len(known))


def keep_to_measured(manifest: Manifest) -> None:
    """Raises `ModelError` unless it was measured which of people's own turned frames the network matches.

    The measurement counts up to 35 degrees, and as long as the threshold is not stricter than it was then.
    """
    turned, rule = manifest.turned, manifest.decision
    if turned is None or not _covers(turned):
        raise ModelError(f"How well {manifest.name} knows turned faces was not measured.", hint=_HINT)
    now = turned.threshold if rule is None else frame_threshold(rule, REFERENCES)
    if now > turned.threshold + 1e-9:
        raise ModelError(
            f"How well {manifest.name} knows turned faces was measured at a threshold of {turned.threshold:g}, now it "
            f"is {now:g}.",
            hint=_HINT,
        )


def _covers(turned: Turned) -> bool:
    """Whether there are frames at each angle from 0 to 35 degrees."""
    reached = 0.0
    for one in sorted(turned.own_frames, key=lambda one: one.from_deg):
        if one.frames and one.from_deg <= reached:
            reached = max(reached, one.to_deg)
    return reached >= UP_TO_DEG
