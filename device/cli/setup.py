"""`lintel setup`: guided first start on the Pi."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.commandline import FilePath
from device.errors import ConfigError
from device.settings.lock import DEFAULT_FILE
from device.terminal import put_toml, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.commissioning.setup.answers import Given
    from device.settings.tables import Settings

_EXIT_CODES = (
    "Exit codes: 0 done, 1 done but something is unproven, 3 an answer or a setting, 6 camera, 7 pins or the service, "
    "8 store or key, 13 reader, 130 interrupted."
)


@click.command(
    epilog=f"""\b
Examples:
  sudo lintel setup
  lintel setup --print-answers > answers.toml
  sudo lintel setup --answers answers.toml

\b
{_EXIT_CODES}"""
)
@click.option("--answers", "file", type=FilePath(), help="Answers from a TOML file; what it leaves out is asked.")
@click.option("--print-answers", is_flag=True, help="Print a file with every answer as it is now, and change nothing.")
@click.option("--root", type=FilePath(), default="/", hidden=True, help="A folder in the place of /, for tests.")
@click.pass_context
def setup(context: click.Context, file: Path | None, print_answers: bool, root: Path) -> int:
    """Set up the doors of this Pi, step by step.

    Finds cameras, readers and the GPIO chip, proves each door's relay with you watching, asks the firmware for
    strict_gpiod, names who administers the doors, writes the settings, makes the key, starts the service, and ends when
    the first person has opened the first door. Nothing is written by halves: it may end at any question, and goes on
    there the next time. Run again, it shows what is there and changes only what you ask for.
    """
    from device.commissioning.setup.answers import Given
    from device.commissioning.setup.answers_file import answers_of, read_answers, written

    settings_path: Path = context.find_root().params["config_path"] or root / DEFAULT_FILE.relative_to("/")
    if print_answers:
        put_toml(written(answers_of(_load(settings_path))))
        return 0
    given = Given() if file is None else read_answers(file)
    can_ask = sys.stdin.isatty()
    _refuse_what_cannot_end(given, is_file=file is not None, can_ask=can_ask)
    _refuse_without_rights(settings_path)
    from device.cli.setup_hands import SetupPerson, hands
    from device.commissioning.setup.journey import set_up
    from device.commissioning.setup.site import Site

    site = Site(settings_path, root, lambda: _load(settings_path), SetupPerson(), hands(root), given, can_ask)
    set_up(site)
    return _summed_up(site.unproven)


def _load(path: Path) -> "Settings":
    from device.settings.loading import load_settings
    from device.settings.tables import Settings

    return load_settings(path) if path.exists() else Settings()


def _refuse_what_cannot_end(given: "Given", *, is_file: bool, can_ask: bool) -> None:
    """Raises `ConfigError` where questions would have no one to answer them."""
    if not can_ask and not is_file:
        raise ConfigError(
            "Setup asks questions, and standard input isn't a terminal.",
            hint="Run it at a terminal, or name the answers: `lintel setup --answers FILE`.",
        )
    if not can_ask and given.answers.proofs.watched:
        raise ConfigError(
            "The answers file has someone watch the door, and no terminal to ask them at.",
            hint="Set `watched = false` under [proofs]; what needs eyes is then reported as unproven.",
        )


def _refuse_without_rights(path: Path) -> None:
    """Says at once what takes root. Raises `ConfigError`."""
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(
            f"Setup writes {path} and config.txt, makes the key and starts the service: these steps take root.",
            hint="Run `sudo lintel setup`. `lintel setup --print-answers` takes none.",
        )


def _summed_up(unproven: "Sequence[str]") -> int:
    if not unproven:
        say("\nDone: the door was opened by its first person. `lintel doctor` shows the whole of it on one page.")
        return 0
    say("\nDone, and not proven yet:")
    for sentence in unproven:
        say(f"  - {sentence}")
    return 1
