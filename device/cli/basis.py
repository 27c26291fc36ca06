"""`--basis` of every command that writes references, and `lintel people basis` and `people withdraw`."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from device.cli.acting import ACTING
from device.cli.arguments import PersonName
from device.cli.context import json_option, open_store, print_json, settings_of
from device.records import BasisKind, Grounds
from device.terminal import say

if TYPE_CHECKING:
    from device.settings.people import PeopleSettings
    from device.store.store import Store

_KINDS = [kind.value for kind in BasisKind]
MAX_VERSION, MAX_TEXT = 64, 1000
"""Longest, in characters."""


def basis_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--basis`, `--basis-text-version` and `--basis-text`."""
    options = (
        click.option("--basis", type=click.Choice(_KINDS), help="Legal basis of the references."),
        click.option("--basis-text-version", "version", default="", metavar="V", help="Version of its text."),
        click.option("--basis-text", "text", default="", metavar="TEXT", help="The text, or where it is kept."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def stated(settings: "PeopleSettings", basis: str | None, version: str, text: str) -> Grounds | None:
    """The grounds that a command line or the settings state, None if neither does. Raises `click.UsageError`."""
    from device.people.bases import default_grounds

    if basis is None:
        if version or text:
            raise click.UsageError("Give --basis too: consent, contract, law or other.")
        default = default_grounds(settings)
        return replace(default, operator=operator()) if default else None
    _refuse_unprintable(version, "--basis-text-version", MAX_VERSION)
    _refuse_unprintable(text, "--basis-text", MAX_TEXT)
    return Grounds(BasisKind(basis), version, text, operator())


def asked_for(store: "Store", name: str, grounds: Grounds | None) -> Grounds | None:
    """The grounds; where none are stated and the person has none, they are asked for on a terminal."""
    if grounds is not None or not sys.stdin.isatty():
        return grounds
    with store.people() as people:
        person = people.named(name)
        if person is not None and people.bases.present(person) is not None:
            return None
    return asked()


def asked() -> Grounds:
    """Asks for the grounds on a terminal."""
    kind = click.prompt("Legal basis of the face data", type=click.Choice(_KINDS), err=True)
    version = click.prompt("Version of the text that the person was given", default="", show_default=False, err=True)
    _refuse_unprintable(version, "version", MAX_VERSION)
    return Grounds(BasisKind(kind), version, "", operator())


def operator() -> str:
    """Who runs this command, for what is written down of it: the kernel's word, as in the audit."""
    return ACTING.by


def _refuse_unprintable(text: str, option: str, most: int) -> None:
    if len(text) > most or not text.isprintable():
        raise click.UsageError(f"{option}: expected at most {most} printable characters.")


@click.command("basis", epilog="Exit codes: 0 done, 8 database, 9 unknown name.")
@click.argument("name", type=PersonName())
@basis_options
@json_option
@click.pass_context
def basis_of(context: click.Context, name: str, basis: str | None, version: str, text: str, as_json: bool) -> None:
    """Show the legal basis of the references of NAME, or write one down with --basis.

    For people who were enrolled before, and for a new version of the text. References are taken only of people who
    have one.

    lintel people basis "Ada Lovelace" --basis consent --basis-text-version 3
    """
    from device.administration import named
    from device.clock import SystemClock
    from device.people.bases import state_basis

    settings = settings_of(context)
    grounds = stated(settings.people, basis, version, text) if basis or version or text else None
    with open_store(settings) as store:
        if grounds:
            state_basis(store, SystemClock(), name, grounds)
        with store.people() as people:
            person = named(people, name)
            known = people.bases.of(person)
    if as_json:
        print_json({"person": person, "bases": known})
        return
    for one in known:
        ended = f", withdrawn {one.withdrawn_at:%Y-%m-%d %H:%M} UTC by {one.withdrawn_by}" if one.withdrawn_at else ""
        by = f" by {one.grounds.operator}" if one.grounds.operator else ""
        say(f"{one.grounds.words}, written down {one.given_at:%Y-%m-%d %H:%M} UTC{by}{ended}")
    if not known:
        say(f"{person.name} has no legal basis on record.", err=True)


@click.command("withdraw", epilog="Exit codes: 0 done, 8 database, 9 unknown name, 130 declined.")
@click.argument("name", type=PersonName())
@click.confirmation_option(prompt="Permanently erase this person's references?")
@json_option
@click.pass_context
def withdraw_basis(context: click.Context, name: str, as_json: bool) -> None:
    """Erase the face data of NAME, who has withdrawn consent; badges, PIN, groups and validity stay.

    The person goes on at doors that take something else than a face, as a PIN. References are taken again only with a
    new legal basis.
    """
    from device.clock import SystemClock
    from device.people.bases import withdraw

    with open_store(settings_of(context)) as store:
        person, erased = withdraw(store, SystemClock(), name, operator=operator())
    if as_json:
        print_json({"person": person, "erased": erased})
    else:
        say(f"{erased} reference{'s' * (erased != 1)} of {person.name} erased; badges, PIN and rights stay.")
