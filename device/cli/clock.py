"""`lintel clock`: whether the time of day is trusted."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.clock_watch import ClockWatch
    from device.policy.clock_state import ClockReading


@click.group(epilog="Exit codes: 0 done, 1 the clock is not trusted, 7 a time that can't be, 8 database.")
def clock() -> None:
    """See whether the clock is trusted, and accept it.

    A clock is trusted once it was synchronized since the start of the machine, or while a battery clock agrees with it
    and it is not before the last time written down, nor more than `clock.max_gap_days` ahead of it.
    """


@clock.command("status", epilog="Exit codes: 0 trusted, 1 not trusted, 8 database.")
@json_option
@click.pass_context
def show_status(context: click.Context, as_json: bool) -> None:
    """Say whether the clock is trusted, and why not."""
    from device.records.rulings import ClockState

    with _watch(context) as watch:
        reading = watch.reading()
    _show(reading, as_json=as_json)
    context.exit(int(reading.state is ClockState.UNTRUSTED))


@clock.command(epilog="Exit codes: 0 done, 7 the clock shows a time that can't be, 8 database.")
@json_option
@click.pass_context
def accept(context: click.Context, as_json: bool) -> None:
    """Vouch for the time that the clock shows now, whatever was written down before.

    Look at it first: `lintel clock status`. The audit has a row of it. A running service follows within a second.
    """
    with _watch(context) as watch:
        reading = watch.accept()
    _show(reading, as_json=as_json)


@contextmanager
def _watch(context: click.Context) -> "Iterator[ClockWatch]":
    from device.clock import SystemClock
    from device.own_store import clock_watch

    settings = settings_of(context)
    with open_store(settings) as store:
        yield clock_watch(settings, store, SystemClock())


def _show(reading: "ClockReading", *, as_json: bool) -> None:
    if as_json:
        shown = {"state": reading.state, "now": reading.now, "doubt": reading.doubt.name if reading.doubt else None}
        return print_json({**shown, "at_least": reading.other})
    say(f"{reading.now:%Y-%m-%d %H:%M:%S} UTC: {reading.state}")
    if reading.doubt:
        say(f"Why: {reading.doubt}.")
        say("If it is right now: `lintel clock accept`. If not, set it, or let it be synchronized.", err=True)
    return None
