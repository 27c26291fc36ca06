"""Each design has a curve of its own: what a door compares with at another target rate, and past the curve's end."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.vision.comparison import compare
from device.vision.embedder import decision_rule_of
from device.vision.manifest import (
    CountedPoint,
    CurvePoint,
    DecisionRule,
    DesignCurve,
    Fusion,
    OperatingPoint,
    encoded,
    read_manifest,
)
from device.vision.models import EMBEDDING, load_model, shipped_models_dir
from device.vision.rates import missing_comparisons, rounded_up

SINGLE = {1e-3: 0.4, 1e-4: 0.5, 1e-5: 0.6, 1e-6: 0.7}
THREE = {1e-3: 0.45, 1e-4: 0.58}


def curve(references: int, probes: int, points: dict[float, float], comparisons: int) -> DesignCurve:
    return DesignCurve(
        references=references,
        probes=probes,
        people=100,
        draws=0 if references == probes == 1 else 30,
        non_mated_comparisons=comparisons,
        points=tuple(
            CountedPoint(fmr=fmr, threshold=threshold, false_matches=round(fmr * comparisons))
            for fmr, threshold in points.items()
        ),
    )


def rule(single: dict[float, float] = SINGLE, three: dict[float, float] = THREE) -> DecisionRule:
    """A rule of single pairs and three by three, for a rate of 1e-4."""
    curves = (curve(1, 1, single, 20_000_000), curve(3, 3, three, 200_000))
    return DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=1e-4,
        dataset="none",
        fusion=Fusion(least_probe_length=0.9, least_reference_length=0.9),
        points=tuple(
            OperatingPoint(
                references=one.references,
                probes=one.probes,
                threshold=1.0,
                non_mated_comparisons=one.non_mated_comparisons,
            )
            for one in curves
        ),
        curves=curves,
    ).read_off_curves()


@pytest.mark.parametrize(
    ("target", "single", "three", "extrapolated"),
    [(1e-3, 0.4, 0.45, False), (1e-4, 0.5, 0.58, False), (1e-5, 0.6, 0.6, True), (1e-6, 0.7, 0.7, True)],
)
def test_design_is_read_off_its_own_curve(target: float, single: float, three: float, extrapolated: bool) -> None:
    """Past its end: off the stricter one of its last point and of single pairs."""
    found = rule().at_target(target)
    assert (found.threshold(1, 1), found.threshold(3, 3)) == (single, three)
    assert (found.is_extrapolated(1, 1), found.is_extrapolated(3, 3)) == (False, extrapolated)


def test_design_that_is_stricter_at_its_end_stays_there() -> None:
    steep = rule(three={1e-3: 0.45, 1e-4: 0.65})
    assert steep.at_target(1e-5).threshold(3, 3) == 0.65


def test_curve_of_one_point_has_its_rate_alone() -> None:
    """Few comparisons support the target and no other rate."""
    few = rule(single={1e-4: 0.5}, three={1e-4: 0.58})
    assert (few.threshold(1, 1), few.threshold(3, 3), few.threshold(1, 1, share=0.5)) == (0.5, 0.58, 1.0)


def test_more_pictures_are_held_to_the_strictest_of_fewer() -> None:
    lax = rule(three={1e-3: 0.3, 1e-4: 0.35})
    assert [lax.threshold(*counts) for counts in ((1, 1), (2, 3), (3, 2), (3, 3), (5, 48))] == [0.5] * 5


def test_share_of_the_rate_is_read_off_the_same_curves() -> None:
    found = rule()
    assert found.threshold(3, 3, share=0.1) == found.at_target(1e-5).threshold(3, 3)
    assert found.at_target(1e-3).threshold(3, 3, share=0.1) == found.threshold(3, 3) == 0.58


@pytest.mark.parametrize(
    ("target", "missing"), [(1e-3, 0), (1e-6, 0), (5e-7, 0), (4e-7, 5_000_000), (1e-7, 80_000_000)]
)
def test_rate_takes_ten_false_matches_of_single_pairs(target: float, missing: int) -> None:
    assert rule().missing(target) == missing


def test_ten_false_matches_are_needed() -> None:
    assert (missing_comparisons(1e-4, 99_999), missing_comparisons(1e-4, 100_000)) == (1, 0)


thresholds = st.lists(st.floats(-0.9, 0.99), min_size=4, max_size=4).map(sorted)
rates = st.floats(1e-7, 1e-2)


@given(
    thresholds, thresholds, st.lists(rates, min_size=2, max_size=2).map(sorted), st.integers(1, 6), st.integers(1, 50)
)
def test_smaller_rate_is_never_laxer(
    single: list[float], three: list[float], fmrs: list[float], references: int, probes: int
) -> None:
    made = rule(dict(zip(SINGLE, single, strict=True)), dict(zip(SINGLE, three, strict=True)))
    low, high = fmrs
    strict, lax = (made.at_target(fmr).threshold(references, probes) for fmr in (low, high))
    assert strict >= lax - 2e-5
    assert made.at_target(low).threshold(references, probes) >= made.at_target(low).threshold(1, 1)


@given(st.floats(-1, 1), st.integers(-100_000, 100_000))
def test_rounding_goes_up_and_keeps_five_digits(threshold: float, digits: int) -> None:
    assert threshold - 1e-11 <= rounded_up(threshold) <= threshold + 1e-5
    assert rounded_up(digits / 1e5) == digits / 1e5


def test_manifest_from_before_moves_along_single_pairs() -> None:
    before = msgspec.structs.replace(
        rule(),
        curves=(),
        curve=tuple(CurvePoint(fmr=fmr, threshold=threshold) for fmr, threshold in SINGLE.items()),
    )
    found = before.at_target(1e-5)
    assert [point.threshold for point in found.points] == [pytest.approx(0.6), pytest.approx(0.68)]
    assert found.is_extrapolated(3, 3) is False
    assert before.missing(1e-7) == 80_000_000


def test_manifest_without_a_curve_has_no_other_rate() -> None:
    bare = msgspec.structs.replace(rule(), curves=())
    assert bare.at_target(1e-4) == bare
    with pytest.raises(ValueError, match="expected a curve"):
        bare.at_target(1e-5)


def test_curves_are_those_of_the_points() -> None:
    with pytest.raises(ValueError, match="expected a curve for each operating point"):
        msgspec.structs.replace(rule(), curves=rule().curves[:1])


def test_shipped_manifest_has_curves_with_counts_by_references() -> None:
    shipped = decision_rule_of(load_model(EMBEDDING, shipped_models_dir()).manifest)
    designs = {(one.references, one.probes) for one in shipped.curves}
    assert designs == {(references, probes) for references in (1, 2, 3, 4, 5) for probes in (1, 3)}
    for one in shipped.curves:
        assert all(point.false_matches >= 10 for point in one.points)
        assert all(point.false_matches <= point.fmr * one.non_mated_comparisons for point in one.points)
    assert shipped.read_off_curves() == shipped
    assert shipped.curve == ()


def test_door_compares_at_the_threshold_that_the_manifest_states() -> None:
    """To the digit, for each design."""
    shipped = decision_rule_of(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"))
    vector = [math.sqrt(1 / 128)] * 128
    for point in shipped.points:
        evidence = compare([vector] * point.probes, [vector] * point.references, shipped)  # type: ignore[list-item]
        assert evidence.threshold == max(
            one.threshold for one in shipped.points if one.references <= point.references and one.probes <= point.probes
        )
        assert (
            f"{evidence.threshold:.5f}" in encoded(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json")).decode()
        )
