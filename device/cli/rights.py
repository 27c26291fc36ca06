"""`lintel people groups`, `lintel people valid` and `lintel badges valid`: what rules go by."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from device.cli.arguments import BadgeText, PersonName
from device.cli.context import json_option, open_store, print_json, settings_of
from device.dates import day_or_time
from device.terminal import say

if TYPE_CHECKING:
    from device.people.rights import Limits
    from device.records import Validity


class Day(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A day or a time: in a tuple, as None is a value too."""

    name = "day"

    def __init__(self, *, is_end: bool) -> None:
        self._is_end = is_end

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[datetime | None]:
        """The time in UTC."""
        if isinstance(value, tuple):
            return value
        try:
            return (day_or_time(str(value), is_end=self._is_end),)
        except ValueError as error:
            self.fail(f"{error}", param, ctx)


from_option = click.option(
    "--from", "begins", type=Day(is_end=False), metavar="DAY|TIME|none", help="From the beginning of that day."
)
until_option = click.option(
    "--until", "ends", type=Day(is_end=True), metavar="DAY|TIME|none", help="Until the end of that day."
)


@click.command("groups", epilog="Exit codes: 0 done, 8 database, 9 unknown name, or not in that group.")
@click.argument("name", type=PersonName(), required=False)
@click.option("--add", multiple=True, metavar="GROUP", help="Put NAME into GROUP; it may be repeated.")
@click.option("--remove", multiple=True, metavar="GROUP", help="Take NAME out of GROUP; it may be repeated.")
@json_option
@click.pass_context
def groups(
    context: click.Context, name: str | None, add: tuple[str, ...], remove: tuple[str, ...], as_json: bool
) -> None:
    """Show or change the groups of NAME; without NAME list all groups.

    Rules name groups. A group exists while it has members. A change counts from the next badge on.

    lintel people groups "Ada Lovelace" --add Night --remove Day
    """
    from device.clock import SystemClock
    from device.people.rights import Rights

    if name is None and (add or remove):
        raise click.UsageError("Missing argument 'NAME'.")
    with open_store(settings_of(context)) as store:
        if name is not None:
            enrolled = Rights(store, SystemClock()).regroup(name, add=add, remove=remove)
            shown: object = enrolled
            lines = [f"{enrolled.person.name}: {', '.join(enrolled.groups) or 'no groups'}"]
        else:
            with store.people() as people:
                shown = sizes = people.groups.sizes()
            lines = [f"{group}: {count}" for group, count in sizes.items()] or ["No groups yet."]
    if as_json:
        print_json(shown)
    else:
        say("\n".join(lines))


@click.command("valid", epilog="Exit codes: 0 done, 8 database, 9 unknown name, or it would end before it begins.")
@click.argument("name", type=PersonName())
@from_option
@until_option
@json_option
@click.pass_context
def person_valid(
    context: click.Context,
    name: str,
    begins: tuple[datetime | None] | None,
    ends: tuple[datetime | None] | None,
    as_json: bool,
) -> None:
    """Set from when until when NAME may come in, with any badge.

    Days and times are those of this machine's time zone. `none` takes a limit away; one that isn't named stays.

    lintel people valid "Ada Lovelace" --from 2026-12-01 --until 2027-05-31
    """
    from device.clock import SystemClock
    from device.people.rights import Rights

    limits = _limits(begins, ends)
    with open_store(settings_of(context)) as store:
        enrolled = Rights(store, SystemClock()).limit_person(name, limits)
    if as_json:
        print_json(enrolled)
    else:
        say(f"{enrolled.person.name} is valid {in_words(enrolled.valid)}.")


@click.command("valid", epilog="Exit codes: 0 done, 8 database, 9 unknown badge, or it would end before it begins.")
@click.argument("badge", type=BadgeText())
@from_option
@until_option
@json_option
@click.pass_context
def badge_valid(
    context: click.Context,
    badge: str,
    begins: tuple[datetime | None] | None,
    ends: tuple[datetime | None] | None,
    as_json: bool,
) -> None:
    """Set from when until when BADGE is valid.

    Days and times are those of this machine's time zone. `none` takes a limit away; one that isn't named stays.

    lintel badges valid 17:4242 --until 2026-12-31
    """
    from device.clock import SystemClock
    from device.credentials import format_badge, parse_badge
    from device.people.rights import Rights

    credential, limits = parse_badge(badge), _limits(begins, ends)
    with open_store(settings_of(context)) as store:
        held = Rights(store, SystemClock()).limit_badge(credential, limits)
    if as_json:
        print_json(held)
    else:
        say(f"Badge {format_badge(held.credential)} of {held.person.name} is valid {in_words(held.valid)}.")


def in_words(valid: "Validity") -> str:
    """From when until when, in this machine's time zone: "from 2026-12-01 00:00 until 2027-06-01 00:00 CET"."""
    limits = (("from", valid.begins), ("until", valid.ends))
    said = [f"{word} {at.astimezone():%Y-%m-%d %H:%M %Z}" for word, at in limits if at]
    return " ".join(said) or "without a limit"


def _limits(begins: tuple[datetime | None] | None, ends: tuple[datetime | None] | None) -> "Limits":
    from device.people.rights import Limits

    if begins is None and ends is None:
        raise click.UsageError("Give --from, --until or both.")
    return Limits(begins and begins[0], ends and ends[0], sets_begin=begins is not None, sets_end=ends is not None)
