"""`lintel people`: who is enrolled."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from device.cli.acting import ACTING
from device.cli.arguments import PersonName, Wanted
from device.cli.basis import basis_of, withdraw_basis
from device.cli.context import json_option, open_store, plain, print_json, settings_of
from device.cli.demand_pin import demand_pin
from device.cli.invite import invite
from device.cli.many_people import check_people, export_people, import_people, retention, stale_people
from device.cli.operators import by_two
from device.cli.pins import failed_words, give_pin, with_failures
from device.cli.references import references
from device.cli.rights import groups, in_words, person_valid
from device.cli.text.receipts import receipt_lines
from device.commandline import NewName
from device.control.roles import SEES_DURESS
from device.errors import CredentialError
from device.names import quoted
from device.records import ALWAYS_VALID
from device.records.receipts import BACKUP_DAYS
from device.terminal import say

if TYPE_CHECKING:
    from device.records import Enrolled
    from device.store.people import People


@click.group(epilog="Exit codes: 0 done, 8 database, 9 unknown name, or the name is taken.")
def people() -> None:
    """List, find, show, rename and remove people; their groups, validity and references."""


people.add_command(references)
people.add_command(groups)
people.add_command(person_valid)
people.add_command(basis_of)
people.add_command(withdraw_basis)
people.add_command(give_pin)
people.add_command(invite)
people.add_command(demand_pin)
for command in (import_people, export_people, check_people, stale_people, retention):
    people.add_command(command)


@people.command("list", epilog="Exit codes: 0 done, 4 model, 8 database.")
@click.option("--stale", is_flag=True, help="Those whose references were all made by another network: enroll again.")
@json_option
@click.pass_context
def list_people(context: click.Context, stale: bool, as_json: bool) -> None:
    """List all people with their badges and the number of references."""
    from device.vision.models import embedding_sha256

    settings = settings_of(context)
    with open_store(settings) as store, store.people() as known:
        everyone = known.everyone()
    if stale:
        present = embedding_sha256(settings.vision.models_dir)
        everyone = tuple(one for one in everyone if one.references and present not in dict(one.references))
    if as_json:
        print_json(everyone)
        return
    for enrolled in everyone:
        say(_line(enrolled))
    if not everyone and stale:
        say("Everyone with references has some of the present model.", err=True)
    elif not everyone:
        say("No people enrolled yet; see `lintel enroll --help`.", err=True)


@people.command("find", epilog="Exit codes: 0 found, 1 none found, 8 database.")
@click.argument("text", type=Wanted(), metavar="TEXT|BADGE")
@json_option
@click.pass_context
def find_people(context: click.Context, text: str, as_json: bool) -> int:
    """Find people by a part of the name, or by a badge.

    Case and accents are ignored. A number alone also finds badges of other formats that carry it, as it is printed on
    the card. The tag of a badge in the journal (h10301#3fa9c17e) finds its holder.
    """
    from device.administration import find, revoked_without_holder
    from device.credentials import format_badge

    with open_store(settings_of(context)) as store:
        found, revoked = find(store, text), revoked_without_holder(store, text)
    if as_json:
        print_json(found)
    for enrolled in () if as_json else found:
        say(_line(enrolled))
    if revoked:
        say(f"Badge {format_badge(revoked.credential)} is revoked; its holder was removed.", err=True)
    elif not found:
        say(f"No name or badge matches {quoted(text)}.", err=True)
    return 0 if found else 1


@people.command("rename", epilog="Exit codes: 0 done, 8 database, 9 unknown name, or NEW is taken.")
@click.argument("old", type=PersonName())
@click.argument("new", type=NewName())
@json_option
@click.pass_context
def rename_person(context: click.Context, old: str, new: str, as_json: bool) -> None:
    """Give the person OLD the name NEW; badges, references and the audit stay theirs."""
    from device.administration import Administration
    from device.clock import SystemClock

    with open_store(settings_of(context)) as store:
        before, person = Administration(store, SystemClock()).rename(old, new)
    if as_json:
        print_json({"person": person, "before": before.name})
    else:
        say(f"{before.name} is now {person.name}.")


@people.command("show", epilog="Exit codes: 0 done, 4 model, 8 database, 9 unknown name.")
@click.argument("name", type=PersonName())
@json_option
@click.pass_context
def show_person(context: click.Context, name: str, as_json: bool) -> None:
    """Show one person."""
    from device.credentials import format_badge
    from device.vision.models import embedding_sha256

    settings = settings_of(context)
    with (
        open_store(settings) as store,
        store.people() as known,
        store.pins() as pins,
        store.counters() as counters,
    ):
        enrolled = _found(known, name)
        has = pins.has(enrolled.person)
        is_pin_demanded = known.demands_pin(enrolled.person)
        failures = {badge.credential: counters.of(badge.credential) for badge in enrolled.badges}
    if as_json:
        print_json(
            {
                **plain(enrolled),
                "has_pin": has.pin,
                "pin_demanded": is_pin_demanded,
                "badges": with_failures(enrolled.badges, failures),
            }
        )
        return
    present = embedding_sha256(settings.vision.models_dir)
    say(f"{enrolled.person.name}, enrolled {enrolled.enrolled_at:%Y-%m-%d %H:%M} UTC")
    say(f"badges: {_badges(enrolled) or 'none'}")
    for badge in enrolled.badges:
        if failed := failed_words(failures[badge.credential]):
            say(f"badge {format_badge(badge.credential)}:{failed[1:]}")
    if has.pin:
        say("PIN: yes, and one for duress" if has.duress and ACTING.may(SEES_DURESS) else "PIN: yes")
    if is_pin_demanded:
        say("a PIN is demanded besides the face, as another person looks alike")
    say(f"groups: {', '.join(enrolled.groups) or 'none'}")
    if enrolled.valid != ALWAYS_VALID:
        say(f"valid: {in_words(enrolled.valid)}")
    if enrolled.extended:
        say("strike time: extended")
    for model, count in enrolled.references:
        state = "the present model" if model == present else "an older model, not used: enroll again"
        say(f"references: {count} made by {model[:16]}... ({state})")


@people.command("time", epilog="Exit codes: 0 done, 8 database, 9 unknown name.")
@click.argument("name", type=PersonName())
@click.argument("wanted", type=click.Choice(["extended", "usual"]))
@json_option
@click.pass_context
def give_time(context: click.Context, name: str, wanted: str, as_json: bool) -> None:
    """Set whether the strike is released for longer for this person (`doors.extended_strike_time_s`)."""
    from device.administration import Administration
    from device.clock import SystemClock

    with open_store(settings_of(context)) as store:
        person = Administration(store, SystemClock()).give_time(name, extended=wanted == "extended")
    if as_json:
        print_json({"person": person, "extended": wanted == "extended"})
    else:
        say(f"{person.name} has the {wanted} strike time.")


@people.command("remove", epilog="Exit codes: 0 done, 8 database, 9 unknown name, 130 declined.")
@click.argument("name", type=PersonName())
@click.confirmation_option(prompt="Permanently erase this person's badges and references?")
@json_option
@click.pass_context
def remove_person(context: click.Context, name: str, as_json: bool) -> None:
    """Erase a person with all badges and references; the audit keeps what happened, without the name."""
    from device.administration import refuse_changed
    from device.clock import SystemClock

    settings, now = settings_of(context), SystemClock().utc()
    with open_store(settings) as store:
        with store.people() as known:
            person = _found(known, name).person
        with by_two(settings, store, "erase", person=person) as by:
            with store.people() as known:
                refuse_changed(known, person)
            receipt = store.erase(person, now, by=by)
    receipt = replace(receipt, backups_until=(now + timedelta(days=BACKUP_DAYS)).date())
    if as_json:
        print_json({"person": person, "erased": True, "receipt": receipt})
        return
    say(f"{person.name} has been erased.")
    for line in receipt_lines(receipt):
        say(line)


def _line(enrolled: "Enrolled") -> str:
    count = sum(number for _, number in enrolled.references)
    badges = f"badge {_badges(enrolled)}" if enrolled.badges else "no badge"
    limited = f", {in_words(enrolled.valid)}" if enrolled.valid != ALWAYS_VALID else ""
    return f"{enrolled.person.name}: {badges}, {count} reference{'s' * (count != 1)}{_groups(enrolled)}{limited}"


def _groups(enrolled: "Enrolled") -> str:
    return f", in {', '.join(enrolled.groups)}" if enrolled.groups else ""


def _badges(enrolled: "Enrolled") -> str:
    from device.credentials import format_badge

    written = [
        format_badge(badge.credential)
        + ("" if badge.state == "valid" else f" ({badge.state})")
        + ("" if badge.valid == ALWAYS_VALID else f" ({in_words(badge.valid)})")
        for badge in enrolled.badges
    ]
    return ", ".join(written)


def _found(known: "People", name: str) -> "Enrolled":
    from device.administration import named

    enrolled = known.enrolled(named(known, name))
    if enrolled is None:
        raise CredentialError(f"{name} was removed just now.", hint="See `lintel people list`.")
    return enrolled
