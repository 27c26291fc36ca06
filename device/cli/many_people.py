"""`lintel people import`, `export`, `check`, `stale` and `retention`: what is done with many people at once."""

from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.arguments import PersonName
from device.cli.basis import basis_options, operator, stated
from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.operators import by_two
from device.cli.row_progress import progress
from device.terminal import put, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from device.people.checking import Findings
    from device.people.importing import Imported
    from device.people.lists import Row, Wrong
    from device.people.retention import Due, Keeping
    from device.records import Grounds
    from device.settings.tables import Settings
    from device.store.store import Store

SOME_REFUSED = 1


@click.command("import", epilog="Exit codes: 0 done, 1 some refused, 4 model, 8 database, 9 not a list of people.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="LIST.csv")
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The folder of the pictures that the list names, or that are named as the people are.",
)
@click.option("--dry-run", is_flag=True, help="Do it all in a copy that is thrown away.")
@basis_options
@json_option
@click.pass_context
def import_people(
    context: click.Context,
    source: Path,
    pictures: Path | None,
    dry_run: bool,
    basis: str | None,
    version: str,
    text: str,
    as_json: bool,
) -> int:
    """Enroll the people of a list, each with badges, groups, validity, legal basis and pictures.

    The list is CSV in UTF-8. Its first line names the columns: name, badges, groups, from, until, basis,
    basis_text_version, pictures; only `name` is needed. Several badges, groups or pictures in one cell are separated
    by `;`. Without the column `pictures` those count that are named as the person is: `ada lovelace-1.jpg`.

    Each person is written whole or not at all. Lines that are refused are listed with the reason; put them right and
    run the command again: who is there already gets only what is missing. People who look alike are named.

    lintel people import staff.csv --pictures photos --basis consent --basis-text-version 3 --dry-run
    """
    from device.people.lists import read_list

    rows = read_list(source.read_bytes())
    settings = settings_of(context)
    with _store(settings, in_copy=dry_run) as store:
        run = _import_into(store, settings, pictures, stated(settings.people, basis, version, text))
        with progress(len(rows), "People") as shown:
            done = tuple(run(rows, shown))
    if as_json:
        print_json({"dry_run": dry_run, "lines": done})
    else:
        _say_import(done, pictures, dry_run=dry_run)
    return SOME_REFUSED if any(one.outcome == "refused" for one in done) else 0


def _import_into(
    store: "Store", settings: "Settings", pictures: Path | None, grounds: "Grounds | None"
) -> "Callable[[Sequence[Row | Wrong], Callable[[int], None]], Iterator[Imported]]":
    from device.clock import SystemClock
    from device.enrollment import Enrollment, Terms
    from device.look_alikes import everyone_alike
    from device.people.importing import Import, Pictures
    from device.vision.faces import load_analyzer

    analyzer, clock = load_analyzer(settings.vision), SystemClock()
    known = everyone_alike(store, analyzer.embedder.model_sha256, analyzer.embedder.network_rule)

    def on(stated_there: "Grounds | None") -> Enrollment:
        return Enrollment(store, analyzer, clock, terms=Terms(stated_there or grounds, known))

    return Import(store, clock, Pictures(pictures), on).run


@contextmanager
def _store(settings: "Settings", *, in_copy: bool) -> "Iterator[Store]":
    with open_store(settings) as store:
        if not in_copy:
            yield store
            return
        with store.copy_in_memory() as copy:
            yield copy


def _say_import(done: "Sequence[Imported]", pictures: Path | None, *, dry_run: bool) -> None:
    from device.cli.text.door_events import alike_lines
    from device.people.importing import summary

    for one in done:
        if one.problems or one.resembles.alike:
            say(f"Line {one.line}, {one.name or '(no name)'}: {one.outcome}")
            for problem in one.problems:
                say(f"  {problem}")
            for line in alike_lines(one.resembles):
                say(line)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in summary(done).items())
    say(f"{counts}{' (dry run: nothing was stored)' if dry_run else ''}.")
    if pictures is not None and not dry_run:
        say(f"The pictures still lie in {pictures}: delete them if the legal basis does not cover keeping them.")


@click.command("export", epilog="Exit codes: 0 done, 8 database, 9 unknown name.")
@click.argument("name", type=PersonName(), required=False)
@click.option("--references", is_flag=True, help="With NAME: the references themselves too, which are face data.")
@click.pass_context
def export_people(context: click.Context, name: str | None, references: bool) -> None:
    """Print all that is kept of NAME as JSON, for the person who asks for it; or everyone as CSV.

    The list has names, badges, groups, validity and legal bases, and `lintel people import` takes it. Cells that a
    spreadsheet would take for formulas have ' in front. Pictures are not kept, so there are none to export.

    lintel people export > people.csv
    """
    from device.clock import SystemClock
    from device.people.exporting import all_of, everyone_as_list

    if name is None and references:
        raise click.UsageError("Missing argument 'NAME'.")
    with open_store(settings_of(context)) as store:
        if name is not None:
            print_json(all_of(store, SystemClock(), name, with_embeddings=references))
        else:
            put(everyone_as_list(store).replace("\r\n", "\n").rstrip("\n"))


@click.command("check", epilog="Exit codes: 0 nothing found, 1 something found, 4 model, 8 database.")
@json_option
@click.pass_context
def check_people(context: click.Context, as_json: bool) -> int:
    """Find people who look alike, who have no legal basis, and references that are worth nothing any more.

    Compares everyone with everyone. Two names that look alike are one person with two names, or two people whose
    badges should ask for a PIN as well. Changes nothing.
    """
    from device.people.checking import check
    from device.vision.faces import load_analyzer

    settings = settings_of(context)
    with open_store(settings) as store:
        found = check(store, load_analyzer(settings.vision), settings.vision)
    if as_json:
        print_json(found)
    else:
        _say_findings(found)
    return 0 if found.are_none else 1


def _say_findings(found: "Findings") -> None:
    for pair in found.alike.pairs:
        say(f"{pair.one.name} and {pair.other.name} look alike (similarity {pair.similarity:.3f}).")
    if found.alike.pairs:
        say(found.alike.measured.basis)
        say("Unless they are one person: demand a PIN of both, `lintel people demand-pin NAME NAME`.")
    for person in found.groundless:
        say(f"{person.name}: legal basis unknown (before). `lintel people basis` writes one down.")
    for one in found.worthless:
        say(f"{one.person.name}, reference {one.reference.id}: {one.reason.meaning} Enroll a better picture.")
    for person in found.stale:
        say(f"{person.name}: all references are of an older model. Enroll again.")
    if found.are_none:
        say("Nothing found.", err=True)


@click.command("stale", epilog="Exit codes: 0 done, 4 model, 8 database.")
@json_option
@click.pass_context
def stale_people(context: click.Context, as_json: bool) -> None:
    """List who has to enroll again: all their references were made by another network.

    The same as `lintel people list --stale`, by name alone. An operator enrolls them: a door has nothing to compare
    them with. Whose references are of the present network, and old, may be invited to renew them at a door:
    `lintel people invite`.
    """
    from device.people.checking import stale
    from device.vision.models import embedding_sha256

    settings = settings_of(context)
    with open_store(settings) as store, store.people() as people:
        found = stale(people.everyone(), embedding_sha256(settings.vision.models_dir))
    if as_json:
        print_json(found)
    for person in () if as_json else found:
        say(person.name)
    if not found:
        say("Everyone with references has some of the present model.", err=True)
    elif not as_json:
        say(
            "Enroll them again before an operator; `lintel people invite` is for references that only grew old.",
            err=True,
        )


@click.command("retention", epilog="Exit codes: 0 done, 8 database, 9 clock not trusted, 130 declined.")
@click.option("--unused", type=click.IntRange(1, 3650), metavar="DAYS", help="Who was not let in for this many days.")
@click.option("--ended", is_flag=True, help="Whose validity has ended.")
@click.option("--dry-run", is_flag=True, help="Only list them.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
@click.pass_context
def retention(context: click.Context, unused: int | None, ended: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Erase people by time: who has not come in for long, and whose validity has ended.

    Without options by the settings (`unused_days` and `erase_ended` under [people]), as the timer does it each night.
    A new person or badge counts as a visit. Each erased person is a row of the audit.

    lintel people retention --unused 365 --ended --dry-run
    """
    from device.clock import SystemClock
    from device.people.retention import due, erase_due

    settings, clock = settings_of(context), SystemClock()
    keeping = _keeping(settings, unused, ended=ended)
    with open_store(settings) as store:
        found = due(store, keeping, clock.utc())
        if found and not dry_run:
            _refuse_untrusted(settings, store)
            _confirm(found, yes=yes)
            with nullcontext(operator()) if unused is None and not ended else _by_two(settings, store, found) as by:
                found = erase_due(store, clock, keeping, by=by, among=frozenset(one.person.id for one in found))
    if as_json:
        print_json({"dry_run": dry_run, "erased": found})
        return
    for one in found:
        say(f"{one.person.name}: {one.why} since {one.since:%Y-%m-%d}{'' if dry_run else ', erased'}")
    if not found:
        say("No one is due.", err=True)


def _by_two(settings: "Settings", store: "Store", found: "Sequence[Due]") -> "AbstractContextManager[str]":
    """By an operator's options: the second person is shown who it is about, or how many."""
    many = len(found) > 1
    said, person = (f"erase {len(found)} people by time", None) if many else ("", found[0].person)
    return by_two(settings, store, "erase", person=person, said=said)


def _refuse_untrusted(settings: "Settings", store: "Store") -> None:
    from device.clock import SystemClock
    from device.errors import CredentialError
    from device.own_store import clock_watch
    from device.records import ClockState

    if clock_watch(settings, store, SystemClock()).state() is ClockState.UNTRUSTED:
        raise CredentialError(
            "The clock is not trusted, so no one is erased by time.",
            hint="Set the clock, or accept it: `lintel clock accept`. See `lintel clock status`.",
        )


def _confirm(found: "Sequence[Due]", *, yes: bool) -> None:
    if not yes:
        for one in found:
            say(f"{one.person.name}: {one.why} since {one.since:%Y-%m-%d}", err=True)
        click.confirm(f"Permanently erase these {len(found)}?", abort=True, err=True)


def _keeping(settings: "Settings", unused: int | None, *, ended: bool) -> "Keeping":
    from device.people.retention import Keeping

    if unused is None and not ended:
        return Keeping(settings.people.unused_days or None, settings.people.erase_ended)
    return Keeping(unused, ended)
