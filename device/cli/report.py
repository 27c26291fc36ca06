"""`lintel report`: who came, why people were refused, which doors stood open, which badges are not used."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.context import json_option, open_store, print_json, settings_of
from device.cli.rights import Day
from device.terminal import say

if TYPE_CHECKING:
    from device.store.audit_report import Report

DAYS = 30
"""What is told of without --since."""


@click.command(
    epilog="Example: lintel report --since 2026-11-01 --until 2026-11-30 --plot november.png\n\n"
    "Exit codes: 0 done, 5 picture cannot be written, 8 database, 12 matplotlib is missing."
)
@click.option("--since", type=Day(is_end=False), metavar="DAY|TIME", help=f"By default {DAYS} days before the end.")
@click.option("--until", type=Day(is_end=True), metavar="DAY|TIME", help="Until the end of that day; by default now.")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Draw it too, as PNG, SVG or PDF: who came when, refusals, doors. Needs the extra `plot`.",
)
@json_option
@click.pass_context
def report(
    context: click.Context,
    since: tuple[datetime | None] | None,
    until: tuple[datetime | None] | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Report who came how often, refusals by reason, doors held or forced open, and badges without use."""
    end = (until and until[0]) or datetime.now(UTC)
    begin = (since and since[0]) or end - timedelta(days=DAYS)
    with open_store(settings_of(context)) as store, store.audit() as log, store.people() as people:
        found, hours = log.report(begin, end), log.hours(begin, end) if plot else ()
        ids = {one.person_id for one in found.came} | {person for _, person in found.unused}
        names = people.names(one for one in ids if one is not None)
    if plot is not None:
        from device.cli.plotting import draw_report

        draw_report(found, hours, (begin, end), plot)
    if as_json:
        print_json(
            {"since": begin, "until": end, "names": {str(key): name for key, name in names.items()}, "report": found}
        )
        return
    say(f"From {begin:%Y-%m-%d %H:%M} UTC to {end:%Y-%m-%d %H:%M} UTC")
    for line in _lines(found, names):
        say(line)


def _lines(found: "Report", names: Mapping[int, str]) -> Iterator[str]:
    def name(number: int | None) -> str:
        return "erased" if number is None else names.get(number, f"person {number} (removed)")

    yield "Let in:" if found.came else "Let in: no one"
    for one in found.came:
        first, last = f"{one.first:%Y-%m-%d %H:%M} UTC", f"{one.last:%Y-%m-%d %H:%M} UTC"
        yield f"  {one.times:6d}  {name(one.person_id)}, first {first}, last {last}"
    yield "Refused:" if found.refused else "Refused: no one"
    yield from (f"  {times:6d}  {reason}" for reason, times in found.refused)
    yield "Doors held or forced open:" if found.opened else "Doors held or forced open: none"
    yield from (f"  {times:6d}  {door}: {event}" for door, event, times in found.opened)
    yield "Valid badges that let no one in:" if found.unused else "Valid badges that let no one in: none"
    yield from (f"  {badge}, {name(person)}" for badge, person in found.unused)
