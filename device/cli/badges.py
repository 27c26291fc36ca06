"""`lintel badges`: what opens the door beside a face."""

import click

from device.cli.context import json_option, print_json, settings_of


@click.group(epilog="Exit codes: 0 done, 8 database, 9 an unknown badge.")
def badges() -> None:
    """List and revoke badges."""


@badges.command("list")
@json_option
@click.pass_context
def list_badges(context: click.Context, as_json: bool) -> None:
    """List all badges with their holders."""
    from device.assembly import open_store
    from device.credentials import format_badge

    with open_store(settings_of(context)) as store, store.people() as known:
        everything = known.badges()
    if as_json:
        print_json(everything)
        return
    for badge in everything:
        state = f"revoked {badge.revoked_at:%Y-%m-%d %H:%M} UTC" if badge.revoked_at else "valid"
        click.echo(f"{format_badge(badge.credential)}  {badge.person.name}  {state}")
    if not everything:
        click.echo("There are no badges yet; see `lintel enroll --help`.", err=True)


@badges.command("revoke")
@click.argument("badge")
@click.pass_context
def revoke_badge(context: click.Context, badge: str) -> None:
    """Make BADGE worthless, at once and for good."""
    from device.assembly import open_store
    from device.clock import SystemClock
    from device.credentials import format_badge, parse_badge
    from device.records import Event

    credential, now = parse_badge(badge), SystemClock().utc()
    with open_store(settings_of(context)) as store, store.people() as known, store.audit() as audit:
        known.revoke(credential, now)
        audit.note(Event.BADGE_REVOKED, now, badge=format_badge(credential))
    click.echo(f"Badge {format_badge(credential)} is revoked.")
