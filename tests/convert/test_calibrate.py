"""Calibration: the target is kept, the data must support it, and it is tried on people it has not seen."""

from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pytest

from convert.calibrate import (
    UNIT_LENGTH,
    Calibration,
    People,
    Target,
    between,
    calibrate,
    calibrated_fusion,
    completed,
    designs,
    further,
    in_halves,
    rule_of,
    together,
    with_rule,
)
from convert.measuring import bootstrap, comparisons
from convert.measuring.comparisons import Templates, compare_all
from convert.measuring.door_protocol import Acquired, Design, compare_by, design_of
from convert.reports import calibration_lines
from device.errors import ImageError
from device.vision.manifest import Fusion, read_manifest
from device.vision.models import DETECTION, EMBEDDING, shipped_models_dir

FUSION = Fusion(least_probe_length=0.9, least_reference_length=0.95)
TARGET = Target(0.01, Design(3, 2, 5), FUSION, "nobody at all")


@pytest.fixture(autouse=True, scope="module")
def _few_replicates() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "REPLICATES", 40)
        patch.setattr(comparisons, "HALF_BINS", 2**10)
        yield


@pytest.fixture(scope="module")
def calibration(labelled: Callable[..., Acquired]) -> Calibration:
    return calibrate(People(labelled([7] * 24).templates, 24), TARGET)


def test_single_pairs_more_references_and_probes_have_thresholds(
    calibration: Calibration,
) -> None:
    assert [(point.references, point.probes) for point in calibration.rule.points] == [
        *((1, 1), (3, 1), (3, 2)),
        *((1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (5, 1), (5, 2)),
    ]
    assert [point.non_mated_comparisons for point in calibration.rule.points][:3] == [
        24 * 23 // 2 * 49,
        5 * 24 * 23 * 4,
        5 * 24 * 23 * 2,
    ]


@pytest.mark.parametrize(
    ("design", "count"), [(Design(), 1), (Design(1, 1, 9), 1), (Design(3, 1, 9), 2), (Design(1, 2, 9), 2)]
)
def test_no_threshold_is_set_twice(design: Design, count: int) -> None:
    assert len(designs(design)) == count


def test_every_threshold_keeps_the_target(calibration: Calibration, labelled: Callable[..., Acquired]) -> None:
    templates = labelled([7] * 24).templates
    known = (*designs(TARGET.design), *further(TARGET.design))
    for point, design in zip(calibration.rule.points, known, strict=True):
        found = compare_by(design, templates, 24, FUSION)
        assert found.fmr(point.threshold).value <= 0.01
        if design in designs(TARGET.design):
            assert found.fmr(point.threshold - 3e-3).value > 0.01 * 0.9


@pytest.fixture(scope="module")
def of_unit_length(labelled: Callable[..., Acquired]) -> Calibration:
    return calibrate(People(labelled([7] * 24).templates, 24), Target(0.01, Design(3, 3, 5), UNIT_LENGTH, "nobody"))


@pytest.mark.parametrize("references", [1, 2, 3])
@pytest.mark.parametrize("probes", [1, 2, 3])
def test_door_s_threshold_keeps_the_target_with_fewer_pictures(
    of_unit_length: Calibration, labelled: Callable[..., Acquired], references: int, probes: int
) -> None:
    design = Design() if references == probes == 1 else Design(references, probes, 5)
    found = compare_by(design, labelled([7] * 24).templates, 24, UNIT_LENGTH)
    assert found.fmr(of_unit_length.rule.threshold(references, probes)).value <= 0.01


def test_counts_between_get_a_threshold_where_one_is_needed(of_unit_length: Calibration) -> None:
    counts = [(point.references, point.probes) for point in of_unit_length.rule.points]
    assert counts == [
        *((1, 1), (3, 1), (3, 3)),
        *((1, 3), (2, 1), (2, 3), (4, 1), (4, 3), (5, 1)),
        (2, 2),
    ]
    assert [(rates.references, rates.probes) for rates in of_unit_length.rates] == counts


def test_the_halves_are_tried_by_the_same_rule_as_all(
    of_unit_length: Calibration, labelled: Callable[..., Acquired]
) -> None:
    first, _ = in_halves(labelled([7] * 24).templates)
    target = Target(0.01, Design(3, 3, 5), UNIT_LENGTH, "nobody")
    known = (*designs(target.design), *further(target.design))
    compared = {design: compare_by(design, first, 24, UNIT_LENGTH) for design in known if design.references < 5}
    rule = completed(rule_of(compared, target), People(first, 24), target)
    assert len(rule.points) > 3
    assert [rates.rates.threshold for rates in of_unit_length.halves[0]][:3] == [
        rule.threshold(references, probes) for references, probes in ((1, 1), (3, 1), (3, 3))
    ]


@pytest.mark.parametrize(
    ("design", "counts"),
    [
        (Design(), []),
        (Design(1, 3, 9), [(1, 2)]),
        (Design(3, 1, 9), []),
        (Design(2, 3, 9), [(1, 2), (2, 2)]),
    ],
)
def test_between_are_all_counts_that_no_threshold_was_set_for(design: Design, counts: list[tuple[int, int]]) -> None:
    assert [(one.references, one.probes) for one in between(design)] == counts
    assert {(one.draws, one.seed) for one in between(design)} <= {(9, 0)}


def test_the_rates_are_at_the_threshold_that_the_door_uses(calibration: Calibration) -> None:
    for rates in calibration.rates:
        assert rates.rates.threshold == calibration.rule.threshold(rates.references, rates.probes)
        assert rates.rates.fmr.rate.value <= 0.01
    assert calibration.alike is not None
    assert calibration.alike.rates.threshold == calibration.rule.threshold(3, 2)
    assert (calibration.alike.references, calibration.alike.probes) == (3, 1)


def test_a_half_is_tried_at_a_threshold_of_the_other(
    calibration: Calibration, labelled: Callable[..., Acquired]
) -> None:
    halves = in_halves(labelled([7] * 24).templates)
    for tried, half, other in zip(calibration.halves, reversed(halves), halves, strict=True):
        of_single = compare_by(Design(), other, 24, FUSION)
        assert tried[0].rates.threshold == pytest.approx(of_single.threshold_at_fmr(0.01), abs=1.1e-5)
        assert tried[0].rates.fmr.rate == compare_by(Design(), half, 24, FUSION).fmr(tried[0].rates.threshold)


def test_nobody_is_in_both_halves(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([1, 2, 3, 4, 5, 6, 7, 8])
    first, second = in_halves(acquired.templates)
    assert set(first.people) | set(second.people) == set(range(8))
    assert set(first.people) & set(second.people) == set()
    assert abs(len(first) - len(second)) <= 8


def test_the_curve_goes_as_far_as_the_data_supports(calibration: Calibration) -> None:
    """While ten false matches lie above: of 13,524 single pairs at 0.001, of 11,040 of 3 x 1 as well, of 5,520 of 3 x 2
    at 0.002.
    """
    curves = {(one.references, one.probes): one.points for one in calibration.rule.curves}
    assert {design: curves[design][-1].fmr for design in ((1, 1), (3, 1), (3, 2))} == {
        (1, 1): 0.001,
        (3, 1): 0.001,
        (3, 2): 0.002,
    }
    for points in curves.values():
        assert [point.threshold for point in points] == sorted(point.threshold for point in points)
        assert points[0].fmr == 0.01


def test_each_point_of_a_curve_has_its_count(calibration: Calibration, labelled: Callable[..., Acquired]) -> None:
    templates = labelled([7] * 24).templates
    for curve in calibration.rule.curves:
        design = Design() if curve.references == curve.probes == 1 else Design(curve.references, curve.probes, 5)
        found = compare_by(design, templates, 24, FUSION)
        assert (curve.non_mated_comparisons, curve.people) == (found.non_mated, 24)
        assert [point.false_matches for point in curve.points] == [
            found.false_matches(point.threshold) for point in curve.points
        ]


def test_a_point_of_the_curve_that_no_threshold_keeps_is_left_out(labelled: Callable[..., Acquired]) -> None:
    found = labelled([10] * 30).templates
    found.vectors[found.people == 1] = found.vectors[found.people == 0]
    rule = calibrate(People(found, 30), Target(0.02, design_of(1, 1), UNIT_LENGTH, "copies")).rule
    compared = compare_all(found, 30)
    assert compared.fmr(1.0).value > 1e-4
    (curve,) = rule.curves
    assert len(curve.points) >= 3
    assert all(compared.fmr(point.threshold).value <= point.fmr for point in curve.points)


def test_design_with_too_little_data_has_an_extrapolated_threshold(labelled: Callable[..., Acquired]) -> None:
    """1,104 comparisons of 3 x 3 expect two false matches at 2e-3, 13,524 of single pairs 27."""
    found = calibrate(People(labelled([7] * 24).templates, 24), Target(2e-3, Design(3, 3, 2), FUSION, "nobody"))
    assert [found.rule.is_extrapolated(*of) for of in ((1, 1), (3, 1), (3, 3))] == [False, True, True]
    (curve,) = (one for one in found.rule.curves if (one.references, one.probes) == (3, 3))
    assert [point.fmr for point in curve.points] == [0.002]
    assert curve.points[0].threshold >= found.rule.points[0].threshold
    assert "extrapolated; the door uses" in "".join(calibration_lines(found))


def test_more_draws_make_no_threshold_laxer_than_single_pairs(labelled: Callable[..., Acquired]) -> None:
    """They are of the same images, and prove no more."""
    templates = labelled([7] * 24).templates
    for draws in (1, 40):
        rule = calibrate(People(templates, 24), Target(2e-3, Design(3, 3, draws), FUSION, "nobody")).rule
        for fmr in (5e-3, 1e-3, 1e-4):
            moved = rule.at_target(fmr)
            assert moved.threshold(3, 3) >= moved.threshold(1, 1)


def test_too_few_single_pairs_are_refused(labelled: Callable[..., Acquired]) -> None:
    with pytest.raises(ImageError, match=r"180 non-mated .* it takes 100000, 99820 are missing"):
        calibrate(People(labelled([2] * 10).templates, 10), Target(1e-4, design_of(1, 1), FUSION, "nobody"))


def test_one_picture_under_two_people_is_an_error_not_a_threshold(
    labelled: Callable[..., Acquired],
) -> None:
    found = labelled([5] * 8).templates
    for copy in (1, 2):
        found.vectors[found.people == copy] = found.vectors[found.people == 0]
    with pytest.raises(ImageError, match=r"No threshold reaches FMR 0\.02"):
        calibrate(People(found, 8), Target(0.02, design_of(1, 1), UNIT_LENGTH, "copies"))


def test_the_rule_goes_into_the_embedding_model_s_manifest(calibration: Calibration) -> None:
    manifest = with_rule(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"), calibration.rule)
    assert manifest.decision is not None
    assert manifest.decision.dataset == "nobody at all"
    with pytest.raises(ValueError, match="expected the manifest of face-embedding"):
        with_rule(read_manifest(shipped_models_dir() / f"{DETECTION}.json"), calibration.rule)


def test_the_fusion_is_the_model_s_unless_another_is_asked_for(calibration: Calibration) -> None:
    manifest = with_rule(read_manifest(shipped_models_dir() / f"{EMBEDDING}.json"), calibration.rule)
    assert calibrated_fusion(manifest, None, None) == FUSION
    assert calibrated_fusion(manifest, 0.5, None) == Fusion(least_probe_length=0.5, least_reference_length=0.95)
    assert calibrated_fusion(msgspec.structs.replace(manifest, decision=None), None, None) == UNIT_LENGTH


def test_a_calibration_is_the_same_again(calibration: Calibration, labelled: Callable[..., Acquired]) -> None:
    assert calibrate(People(labelled([7] * 24).templates, 24), TARGET).rule == calibration.rule
    assert np.isfinite([point.threshold for point in calibration.rule.points]).all()


def site_and_public(labelled: Callable[..., Acquired]) -> tuple[Acquired, Acquired]:
    """A site of 6 people, and 24 of a public set, who are the same to look at as in other tests."""
    everyone = labelled([7] * 30)
    site = everyone.templates.people < 6
    own = Acquired(everyone.templates[site], everyone.names[:6], everyone.images[:6], {})
    others = everyone.templates[~site]
    public = Acquired(Templates(others.vectors, others.people - 6), everyone.names[6:], everyone.images[6:], {})
    return own, public


def test_site_of_few_people_is_held_against_a_public_set(labelled: Callable[..., Acquired]) -> None:
    """6 people of 7 pictures have 735 comparisons of their own, and 42 x 168 more with strangers."""
    own, public = site_and_public(labelled)
    found = calibrate(together(own, public), Target(0.01, Design(3, 2, 5), FUSION, "a site"))
    counts = {(one.references, one.probes): one.non_mated_comparisons for one in found.rule.points}
    assert counts[1, 1] == 735 + 42 * 168
    assert counts[3, 1] == 5 * 6 * (5 * 4 + 24 * 7)
    assert counts[3, 2] == 5 * 6 * (5 * 2 + 24 * 3)
    assert found.rates[0].rates.fnmr.rate.trials == 6 * 21
    assert found.among_own is not None
    assert found.among_own.rates.fmr.rate.trials == 735
    assert found.rates[0].rates.fmr.rate.value <= 0.01


def test_threshold_counts_own_people_and_strangers_alike(labelled: Callable[..., Acquired]) -> None:
    own, public = site_and_public(labelled)
    people = together(own, public)
    assert people.impostors is not None
    found = people.compared(Design(), FUSION)
    similarities = own.templates.vectors @ np.concatenate([own.templates.vectors, people.impostors.vectors]).T
    others = own.templates.people[:, np.newaxis] != np.concatenate([own.templates.people, people.impostors.people])
    matching = similarities >= 0.9
    among_own = int((matching & others)[:, : len(own.templates)].sum()) // 2
    with_strangers = int((matching & others)[:, len(own.templates) :].sum())
    assert found.false_matches(0.9) == among_own + with_strangers
    assert with_strangers > 0


def test_person_in_both_sets_is_refused(labelled: Callable[..., Acquired]) -> None:
    own, public = site_and_public(labelled)
    twice = Acquired(public.templates, (own.names[0], *public.names[1:]), public.images, {})
    with pytest.raises(ImageError, match="1 people are among the mates and the impostors"):
        together(own, twice)
