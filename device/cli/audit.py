"""`lintel audit`: what happened, and why."""

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.text.audit_rows import row_line
from device.control.audit_rows import row_of
from device.terminal import say


@click.group(epilog="Exit codes: 0 done, 8 database.")
def audit() -> None:
    """See who was let in, who was not, and why."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="The newest rows only.")
@json_option
@click.pass_context
def list_audit(context: click.Context, limit: int, as_json: bool) -> None:
    """List the newest rows, oldest first. Similarity: higher is closer."""
    with open_store(settings_of(context)) as store, store.audit() as log, store.people() as known:
        rows = log.newest(limit)
        names = known.names(row.person_id for row in rows if row.person_id is not None)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        say(row_line(row_of(row, names)))
    if not rows:
        say("The audit is empty.", err=True)
