"""`lintel people pin` and `lintel badges reset`: PINs, and tries that failed."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from device.cli.acting import ACTING
from device.cli.arguments import BadgeText, PersonName
from device.cli.context import json_option, open_store, plain, print_json, settings_of
from device.control.roles import SEES_DURESS
from device.errors import CredentialError
from device.records import LEAST_DIGITS, MOST_DIGITS, NO_FAILURES, Badge, Credential, Failures
from device.terminal import say

if TYPE_CHECKING:
    from device.people.pins import PinOffice

MOST_LINE = 64
"""Characters that are read of a line with a PIN: more is no PIN."""


@click.command(
    "pin",
    epilog="Exit codes: 0 done, 8 database or key, 9 unknown name, or no PIN that can be chosen, 130 declined.",
)
@click.argument("name", type=PersonName())
@click.option(
    "--generate",
    "length",
    type=click.IntRange(LEAST_DIGITS, MOST_DIGITS),
    metavar="N",
    help="Draw a PIN of N digits and print it, once.",
)
@click.option("--stdin", "from_input", is_flag=True, help="Read each PIN from a line of standard input.")
@click.option("--duress", is_flag=True, help="The PIN that NAME types when forced to; the ordinary one is asked first.")
@click.option("--remove", is_flag=True, help="Remove both PINs of NAME; with --duress, that one alone.")
@json_option
@click.pass_context
def give_pin(
    context: click.Context, name: str, length: int | None, from_input: bool, duress: bool, remove: bool, as_json: bool
) -> None:
    """Give NAME a PIN of 4 to 8 digits; 6 are usual.

    It is asked twice and never shown. It counts at readers with a keypad (`keypad` in the settings), where the door
    takes PINs, ended by #. Another PIN ends the one before and the duress PIN, and PINs count again with each badge of
    NAME. A duress PIN opens as the ordinary one does, and raises a silent alarm.

    lintel people pin "Ada Lovelace"

    lintel people pin "Ada Lovelace" --generate 6
    """
    if (remove and (length or from_input)) or (length and from_input and not duress):
        raise click.UsageError("Give one of --generate, --stdin and --remove.")
    asked = _Asked(length, from_input=from_input)
    with open_store(settings_of(context)) as store:
        from device.clock import SystemClock
        from device.people.pins import PinOffice

        office = PinOffice(store, SystemClock())
        if remove:
            done, said = _removed(office, name, only_duress=duress)
        else:
            done, said = _given_duress(office, name, asked) if duress else _given(office, name, asked)
    if as_json:
        print_json(done)
    else:
        say(said)


class _Asked:
    """Where PINs come from: a terminal, standard input, or chance."""

    def __init__(self, length: int | None, *, from_input: bool) -> None:
        self._length = length
        self._from_input = from_input

    def known(self, name: str) -> str:
        """The PIN that a person has."""
        return self._line() if self._from_input else _hidden(f"PIN of {name}")

    def new(self, what: str, *, unlike: str = "") -> tuple[str, bool]:
        """A PIN to be given, and whether it was drawn. Drawn for duress, it is as long as the one it is `unlike`."""
        from device.people.pins import drawn_pin

        if self._length:
            return drawn_pin(len(unlike) or self._length, unlike=unlike), True
        return (self._line() if self._from_input else _hidden(what, twice=True)), False

    def _line(self) -> str:
        line = sys.stdin.readline(MOST_LINE)
        if not line:
            raise CredentialError("No PIN came on standard input.", hint="Write each PIN on a line of its own.")
        return line.strip()


def _hidden(what: str, *, twice: bool = False) -> str:
    """What is typed at the terminal, where it doesn't show."""
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to type a PIN at: give --stdin or --generate.")
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt="The same again" if twice else False, err=True)
    return typed


def _given(office: "PinOffice", name: str, asked: _Asked) -> tuple[dict[str, Any], str]:
    office.known(name)
    pin, is_drawn = asked.new(f"New PIN of {name}, {LEAST_DIGITS} to {MOST_DIGITS} digits")
    person, lost_duress = office.give(name, pin)
    done: dict[str, Any] = {"person": person, "pin": pin if is_drawn else "given"}
    said = f"The PIN of {person.name} is {pin}." if is_drawn else f"{person.name} has a new PIN."
    if not ACTING.may(SEES_DURESS):
        return done, f"{said} A duress PIN, if there was one, is removed: choose another one."
    done["duress_removed"] = lost_duress
    return done, said + (" The duress PIN is removed: choose another one." if lost_duress else "")


def _removed(office: "PinOffice", name: str, *, only_duress: bool) -> tuple[dict[str, Any], str]:
    """Who may not know whether there was a duress PIN hears the same either way."""
    may_know = ACTING.may(SEES_DURESS) or not only_duress
    person = office.remove(name, only_duress=only_duress, must_have=may_know)
    what = "PIN" if not only_duress else "duress PIN" if may_know else "duress PIN, if there was one,"
    said = f"The {what} of {person.name} is removed." if may_know else f"A {what} of {person.name} is removed."
    return {"person": person, "pin": "removed", "duress": only_duress}, said


def _given_duress(office: "PinOffice", name: str, asked: _Asked) -> tuple[dict[str, Any], str]:
    office.known(name)
    pin = asked.known(name)
    person = office.verified(name, pin)
    duress, is_drawn = asked.new(f"Duress PIN of {person.name}, as long as the other", unlike=pin)
    office.give_duress(name, pin, duress)
    done = {"person": person, "pin": duress if is_drawn else "given", "duress": True}
    said = f"The duress PIN of {person.name} is {duress}." if is_drawn else f"{person.name} has a new duress PIN."
    return done, said


@click.command("reset", epilog="Exit codes: 0 done, 8 database, 9 the badge has no holder.")
@click.argument("badge", type=BadgeText())
@json_option
@click.pass_context
def reset_badge(context: click.Context, badge: str, as_json: bool) -> None:
    """Have faces and PINs count again with BADGE, after too many that were wrong.

    After 5 faces in a row that did not match the next one waits, after 50 none counts; after 10 wrong PINs in a row
    none does. Other badges are not affected. Ask the holder first: it may have been another person.
    """
    from device.clock import SystemClock
    from device.credentials import format_badge, parse_badge
    from device.people.pins import PinOffice

    with open_store(settings_of(context)) as store:
        held, before = PinOffice(store, SystemClock()).reset(parse_badge(badge))
    if as_json:
        print_json({**plain(held), "failures": before})
        return
    failed = f"{_count(before.face, 'face')} and {_count(before.pin, 'PIN')} in a row had failed"
    say(f"Badge {format_badge(held.credential)} of {held.person.name}: {failed}; both count again.")


def with_failures(held: Iterable[Badge], failures: Mapping[Credential, Failures]) -> list[dict[str, Any]]:
    """Badges as JSON, with what failed with each, and for those who may know which is for duress."""
    knows = ACTING.may(SEES_DURESS)
    return [
        {
            **plain(badge),
            "failures": plain(failures.get(badge.credential, NO_FAILURES)),
            **({"duress": badge.duress} if knows else {}),
        }
        for badge in held
    ]


def failed_words(failures: Failures) -> str:
    """What failed with a badge since the last grant, to stand behind its state; empty for nothing."""
    from device.policy.attempts import FEW, MOST_PINS

    if failures == NO_FAILURES:
        return ""
    ended = [
        f"{what} count no more"
        for what, is_so in (("faces", failures.face >= FEW.stops_after), ("PINs", failures.pin >= MOST_PINS))
        if is_so
    ]
    in_a_row = f"{_count(failures.face, 'face')}, {_count(failures.pin, 'PIN')} failed in a row"
    return "; ".join([f"  {in_a_row}, {failures.since_grant} since the last grant", *ended])


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
