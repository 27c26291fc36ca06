"""`lintel audit export` and `lintel audit cut`."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.operators import by_two
from device.cli.rights import Day
from device.cli.row_filters import row_filters, wanted_rows
from device.cli.row_progress import progress
from device.terminal import put, say

if TYPE_CHECKING:
    from device.control.messages import Row
    from device.store.audit_search import Wanted
    from device.store.store import Store

NAMES_AT_ONCE = 500


@click.command(
    epilog="""\b
Examples:
  lintel audit export --since 2026-11-01 > november.csv
  lintel audit export --format cef --reason non-match
  lintel audit export --format jsonl --person "Ada Lovelace\""""
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "cef"]),
    default="csv",
    show_default=True,
    help="For a spreadsheet, for programs, or for a SIEM.",
)
@row_filters
@click.pass_context
def export(context: click.Context, /, form: str, **chosen: Any) -> None:  # noqa: ANN401 - the filters
    """Print the rows that are wanted, oldest first, all of them by default. Memory stays the same for any number."""
    from device.cli.text.row_formats import FORMATS

    with open_store(settings_of(context)) as store:
        for line in FORMATS[form](rows_wanted(store, wanted_rows(store, chosen))):
            put(line)


@click.command(epilog="Example: lintel audit evidence > evidence.jsonl")
@click.pass_context
def evidence(context: click.Context) -> None:
    """Print all rows with their links, salts and signatures, for `lintel audit verify --evidence` elsewhere.

    It says of people what the rows say: treat it as personal data.
    """
    with (
        open_store(settings_of(context)) as store,
        store.audit() as log,
        progress(log.before_newest(0), "Reading rows") as each,
    ):
        for line in log.evidence(each):
            put(line)


def rows_wanted(store: "Store", wanted: "Wanted") -> "Iterator[Row]":
    """Rows with their people's names, some at a time."""
    from device.control.audit_rows import row_of

    with store.audit() as log, store.people() as people, progress(log.before_newest(0), "Reading rows") as each:
        rows = log.search(wanted, each)
        while some := list(islice(rows, NAMES_AT_ONCE)):
            names = people.names(row.person_id for row in some if row.person_id is not None)
            yield from (row_of(row, names) for row in some)


@click.command(
    epilog="""\b
Examples:
  lintel audit cut --dry-run
  lintel audit cut
  lintel audit cut --before 2026-01-01"""
)
@click.option(
    "--before", type=Day(is_end=False), metavar="DAY|TIME", help="Cut all older rows, instead of what the settings say."
)
@click.option("--dry-run", is_flag=True, help="Only say how much is due.")
@json_option
@click.pass_context
def cut(context: click.Context, before: tuple[datetime | None] | None, dry_run: bool, as_json: bool) -> None:
    """Remove rows whose time is over, with a signed mark of what was removed: the rest verifies.

    Without --before: passages lose their people after `audit.passages_days`, all rows go after `audit.keep_days`.
    """
    from device.store.retention import due, keep_to

    settings, now = settings_of(context), datetime.now(UTC)
    if before is not None:
        rows_before, passages_before = before[0], None
    else:
        rows_before, passages_before = (
            now - timedelta(days=days) if days else None
            for days in (settings.audit.keep_days, settings.audit.passages_days)
        )
    with open_store(settings) as store:
        if dry_run:
            done = due(store, rows_before=rows_before, passages_before=passages_before)
        else:
            said = f"audit cut --before {rows_before:%Y-%m-%d %H:%M} UTC" if rows_before else ""
            with nullcontext() if before is None else by_two(settings, store, "audit cut", said=said):
                done = keep_to(store, now, rows_before=rows_before, passages_before=passages_before)
    if as_json:
        print_json({"dry_run": dry_run, "rows": done.rows, "passages": done.passages})
        return
    verb = "would be" if dry_run else "were"
    say(f"{done.rows} rows {verb} removed; {done.passages} passages {verb} stripped of their people.")
