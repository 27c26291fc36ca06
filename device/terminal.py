"""Text for people at a terminal: lines that are too long for it go on at a word, and commands stay in one piece."""

import re
import sys
from collections.abc import Iterable, Iterator

import click

_SPACE, _HYPHEN = "\ue000", "\ue001"
"""Stand for a space and a hyphen at which no line may be broken; nothing else uses these code points."""
_HANGING = "  "


def say(text: str, *, err: bool = False) -> None:
    """Prints text to standard output or error; only on a terminal, in lines that fit it."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        from shutil import get_terminal_size

        text = fitted(text, get_terminal_size().columns)
    click.echo(text, err=err)


def fitted(text: str, columns: int) -> str:
    """The text in lines of at most `columns`, broken between words; a word that is longer, or a command in backticks,
    has a line of its own.
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, columns))


def _parts(line: str, columns: int) -> Iterator[str]:
    if len(line) <= columns:
        yield line
        return
    import textwrap

    whole = re.sub(r"`[^`]*`", lambda quoted: quoted[0].replace(" ", _SPACE), line)
    indent = line[: len(line) - len(line.lstrip())]
    wrapped = textwrap.wrap(
        whole,
        max(columns, len(indent) + len(_HANGING) + 1),
        subsequent_indent=indent + _HANGING,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    yield from (part.replace(_SPACE, " ") for part in wrapped)


class WholeWords(click.HelpFormatter):
    """Help whose lines are not broken at a hyphen: a command or an option could not be copied."""

    def write(self, string: str) -> None:
        """Writes what was wrapped."""
        super().write(string.replace(_HYPHEN, "-"))

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(_whole(text))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The usage line."""
        super().write_usage(prog, _whole(args), prefix)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Options or commands with their meaning."""
        super().write_dl([(first, _whole(second)) for first, second in rows], col_max, col_spacing)


class Context(click.Context):
    """Of commands whose help has whole words."""

    formatter_class = WholeWords


def with_whole_words(command: click.Command) -> click.Command:
    """The command, and those below it, with help in whole words."""
    command.context_class = Context
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_whole_words(below)
    return command


def _whole(text: str) -> str:
    return re.sub(r"(?<=\w)-(?=\w)", _HYPHEN, text)
