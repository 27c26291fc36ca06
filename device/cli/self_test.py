"""`lintel self-test`: what an upgrade asks of a version before it turns to it."""

from typing import TYPE_CHECKING

import click

from device.cli.context import open_store, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.records import DoorStatus


@click.command(
    "self-test",
    epilog="""\b
Examples:
  sudo lintel self-test

\b
Exit codes: 0 this version works here, 1 doors are released, 3 settings, 4 model, 8 database.""",
)
@click.option("--record-failure", metavar="WORDS", help="Write into the audit that an upgrade failed; test nothing.")
@click.option(
    "--until-quiet",
    metavar="SECONDS",
    type=float,
    help="Wait until no door is released, or open by right, or has someone at a reader; test nothing.",
)
@click.option("--then-restart", is_flag=True, help="With --until-quiet: restart the service in that moment.")
@click.pass_context
def self_test(
    context: click.Context, record_failure: str | None, until_quiet: float | None, *, then_restart: bool
) -> int:
    """Try this version on a copy of the database: settings, runtime, models, migrations, checks. Changes nothing.

    The package runs it before it turns to a new version.
    """
    if until_quiet is not None:
        return int(not _is_quiet_within(until_quiet, then_restart=then_restart))
    from device.appliance import self_test as tests
    from device.clock import SystemClock
    from device.signals import interrupted_by_signals

    settings = settings_of(context)
    if record_failure is not None:
        with open_store(settings) as store:
            tests.record_failure(store, SystemClock(), record_failure)
        return 0
    with interrupted_by_signals():
        tests.self_test(settings)
    say("This version works here.")
    return 0


def _is_quiet_within(seconds: float, *, then_restart: bool) -> bool:
    """Loads neither settings nor models: an upgrade may wait for hours. Raises `LintelError`."""
    from device.appliance.upgrades import process_of_service, restart, wait_until_quiet
    from device.clock import SystemClock
    from device.control.client import ask_doors, control_socket

    def doors() -> "tuple[DoorStatus, ...] | None":
        return ask_doors(socket) if (socket := control_socket()) else None

    process = process_of_service() if then_restart else 0
    is_quiet = wait_until_quiet(doors, seconds, SystemClock())
    if is_quiet and then_restart:
        restart(process)
    return is_quiet
