"""`lintel policy`: the rules of who may pass when."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli.arguments import BadgeText
from device.cli.completion import complete_door
from device.cli.context import json_option, open_store, print_json, settings_of
from device.commandline import FilePath, Printable
from device.errors import ConfigError
from device.failures import in_words
from device.terminal import put, say

if TYPE_CHECKING:
    from device.policy.rules_check import Finding
    from device.rule_office import RuleOffice, Tried

_FILE = FilePath(allow_dash=True)
_EXAMPLES = """\b
To change the rules:
  lintel policy show --toml > rules.toml
  lintel policy check rules.toml
  sudo lintel policy apply rules.toml

\b
"""


@click.group(epilog=f"{_EXAMPLES}Exit codes: 0 done, 1 the answer is no, 3 wrong rules or settings, 8 database.")
def policy() -> None:
    """Say who may pass when, and ask what the rules say.

    The rules are one text, see docs/rules.md. Until one is applied, each badge opens with its holder's face at all
    times.
    """


@policy.command("apply", epilog="Exit codes: 0 done, 3 the rules are wrong and the old ones count, 8 database.")
@click.argument("file", type=_FILE)
@json_option
@click.pass_context
def apply_rules(context: click.Context, file: Path, as_json: bool) -> None:
    """Replace all rules by those in FILE, or `-` for standard input.

    Doors in operation use them from the next badge on. The audit has the SHA-256 of the file.
    """
    text = _text_of(file)
    with _office(context) as office:
        applied, found = office.apply(text)
    if as_json:
        print_json({"version": applied.version, "at": applied.at, "sha256": applied.sha256, "findings": found})
        return
    _print(found)
    say(f"Rules version {applied.version} count from now on. SHA-256 {applied.sha256}.")


@policy.command("show", epilog="Exit codes: 0 done, 1 no rules were applied, 8 database.")
@click.option("--toml", "as_toml", is_flag=True, help="The text alone, as it was applied.")
@json_option
@click.pass_context
def show_rules(context: click.Context, as_toml: bool, as_json: bool) -> int:
    """Show the rules that count."""
    with _office(context) as office:
        applied = office.applied()
    if as_json:
        print_json(applied)
    elif applied is None:
        say("No rules were applied: each badge opens with its holder's face, at all times.", err=True)
    else:
        if not as_toml:
            say(f"# Version {applied.version}, since {applied.at:%Y-%m-%d %H:%M} UTC, SHA-256 {applied.sha256}")
        put(applied.text.rstrip("\n"))
    return 0 if applied is not None else 1


@policy.command("check", epilog="Exit codes: 0 nothing but notes, 1 errors or warnings, 3 wrong rules, 8 database.")
@click.argument("file", type=_FILE, required=False)
@json_option
@click.pass_context
def check_rules(context: click.Context, file: Path | None, as_json: bool) -> int:
    """Look for contradictions in FILE, or in the rules that count.

    Finds rules that do nothing, doors that no one can pass and doors open to everybody, badges that open alone, PINs
    sent in the clear, people who are let in and have nothing to show for it, and a way out that is not free.
    """
    from device.policy.rules_check import Weight

    text = None if file is None else _text_of(file)
    with _office(context) as office:
        found = office.check(text)
    if as_json:
        print_json(found)
    else:
        _print(found, err=False)
        if not found:
            say("Nothing is wrong with these rules.")
    return 1 if any(one.weight is not Weight.NOTE for one in found) else 0


@policy.command(
    "try",
    epilog="""\b
Example:
  lintel policy try 17:1001 --door main --at 2026-12-24T18:00

\b
Exit codes: 0 let in, 1 refused, 3 unknown door, 8 database.""",
)
@click.argument("badge", type=BadgeText())
@click.option(
    "--door", "name", metavar="NAME", shell_complete=complete_door, help="The door; needed if there are several."
)
@click.option(
    "--at", "text", type=Printable(), metavar="TIME", help="In ISO 8601, on the wall's clock; now without it."
)
@json_option
@click.pass_context
def try_badge(context: click.Context, badge: str, name: str | None, text: str | None, as_json: bool) -> int:
    """Say what the rules say of BADGE at a door at a time, and what would change that. No door hears of it."""
    from device.clock import SystemClock
    from device.credentials import parse_badge
    from device.rule_office import when

    credential, doors = parse_badge(badge), settings_of(context).doors
    if name is None and len(doors) > 1:
        raise click.UsageError(f"Name a door with --door: {', '.join(door.name for door in doors)}.")
    with _office(context) as office:
        zone = office.zone()
        try:
            at = SystemClock().utc().astimezone(zone) if text is None else when(text, zone)
        except ValueError:
            raise click.UsageError(f"{text!r} is not a time, expected as 2026-12-24T18:00.") from None
        tried = office.try_badge(credential, name or doors[0].name, at)
    if as_json:
        print_json(_as_json(tried))
    else:
        say("\n".join(_lines(tried, name or doors[0].name, f"{at:%a %Y-%m-%d %H:%M %Z}")))
    return 0 if tried.ruling.mode is not None else 1


@contextmanager
def _office(context: click.Context) -> "Iterator[RuleOffice]":
    from device.clock import SystemClock
    from device.rule_office import RuleOffice

    settings = settings_of(context)
    with open_store(settings) as store:
        yield RuleOffice(store, settings, SystemClock())


def _text_of(file: Path) -> str:
    """Raises `ConfigError`."""
    from device.files import text_of

    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else Path(file).read_bytes()
        return text_of(content)
    except OSError as error:
        raise ConfigError(f"Cannot read the rules {file}: {in_words(error)}.", hint="Name a TOML file.") from None
    except ValueError as error:
        raise ConfigError(f"The rules {file} are wrong: {error}.", hint="Save the file as UTF-8.") from None


def _print(found: "tuple[Finding, ...]", *, err: bool = True) -> None:
    for one in found:
        say(f"{one.weight.capitalize()}: {one.about}: {one.what}. {one.hint[:1].upper()}{one.hint[1:]}.", err=err)


def _lines(tried: "Tried", door: str, at: str) -> Iterator[str]:
    from device.policy.demands import name_of

    ruling, who = tried.ruling, tried.person.name if tried.person else "No one"
    by = f" (rule {ruling.rule}, schedule {ruling.schedule})" if ruling.rule else ""
    if ruling.mode is not None:
        yield f"{who} at {door}, {at}: let in with {name_of(ruling.mode)}{by}."
    elif ruling.reason is not None:
        yield f"{who} at {door}, {at}: refused, {ruling.reason.code}{by}. {ruling.reason.meaning}"
    for sentence in tried.would_help:
        yield f"What would help: {sentence.removesuffix('.')}."


def _as_json(tried: "Tried") -> dict[str, object]:
    from device.policy.demands import name_of

    ruling = tried.ruling
    return {
        "person": tried.person,
        "granted": ruling.mode is not None,
        "mode": None if ruling.mode is None else name_of(ruling.mode),
        "reason": ruling.reason,
        "rule": ruling.rule,
        "schedule": ruling.schedule,
        "until": tried.next_at,
        "would_help": tried.would_help,
    }
