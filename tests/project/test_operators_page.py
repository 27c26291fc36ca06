"""The page about operators is that of the one table of roles, and the table has a row for every command."""

import click
import operators_page
import pytest

from device.cli.main import cli
from device.cli.paths import is_path
from device.control.protocol import VERBS
from device.control.roles import COMMANDS, VERB_ROLES, Way, command_of
from tests.leaves import leaves


def test_the_page_is_that_of_the_code() -> None:
    assert operators_page.TARGET.read_text(encoding="utf-8") == operators_page.page(), "run `make docs`"


def test_every_command_has_a_row_in_the_table_of_roles() -> None:
    """Or it is refused while the service runs: add it to `COMMANDS` in device/control/roles.py."""
    assert [name for name in leaves(cli) if name not in COMMANDS] == []


def test_every_verb_has_its_roles() -> None:
    assert {name: verb.roles for name, verb in VERBS.items()} == VERB_ROLES


def test_no_command_is_the_beginning_of_another() -> None:
    """So the words of a command line name one command, however the rest of it reads."""
    pairs = [(one, two) for one in COMMANDS for two in COMMANDS if two.startswith(f"{one} ")]
    assert pairs == []


def test_groups_take_no_options_of_their_own() -> None:
    """Or the words that the service reads could be others than those that the command line reads."""
    assert [name for name, group in leaves(cli, groups=True).items() if group.params] == []


def test_what_stays_here_says_why() -> None:
    assert [
        name for name, row in COMMANDS.items() if (row.way is Way.SERVICE and not row.is_own) == bool(row.why)
    ] == []


@pytest.mark.parametrize(
    "line", [[], ["people"], ["people list"], ["--json"], ["peop", "list"], ["people", "--", "list"]]
)
def test_what_is_no_command_has_no_row(line: list[str]) -> None:
    assert command_of(line) is None


def test_what_follows_the_words_does_not_matter() -> None:
    assert command_of(["people", "list", "audit", "list"]) == ("people list", COMMANDS["people list"])


def test_paths_have_the_type_of_a_path() -> None:
    """Or a command that the service carries out would open them with the service's rights."""
    words = {"path", "file", "folder", "dir", "directory", "out", "output", "pictures", "images", "to", "into"}
    found = [
        f"{name}: {parameter.name}"
        for name, command in leaves(cli).items()
        for parameter in command.params
        if (parameter.name or "").rpartition("_")[2] in words
        and not is_path(parameter)
        and not isinstance(parameter.type, click.IntRange | click.Choice)
    ]
    assert found == []


def test_no_command_opens_files_while_it_reads_its_arguments() -> None:
    """The service looks at them before it knows whether they may be opened."""
    kinds = [parameter.type for command in leaves(cli).values() for parameter in command.params]
    assert [kind for kind in kinds if isinstance(kind, click.File)] == []
