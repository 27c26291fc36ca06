"""Which arguments of a command name files: by their types alone, so that no command has to say it again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from device.commandline import FolderPath


def leaf_of(words: Sequence[str]) -> tuple[click.Command, click.Context]:
    """The command of these words, with a context to look at its arguments. Raises `KeyError` if there is none."""
    from device.cli.main import cli

    command: click.Command = cli
    context = click.Context(cli, info_name="lintel", resilient_parsing=True, **cli.context_settings)
    for word in words:
        below = command.get_command(context, word) if isinstance(command, click.Group) else None
        if below is None:
            raise KeyError(word)
        command, context = below, click.Context(below, parent=context, info_name=word, resilient_parsing=True)
    return command, context


def values(command: click.Command, context: click.Context, arguments: Sequence[str]) -> dict[str, object]:
    """The values of its parameters, without any check: nothing is read, asked or refused."""
    look = command.make_context(context.info_name, list(arguments), parent=context.parent, resilient_parsing=True)
    return dict(look.params)


def path_values(
    command: click.Command, context: click.Context, arguments: Sequence[str]
) -> Iterator[tuple[click.Parameter, str]]:
    """Each path in the arguments, with its parameter."""
    given = values(command, context, arguments)
    for parameter in command.params:
        if is_path(parameter):
            value = given.get(parameter.name or "")
            several = value if isinstance(value, tuple | list) else (value,)
            yield from ((parameter, str(one)) for one in several if isinstance(one, str | Path) and str(one) != "-")


def is_path(parameter: click.Parameter) -> bool:
    """Whether it names a file or a folder."""
    return isinstance(parameter.type, click.Path | FolderPath)


def writes(parameter: click.Parameter) -> bool:
    """Whether the command writes there."""
    return isinstance(parameter.type, click.Path) and parameter.type.writable
