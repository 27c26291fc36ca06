"""`lintel audit`: what happened, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from device.cli.audit_breaks import acknowledge
from device.cli.audit_export import cut, evidence, export
from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.row_filters import row_filters, wanted_rows
from device.cli.row_progress import progress
from device.cli.text.audit_rows import row_line
from device.cli.trusted_keys import public_key
from device.commandline import FilePath
from device.control.audit_rows import row_of
from device.errors import StoreError
from device.failures import in_words
from device.terminal import say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from device.store.chain.findings import Verdict


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
    shown = [row_of(row, names) for row in rows]
    if as_json:
        print_json([msgspec.structs.asdict(row) for row in shown])
        return
    for row in shown:
        say(row_line(row))
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
@click.option("--evidence", type=FilePath(), help="A file of `lintel audit evidence`; needs --public-key, and no door.")
@json_option
@click.pass_context
def verify(
    context: click.Context, start: int | None, public_keys: tuple[str, ...], evidence: Path | None, as_json: bool
) -> None:
    """Verify that each row is as Lintel wrote it, and that none is missing, added or moved.

    Names each row that isn't, and exits with 1. Reads all rows; the doors go on meanwhile.
    """
    from device.cli.text.verdicts import verdict_json, verdict_lines

    keys = [public_key(written) for written in public_keys]
    verdict = _of_file(evidence, keys) if evidence else _of_store(context, keys, start)
    if as_json:
        print_json(verdict_json(verdict))
    else:
        for line in verdict_lines(verdict):
            say(line)
    if not verdict.is_sound:
        context.exit(1)


def _of_store(context: click.Context, keys: "list[Ed25519PublicKey]", start: int | None) -> "Verdict":
    with (
        open_store(settings_of(context)) as store,
        store.audit() as log,
        progress(log.before_newest(0), "Verifying rows") as each,
    ):
        return log.verify(keys, start=start, each=each)


def _of_file(path: Path, keys: "list[Ed25519PublicKey]") -> "Verdict":
    from device.store.chain.evidence import verify_evidence

    if not keys:
        raise click.UsageError("--evidence needs the door's --public-key: audit-signing.pub beside its keys.")
    try:
        with path.open("rb") as lines:
            return verify_evidence(lines, keys)
    except OSError as error:
        raise StoreError(f"Cannot read the evidence {path}: {in_words(error)}.", hint="Name another file.") from None


audit.add_command(acknowledge)
audit.add_command(cut)
audit.add_command(evidence)
audit.add_command(export)
