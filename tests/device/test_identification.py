"""A picture against everybody in the store: who is a candidate, who is identified, and when nobody may be."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device.credentials import parse_badge
from device.errors import ImageError, ModelError
from device.identification import (
    Candidate,
    door_level,
    gallery_of,
    identify_image,
    levels_of,
    list_candidates,
    read_gallery,
    search,
)
from device.records import Image, Person, Probe
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer
from device.vision.identification import Level
from device.vision.manifest import CurvePoint, DecisionRule, Fusion, OperatingPoint

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
FUSION = Fusion(least_probe_length=0.985, least_reference_length=0.99)
OTHER_MODEL = "cd" * 32


def rule(of_one: float, of_two: float, curve: tuple[CurvePoint, ...] = (), fusion: Fusion = FUSION) -> DecisionRule:
    points = tuple(
        OperatingPoint(references=references, probes=1, threshold=threshold, non_mated_comparisons=30_000)
        for references, threshold in ((1, of_one), (2, of_two))
    )
    return DecisionRule(
        metric="cosine-similarity",
        direction="higher-is-closer",
        target_fmr=1e-4,
        dataset="none",
        fusion=fusion,
        points=points,
        curve=curve,
    )


RULE = rule(0.5, 0.6)


def enroll(store: Store, name: str, embeddings: list[NDArray[Any]], model: str) -> Person:
    with store.people() as people:
        person = people.add(name, NOW)
        people.add_references(person, np.asarray(embeddings, np.float32), model, NOW)
    return person


@pytest.fixture(scope="module")
def embeddings(analyzer: FaceAnalyzer, portraits: Mapping[str, Image]) -> dict[str, NDArray[Any]]:
    """The portraits' embeddings, by name."""
    found = {name: analyzer.analyze(image) for name, image in portraits.items()}
    return {name: probe.embedding for name, probe in found.items() if isinstance(probe, Probe)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def both(store: Store, analyzer: FaceAnalyzer, embeddings: dict[str, NDArray[Any]]) -> list[Person]:
    """Grace Hopper and Eileen Collins, enrolled in that order."""
    model = analyzer.embedder.model_sha256
    names = {"Grace Hopper": "grace-hopper", "Eileen Collins": "eileen-collins"}
    return [enroll(store, name, [embeddings[file]], model) for name, file in names.items()]


def test_a_person_is_identified(
    store: Store, both: list[Person], analyzer: FaceAnalyzer, portrait_files: dict[str, Path]
) -> None:
    found = identify_image(store, analyzer, portrait_files["eileen-collins"], fpir=0.01)
    assert [candidate.person for candidate in found.candidates] == [both[1]]
    assert found.candidates[0].reaches_threshold


def test_a_stranger_is_nobody(
    store: Store, analyzer: FaceAnalyzer, embeddings: dict[str, NDArray[Any]], portrait_files: dict[str, Path]
) -> None:
    enroll(store, "Grace Hopper", [embeddings["grace-hopper"]], analyzer.embedder.model_sha256)
    assert identify_image(store, analyzer, portrait_files["eileen-collins"], fpir=1e-3).candidates == ()


def test_a_stranger_has_candidates_who_do_not_reach_the_threshold(
    store: Store, analyzer: FaceAnalyzer, embeddings: dict[str, NDArray[Any]], portrait_files: dict[str, Path]
) -> None:
    grace = enroll(store, "Grace Hopper", [embeddings["grace-hopper"]], analyzer.embedder.model_sha256)
    (candidate,) = list_candidates(store, analyzer, portrait_files["eileen-collins"], top=5).candidates
    assert (candidate.person, candidate.reaches_threshold) == (grace, False)


@pytest.mark.usefixtures("both")
def test_candidates_are_no_more_than_asked_for(
    store: Store, analyzer: FaceAnalyzer, portrait_files: dict[str, Path]
) -> None:
    found = list_candidates(store, analyzer, portrait_files["eileen-collins"], top=1)
    assert [candidate.person.name for candidate in found.candidates] == ["Eileen Collins"]
    assert found.people == 2


@pytest.fixture
def strictest(analyzer: FaceAnalyzer) -> float:
    """The lowest false match rate that the model has a threshold for."""
    return min(level.fmr for level in levels_of(analyzer.embedder.decision_rule, 1))


@pytest.mark.usefixtures("both")
def test_too_many_people_for_the_rate_are_refused(
    store: Store, analyzer: FaceAnalyzer, portrait_files: dict[str, Path], strictest: float
) -> None:
    with pytest.raises(ModelError, match="Cannot identify among 2 people") as refused:
        identify_image(store, analyzer, portrait_files["eileen-collins"], fpir=strictest)
    assert "--top" in refused.value.hint


@pytest.mark.usefixtures("both")
def test_a_rate_that_is_just_kept_is_not_refused(
    store: Store, analyzer: FaceAnalyzer, portrait_files: dict[str, Path], strictest: float
) -> None:
    found = identify_image(store, analyzer, portrait_files["eileen-collins"], fpir=2 * strictest)
    assert found.level.fpir_bound(2) == 2 * strictest


@pytest.mark.usefixtures("both")
def test_candidates_of_too_many_people_may_be_listed(
    store: Store, analyzer: FaceAnalyzer, portrait_files: dict[str, Path]
) -> None:
    assert len(list_candidates(store, analyzer, portrait_files["eileen-collins"], top=2).candidates) == 2


def test_a_picture_without_a_face_is_refused(store: Store, analyzer: FaceAnalyzer, tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_bytes(b"no picture")
    with pytest.raises(ImageError, match="not an image"):
        identify_image(store, analyzer, tmp_path / "no.jpg", fpir=0.01)


def test_who_was_erased_is_not_in_the_gallery(store: Store, both: list[Person], analyzer: FaceAnalyzer) -> None:
    store.erase(both[0], NOW)
    assert read_gallery(store, analyzer.embedder.model_sha256, RULE).people == (both[1],)


def test_who_holds_only_a_revoked_badge_is_in_the_gallery(
    store: Store, both: list[Person], analyzer: FaceAnalyzer
) -> None:
    with store.people() as people:
        people.issue(parse_badge("17:1"), both[0], NOW)
        people.revoke(parse_badge("17:1"), NOW)
    assert both[0] in read_gallery(store, analyzer.embedder.model_sha256, RULE).people


def test_references_of_another_model_are_not_in_the_gallery(
    store: Store, both: list[Person], analyzer: FaceAnalyzer, embeddings: dict[str, NDArray[Any]]
) -> None:
    enroll(store, "Ada", [embeddings["grace-hopper"]], OTHER_MODEL)
    gallery = read_gallery(store, analyzer.embedder.model_sha256, RULE)
    assert set(gallery.people) == set(both)


def test_an_empty_store_has_an_empty_gallery(
    store: Store, analyzer: FaceAnalyzer, portrait_files: dict[str, Path]
) -> None:
    assert list_candidates(store, analyzer, portrait_files["eileen-collins"], top=3).candidates == ()


def unit(*numbers: float) -> NDArray[Any]:
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def test_a_person_counts_once_however_many_references_there_are() -> None:
    ada, mary = Person(1, "Ada"), Person(2, "Mary")
    gallery = gallery_of([(ada, np.stack([unit(1, 0), unit(1, 0.1)])), (mary, unit(0, 1)[None])], RULE)
    assert (gallery.people, gallery.references, len(gallery.templates)) == ((ada, mary), 2, 2)


def test_a_similarity_is_the_door_s() -> None:
    references, probe = np.stack([unit(1, 0.2), unit(1, -0.4)]), unit(1, 1)
    gallery = gallery_of([(Person(1, "Ada"), references)], RULE)
    (candidate,) = search(gallery, probe, Level(1e-4, 0.9), top=1, fusion=FUSION).candidates
    assert candidate.similarity == pytest.approx(compare([probe], references, rule(0.5, 0.6)).similarity)


def test_similarity_is_the_door_s_with_only_the_newest_references() -> None:
    references, probe = np.stack([unit(1, 3), unit(1, 0.2), unit(1, -0.4)]), unit(1, 1)
    limited = rule(0.5, 0.6, fusion=Fusion(least_probe_length=1.0, least_reference_length=1.0))
    gallery = gallery_of([(Person(1, "Ada"), references)], limited)
    (candidate,) = search(gallery, probe, Level(1e-4, 0.9), top=1, fusion=limited.fusion).candidates
    door = compare([probe], references, limited)
    assert candidate.similarity == pytest.approx(door.similarity)
    assert (gallery.references, door.references) == (2, 2)


def test_a_similarity_that_equals_the_threshold_reaches_it() -> None:
    gallery = gallery_of([(Person(1, "Ada"), unit(1, 0)[None])], RULE)
    found = search(gallery, unit(1, 0), Level(1e-4, 1.0), top=1, fusion=FUSION)
    assert found.candidates == (Candidate(Person(1, "Ada"), 1.0, reaches_threshold=True),)


@pytest.mark.parametrize(("references", "threshold"), [(0, 0.5), (1, 0.5), (2, 0.6), (9, 0.6)])
def test_all_are_held_to_the_strictest_threshold_of_any(references: int, threshold: float) -> None:
    assert door_level(rule(0.5, 0.6), references) == Level(1e-4, threshold)


def test_without_a_curve_there_is_the_door_s_level_alone() -> None:
    assert levels_of(rule(0.5, 0.6), 2) == (Level(1e-4, 0.6),)


@pytest.mark.parametrize(("references", "threshold"), [(1, 0.75), (2, 0.875)])
def test_a_curve_is_raised_as_the_door_s_threshold_is(references: int, threshold: float) -> None:
    curve = (CurvePoint(fmr=1e-4, threshold=0.5), CurvePoint(fmr=1e-6, threshold=0.75))
    assert levels_of(rule(0.5, 0.625, curve), references)[2] == Level(1e-6, threshold)


def test_templates_are_not_shown(store: Store, both: list[Person], analyzer: FaceAnalyzer) -> None:  # noqa: ARG001 - somebody must be there
    shown = repr(read_gallery(store, analyzer.embedder.model_sha256, RULE))
    assert ("templates" in shown, "Grace Hopper" in shown) == (False, True)
