"""`lintel store`: whether what is stored is whole."""

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say


@click.group(epilog="Exit codes: 0 whole, 1 something is wrong, 8 database.")
def store() -> None:
    """See whether what is stored is whole."""


@store.command(
    epilog="""\b
Examples:
  lintel store check
  lintel store check --json

\b
Exit codes: 0 whole, 1 something is wrong, 4 model, 8 database."""
)
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Look at the whole store: the database's file, the audit's chain, each reference.

    Each reference is opened with the device key, for its person and the model that made it. What is wrong has a row in
    the audit, which opens an alarm. `lintel-verify.timer` does this every night.
    """
    import time

    from device.appliance.verifying import PAUSE_S, checked, write_down
    from device.clock import SystemClock
    from device.vision.models import embedding_sha256

    settings = settings_of(context)
    with open_store(settings) as opened:
        found = checked(opened, embedding_sha256(settings.vision.models_dir), lambda: time.sleep(PAUSE_S))
        write_down(opened, SystemClock(), found)
    if as_json:
        print_json({"whole": not any(one.wrong for one in found), "checked": found})
    for one in () if as_json else found:
        say(f"{one.what}: {one.wrong or 'whole'}{f' ({one.extent})' if one.extent else ''}")
    context.exit(int(any(one.wrong for one in found)))
