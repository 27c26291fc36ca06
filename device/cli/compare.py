"""`lintel verify` and `lintel compare`: comparisons without a door."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.arguments import BadgeText
from device.cli.context import json_option, largest_face_option, open_store, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.verification import Verdict


@click.command(
    epilog="Exit codes: 0 match, 1 non-match, 4 model, 5 an image cannot be read or compared, 8 database, "
    "9 the badge is unknown, revoked or suspended."
)
@click.argument("badge", type=BadgeText())
@click.argument("image", type=click.Path(path_type=Path))
@largest_face_option
@json_option
@click.pass_context
def verify(context: click.Context, badge: str, image: Path, largest_face: bool, as_json: bool) -> int:
    """Compare the face in IMAGE with the references of BADGE's holder (1:1 verification)."""
    from device.verification import verify_image
    from device.vision.faces import load_analyzer

    settings = settings_of(context)
    with open_store(settings) as store:
        analyzer = load_analyzer(settings.vision)
        return _tell(verify_image(store, analyzer, badge, image, largest_face=largest_face), as_json=as_json)


@click.command(epilog="Exit codes: 0 match, 1 non-match, 5 an image cannot be read or compared.")
@click.argument("image_a", type=click.Path(path_type=Path))
@click.argument("image_b", type=click.Path(path_type=Path))
@largest_face_option
@json_option
@click.pass_context
def compare(context: click.Context, image_a: Path, image_b: Path, largest_face: bool, as_json: bool) -> int:
    """Compare the faces in two pictures: do they show one person?"""
    from device.verification import compare_images
    from device.vision.faces import load_analyzer

    analyzer = load_analyzer(settings_of(context).vision)
    return _tell(compare_images(analyzer, image_a, image_b, largest_face=largest_face), as_json=as_json)


def _tell(verdict: "Verdict", *, as_json: bool) -> int:
    if as_json:
        print_json({"match": verdict.evidence.matches, **_fields(verdict)})
    else:
        evidence = verdict.evidence
        say(f"{'MATCH' if evidence.matches else 'NON-MATCH'}{f' with {verdict.person}' if verdict.person else ''}")
        say(f"similarity {evidence.similarity:.3f}, threshold {evidence.threshold:.3f} (higher is closer)")
        say(f"At this threshold about {verdict.target_fmr:.2%} of pairs of different people match.")
    return 0 if verdict.evidence.matches else 1


def _fields(verdict: "Verdict") -> dict[str, object]:
    evidence = verdict.evidence
    return {
        "similarity": evidence.similarity,
        "threshold": evidence.threshold,
        "target_fmr": verdict.target_fmr,
        "references": evidence.references,
        "person": verdict.person,
    }
