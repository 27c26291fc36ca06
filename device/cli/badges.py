"""`lintel badges`: what opens the door beside a face."""

import click

from device.cli.context import json_option, plain, print_json, settings_of


@click.group(epilog="Exit codes: 0 done, 8 database, 9 an unknown badge.")
def badges() -> None:
    """List, revoke and restore badges."""


@badges.command("list")
@json_option
@click.pass_context
def list_badges(context: click.Context, as_json: bool) -> None:
    """List all badges with their holders, and the revoked ones that nobody holds any more."""
    from device.assembly import open_store
    from device.credentials import format_badge

    with open_store(settings_of(context)) as store, store.people() as known:
        held, left = known.badges(), known.revoked_badges()
    if as_json:
        print_json([*held, *({"person": None, "issued_at": None, **plain(badge)} for badge in left)])
        return
    for badge in held:
        state = f"revoked {badge.revoked_at:%Y-%m-%d %H:%M} UTC" if badge.revoked_at else "valid"
        click.echo(f"{format_badge(badge.credential)}  {badge.person.name}  {state}")
    for revoked in left:
        click.echo(f"{format_badge(revoked.credential)}  (nobody)  revoked {revoked.revoked_at:%Y-%m-%d %H:%M} UTC")
    if not held and not left:
        click.echo("There are no badges yet; see `lintel enroll --help`.", err=True)


@badges.command("revoke")
@click.argument("badge")
@click.pass_context
def revoke_badge(context: click.Context, badge: str) -> None:
    """Make BADGE worthless, at once and for good, also after its holder is removed."""
    from device.assembly import open_store
    from device.clock import SystemClock
    from device.credentials import format_badge, parse_badge
    from device.records import Event

    credential, now = parse_badge(badge), SystemClock().utc()
    with open_store(settings_of(context)) as store, store.people() as known, store.audit() as audit:
        known.revoke(credential, now)
        audit.note(Event.BADGE_REVOKED, now, badge=format_badge(credential))
    click.echo(f"Badge {format_badge(credential)} is revoked.")


@badges.command("restore")
@click.argument("badge")
@click.pass_context
def restore_badge(context: click.Context, badge: str) -> None:
    """Let the revoked BADGE of somebody who was removed be enrolled again."""
    from device.assembly import open_store
    from device.clock import SystemClock
    from device.credentials import format_badge, parse_badge
    from device.records import Event

    credential, now = parse_badge(badge), SystemClock().utc()
    with open_store(settings_of(context)) as store, store.people() as known, store.audit() as audit:
        known.restore(credential)
        audit.note(Event.BADGE_RESTORED, now, badge=format_badge(credential))
    click.echo(f"Badge {format_badge(credential)} can be enrolled again.")
