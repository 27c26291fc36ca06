"""Arguments that name a person or a badge: completed by the shell, and a badge also read from standard input.

`sudo` writes each command line into the journal, the badge's number with it; `-` in its place keeps it out.
"""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from device.cli.context import settings_of
from device.commandline import Printable
from device.errors import LintelError

if TYPE_CHECKING:
    from device.store.people import People

FROM_INPUT = "-"


class BadgeText(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A badge as an operator writes it, or `-` for one that is typed, or read, from standard input."""

    name = "badge"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text. What is wrong with the badge itself is said later."""
        text = _typed(param) if value == FROM_INPUT and not (ctx and ctx.resilient_parsing) else value
        if not text:
            self.fail("expected a badge, received nothing", param, ctx)
        return text

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The badges that have a holder."""
        return _completed(ctx, incomplete, _badges)


class Wanted(Printable):
    """A part of a name or a badge, or `-` as for a badge."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without spaces around it."""
        text = _typed(param) if value == FROM_INPUT and not (ctx and ctx.resilient_parsing) else value
        return super().convert(text, param, ctx)

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Names and badges."""
        return [*_completed(ctx, incomplete, _names), *_completed(ctx, incomplete, _badges)]


class PersonName(Printable):
    """The name of an enrolled person."""

    def shell_complete(self, ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        return _completed(ctx, incomplete, _names)


def _typed(param: click.Parameter | None) -> str:
    """A line of standard input, without the byte order mark that a file may begin with."""
    if sys.stdin.isatty():
        with suppress(OSError):
            click.echo(f"{param.human_readable_name if param else 'BADGE'}: ", nl=False, err=True)
    line = sys.stdin.readline().removeprefix("\ufeff").strip()
    if "\0" in line or any("\udc80" <= letter <= "\udcff" for letter in line):
        raise click.BadParameter("standard input isn't text in UTF-8: save it again with that encoding", param=param)
    return line


def _completed(ctx: click.Context, incomplete: str, known: "Callable[[People], Iterator[str]]") -> list[CompletionItem]:
    """What begins so, whatever its case; nothing if there is no store, or none that this user can read."""
    from device.own_store import open_store
    from device.settings.loading import state_dir
    from device.store.database import FILE_NAME

    root = ctx.find_root()
    root.obj = (root.params.get("config_path"), root.params.get("state_dir"))
    found: list[str] = []
    with suppress(LintelError, OSError):
        settings = settings_of(ctx)
        if (state_dir(settings) / FILE_NAME).is_file():
            with open_store(settings) as store, store.people() as people:
                found = [text for text in known(people) if text.casefold().startswith(incomplete.casefold())]
    return [CompletionItem(_for_shell(text)) for text in found]


def _names(people: "People") -> Iterator[str]:
    return (enrolled.person.name for enrolled in people.everyone())


def _badges(people: "People") -> Iterator[str]:
    from device.credentials import format_badge

    return (format_badge(badge.credential) for badge in people.badges())


def _for_shell(text: str) -> str:
    """Bash inserts what it is given as it is; the others quote it themselves."""
    is_bash = os.environ.get("_LINTEL_COMPLETE", "").startswith("bash")
    return shlex.quote(text) if is_bash else text
