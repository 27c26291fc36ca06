"""Who looks alike: the same face is found, strangers are not more often than promised, and the rule is said."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from device.look_alikes import LookAlikes
from device.records import Image, Person, Probe
from device.vision.faces import FaceAnalyzer
from device.vision.manifest import DecisionRule

Vectors = NDArray[np.float32]


@pytest.fixture(scope="module")
def rule(analyzer: FaceAnalyzer) -> DecisionRule:
    return analyzer.embedder.network_rule


def unit(vectors: NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def strangers(count: int, seed: int, references: int = 3) -> list[tuple[Person, Vectors]]:
    """People whose references lie about a direction of their own."""
    drawn = np.random.default_rng(seed)
    heads = unit(drawn.normal(size=(count, 1, 128)))
    spread = unit(heads + 0.02 * drawn.normal(size=(count, references, 128)))
    return [(Person(number + 1, f"Person {number + 1}"), spread[number]) for number in range(count)]


def test_same_face_is_found_under_the_other_name(rule: DecisionRule) -> None:
    known = strangers(200, seed=1)
    found = LookAlikes(known, rule).of(known[41][1], Person(999, "New"))
    assert [one.person for one in found.alike] == [known[41][0]]
    assert found.people == 200
    assert found.fmr == pytest.approx(0.00005)


def test_person_is_no_look_alike_of_themselves(rule: DecisionRule) -> None:
    known = strangers(20, seed=1)
    found = LookAlikes(known, rule).of(known[3][1], known[3][0])
    assert (found.alike, found.people) == ((), 19)


def test_nobody_else_is_an_answer_too(rule: DecisionRule) -> None:
    assert LookAlikes([], rule).of(strangers(1, seed=2)[0][1]).alike == ()


def test_person_who_was_added_is_found(rule: DecisionRule) -> None:
    known = LookAlikes(strangers(5, seed=1), rule)
    new = strangers(1, seed=9)[0][1]
    known.add(Person(77, "Ada"), new[:1])
    known.add(Person(77, "Ada"), new)
    assert [one.person.name for one in known.of(new, Person(78, "Grace")).alike] == ["Ada"]
    assert known.of(new, Person(78, "Grace")).people == 6


def test_more_people_ask_for_a_stricter_rate_which_is_said(rule: DecisionRule) -> None:
    few, many = (LookAlikes(strangers(count, seed=3, references=1), rule) for count in (10, 100_000))
    asked = strangers(1, seed=8, references=1)[0][1]
    assert not few.of(asked).is_extrapolated
    assert "as measured" in few.of(asked).basis
    assert many.of(asked).is_extrapolated
    assert "extrapolated beyond what the network was measured on" in many.of(asked).basis


def test_portraits_of_two_people_are_not_alike(
    analyzer: FaceAnalyzer, portraits: Mapping[str, Image], rule: DecisionRule
) -> None:
    faces = [analyzer.analyze(portraits[name]) for name in ("eileen-collins", "grace-hopper")]
    vectors = [face.embedding[np.newaxis] for face in faces if isinstance(face, Probe)]
    known = LookAlikes([(Person(1, "Eileen Collins"), vectors[0])], rule)
    assert known.of(vectors[1], Person(2, "Grace Hopper")).alike == ()
    assert known.of(vectors[0], Person(2, "Grace Hopper")).alike[0].similarity == pytest.approx(1.0, abs=0.02)


@given(st.integers(2, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=4), st.integers(0, 9))
@settings(max_examples=30)
def test_pairs_are_those_that_one_by_one_are_found(
    analyzer: FaceAnalyzer, count: int, twins: list[tuple[int, int]], seed: int
) -> None:
    known = strangers(count, seed)
    for one, other in twins:
        if one < count and other < count:
            known[one] = (known[one][0], known[other][1])
    alike = LookAlikes(known, analyzer.embedder.network_rule)
    found = {frozenset((pair.one.id, pair.other.id)) for pair in alike.pairs().pairs}
    brute = {
        frozenset((known[one][0].id, known[other][0].id))
        for one in range(count)
        for other in range(one)
        if np.array_equal(known[one][1], known[other][1])
    }
    assert found == brute
    assert len(found) == len(alike.pairs().pairs)
