"""Every `lintel ...` line of the documents is parsed by the real commands: words, options, arguments and values."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from device.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "systemd" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE_FROM_CODE = {"reference.md"}
ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>/dev/null"}
PLACEHOLDER = re.compile(r"^[A-Z][A-Z0-9_|/,.\[\]-]*$|\.\.\.|^<.*>$|[{}$]")


def blocks(text: str) -> Iterator[tuple[str, ...]]:
    """What follows `lintel` in shell blocks, where a command line is whole."""
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _in(line.removeprefix("$ "))


def commands(text: str) -> Iterator[tuple[str, ...]]:
    """The same, and in inline code, where prose may name a command alone."""
    yield from blocks(text)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for code in re.findall(r"`([^`]+)`", prose):
        yield from _in(" ".join(code.split()))


def _in(line: str) -> Iterator[tuple[str, ...]]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        words = line.split()
    begins = [at for at, word in enumerate(words) if word in ("lintel", ".venv/bin/lintel")]
    for at in begins:
        is_command = all(word in ENDS or word in ("sudo", "--") or "=" in word for word in words[max(0, at - 1) : at])
        if not is_command:
            continue
        rest = words[at + 1 :]
        end = next((place for place, word in enumerate(rest) if word.rstrip(";") != word or word in ENDS), len(rest))
        tail = [rest[end].rstrip(";")] if end < len(rest) and rest[end] not in ENDS else []
        yield (*rest[:end], *tail)


def complaint(words: Sequence[str], *, is_whole: bool = False) -> str:
    """Why the commands would not take these words; "" if they do. `is_whole`: with all that has to be there."""
    try:
        _parsed(words, is_whole=is_whole)
    except click.BadOptionUsage as error:
        is_named_alone = error.option_name == words[-1]  # as prose names an option, without a value
        return "" if is_named_alone else f"lintel {' '.join(words)}: {error.format_message()}"
    except click.ClickException as error:
        return f"lintel {' '.join(words)}: {error.format_message()}"
    return ""


def _parsed(words: Sequence[str], *, is_whole: bool) -> None:
    command: click.Command = cli
    context = click.Context(cli, info_name="lintel", **cli.context_settings)
    values, rest, _ = cli.make_parser(context).parse_args(list(words))
    while isinstance(command, click.Group) and rest:
        name = rest.pop(0)
        if PLACEHOLDER.search(name):
            return
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no command {name!r}")
        command, context = found, click.Context(found, info_name=name, parent=context, **found.context_settings)
        values, rest, _ = command.make_parser(context).parse_args(rest)
    if rest and not isinstance(command, click.Group):
        raise click.UsageError(f"{rest[0]!r} is one too many")
    for parameter in command.params:
        if is_whole and parameter.required and not values.get(parameter.name or "") and not values.get("help"):
            raise click.UsageError(f"{parameter.name} is missing")
        _value(parameter, values.get(parameter.name or ""), context)


def _value(parameter: click.Parameter, value: object, context: click.Context) -> None:
    """Choices and numbers are what they have to be; texts, badges, names and paths aren't looked at."""
    if not isinstance(parameter.type, click.Choice | click.types.IntParamType | click.types.FloatParamType):
        return
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, str) and not PLACEHOLDER.search(one) and not (set(one) & set("|,")):
            parameter.type.convert(one, parameter, context)  # type: ignore[arg-type]  # click takes any word here


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in MADE_FROM_CODE], ids=lambda page: str(page.relative_to(ROOT))
)
def test_every_command_line_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = {complaint(words) for words in commands(text)}
    found |= {complaint(words, is_whole=True) for words in blocks(text)}
    assert sorted(found - {""}) == []


def test_command_lines_are_found_where_they_stand() -> None:
    text = "```sh\nsudo lintel keys recovery | sudo lintel keys restore --store tpm  # why\n```\n`lintel door\nstatus`"
    assert list(commands(text)) == [("keys", "recovery"), ("keys", "restore", "--store", "tpm"), ("door", "status")]


@pytest.mark.parametrize(
    "words",
    [
        ("no-such",),
        ("door", "sttaus"),
        ("door", "status", "--no-such"),
        ("keys", "init", "--store", "cloud"),
        ("audit", "list", "--limit", "many"),
        ("door", "status", "main"),
    ],
)
def test_what_is_no_command_line_is_found(words: tuple[str, ...]) -> None:
    assert complaint(words) != ""


def test_many_command_lines_are_looked_at() -> None:
    assert sum(1 for page in PAGES for _ in commands(page.read_text(encoding="utf-8"))) >= 200
