"""Identifies pictures without a door: a picture against all people in the store (1:N). The door itself verifies 1:1."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import ImageError, ModelError
from device.images import read_photo
from device.records import Embedding, Person
from device.store.store import Store
from device.vision.comparison import newest
from device.vision.faces import FaceAnalyzer
from device.vision.identification import Level, laxest_within, nearest, templates
from device.vision.manifest import DecisionRule, Fusion
from device.vision.photos import PhotoLook, Unusable

MAX_IDENTIFIED = 10
"""At most this many people are named as reaching the threshold: more are a fault of the threshold, not an answer."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """All people who can be found: those with references made by the present model, and a template of each.

    Erased people are not in it. People with revoked badges only are: the question is who this is, not who may enter.
    `references` is the largest number that is fused of one person; `templates` is float32 [people, length].
    """

    people: tuple[Person, ...]
    references: int
    templates: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person whom the probe may show, and whether the similarity, higher is closer, reaches the threshold."""

    person: Person
    similarity: float
    reaches_threshold: bool


@dataclass(frozen=True, slots=True)
class CandidateList:
    """The most similar of `people` people, the most similar first, and the level that they are held against."""

    candidates: tuple[Candidate, ...]
    people: int
    level: Level


def identify_image(store: Store, analyzer: FaceAnalyzer, path: Path, *, fpir: float) -> CandidateList:
    """Who reaches a threshold that keeps the false positive identification rate within `fpir`, if anyone does.

    The first is who is identified; more than one call for a person to look. Raises `ModelError` if the model has no
    threshold that is strict enough for that many people, `StoreError`, and `ImageError` for a picture without a face
    that can be compared.
    """
    rule = analyzer.embedder.decision_rule
    gallery = read_gallery(store, analyzer.embedder.model_sha256, rule)
    levels = levels_of(rule, gallery.references)
    level = laxest_within(levels, len(gallery.people), fpir)
    if level is None:
        raise _too_many(len(gallery.people), min(levels, key=lambda each: each.fmr), fpir)
    found = search(gallery, _embedding(analyzer, path), level, top=MAX_IDENTIFIED, fusion=rule.fusion)
    return CandidateList(tuple(each for each in found.candidates if each.reaches_threshold), found.people, level)


def list_candidates(store: Store, analyzer: FaceAnalyzer, path: Path, *, top: int) -> CandidateList:
    """The `top` most similar people, held against the door's level. It does not say that it is one of them.

    Raises as `identify_image`, but takes any number of people.
    """
    rule = analyzer.embedder.decision_rule
    gallery = read_gallery(store, analyzer.embedder.model_sha256, rule)
    level = door_level(rule, gallery.references)
    return search(gallery, _embedding(analyzer, path), level, top=top, fusion=rule.fusion)


def search(gallery: Gallery, probe: Embedding, level: Level, *, top: int, fusion: Fusion) -> CandidateList:
    """The `top` people of a gallery most similar to a probe, whether they reach the level's threshold or not."""
    ranks = nearest(probe, gallery.templates, top, fusion=fusion)
    candidates = tuple(
        Candidate(gallery.people[rank.row], rank.similarity, rank.similarity >= level.threshold) for rank in ranks
    )
    return CandidateList(candidates, len(gallery.people), level)


def read_gallery(store: Store, model_sha256: str, rule: DecisionRule) -> Gallery:
    """All people with references made by a model, fused as the rule says. Raises `StoreError`."""
    with store.people() as people:
        known = people.all_references(model_sha256)
    return gallery_of(known, rule)


def gallery_of(known: Sequence[tuple[Person, NDArray[np.float32]]], rule: DecisionRule) -> Gallery:
    """The gallery of people and their references, float32 [n, length], n >= 1."""
    references = [np.asarray(newest(vectors, rule.most_references)) for _, vectors in known]
    most = max((len(vectors) for vectors in references), default=0)
    return Gallery(tuple(person for person, _ in known), most, templates(references, rule.fusion))


def door_level(rule: DecisionRule, references: int) -> Level:
    """The door's own level, with one probe and up to this many references of a person.

    All people are held to one threshold, the strictest of theirs: else the most similar could fail where the next pass.
    """
    return Level(rule.target_fmr, rule.threshold(max(1, references), 1))


def levels_of(rule: DecisionRule, references: int) -> tuple[Level, ...]:
    """The door's level, and those for the other false match rates that the model has a curve for."""
    door = door_level(rule, references)
    rates = [fmr for fmr, _ in rule.single_pairs] if len(dict(rule.single_pairs)) > 1 else []
    return (door, *(door_level(rule.at_target(fmr), references) for fmr in rates))


def _embedding(analyzer: FaceAnalyzer, path: Path) -> Embedding:
    found = PhotoLook(analyzer, largest_face=False)(read_photo(path))
    if isinstance(found, Unusable):
        raise ImageError(f"{path} cannot be compared: {found.meaning}", hint=found.advice)
    return found.embedding


def _too_many(people: int, strictest: Level, fpir: float) -> ModelError:
    return ModelError(
        f"Cannot identify among {people} people at FPIR {fpir:g}: that needs an FMR of {fpir / people:.2g} per "
        f"comparison, but the model's strictest threshold is for {strictest.fmr:g}, with which up to "
        f"{strictest.fpir_bound(people):.2%} of strangers would be mistaken for an enrolled person.",
        hint="List candidates with --top and look at them, or accept a larger --fpir.",
    )
