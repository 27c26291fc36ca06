"""`lintel people references`: the references of one person, and how a bad one is taken back."""

from typing import TYPE_CHECKING

import click

from device.cli.arguments import PersonName
from device.cli.context import json_option, open_store, plain, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.records import Person, Reference
    from device.settings.tables import Settings


SHOWN = ("face_px", "brightness", "contrast", "blur", "noise", "yaw")
"""Measures of quality in a line; JSON has all that were taken."""


@click.group(epilog="Exit codes: 0 done, 8 database, 9 unknown name or number, 130 declined.")
def references() -> None:
    """List the references of a person; remove one."""


@references.command("list", epilog="Exit codes: 0 done, 8 database, 9 unknown name.")
@click.argument("name", type=PersonName())
@json_option
@click.pass_context
def list_references(context: click.Context, name: str, as_json: bool) -> None:
    """List the references of NAME: when each was made, of which picture, its quality, by which model.

    A reference that an older model has made is not used. With --json all measures of the quality are there.
    """
    from device.administration import Administration
    from device.clock import SystemClock

    settings = settings_of(context)
    with open_store(settings) as store:
        person, known = Administration(store, SystemClock()).references(name)
    present = _present_model(settings)
    if as_json:
        print_json({"person": person, "references": [{**plain(one), "used": _used(one, present)} for one in known]})
        return
    for one in known:
        say(_line(one, present))
    if not known:
        say(f"{person.name} has no references; see `lintel enroll --help`.", err=True)


@references.command("remove", epilog="Exit codes: 0 done, 8 database, 9 refused for this reference, 130 declined.")
@click.argument("name", type=PersonName())
@click.argument("number", type=click.IntRange(min=1), metavar="N")
@click.option("--last", is_flag=True, help="Even the last one: then no badge of NAME opens a door until new pictures.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
@click.pass_context
def remove_reference(context: click.Context, name: str, number: int, last: bool, yes: bool, as_json: bool) -> None:
    """Erase reference N of NAME; `lintel people references list` has the numbers.

    The last one that a model has made stays, unless you say --last. A running door goes by it from the next badge on.
    """
    from device.administration import Administration
    from device.clock import SystemClock

    settings = settings_of(context)
    with open_store(settings) as store:
        office = Administration(store, SystemClock())
        person, known = office.references(name)
        if not yes and (found := [one for one in known if one.id == number]):
            click.confirm(_question(person, found[0]), abort=True, err=True)
        removed = office.remove_reference(name, number, even_last=last)
    left = len(known) - 1
    if as_json:
        print_json({"person": person, "removed": removed, "left": left})
    else:
        say(f"Reference {number} of {person.name} has been erased; {left} left.")


def _question(person: "Person", reference: "Reference") -> str:
    made_of = f" of {reference.origin.source}" if reference.origin.source else ""
    return f"Erase reference {reference.id} of {person.name}, made {reference.made_at:%Y-%m-%d %H:%M} UTC{made_of}?"


def _line(reference: "Reference", present: str | None) -> str:
    origin = reference.origin
    measures = ", ".join(
        f"{name.replace('_', ' ')} {origin.quality[name]:.3g}" for name in SHOWN if name in origin.quality
    )
    state = {True: "the present model", False: "an older model, not used", None: f"model {reference.model_sha256[:16]}"}
    parts = [f"{reference.id:4}", f"{reference.made_at:%Y-%m-%d %H:%M} UTC", origin.source or "(picture not noted)"]
    if origin.invited:
        parts.append("by invitation")
    return "  ".join([*parts, *([measures] if measures else []), state[_used(reference, present)]])


def _used(reference: "Reference", present: str | None) -> bool | None:
    """Whether doors go by it; None if the present model can't be read."""
    return None if present is None else reference.model_sha256 == present


def _present_model(settings: "Settings") -> str | None:
    from device.errors import LintelError
    from device.vision.models import embedding_sha256

    try:
        return embedding_sha256(settings.vision.models_dir)
    except LintelError:
        return None
