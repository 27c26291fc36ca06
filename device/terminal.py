"""Text for people at a terminal: lines that are too long for it go on at a word, and commands stay in one piece.

Whatever the terminal's encoding, everything is printed: what it has no letter for, as Python's escape. Passwords of
addresses are hidden, and names that are read from right to left leave the rest of their line in its order.
"""

import codecs
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import click

from device.letters import isolated, width
from device.redaction import redacted

_SPACE, _HYPHEN = "\ue000", "\ue001"
"""Stand for a space and a hyphen at which no line may be broken; nothing else uses these code points."""
_HANGING = "  "
_ESCAPING = "lintel-escaping"
"""Name of the error handler of all output."""
_WITHOUT_TRACE = re.compile("[\u200b-\u200f\u2066-\u2069]")
"""Joiners and isolates: where an encoding has no letter for them, the name reads better without."""
_STREAMS = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))
"""What takes the place of a closed one: /dev/null. An answer that can't be printed is an error; a note isn't."""


def ready_streams() -> None:
    """Readies standard input and output for everything that is read and printed, also if they are closed.

    A closed one is given its descriptor again, so that no file or database is opened at it and printed into.
    """
    for descriptor, (name, flags) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            in_place = _stream_in_place(descriptor, flags)
            setattr(sys, name, in_place)
            setattr(sys, f"__{name}__", in_place)
    codecs.register_error(_ESCAPING, _escaping)
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, _ESCAPING), (sys.stderr, _ESCAPING)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _stream_in_place(descriptor: int, flags: int) -> io.TextIOWrapper:
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, flags)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)
    return open(descriptor, "r" if descriptor == 0 else "w", encoding="utf-8", closefd=False)


def give_up_output() -> None:
    """Discards what waits to be printed on standard output, which can't be written: the interpreter would try again
    at its end, and replace the exit code.
    """
    if sys.stdout is sys.__stdout__:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)


def say(text: str, *, err: bool = False) -> None:
    """Prints text to standard output or error; only on a terminal, in lines that fit it. As `put`."""
    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        from shutil import get_terminal_size

        text = fitted(text, get_terminal_size().columns)
    put("\n".join(map(isolated, text.split("\n"))), err=err)


def put(text: str, *, err: bool = False) -> None:
    """Prints text as it is, and the end of its line, without the passwords of addresses.

    Raises `OSError` if standard output can't be written. Standard error that can't be written stops nothing: the exit
    code says what a note would have.
    """
    with suppress(*((OSError, ValueError) if err else ())):
        stream = sys.stderr if err else sys.stdout
        stream.write(f"{redacted(text)}\n")
        stream.flush()


def put_json(text: str) -> None:
    """Prints JSON that is JSON in every encoding: where that isn't UTF-8, in ASCII alone. Raises `OSError`."""
    if not _is_utf8():
        text = re.sub(r"[^\0-\x7f]", lambda found: _json_escape(found[0]), text)
    _put_data(f"{text}\n")


def put_toml(text: str) -> None:
    """Prints TOML, with the end of its last line, in the same way. Raises `OSError`."""
    if not _is_utf8():
        text = re.sub(r"[^\0-\x7f]", lambda found: _escape(found[0]), text)
    _put_data(text)


def put_address(text: str) -> None:
    """Writes a line with the address of this process's own page. Its token is left in: who opens the page needs it."""
    _put_data(f"{text}\n")


def _put_data(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _is_utf8() -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _escaping(error: UnicodeError) -> tuple[str, int]:
    """Error handler of codecs: what an encoding has no letter for, as Python and TOML would write it.

    What another library wrote and can't be decoded is a replacement character, for who reads such a stream back.
    """
    if isinstance(error, UnicodeDecodeError):
        return "\N{REPLACEMENT CHARACTER}", error.end
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unprinted = _WITHOUT_TRACE.sub("", error.object[error.start : error.end])
    return "".join(map(_escape, unprinted)), error.end


def _escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def _json_escape(letter: str) -> str:
    """JSON has escapes of four digits only: what is beyond the first plane is a pair of surrogates."""
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def fitted(text: str, columns: int) -> str:
    """The text in lines of at most `columns`, broken between words; a word that is longer, or a command in backticks,
    has a line of its own.
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, columns))


def _parts(line: str, columns: int) -> Iterator[str]:
    if width(line) <= columns:
        yield line
        return
    whole = re.sub(r"`[^`]*`", lambda quoted: quoted[0].replace(" ", _SPACE), line)
    indent = line[: len(line) - len(line.lstrip(" "))]
    room = max(columns, len(indent) + len(_HANGING) + 1)
    part = indent
    for gap, word in re.findall(r"( *)([^ ]+)", whole[len(indent) :]):
        if part.strip(" ") and width(part) + len(gap) + width(word) > room:
            yield part.replace(_SPACE, " ")
            part = f"{indent}{_HANGING}{word}"
        else:
            part = f"{part}{gap}{word}"
    yield part.replace(_SPACE, " ")


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
