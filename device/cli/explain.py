"""`lintel explain`: why a decision was as it was."""

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.errors import StoreError
from device.terminal import say


@click.command(epilog="Example: lintel explain 1234\n\nExit codes: 0 done, 8 database, or no such decision.")
@click.argument("event", type=click.IntRange(1), metavar="EVENT_ID")
@json_option
@click.pass_context
def explain(context: click.Context, event: int, as_json: bool) -> None:
    """Explain a decision: what decided, by which rule, what was seen, and what would have to change.

    EVENT_ID is the number of its row, the first column of `lintel audit list`.
    """
    from device.cli.text.explanation import explanation, explanation_lines
    from device.control.audit_rows import row_of

    with open_store(settings_of(context)) as store, store.audit() as log, store.people() as people:
        row = log.one(event)
        names = people.names([row.person_id] if row and row.person_id is not None else [])
    if row is None or row.reason is None:
        what = f"is about {row.event.value}, and no decision" if row else "is not there"
        raise StoreError(f"Row {event} of the audit {what}.", hint="See `lintel audit list --event decision`.")
    told = row_of(row, names)
    if as_json:
        print_json(explanation(told))
        return
    for line in explanation_lines(told):
        say(line)
