"""The threshold for a share of the target false match rate, which the curve of single pairs gives."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.vision.embedder import decision_rule_of
from device.vision.manifest import CurvePoint, DecisionRule, Fusion, OperatingPoint
from device.vision.models import EMBEDDING, load_model, shipped_models_dir


def rule(*curve: tuple[float, float], target_fmr: float = 1e-4) -> DecisionRule:
    """A rule whose own threshold is 0.5, or 0.6 for three by three."""
    return DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=target_fmr,
        dataset="none",
        fusion=Fusion(least_probe_length=0.9, least_reference_length=0.9),
        points=(
            OperatingPoint(references=1, probes=1, threshold=0.5, non_mated_comparisons=1),
            OperatingPoint(references=3, probes=3, threshold=0.6, non_mated_comparisons=1),
        ),
        curve=tuple(CurvePoint(fmr=fmr, threshold=threshold) for fmr, threshold in curve),
    )


CURVE = ((1e-3, 0.4), (1e-4, 0.5), (1e-5, 0.62))


@pytest.mark.parametrize(
    ("share", "threshold"), [(1.0, 0.5), (0.1, 0.62), (0.316227766, 0.56), (0.01, 0.74), (1e-9, 1.0)]
)
def test_share_of_the_rate_is_read_off_the_curve(share: float, threshold: float) -> None:
    """Straight between its points over the logarithm of the rate, and on past its end."""
    assert rule(*CURVE).threshold(1, 1, share=share) == pytest.approx(threshold)


def test_share_is_added_to_the_threshold_for_as_many_pictures() -> None:
    assert rule(*CURVE).threshold(3, 3, share=0.1) == pytest.approx(0.72)


@pytest.mark.parametrize("curve", [(), ((1e-4, 0.5),), ((1e-4, 0.5), (1e-4, 0.51))])
def test_without_a_curve_only_the_same_picture_would_do(curve: tuple[tuple[float, float], ...]) -> None:
    assert (rule(*curve).threshold(1, 1), rule(*curve).threshold(1, 1, share=0.5)) == (0.5, 1.0)


def test_curve_that_goes_down_makes_nothing_laxer() -> None:
    assert rule((1e-3, 0.6), (1e-4, 0.5), (1e-5, 0.4)).threshold(1, 1, share=0.1) == 0.5


def test_curve_that_ends_flat_is_left_as_steeply_as_it_came() -> None:
    """Its last points may be of one pair of pictures, which says nothing of what lies beyond."""
    assert rule((1e-3, 0.4), (1e-4, 0.5), (1e-5, 0.5)).threshold(1, 1, share=0.01) == pytest.approx(0.55)


points = st.lists(st.tuples(st.floats(1e-7, 0.1), st.floats(-1, 1)), max_size=6)


@given(points, st.lists(st.floats(1e-6, 1), min_size=2, max_size=2).map(sorted), st.integers(1, 5), st.integers(1, 50))
def test_smaller_share_is_never_laxer(
    curve: list[tuple[float, float]], shares: list[float], references: int, probes: int
) -> None:
    fmrs = sorted((fmr for fmr, _ in curve), reverse=True)
    strict = rule(*zip(fmrs, sorted(threshold for _, threshold in curve), strict=True))
    low, high = (strict.threshold(references, probes, share=share) for share in shares)
    assert 1.0 >= low >= high - 1e-9
    assert high >= strict.threshold(references, probes) - 1e-9


def test_shipped_network_is_stricter_by_as_much_as_lfw_says() -> None:
    shipped = decision_rule_of(load_model(EMBEDDING, shipped_models_dir()).manifest)
    found = [round(shipped.threshold(1, 1, share=share), 4) for share in (1.0, 0.5, 0.05)]
    assert found == [0.9393, 0.9424, 0.952]
    assert all(low < high for low, high in itertools.pairwise(found))
