"""`lintel audit`: what happened, and why."""

from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.records import AuditRow


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
        say(audit_line(row, names))
    if not rows:
        say("The audit is empty.", err=True)


def audit_line(row: "AuditRow", names: dict[int, str]) -> str:
    """One row in words; a person who was removed since is a number."""
    parts = [f"{row.id:5d}  {row.at:%Y-%m-%d %H:%M:%S} UTC  {row.event.value}"]
    parts += [f"{what} {name}" for what, name in (("door", row.door), ("reader", row.reader)) if name]
    if row.badge:
        parts.append(f"badge {row.badge}")
    if row.person_id is not None:
        parts.append(names.get(row.person_id, f"person {row.person_id} (removed)"))
    if row.outcome and row.reason:
        parts.append(f"{row.outcome.value.upper()} ({row.reason.code})")
    if row.similarity is not None and row.threshold is not None:
        parts.append(f"similarity {row.similarity:.3f}, threshold {row.threshold:.3f}")
    return "  ".join([*parts, row.fault or ""]).rstrip()
