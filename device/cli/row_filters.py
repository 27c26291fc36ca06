"""Options that say which rows of the audit are wanted, the same for each command that reads it."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from device.cli.arguments import BadgeText, PersonName
from device.cli.rights import Day
from device.credentials import format_badge, parse_badge
from device.errors import CredentialError
from device.records import Event, Reason

if TYPE_CHECKING:
    from device.store.audit_search import Wanted
    from device.store.store import Store

_REASONS = [reason.code for reason in Reason]
_EVENTS = [event.value for event in Event]


def row_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command, whose arguments get them by their names."""
    options = (
        click.option("--person", type=PersonName(), metavar="NAME|NUMBER", help="Rows about this person."),
        click.option("--badge", type=BadgeText(), metavar="BADGE", help="Rows about this badge."),
        click.option("--door", metavar="NAME", help="Rows of this door."),
        click.option("--reason", type=click.Choice(_REASONS), metavar="REASON", help="Decisions with this reason."),
        click.option("--event", type=click.Choice(_EVENTS), metavar="EVENT", help="Rows of this kind."),
        click.option("--since", type=Day(is_end=False), metavar="DAY|TIME", help="From the beginning of that day."),
        click.option("--until", type=Day(is_end=True), metavar="DAY|TIME", help="Until the end of that day."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wanted_rows(store: "Store", chosen: dict[str, Any]) -> "Wanted":
    """What the options say. Raises `CredentialError` for a person who isn't enrolled, and for anything but a badge."""
    from device.store.audit_search import Wanted

    return Wanted(
        _person_id(store, chosen["person"]),
        format_badge(parse_badge(chosen["badge"])) if chosen["badge"] else None,
        chosen["door"],
        Reason.from_code(chosen["reason"]) if chosen["reason"] else None,
        Event(chosen["event"]) if chosen["event"] else None,
        _time(chosen["since"]),
        _time(chosen["until"]),
    )


def _time(value: tuple[datetime | None] | None) -> datetime | None:
    return value[0] if value else None


def _person_id(store: "Store", name: str | None) -> int | None:
    if name is None:
        return None
    with store.people() as people:
        person = people.named(name)
    if person:
        return person.id
    if name.isascii() and name.isdecimal():
        return int(name)
    raise CredentialError(
        f"No person is enrolled as {name!r}.",
        hint="See `lintel people list`; of people who are enrolled no more the number in the rows is left.",
    )
