"""`lintel readers`: what an installer needs on site, from the bits of a card to the key of a reader."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, print_json, print_json_line, settings_of
from device.cli.decode import decode_bits
from device.commandline import NumberRange
from device.terminal import say

if TYPE_CHECKING:
    from device.cli.text.reader_events import Transcript
    from device.ports import Clock, Reader

SHOW_S = 1.5
"""How long `lintel readers test` shows each signal."""
STAYS_S = 3.0
"""While signals are shown, a card that was out of sight for less is still there."""
_ALONE = "The readers must be free: stop the service first (sudo systemctl stop lintel)."


@click.group(
    epilog="Exit codes: 0 done, 1 refused or no badge came, 3 settings, 7 no GPIO pins, 12 package missing, 13 reader."
)
def readers() -> None:
    """Decode cards; list, test and watch readers; give them their keys."""


readers.add_command(decode_bits)


@readers.command("list", epilog="Exit codes: 0 done, 3 settings.")
@json_option
@click.pass_context
def list_readers(context: click.Context, as_json: bool) -> None:
    """List kinds of readers, your readers, card formats.

    Each kind is shown with its security; your readers are those in the settings.
    """
    from device.cli.text.readers_list import catalog, catalog_lines

    rows = catalog(settings_of(context))
    if as_json:
        print_json(rows)
    else:
        say("\n".join(catalog_lines(rows)))


@readers.command(
    "test", epilog=f"{_ALONE}\n\nExit codes: 0 each reader read a badge, 1 one did not, 3 settings, 7 pins, 13 reader."
)
@click.argument("name", required=False)
@click.option(
    "--seconds", type=NumberRange(0.1, 3600), default=30.0, show_default=True, help="Seconds to wait for a badge."
)
@click.pass_context
def test_readers(context: click.Context, name: str | None, seconds: float) -> int:
    """Test reader NAME, or each reader in turn.

    Shows each signal on its LED and buzzer, with what you should see and hear, then waits for a badge.
    """
    from device.cli.text.reader_events import Transcript
    from device.commissioning.at_readers import chosen, watched
    from device.commissioning.byte_orders import byte_orders

    settings, missed = settings_of(context), 0
    for reader_settings in chosen(settings, name):
        say(f"Reader {reader_settings.name}: watch its LED and listen to its buzzer, if it has them.")
        with byte_orders(settings) as orders, watched(settings, (reader_settings,)) as (reader, clock, tables):
            transcript = Transcript(clock.monotonic(), tables, orders.suggestion)
            _show_signals(reader, clock, transcript)
            say(f"Present a badge within {seconds:g} s.")
            missed += not _read_badge(reader, clock, transcript, seconds)
    return 1 if missed else 0


@readers.command("monitor", epilog=f"{_ALONE}\n\nExit codes: 0 time is up, or Ctrl-C, 3 settings, 7 pins, 13 reader.")
@click.argument("name", required=False)
@click.option("--seconds", type=NumberRange(0.1, 86400), help="Stop after this many seconds. Default: at Ctrl-C.")
@click.option(
    "--show-keys",
    is_flag=True,
    help="Show keys instead of *, and digits of unreadable lines instead of 9: an onlooker can then read a PIN.",
)
@json_option
@click.pass_context
def monitor_readers(
    context: click.Context, name: str | None, seconds: float | None, show_keys: bool, as_json: bool
) -> None:
    """Watch the events of reader NAME, or of all readers.

    Shows badges with raw bits, format and parity, keys as *, and the reader's own notices. A card that stays gets one
    line per second, with the number of reads that the door would hold back (hold_time_s). With --json, one line per
    read. Nothing is stored, and no door is released.
    """
    from device.cli.sightings import Sightings
    from device.cli.text.reader_events import Transcript
    from device.commissioning.at_readers import chosen, events, watched
    from device.commissioning.byte_orders import byte_orders
    from device.readers.kinds import hold_time_of

    settings = settings_of(context)
    with (
        suppress(KeyboardInterrupt),
        byte_orders(settings) as orders,
        watched(settings, chosen(settings, name)) as (reader, clock, tables),
    ):
        transcript = Transcript(clock.monotonic(), tables, orders.suggestion)
        sightings = Sightings({one.name: hold_time_of(one) for one in settings.readers})
        say("Watching. Present a badge; Ctrl-C ends.", err=True)
        for event in events(reader, clock, seconds):
            held_back = sightings.is_held_back(event)
            if as_json:
                print_json_line(transcript.plain(event, show_keys=show_keys, held_back=held_back))
            elif not held_back:
                say("\n".join(transcript.lines(event, show_keys=show_keys)))
            elif count := sightings.due(event):
                say("\n".join(transcript.held_lines(event, count)))


@readers.command(
    "osdp-keyset",
    epilog=f"{_ALONE} The key belongs to the service's user, even if root runs this.\n\n"
    "Exit codes: 0 the reader has its key, 3 settings, 12 package missing, 13 reader, 130 declined.",
)
@click.argument("name")
@click.option("--seconds", type=NumberRange(1, 600), default=60.0, show_default=True, help="Seconds before giving up.")
@click.option("--install", is_flag=True, help="The reader was replaced or reset: take the default key again.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@click.pass_context
def osdp_keyset(context: click.Context, name: str, seconds: float, install: bool, yes: bool) -> None:
    """Give the OSDP reader NAME a new key.

    The key is kept in the state folder and never shown. A reader that has no key yet must be in its install mode.
    Only then is the default key used. That key is public: anyone listening on the line at that moment learns the new
    one.
    """
    from device.commissioning.at_readers import give_key, osdp_reader

    settings = settings_of(context)
    reader = osdp_reader(settings, name)
    if not yes:
        click.confirm(
            f"Give reader {name} a new key? No one else should have access to its line.", abort=True, err=True
        )
    give_key(settings, reader, seconds, install=install)
    say(f"Reader {name} has a new key of its own.")


def _show_signals(reader: "Reader", clock: "Clock", transcript: "Transcript") -> None:
    """Shows each signal for a while, and what comes meanwhile; a card that stays comes once."""
    from device.cli.sightings import Sightings
    from device.cli.text.reader_events import EXPECTED
    from device.commissioning.at_readers import events
    from device.records import Signal

    sightings = Sightings(dict.fromkeys(transcript.tables, STAYS_S))
    for signal in (*Signal, Signal.READY):
        say(f"  {signal.value:10} {EXPECTED[signal]}")
        reader.show(signal)
        for event in events(reader, clock, SHOW_S):
            if not sightings.is_held_back(event):
                say("\n".join(transcript.lines(event)))


def _read_badge(reader: "Reader", clock: "Clock", transcript: "Transcript", seconds: float) -> bool:
    """Prints events until a badge is read; whether one was."""
    from device.commissioning.at_readers import events
    from device.records import BadgeRead

    for event in events(reader, clock, seconds):
        say("\n".join(transcript.lines(event)))
        if isinstance(event, BadgeRead) and event.credential:
            return True
    say(f"No badge was read within {seconds:g} s.", err=True)
    return False
