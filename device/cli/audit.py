"""`lintel audit`: what happened, and why."""

from typing import Any

import click

from device.cli.audit_export import cut, export
from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.row_filters import row_filters, wanted_rows
from device.cli.row_progress import progress
from device.cli.text.audit_rows import row_line
from device.cli.trusted_keys import public_key
from device.control.audit_rows import row_of
from device.terminal import say


@click.group(epilog="Exit codes: 0 done, 1 verify found something, 8 database.")
def audit() -> None:
    """See who was let in, who was not, and why; verify that no one has changed it."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="The newest rows only.")
@row_filters
@json_option
@click.pass_context
def list_audit(context: click.Context, /, limit: int, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401 - the filters
    """List the newest rows that are wanted, oldest first. Similarity: higher is closer."""
    with open_store(settings_of(context)) as store, store.audit() as log, store.people() as known:
        rows = log.newest(limit, wanted_rows(store, chosen))
        names = known.names(row.person_id for row in rows if row.person_id is not None)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        say(row_line(row_of(row, names)))
    if not rows:
        say("No such row." if any(chosen.values()) else "The audit is empty.", err=True)


@audit.command(
    epilog="""\b
Examples:
  lintel audit verify
  lintel audit verify --from 12000
  lintel audit verify --public-key /media/auditor/audit-signing.pub"""
)
@click.option("--from", "start", type=click.IntRange(0), metavar="ROW", help="Only the rows behind this checkpoint.")
@click.option(
    "--public-key",
    "public_keys",
    multiple=True,
    metavar="KEY",
    help="Trust this key instead of the door's own: 64 hexadecimal digits, or a file with them. Repeatable.",
)
@json_option
@click.pass_context
def verify(context: click.Context, start: int | None, public_keys: tuple[str, ...], as_json: bool) -> None:
    """Verify that each row is as Lintel wrote it, and that none is missing, added or moved.

    Names each row that isn't, and exits with 1. Reads all rows; the doors go on meanwhile.
    """
    from device.cli.text.verdicts import verdict_json, verdict_lines

    keys = [public_key(written) for written in public_keys]
    with (
        open_store(settings_of(context)) as store,
        store.audit() as log,
        progress(log.before_newest(0), "Verifying rows") as each,
    ):
        verdict = log.verify(keys, start=start, each=each)
    if as_json:
        print_json(verdict_json(verdict))
    else:
        for line in verdict_lines(verdict):
            say(line)
    if not verdict.is_sound:
        context.exit(1)


audit.add_command(cut)
audit.add_command(export)
