"""Writes docs/reference.md from the code: every command, setting, reason and exit code. `make docs` runs it."""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from convert import errors as convert_errors
from convert.alignments import ALIGNMENTS
from convert.catalogue import catalogue
from convert.cli.main import cli as convert_cli
from convert.networks.table import NETWORKS
from device import errors
from device.appliance.page import RED_EXIT
from device.cli.main import cli as device_cli
from device.commandline import OUTPUT_CLOSED, SYSTEM_REFUSED
from device.records import Reason
from device.settings.described import setting_defaults, setting_meanings
from device.settings.lock import DEFAULT_FILE

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "reference.md"


def reference() -> str:
    """The whole page."""
    parts = ["# Reference", "", "Made from the code by `make docs`; do not edit.", "", "## Commands", ""]
    parts += [*_commands(device_cli, "lintel"), *_commands(convert_cli, "lintel-convert")]
    parts += [*_settings(), *_reasons(), *_networks(), *_alignments(), *_weights(), *_exit_codes()]
    return "\n".join(parts) + "\n"


def _commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    context = command.context_class(command, parent, info_name=name, terminal_width=100, **command.context_settings)
    yield from (f"### `{context.command_path}`", "", "```text", command.get_help(context).rstrip(), "```", "")
    if isinstance(command, click.Group):
        for sub_name in command.list_commands(context):
            below = command.get_command(context, sub_name)
            assert below is not None
            yield from _commands(below, sub_name, context)


def _settings() -> Iterator[str]:
    yield from ("## Settings", "", f"A TOML file: `--config FILE`, `LINTEL_CONFIG`, or `{DEFAULT_FILE}`.", "")
    yield from ("| setting | default | meaning |", "|---|---|---|")
    defaults = setting_defaults()
    for (group, name), meaning in setting_meanings().items():
        default = defaults[group, name]
        shown = "-" if default is msgspec.NODEFAULT else f"`{default!r}`"
        yield f"| `{group}.{name}` | {shown} | {meaning} |"
    yield ""


def _reasons() -> Iterator[str]:
    yield from ("## Reasons", "", "Why a door opened or did not; `audit list` and `--json` carry the code.", "")
    yield from ("| code | meaning | what the person can do |", "|---|---|---|")
    yield from (f"| `{reason.code}` | {reason.meaning} | {reason.advice} |" for reason in Reason)
    yield ""


def _networks() -> Iterator[str]:
    yield from ("## Networks", "", "Those that Lintel builds in Keras, `convert/networks/table.py`.", "")
    yield from (
        "| name | network | file | chip | numbers | parameters | can be trained |",
        "|---|---|---|---|---|---|---|",
    )
    for name, one in NETWORKS.items():
        length = f"{one.length}, or as asked for" if one.of_any_length else f"{one.length}"
        numbers = length if one.embeds else f"{one.length} classes"
        trained = "yes" if one.trainable else "no"
        yield (
            f"| `{name}` | {one.title} | `{one.file}` | {one.chip_px} px | {numbers} | {one.parameters / 1e6:.1f} M "
            f"| {trained} |"
        )
    yield ""


def _alignments() -> Iterator[str]:
    yield from ("## Alignments", "", "How a face is brought to a network's chip, `convert/alignments.py`.", "")
    yield from ("| name | for | points of the face | chip |", "|---|---|---|---|")
    for name, one in ALIGNMENTS.items():
        yield f"| `{name}` | {one.whose} | {one.points} | {one.alignment.size_px} px |"
    yield ""


def _weights() -> Iterator[str]:
    yield from ("## Known weights", "", "What `lintel-convert import NAME` knows, `convert/catalogue.toml`.", "")
    yield from (
        "| name | network | alignment | from | license | what it allows at a door |",
        "|---|---|---|---|---|---|",
    )
    for name, one in catalogue().items():
        read = "" if one.readable else " (not as published: bring them into a Keras file first)"
        alignment = f"`{one.alignment}`" if one.alignment else "not stated"
        network = f"`{one.network}`" if one.network else "in the file"
        yield (
            f"| `{name}` | {network} | {alignment} | `{one.file}` of <{one.address}>{read} | {one.license} "
            f"| {one.terms} |"
        )
    yield ""


def _exit_codes() -> Iterator[str]:
    yield from ("## Exit codes", "", "| code | meaning |", "|---|---|", "| 0 | done, a match, all as expected |")
    yield '| 1 | the answer is "no": a non-match, an expectation not met, a check that failed |'
    yield "| 2 | a mistake on the command line |"
    found = {
        error
        for module in (errors, convert_errors)
        for _, error in inspect.getmembers(module, inspect.isclass)
        if issubclass(error, errors.LintelError)
    }
    for error in sorted(found, key=lambda error: (error.exit_code, error.__name__)):
        yield f"| {error.exit_code} | {(inspect.getdoc(error) or '').splitlines()[0]} |"
    yield f"| {RED_EXIT} | `lintel doctor` has a red line |"
    yield f"| {SYSTEM_REFUSED} | the system refused to read or write: a full disk, a folder without permission |"
    yield "| 130 | interrupted from the keyboard |"
    yield f"| {OUTPUT_CLOSED} | the reader of the output has closed it |"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
