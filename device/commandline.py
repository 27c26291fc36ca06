"""What both command lines are made of: commands imported on demand, and errors as sentences with an exit code."""

import importlib
import io
import math
import os
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from device.errors import LintelError
from device.failures import in_words
from device.names import refuse_controls, tidy
from device.terminal import Context, give_up_output, put, ready_streams, say, with_whole_words
from device.user_folders import expanded

DEBUG_VARIABLE = "LINTEL_DEBUG"
"""Set to anything, it shows the traceback of a bug."""

OUTPUT_CLOSED = 141
"""As a shell says it of a process that SIGPIPE ended."""
SYSTEM_REFUSED = 74
"""EX_IOERR of sysexits.h."""

_DISK = "Check that the disk has room and that the file can be read or written."
_REPORT = f"Run it again with {DEBUG_VARIABLE}=1, and report the output to the maintainers of Lintel."


class Printable(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """Text that can be shown on a terminal and written into a file: no control characters, no undecodable bytes."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is meant, or a mistake on the command line."""
        try:
            return self.meant(_decoded(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def meant(self, value: str) -> str:
        """Without spaces around it. Raises `ValueError` with a sentence."""
        text = value.strip()
        if not text:
            raise ValueError("expected text without control characters, received nothing")
        refuse_controls(text)
        return text


def _decoded(text: str) -> str:
    """A word of the command line in UTF-8, also where the locale says ASCII and leaves its bytes undecoded."""
    try:
        return text.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


class NewName(Printable):
    """A person's name, as it is to be stored."""

    def meant(self, value: str) -> str:
        """In the form in which names are stored. Raises `ValueError`."""
        return tidy(value)


class FolderPath(Printable):
    """A folder, there or not: `~` is the user's home, and a relative path begins where the command runs."""

    name = "folder"

    def meant(self, value: str) -> str:
        """Its absolute path. Raises `ValueError`."""
        return str(expanded(super().meant(value)))


class FilePath(click.Path):
    """A file's path, in which `~` is the user's home: a shell leaves it as it is behind `--option=`."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, or a mistake on the command line."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))  # type: ignore[arg-type]  # a path in any form
        try:
            return expanded(str(path)) if str(path).startswith("~") else path
        except ValueError as error:
            self.fail(str(error), param, ctx)


class NumberRange(click.FloatRange):
    """`click.FloatRange` lets NaN through, which is in every range and in none."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, within the range."""
        number: float = super().convert(value, param, ctx)  # type: ignore[arg-type]  # click takes anything here
        if math.isnan(number):
            self.fail("expected a number, received nan", param, ctx)
        return number


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for: `--help` stays fast."""

    context_class = Context

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
        return with_whole_words(command)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in self._commands_at.items()])


def run_command(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns the exit code; an error becomes a sentence, without a traceback.

    The code of an answer is returned only if the answer was printed: 1 never means that the output was full or closed.
    """
    ready_streams()
    if arguments is None:  # the process is this command's alone
        threading.excepthook = _thread_failed
    try:
        result = command.main(arguments, standalone_mode=False)
    except LintelError as error:
        say(f"Error: {error.message}\nWhat to do: {error.hint}", err=True)
        return error.exit_code
    except click.ClickException as error:
        return _misused(error)
    except (click.Abort, KeyboardInterrupt):
        say("Stopped.", err=True)
        return 130
    except SystemExit as end:  # click's own, with 1 when the reader of the output has left
        return OUTPUT_CLOSED if end.code == 1 else end.code if isinstance(end.code, int) else 0
    except OSError as error:
        give_up_output()
        say(f"Error: {_told(error)}\nWhat to do: {_DISK}", err=True)
        return SYSTEM_REFUSED
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            put("".join(traceback.format_exception(error)).rstrip(), err=True)
        say(f"Error: {_bug(error)}\nWhat to do: {_REPORT}", err=True)
        return LintelError.exit_code
    return result if isinstance(result, int) else 0


def _misused(error: click.ClickException) -> int:
    shown = io.StringIO()
    error.show(shown)
    put(shown.getvalue().rstrip(), err=True)
    return error.exit_code


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """As Python prints the error of a thread, but without the passwords of addresses in it."""
    if failed.exc_type is not SystemExit:
        name = failed.thread.name if failed.thread else "?"
        lines = traceback.format_exception(failed.exc_type, failed.exc_value, failed.exc_traceback)
        put(f"Exception in thread {name}:\n{''.join(lines).rstrip()}", err=True)


def _told(error: OSError) -> str:
    what = in_words(error)
    return f"{what}: {error.filename}." if error.filename else f"{what}, while reading or writing."


def _bug(error: Exception) -> str:
    """The kind and the place of an unforeseen error; its own text stays out, as it may hold anything."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"This is a bug in Lintel: {type(error).__name__} in {Path(place.filename).name}, line {place.lineno}."
