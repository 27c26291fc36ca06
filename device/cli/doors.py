"""`lintel doors`: all doors together, and where people are as far as these know."""

import click

from device.cli.acting import ACTING
from device.cli.arguments import PersonName
from device.cli.context import json_option, open_store, print_json, settings_of
from device.control.roles import SEES_NAMES
from device.terminal import say

NO_MUSTER_LIST = (
    "This is what the badges said last. It is not a muster list: those who left by a button, a handle or behind "
    "another person are missing from it, or still on it."
)


@click.group(epilog="Exit codes: 0 done, 8 database, 9 unknown name.")
def doors() -> None:
    """See who is where as far as the doors know, and have it forgotten."""


@doors.command("who")
@json_option
@click.pass_context
def who(context: click.Context, as_json: bool) -> None:
    """List the last known places of people, and how many people's place is unknown.

    Areas are set by [[areas]] and the doors' `leads_from` and `leads_to`. A guard sees how many are where and since
    when, not who: an owner who wants otherwise makes the guard an auditor too.
    """
    from device.clock import SystemClock
    from device.known_places import KnownPlaces

    settings = settings_of(context)
    with open_store(settings) as store:
        found = KnownPlaces(settings, store, SystemClock()).who(with_names=ACTING.may(SEES_NAMES))
    if as_json:
        print_json(found)
        return
    for area, people in found.areas:
        say(f"{area}: {len(people) or 'no one known'}")
        for person in people:
            say(f"  {f'{person.name}, ' if person.name else ''}since {person.since:%Y-%m-%d %H:%M} UTC")
    say(f"unknown: {found.unknown}")
    say(NO_MUSTER_LIST, err=True)


@doors.command("forget")
@click.argument("name", type=PersonName(), required=False)
@click.option("--all", "everyone", is_flag=True, help="Forget where everyone is.")
@click.pass_context
def forget(context: click.Context, name: str | None, everyone: bool) -> None:
    """Forget where a person is, so that anti-passback lets them pass either way.

    For those who were let out by a button, or followed someone. Name one person, or say --all.
    """
    from device.clock import SystemClock
    from device.known_places import KnownPlaces

    if (name is None) != everyone:
        raise click.UsageError("Name one person, or say --all.")
    settings = settings_of(context)
    with open_store(settings) as store:
        places = KnownPlaces(settings, store, SystemClock())
        if name is None:
            places.forget_all()
            say("Everyone's place is unknown now; all pass either way once.")
        elif places.forget(name):
            say(f"The place of {name} is unknown now.")
        else:
            say(f"The place of {name} was unknown already.")
