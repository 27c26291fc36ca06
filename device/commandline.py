"""What both command lines are made of: commands imported when asked for, and errors told in words with an exit code."""

import importlib
from collections.abc import Sequence

import click

from device.errors import LintelError


class Printable(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """Text that can be shown on a terminal and written into a file: no control characters, no bytes that are none."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without spaces around it."""
        text = value.strip()
        if not text or not text.isprintable():
            self.fail(f"expected text without control characters, received {value!r}", param, ctx)
        return text


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for: `--help` stays fast."""

    def __init__(self, *args: object, commands_at: dict[str, tuple[str, str]] | None = None, **kwargs: object) -> None:
        """`commands_at` maps a name to (module:attribute, short help)."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own parameters pass through
        self._commands_at = commands_at or {}

    def list_commands(self, _context: click.Context) -> list[str]:
        """In the table's order."""
        return list(self._commands_at)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Imports the command."""
        if name not in self._commands_at:
            return None
        module, _, attribute = self._commands_at[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in self._commands_at.items()])


def run_command(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns the exit code; an error is told in words, without a traceback."""
    try:
        result = command.main(arguments, standalone_mode=False)
    except LintelError as error:
        click.echo(f"Error: {error.message}\nWhat to do: {error.hint}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    return result if isinstance(result, int) else 0
