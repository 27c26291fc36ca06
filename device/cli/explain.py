"""`lintel explain`: why a decision was as it was."""

from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.errors import StoreError
from device.terminal import say

if TYPE_CHECKING:
    from device.control.messages import Row
    from device.records import AuditRow
    from device.settings.tables import Settings
    from device.store.audit import Audit
    from device.store.store import Store


@click.command(epilog="Example: lintel explain 1234\n\nExit codes: 0 done, 8 database, or no such decision.")
@click.argument("event", type=click.IntRange(1), metavar="EVENT_ID")
@json_option
@click.pass_context
def explain(context: click.Context, event: int, as_json: bool) -> None:
    """Explain a decision: what decided, by which rule, what was seen, and what would have to change.

    EVENT_ID is the number of its row, the first column of `lintel audit list`.
    """
    from device.cli.text.explanation import explanation, explanation_lines

    settings = settings_of(context)
    with open_store(settings) as store:
        row, tries = explained(store, settings, event)
    if as_json:
        print_json(explanation(row, tries))
        return
    for line in explanation_lines(row, tries):
        say(line)


def explained(store: "Store", settings: "Settings", event: int) -> "tuple[Row, str]":
    """The row of a decision, and what is known of the tries with its badge. Raises `StoreError` for any other row."""
    from device.control.audit_rows import row_of

    with store.audit() as log, store.people() as people:
        row = log.one(event)
        names = people.names([row.person_id] if row and row.person_id is not None else [])
        tries = _tries(log, row, settings) if row else ""
    if row is None or row.reason is None:
        what = f"is about {row.event.value}, and no decision" if row else "is not there"
        raise StoreError(f"Row {event} of the audit {what}.", hint="See `lintel audit list --event decision`.")
    return row_of(row, names), tries


def _tries(log: "Audit", row: "AuditRow", settings: "Settings") -> str:
    """What is known of the tries with a row's badge, by the limits that its door has now."""
    from device.door_pads import pad_at
    from device.policy.attempts import FEW, MORE
    from device.policy.tried import factor_of, tried_until, tries_in_words
    from device.store.audit_search import Wanted

    if row.reason is None or row.badge is None or row.person_id is None or factor_of(row.reason) is None:
        return ""
    tried = tried_until(log.search(Wanted(person_id=row.person_id)), row.id, row.badge)
    # what was shown for a door doesn't depend on its prompts, and a simulation's door has none but its screen
    has_shown = any(
        pad_at(settings, door, screen=True).pad.is_shown for door in settings.doors if door.name == row.door
    )
    return tries_in_words(tried, row.reason, row.badge, MORE if has_shown else FEW)
