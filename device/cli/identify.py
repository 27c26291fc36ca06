"""`lintel identify`: which enrolled person is this?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.identification import CandidateList


def _rate(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """`click.FloatRange` would take NaN."""
    if not 0 < value < 1:
        raise click.BadParameter(f"expected a rate between 0 and 1, received {value:g}")
    return value


@click.command(
    epilog="Exit codes: 0 identified, or candidates listed; 1 not identified; 4 the model can't tell this many "
    "people apart; 5 the image cannot be read or compared; 8 database."
)
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--fpir",
    type=float,
    callback=_rate,
    default=0.01,
    show_default=True,
    help="Highest share of strangers to mistake for an enrolled person (false positive identification rate).",
)
@click.option(
    "--top", type=click.IntRange(1, 1000), help="List this many candidates, without claiming that any is the person."
)
@json_option
@click.pass_context
def identify(context: click.Context, image: Path, fpir: float, top: int | None, as_json: bool) -> int:
    """Identify the face in IMAGE among all enrolled people (1:N identification).

    The door never does this: it compares a face with the badge's holder only (1:1). Among N people a stranger has N
    chances of a false match, so at most N x FMR of strangers are identified wrongly. Identification is refused if that
    exceeds --fpir. The candidates of --top are the most similar people, not an identification: there always are some.
    """
    from device.identification import identify_image, list_candidates
    from device.vision.faces import load_analyzer

    settings = settings_of(context)
    with open_store(settings) as store:
        analyzer = load_analyzer(settings.vision)
        if top is None:
            found = identify_image(store, analyzer, image, fpir=fpir)
        else:
            found = list_candidates(store, analyzer, image, top=top)
    if found.people == 0:
        say("No enrolled person has references made by the present model; see `lintel people list`.", err=True)
    if as_json:
        print_json(_fields(found, claimed=top is None))
    else:
        say("\n".join(_lines(found, claimed=top is None)))
    return 0 if found.candidates else 1


def _fields(found: "CandidateList", *, claimed: bool) -> dict[str, object]:
    level, people = found.level, found.people
    return {
        "identified": found.candidates[0].person if claimed and found.candidates else None,
        "claimed": claimed,
        "candidates": found.candidates,
        "people": people,
        "threshold": level.threshold,
        "fmr": level.fmr,
        "fpir_bound": level.fpir_bound(people),
        "fpir_if_independent": level.independent_fpir(people),
    }


def _lines(found: "CandidateList", *, claimed: bool) -> list[str]:
    level, people = found.level, found.people
    heading = f"IDENTIFIED {found.candidates[0].person.name}" if found.candidates else "NOT IDENTIFIED"
    rows = [
        f"  {place}. {each.person.name}  similarity {each.similarity:.3f}{'' if each.reaches_threshold else ' (below)'}"
        for place, each in enumerate(found.candidates, start=1)
    ]
    return [
        heading if claimed else "CANDIDATES, not an identification: the most similar people",
        *rows,
        f"of {people} {'person' if people == 1 else 'people'}; threshold {level.threshold:.3f} (higher is closer)",
        f"At this threshold at most {level.fpir_bound(people):.2%} of strangers are mistaken for an enrolled person "
        f"({level.independent_fpir(people):.2%} if comparisons were independent).",
    ]
