"""Verifies pictures without a door: a picture against a badge's holder, or against another picture."""

from dataclasses import dataclass
from pathlib import Path

from device.credentials import format_badge, parse_badge
from device.errors import CredentialError, ImageError
from device.images import read_photo
from device.policy.decision import face_refusal, refusal
from device.records import Evidence, Probe
from device.store.store import Store
from device.vision.comparison import compare
from device.vision.faces import FaceAnalyzer
from device.vision.photos import PhotoLook, Unusable


@dataclass(frozen=True, slots=True)
class Verdict:
    """A comparison's evidence, the holder's name if there is one, and the false match rate that the threshold was set
    for.
    """

    evidence: Evidence
    target_fmr: float
    person: str | None = None


def compare_images(analyzer: FaceAnalyzer, path_a: Path, path_b: Path, *, largest_face: bool = False) -> Verdict:
    """With `largest_face` smaller faces in a picture do not count.

    Raises `ImageError` for a picture that cannot be read, or that shows no face that can be compared.
    """
    reference, probe = (_probe(analyzer, path, largest_face=largest_face) for path in (path_a, path_b))
    rule = analyzer.embedder.decision_rule
    return Verdict(compare([probe.embedding], [reference.embedding], rule), rule.target_fmr)


def verify_image(
    store: Store, analyzer: FaceAnalyzer, badge: str, path: Path, *, largest_face: bool = False
) -> Verdict:
    """With `largest_face` as in `compare_images`, and raises `ImageError` as that does.

    Raises `CredentialError` for a badge that cannot be used, `KeyMissing` without the key to its holder's references.
    """
    credential = parse_badge(badge)
    with store.people() as people:
        claim = people.claim(credential, analyzer.embedder.model_sha256)
        if claim and claim.key_missing:
            people.references(claim.person, analyzer.embedder.model_sha256)  # says why
    reason = refusal(claim) or (face_refusal(claim) if claim else None)
    if claim is None or reason:
        meaning = reason.meaning if reason else "This badge is not assigned to anyone."
        hint = reason.advice if reason else "See `lintel badges list`."
        raise CredentialError(f"Badge {format_badge(credential)}: {meaning}", hint=hint)
    probe = _probe(analyzer, path, largest_face=largest_face)
    rule = analyzer.embedder.decision_rule
    return Verdict(compare([probe.embedding], claim.references, rule), rule.target_fmr, claim.person.name)


def _probe(analyzer: FaceAnalyzer, path: Path, *, largest_face: bool) -> Probe:
    found = PhotoLook(analyzer, largest_face=largest_face)(read_photo(path))
    if isinstance(found, Unusable):
        raise ImageError(f"{path} cannot be compared: {found.meaning}", hint=found.advice)
    return found
