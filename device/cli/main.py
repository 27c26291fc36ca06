"""The command `lintel`: finds the command asked for, and turns every typed error into its exit code."""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from device.errors import LintelError

EXIT_CODES = """\b
Exit codes: 0 done, match or granted; 1 the answer is no; 2 wrong use;
3 settings; 4 model; 5 image; 6 camera; 7 door; 8 database; 9 badge;
10 enrollment refused; 11 scenario; 12 package missing; 13 reader."""


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


COMMANDS = {
    "simulate": ("device.cli.simulate:simulate", "Play a scenario at a virtual door."),
    "run": ("device.cli.run:run", "Run the door on this Raspberry Pi."),
    "enroll": ("device.cli.enroll:enroll", "Enroll a person with a badge and pictures."),
    "verify": ("device.cli.compare:verify", "Compare a picture with a badge's holder."),
    "compare": ("device.cli.compare:compare", "Compare the faces in two pictures."),
    "people": ("device.cli.people:people", "List, show and remove people."),
    "badges": ("device.cli.badges:badges", "List and revoke badges."),
    "audit": ("device.cli.audit:audit", "See who was let in, who was not, and why."),
    "door": ("device.cli.door:door", "Secure the door by hand."),
    "config": ("device.cli.config:config", "Show the settings."),
}


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from device.cli.version import version_text

    click.echo(version_text(verbose="-v" in sys.argv or "--verbose" in sys.argv))
    context.exit()


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config", "config_path", type=click.Path(path_type=Path), envvar="LINTEL_CONFIG", help="Settings file (TOML)."
)
@click.option("--state-dir", envvar="LINTEL_STATE_DIR", help="Folder of the database, in place of the setting.")
@click.option("-v", "--verbose", is_flag=True, help="With --version: name the runtime and the models as well.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
@click.pass_context
def cli(context: click.Context, config_path: Path | None, state_dir: str | None, verbose: bool) -> None:  # noqa: ARG001
    """Lintel opens a door to the right face with the right badge.

    Try `lintel simulate` first: it needs no hardware.
    """
    context.obj = (config_path, state_dir)


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


def main() -> None:
    """The entry point of `lintel`."""
    sys.exit(run_command(cli))
