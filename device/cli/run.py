"""`lintel run`: the service of a real door."""

import os
import threading
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from device.cli.context import note_store, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from device.assembly import Assembled
    from device.cli.json_lines import JsonLines
    from device.clock import SystemClock
    from device.door_loop import DoorLoop
    from device.journal import Entry
    from device.open_doors import OpenBoard
    from device.operators import Backing
    from device.records import AuditRow, Transaction
    from device.reloading import Reload
    from device.service import Service
    from device.settings.tables import Settings
    from device.store.store import Store
    from device.store.vault.key_files import KeyFiles


@dataclass(frozen=True, slots=True)
class _Given:
    """What serving needs besides the doors: where the device key is, the lines of `--json`, and new settings."""

    keys: "KeyFiles"
    lines: "JsonLines | None"
    reload: "Reload | None" = None


@click.command(
    epilog="Exit codes: 0 stopped on request, 3 settings, 7 no GPIO pins, 8 root in the service's folder, 13 no reader."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each event, swipe and note.")
@click.option("--names", is_flag=True, help="With --json: also who it was, their badges, and duress.")
@click.pass_context
def run(context: click.Context, as_json: bool, names: bool) -> None:
    """Run the doors on this Raspberry Pi.

    The doors are driven first. A missing camera, reader, model or database is reported and retried; until it is there,
    badges are denied with the reason. Nothing is simulated. Stop it with Ctrl-C or SIGTERM: the doors are secured on
    the way out.

    With --json the journal gets lines with stable names of fields: docs/link.md has the table. No one is named in them.
    """
    from device.cli.json_lines import JsonLines
    from device.clock import Stop, SystemClock
    from device.open_doors import open_doors
    from device.settings.loading import state_dir
    from device.signals import stopped_by_signals
    from device.state_folder import refuse_root

    if names and not as_json:
        raise click.UsageError("--names goes with --json.")
    lines = JsonLines(names=names) if as_json else None
    settings, stop = settings_of(context), Stop()
    reload = _reload(context, settings) if "NOTIFY_SOCKET" in os.environ else None
    refuse_root(state_dir(settings))
    note_store(settings)
    clock = SystemClock(stop)
    with stopped_by_signals(stop, reload.request if reload else None) as stopped:
        with open_doors(settings, clock) as board:
            path = context.find_root().params["config_path"]
            begins_again = _operate(settings, board, clock, config_path=path, given=(lines, reload))
        if begins_again and reload:
            from device.reloading import begin_again

            begin_again(reload.is_requested, stopped.is_set)


def _reload(context: click.Context, settings: "Settings") -> "Reload":
    from device.journal import Journal
    from device.reloading import Reload

    return Reload(partial(settings_of, context), settings, Journal.of_environment().put)


def _operate(
    settings: "Settings",
    board: "OpenBoard",
    clock: "SystemClock",
    *,
    config_path: "Path | None",
    given: "tuple[JsonLines | None, Reload | None]",
) -> bool:
    """Whether the process is to begin again.

    Loads the operators' socket only now: an evacuated door is released again without waiting for it.
    """
    from device.control.commands import Commands
    from device.control.roster import Roster
    from device.operators import Backing, operators
    from device.settings.loading import state_dir
    from device.store.vault.key_files import KeyFiles

    backing, roster = Backing(), Roster(settings.operators)
    backing.target_fmr = partial(_target_fmr, settings)
    keys = KeyFiles(state_dir(settings), takes=True)
    backing.administer = Commands(config_path, state_dir(settings), key=keys.handed).progress
    with operators(board, backing, roster):
        say("The doors are in operation; opening their other parts.", err=True)
        if roster.unknown:
            say(f"Warning: no such user or group: {', '.join(roster.unknown)}; see [[operators]].", err=True)
        return _serve(settings, board, backing, clock, _Given(keys, *given))


def _target_fmr(settings: "Settings", name: str) -> float:
    """That of a door by its name; 0 for one without a way in, where no face is compared."""
    door = settings.door_named(name)
    return door.target_fmr if any(reader.direction == "entry" for reader in door.readers) else 0.0


def _serve(settings: "Settings", board: "OpenBoard", backing: "Backing", clock: "SystemClock", given: "_Given") -> bool:
    """All that is slow to load, or may be missing or fail, with the doors in operation."""
    lines = given.lines
    from device.files import runtime_dir
    from device.start_count import StartCount

    starts = StartCount(runtime_dir())
    clock.sleep(starts.begin())

    from device.alarms import AlarmDesk
    from device.assembly import assembled, release_writer
    from device.control.audit_rows import AuditRows
    from device.journal import Journal
    from device.notifier import Notifier
    from device.operators import alarms_at
    from device.own_store import late_store
    from device.remote.desk import RemoteDesk
    from device.remote_orders import remote_at
    from device.service import Service, operate
    from device.service_facts import ServiceFacts
    from device.settings.prompts import unstopped_lines
    from device.watchdog import Watchdog

    report = lines.note if lines else Journal.of_environment().put
    for line in unstopped_lines(settings):
        report(line)
    _show_parts(settings, report)
    with (
        closing(late_store(settings, given.keys)) as store,
        assembled(settings, board, store, clock, report) as parts,
        closing(RemoteDesk(store, parts.reading, clock, settings.remote)) as remote,
        closing(ServiceFacts(store)) as facts,
    ):
        backing.remote = remote_at(remote, backing.of_doors, tuple(opened.door.name for opened in board.doors))
        backing.troubles, backing.write_release = parts.health.troubles, release_writer(store, clock)
        backing.frame_age, backing.sights = parts.frame_age, parts.sights
        backing.rows = AuditRows(store)
        backing.alarms = alarms_at(AlarmDesk(store, clock))
        _tell_alarms_again(settings, backing, store, clock)
        watchdog = Watchdog(Notifier.of_environment(), clock)
        facts.is_ready, backing.service = (lambda: watchdog.is_ready), facts.status
        services = [Service(one, settings, watchdog) for one in parts.parts]
        _give_parts(backing, settings, parts, services, store)
        operated = _reloadable(parts, board, services, given.reload) if given.reload else parts
        facts.settings_said = lambda: given.reload.said if given.reload else ""
        following = lines.following(backing.rows, clock.stop) if lines else nullcontext()
        with starts.forgotten_when_it_works(), following:
            operate(
                services, operated, watchdog, clock.stop, facts.counting(lines.swipe if lines else journal(settings))
            )
        return watchdog.notifier.is_reloading


def _give_parts(
    backing: "Backing", settings: "Settings", parts: "Assembled", services: "Sequence[Service]", store: "Store"
) -> None:
    """What operators can ask for once the doors have their parts; people are enrolled where there is a way in."""
    from device.door_pads import networks_dir
    from device.guided_enrollment import GuidedEnrollments
    from device.guided_place import GuidedPlace
    from device.guided_recording import GuidedRecordings
    from device.pad.looking import load_look
    from device.people.bases import default_grounds
    from device.presented import PresentedBadges, ReadersOfDoor
    from device.readers.cards.keypad import refuse_typed
    from device.vision.faces import load_analyzer_for

    doors: dict[str, ReadersOfDoor] = {}
    places: dict[str, GuidedPlace] = {}
    for one, service in zip(parts.parts, services, strict=True):
        door = settings.door_named(one.doorway.door.name)
        waiting = one.doorway.next_badge
        doors[door.name] = ReadersOfDoor(waiting, tuple(reader.name for reader in door.readers))
        if not one.is_way_out:
            ways_in = tuple(reader.name for reader in door.readers if reader.direction == "entry")
            load = partial(load_analyzer_for, settings.vision, door.target_fmr)
            look = partial(load_look, settings.vision, settings.pad.network, networks_dir(settings))
            places[door.name] = GuidedPlace(
                one.doorway.camera, partial(_is_busy, service.loop), load, look, ReadersOfDoor(waiting, ways_in)
            )
    refuse = partial(refuse_typed, readers=settings.readers)
    grounds = default_grounds(settings.people)
    backing.enroll = GuidedEnrollments(places, store, parts.clock, grounds, refuse=refuse).progress
    backing.record = GuidedRecordings(places, parts.clock).progress
    backing.add_badge = PresentedBadges(doors, store, parts.clock, refuse).progress
    loops = [(one.doorway.door.name, service.loop) for one, service in zip(parts.parts, services, strict=True)]
    backing.attended = lambda name: any(loop.is_busy for door, loop in loops if door == name)


def _reloadable(parts: "Assembled", board: "OpenBoard", services: "Sequence[Service]", reload: "Reload") -> "Assembled":
    """The same, asked each round whether new settings end this life; refused ones are a trouble of all doors."""
    from device.door.wires.gpio import chip_of
    from device.health import Part
    from device.reloading import SETTINGS, doors_at_work

    doors = tuple(opened.door for opened in board.doors)
    chip = chip_of(board.pins())
    reload.chip = chip.path if chip else ""
    parts.health.add(Part(SETTINGS, frozenset(door.name for door in doors), reload.trouble))

    def at_work() -> str:
        return doors_at_work(doors, (service.name for service in services if service.loop.is_busy))

    return replace(parts, begins_again=lambda: reload.is_due(at_work))


def _tell_alarms_again(settings: "Settings", backing: "Backing", store: "Store", clock: "SystemClock") -> None:
    """In a thread that begins again after what a store says while it is locked or full."""
    from device.alarms import tell_again
    from device.control.audit_rows import row_of
    from device.errors import LintelError

    def waited(seconds: float) -> bool:
        clock.sleep(seconds)
        return clock.stop.is_set()

    def silently(rows: "tuple[AuditRow, ...]") -> None:
        backing.repeat(tuple(row_of(row, {}) for row in rows))

    def run() -> None:
        while not clock.stop.is_set():
            with suppress(LintelError):
                tell_again(store, clock, every_s=settings.alarms.repeat_s, wait=waited, silently=silently)

    if settings.alarms.repeat_s:
        threading.Thread(target=run, name="alarms", daemon=True).start()


def _is_busy(loop: "DoorLoop") -> bool:
    return loop.is_busy


def _show_parts(settings: "Settings", report: "Callable[[str], None]") -> None:
    """Says which parts are there and what to do about others, in a thread: a disk or a driver that hangs holds up
    nothing else.
    """
    from device.cli.text.found_parts import found_lines
    from device.probing import parts

    def show() -> None:
        for line in found_lines(parts(settings)):
            report(line)

    threading.Thread(target=show, name="probing", daemon=True).start()


def journal(settings: "Settings") -> "Callable[[Transaction], None]":
    """Prints transactions for the journal, with a tag in place of the badge's number.

    The journal wears the same disk as the audit: there is no line for what is only counted there.
    """
    from device.badge_tags import journal_key, tag_of
    from device.cli.text.door_events import transaction_line
    from device.journal import Journal
    from device.settings.loading import state_dir

    key, out = journal_key(state_dir(settings)), Journal.of_environment()

    def tell(transaction: "Transaction") -> None:
        if not transaction.counted:
            out.put(_entry(transaction, transaction_line(transaction, partial(tag_of, key=key))), err=False)

    return tell


def _entry(transaction: "Transaction", text: str) -> "Entry":
    """A duress shows as what it looks like to all others."""
    from device.journal import Entry, JournalEvent

    decision = transaction.decision
    return Entry.of(
        text,
        JournalEvent.GRANTED if decision.granted else JournalEvent.DENIED,
        [transaction.door],
        reader=transaction.reader or "",
        reason=decision.reason.code,
        waited_ms=f"{transaction.waited_s * 1000:.0f}",
    )
