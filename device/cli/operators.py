"""`lintel operators`: what waits for a second person, and its word."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.acting import ACTING
from device.cli.context import json_option, open_store, print_json, settings_of
from device.errors import DoorError
from device.terminal import say

if TYPE_CHECKING:
    from device.records import Person
    from device.settings.tables import Settings
    from device.store.store import Store

_EXIT_CODES = "Exit codes: 0 done, 7 no such command, not a second person, or this user may not ask, 8 database."


@click.group(epilog=_EXIT_CODES)
def operators() -> None:
    """See and confirm what takes two people.

    The settings say which commands do (`[two_person]`). Each waits for 15 minutes until another admin confirms it, who
    is another person by the kernel's word: two logins of one person are one.
    """


@operators.command("pending", epilog=_EXIT_CODES)
@json_option
@click.pass_context
def show_pending(context: click.Context, as_json: bool) -> None:
    """List what waits for a second person."""
    from device.clock import SystemClock
    from device.second_person import SecondPerson

    with open_store(settings_of(context)) as store:
        found = SecondPerson(store, SystemClock()).pending()
    if as_json:
        print_json([{"id": one.row, "command": one.command, "person": name or None, "by": one.asked_by}
                    for one, name in found])  # fmt: skip
        return
    for one, name in found:
        say(f"{one.row:>5}  {one.command}{f' {name}' if name else ''}, asked for by {one.asked_by}")
    if not found:
        say("Nothing waits for a second person.", err=True)


@operators.command(
    "confirm",
    epilog=f"""\b
Example:
  lintel operators confirm 4711

\b
{_EXIT_CODES}""",
)
@click.argument("number", type=click.IntRange(1), metavar="ID")
@click.pass_context
def confirm(context: click.Context, number: int) -> None:
    """Confirm, as the second person, what another admin has asked for."""
    from device.clock import SystemClock
    from device.second_person import Admin, SecondPerson

    if not ACTING.is_served:
        raise DoorError(
            "Without the service nothing waits for a second person.", hint="Start it: `sudo systemctl start lintel`."
        )
    with open_store(settings_of(context)) as store:
        done = SecondPerson(store, SystemClock()).confirm(Admin(ACTING.by, ACTING.sure_people), number)
        with store.people() as people:
            names = people.names([] if done.person_id is None else [done.person_id])
    about = "".join(f" {name}" for name in names.values())
    say(f"Confirmed: {done.command}{about}, asked for by {done.asked_by}.")


@contextmanager
def by_two(
    settings: "Settings", store: "Store", command: str, *, person: "Person | None" = None, said: str = ""
) -> Iterator[str]:
    """Waits for a second person where the settings say so; who acts within, in the audit's words.

    `said` is what the second person is shown of a command that is more than its name and a person. Raises `DoorError`
    if none confirms, or none can.
    """
    if command not in settings.two_person.commands:
        yield ACTING.by
        return
    if not ACTING.is_served:
        _refuse_alone(settings, command)
        yield ACTING.by
        return
    from device.clock import SystemClock
    from device.second_person import Admin, SecondPerson

    rule = SecondPerson(store, SystemClock())
    asked = rule.ask(Admin(ACTING.by, ACTING.sure_people), said or command, person)
    say(f"Waits up to 15 minutes for another admin: `lintel operators confirm {asked.row}`.", err=True)
    try:
        words = f"{ACTING.by}, confirmed by {rule.confirmed(asked)}"
    finally:
        rule.end(asked)
    with store.acting(words):
        yield words


def _refuse_alone(settings: "Settings", command: str) -> None:
    if not settings.two_person.directly:
        raise DoorError(
            f"`{command}` takes two people here, and without the service no second one can confirm it.",
            hint="Ask the running service as an admin with a user of your own, without sudo; or set "
            "`two_person.directly = true`: the audit then says `directly`.",
        )
