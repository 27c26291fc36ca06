"""`lintel audit acknowledge`: a break that is known, so that the doors are not in trouble until its rows are cut."""

from datetime import UTC, datetime

import click

from device.cli.acting import ACTING
from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.row_progress import progress
from device.commandline import Printable
from device.errors import StoreError
from device.terminal import say


@click.command(
    epilog="""\b
Example:
  lintel audit acknowledge --why "disk replaced, rows copied by hand; report 7"

\b
Exit codes: 0 done, 7 no name, or this user may not ask, 8 database."""
)
@click.option("--why", type=Printable(), required=True, help="Why that is enough; it is in the audit.")
@json_option
@click.pass_context
def acknowledge(context: click.Context, why: str, as_json: bool) -> None:
    """Acknowledge by name each break that `lintel audit verify` finds now.

    The doors are in no trouble for these any more, ten minutes later at most, and each is a row with its position and
    the SHA-256 of what is there. `lintel audit verify` still names them. What is changed again, or elsewhere, is a
    trouble again.
    """
    from device.alarms import reason_words, refuse_nameless
    from device.store.chain.breaks import MOST

    refuse_nameless(ACTING.by, is_named=ACTING.is_named)
    words = reason_words(why)
    with open_store(settings_of(context)) as store, store.audit() as log:
        with progress(log.before_newest(0), "Verifying rows") as each:
            verdict = log.verify(each=each)
        found = log.unacknowledged(verdict.findings)
        if verdict.more or len(found) > MOST:
            raise StoreError(
                f"The audit is broken at {len(found) + verdict.more} places, expected at most {MOST}.",
                hint="Keep `lintel audit evidence`, then cut the rows: `lintel audit cut --before DAY`.",
            )
        now = datetime.now(UTC)
        rows = [log.acknowledge(one, now, words) for one in found]
    if as_json:
        print_json([{"row": row, "finding": one} for row, one in zip(rows, found, strict=True)])
        return
    for row, one in zip(rows, found, strict=True):
        say(f"Acknowledged in row {row}: {one.words}.")
    if not found:
        say("There is no break that is not acknowledged.", err=True)
