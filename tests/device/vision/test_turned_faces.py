"""A door asks for a turn only with a network of which it was measured how well it knows turned faces."""

import itertools

import msgspec
import pytest

from device.errors import ModelError
from device.vision.manifest import DecisionRule, Manifest, OwnFrames, Turned, read_manifest
from device.vision.models import EMBEDDING, shipped_models_dir
from device.vision.turned_faces import frame_threshold, keep_to_measured

SHIPPED = read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")
ENDS = (0.0, 10.0, 20.0, 25.0, 30.0, 35.0)


def own(low: float, high: float, frames: int = 10) -> OwnFrames:
    return OwnFrames(from_deg=low, to_deg=high, frames=frames, matching=frames, clips=1)


def with_frames(*own_frames: OwnFrames, threshold: float = 0.95) -> Manifest:
    return msgspec.structs.replace(
        SHIPPED, turned=Turned(dataset="made up", clips=4, threshold=threshold, own_frames=own_frames)
    )


def ranges(*, but: int | None = None) -> list[OwnFrames]:
    """All of them, one without a frame."""
    return [own(low, high, 0 if n == but else 10) for n, (low, high) in enumerate(itertools.pairwise(ENDS))]


def rule() -> DecisionRule:
    assert SHIPPED.decision is not None
    return SHIPPED.decision


def test_a_network_without_a_measurement_is_refused_with_the_way() -> None:
    with pytest.raises(ModelError, match="was not measured") as caught:
        keep_to_measured(msgspec.structs.replace(SHIPPED, turned=None))
    assert "lintel-convert turned --clips" in caught.value.hint


@pytest.mark.parametrize("missing", range(5))
def test_a_measurement_with_a_gap_before_35_degrees_is_none(missing: int) -> None:
    with pytest.raises(ModelError, match="was not measured"):
        keep_to_measured(with_frames(*ranges(but=missing)))


def test_a_measurement_at_each_angle_counts() -> None:
    keep_to_measured(with_frames(*reversed(ranges())))


def test_a_threshold_that_became_stricter_wants_another_measurement() -> None:
    with pytest.raises(ModelError, match=r"was measured at a threshold of 0\.9, now it is"):
        keep_to_measured(with_frames(*ranges(), threshold=0.9))


def test_a_single_frame_matches_from_0_927_on() -> None:
    assert frame_threshold(rule(), 1) == pytest.approx(0.927, abs=5e-4)


def test_a_rule_for_1e_3_has_its_own_threshold() -> None:
    at_1e3 = msgspec.structs.replace(rule(), target_fmr=1e-3, curve=(), curves=())
    assert frame_threshold(at_1e3, 1) == at_1e3.threshold(1, 1)


def test_a_rule_without_a_curve_keeps_to_its_own_threshold() -> None:
    assert frame_threshold(msgspec.structs.replace(rule(), curve=(), curves=()), 3) == rule().threshold(3, 1)
