"""`lintel badges`: what opens the door beside a face."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.acting import ACTING
from device.cli.arguments import BadgeText, PersonName
from device.cli.completion import complete_reader
from device.cli.context import json_option, open_store, plain, print_json, settings_of
from device.cli.pins import failed_words, reset_badge, with_failures
from device.cli.rights import badge_valid, in_words, until_option
from device.control.roles import SEES_DURESS
from device.records import ALWAYS_VALID, NO_FAILURES, Validity
from device.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from device.administration import Administration
    from device.records import Badge, Credential
    from device.store.store import Store

_EXIT_CODES = "Exit codes: 0 done, 8 database, 9 refused for this badge or person."


@click.group(epilog=_EXIT_CODES)
def badges() -> None:
    """List, give, limit, replace, suspend, revoke and restore badges.

    A change takes effect with the next presentation, also at a running door. Write - instead of a badge to read it
    from standard input, as sudo logs command lines to the journal.
    """


badges.add_command(badge_valid)
badges.add_command(reset_badge)


@badges.command("list", epilog="Exit codes: 0 done, 8 database.")
@json_option
@click.pass_context
def list_badges(context: click.Context, as_json: bool) -> None:
    """List all badges with their holders.

    Those that stay revoked after their holder was removed come last.
    """
    from device.credentials import format_badge

    with open_store(settings_of(context)) as store, store.people() as known, store.counters() as counters:
        held, left, failures = known.badges(), known.revoked_badges(), counters.all()
    if as_json:
        print_json([*with_failures(held, failures), *({**_NOBODY, **plain(badge)} for badge in left)])
        return
    for badge in held:
        limited = "" if badge.valid == ALWAYS_VALID else f"  {in_words(badge.valid)}"
        failed = failed_words(failures.get(badge.credential, NO_FAILURES))
        say(f"{format_badge(badge.credential)}  {badge.person.name}  {_state(badge)}{limited}{failed}")
    for revoked in left:
        say(f"{format_badge(revoked.credential)}  (no holder)  revoked {revoked.revoked_at:%Y-%m-%d %H:%M} UTC")
    if not held and not left:
        say("No badges yet; see `lintel enroll --help`.", err=True)


@badges.command("unknown", epilog="Exit codes: 0 done, 8 database.")
@click.option("--days", type=click.IntRange(1, 365), default=7, show_default=True, help="How far back to look.")
@json_option
@click.pass_context
def unknown_badges(context: click.Context, days: int, as_json: bool) -> None:
    """List badges without a holder that doors have refused lately, the last one first.

    Each with the number of its audit row: `lintel badges add NAME --unknown N` gives it to a person. Of a flood of
    badges the audit keeps some in rows, and only those are listed.
    """
    from datetime import UTC, datetime, timedelta

    from device.administration import unknown_badges as found_in
    from device.credentials import format_badge

    with open_store(settings_of(context)) as store:
        found = found_in(store, datetime.now(UTC) - timedelta(days=days))
    if as_json:
        print_json(found)
        return
    for one in found:
        times = f"{one.times} time{'s' * (one.times != 1)}"
        where = f"door {one.door}, reader {one.reader}"
        say(f"{one.row:6}  {format_badge(one.credential)}  {times}, last {one.last_at:%Y-%m-%d %H:%M} UTC  {where}")
    if not found:
        say(f"No unknown badge was presented in the last {days} day{'s' * (days != 1)}.", err=True)


@badges.command(
    "add", epilog="Exit codes: 0 done, 7 not done by the service, 8 database, 9 refused for this badge or person."
)
@click.argument("name", type=PersonName())
@click.argument("badge", type=BadgeText(), required=False)
@click.option(
    "--at",
    "reader",
    metavar="READER",
    shell_complete=complete_reader,
    help="Take the next badge presented at this reader of the service.",
)
@click.option("--unknown", "row", type=click.IntRange(min=1), metavar="N", help="Take the one of this audit row.")
@until_option
@click.option("--duress", is_flag=True, help="The badge that NAME presents when forced to, beside an ordinary one.")
@json_option
@click.pass_context
def add_badge(
    context: click.Context,
    name: str,
    badge: str | None,
    reader: str | None,
    row: int | None,
    ends: "tuple[datetime | None] | None",
    duress: bool,
    as_json: bool,
) -> None:
    """Give BADGE to NAME, who is enrolled.

    No pictures are needed: the existing references count for the new badge as well. Other badges of NAME stay valid.
    With --at no number has to be typed: within 30 s present the badge at a reader whose service runs. That opens
    nothing; a badge that has a holder is refused with the holder's name. --unknown takes a badge that a door refused
    before: `lintel badges unknown` has the numbers. A badge for --duress opens as the others of NAME do, and raises a
    silent alarm.
    """
    from device.administration import refused_badge
    from device.credentials import parse_badge
    from device.readers.cards.keypad import refuse_typed

    if sum(given is not None for given in (badge, reader, row)) != 1:
        raise click.UsageError("Give either BADGE, --at READER or --unknown N.")
    if duress and reader is not None:
        raise click.UsageError("Give a badge for --duress by its number, or by --unknown N.")
    valid = Validity(None, ends[0]) if ends else ALWAYS_VALID
    if reader is not None:
        badge = _taken_at(reader, name)
        with open_store(settings_of(context)) as store:
            _tell(_limited(store, parse_badge(badge), valid), "is valid", as_json=as_json)
        return
    settings = settings_of(context)
    with open_store(settings) as store:
        credential = parse_badge(badge or "") if row is None else refused_badge(store, row)
        refuse_typed(credential, settings.readers)
        added = _office_in(store).add_badge(name, credential, valid, duress=duress)
        _tell(added, "is valid, for duress" if duress else "is valid", as_json=as_json)


def _limited(store: "Store", credential: "Credential", valid: Validity) -> "Badge":
    """The badge that a reader took, with the end that was asked for."""
    from device.clock import SystemClock
    from device.people.rights import Limits, Rights

    if valid == ALWAYS_VALID:
        return _office_in(store).held(credential)
    return Rights(store, SystemClock()).limit_badge(credential, Limits(None, valid.ends))


def _taken_at(reader: str, name: str) -> str:
    """The badge that the running service has given to the person."""
    from device.cli.step_by_step import done_by_service
    from device.control.messages import AddBadge

    return done_by_service(AddBadge(name=name, reader=reader)).badge


@badges.command("replace", epilog=_EXIT_CODES)
@click.argument("old", type=BadgeText())
@click.argument("new", type=BadgeText())
@json_option
@click.pass_context
def replace_badge(context: click.Context, old: str, new: str, as_json: bool) -> None:
    """Revoke badge OLD and give its holder NEW, in one step.

    If OLD or NEW has been revoked, or NEW belongs to another person, nothing changes.
    """
    from device.credentials import format_badge, parse_badge
    from device.readers.cards.keypad import refuse_typed

    replaced, by = parse_badge(old), parse_badge(new)
    refuse_typed(by, settings_of(context).readers)
    with _office(context) as office:
        before, now = office.replace_badge(replaced, by)
        if as_json:
            print_json({"old": before, "new": now})
        else:
            written = f"{format_badge(before.credential)} is revoked, {format_badge(now.credential)} is valid"
            say(f"{now.person.name}: badge {written}.")


@badges.command("suspend", epilog=_EXIT_CODES)
@click.argument("badge", type=BadgeText())
@json_option
@click.pass_context
def suspend_badge(context: click.Context, badge: str, as_json: bool) -> None:
    """Deny BADGE until it is resumed.

    For a badge that was left at home, or a holder who is away. Revoke a badge that is lost.
    """
    from device.credentials import parse_badge

    credential = parse_badge(badge)
    with _office(context) as office:
        _tell(office.suspend_badge(credential), "is suspended", as_json=as_json)


@badges.command("resume", epilog=_EXIT_CODES)
@click.argument("badge", type=BadgeText())
@json_option
@click.pass_context
def resume_badge(context: click.Context, badge: str, as_json: bool) -> None:
    """Make the suspended BADGE valid again. A revoked one stays revoked."""
    from device.credentials import parse_badge

    credential = parse_badge(badge)
    with _office(context) as office:
        _tell(office.resume_badge(credential), "is valid again", as_json=as_json)


@badges.command("revoke", epilog=_EXIT_CODES)
@click.argument("badge", type=BadgeText())
@json_option
@click.pass_context
def revoke_badge(context: click.Context, badge: str, as_json: bool) -> None:
    """Deny BADGE from now on.

    It stays so when its holder is removed, until `lintel badges restore`. Repeating it is harmless.
    """
    from device.credentials import parse_badge

    credential = parse_badge(badge)
    with _office(context) as office:
        _tell(office.revoke_badge(credential), "is revoked", as_json=as_json)


@badges.command("restore", epilog=_EXIT_CODES)
@click.argument("badge", type=BadgeText())
@json_option
@click.pass_context
def restore_badge(context: click.Context, badge: str, as_json: bool) -> None:
    """Lift the revocation of BADGE.

    It is valid again for its holder; if its holder was removed, it can be issued again. For a badge that was found, or
    revoked by mistake.
    """
    from device.credentials import format_badge, parse_badge

    credential = parse_badge(badge)
    with _office(context) as office:
        restored = office.restore_badge(credential)
        if restored:
            _tell(restored, "is valid again", as_json=as_json)
        elif as_json:
            print_json({"badge": credential, **_NOBODY, "state": "free", "revoked_at": None})
        else:
            say(f"Badge {format_badge(credential)} can be issued again.")


_NOBODY = {"person": None, "issued_at": None, "suspended_at": None, "state": "revoked"}


@contextmanager
def _office(context: click.Context) -> "Iterator[Administration]":
    """The one that makes changes in the settings' store, which is open meanwhile."""
    with open_store(settings_of(context)) as store:
        yield _office_in(store)


def _office_in(store: "Store") -> "Administration":
    from device.administration import Administration
    from device.clock import SystemClock

    return Administration(store, SystemClock())


def _tell(badge: "Badge", what: str, *, as_json: bool) -> None:
    from device.credentials import doubt_about, format_badge

    if as_json:
        print_json(badge)
    else:
        say(f"Badge {format_badge(badge.credential)} of {badge.person.name} {what}.")
    if badge.state == "valid" and (doubt := doubt_about(badge.credential)):
        say(f"Note: {format_badge(badge.credential)} is {doubt}.", err=True)


def _state(badge: "Badge") -> str:
    from device.credentials import is_random

    since = badge.revoked_at or badge.suspended_at
    if since:
        return f"{badge.state} {since:%Y-%m-%d %H:%M} UTC"
    state = f"{badge.state}, for duress" if badge.duress and ACTING.may(SEES_DURESS) else badge.state
    return state + (", but refused at doors: a random number" if is_random(badge.credential) else "")
