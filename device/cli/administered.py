"""The process of a command that the service carries out for an operator: `device/control/commands.py` starts it.

Its words come from the service, which has checked them; arguments, files and terminal come from the operator's
program. It has the service's rights and they may be a stranger's to it, so paths in the arguments lead into a folder of
its own alone: to files that the operator had opened for reading, and to those that the command makes there.
"""

import fcntl
import os
import resource
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT
from typing import IO, Any

import click
import msgspec

from device.cli.acting import ACTING
from device.cli.paths import leaf_of, path_values, writes
from device.commandline import run_command
from device.control.channel import Channel, ChannelError, at, close_all
from device.control.command_messages import Asks, Begin, Files, Go, Made, Words
from device.control.commands import END_S, Orders
from device.terminal import say

_STREAMS = ("stdin", "stdout", "stderr")
NICER = 15
"""Than the service, whose doors come first."""
FIRST_TO_GO = b"800"
"""When memory is full (proc(5), oom_score_adj)."""
MOST_NAMED = 20_000
O_PATH = getattr(os, "O_PATH", 0)


@dataclass(slots=True)
class Call:
    """What the operator's program has sent."""

    begin: Begin
    streams: tuple[int, ...]
    arguments: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)


def main() -> None:
    """Runs the command, and ends with its exit code."""
    orders = _orders(int(sys.argv[1]))
    _step_back()
    channel = at(int(sys.argv[2]))
    call = _call(channel)
    ACTING.serve(orders.by, orders.roles, orders.people)
    ACTING.is_logged_in = orders.is_logged_in
    sys.argv[:] = ["lintel"]
    scratch = Path(orders.scratch)
    _take_streams(call, channel)
    _lay_out(scratch, call)
    sys.exit(_carried_out(orders, call, scratch, channel))


def _orders(leash: int) -> Orders:
    """What the service says, and a thread that ends this process with the service, or when the service lets go."""
    said = os.fdopen(leash, "rb", buffering=0)
    line = bytearray()
    while not line.endswith(b"\n"):
        received = said.read(1)
        if not received:
            sys.exit(1)
        line += received
    threading.Thread(target=_end_with, args=(said,), name="leash", daemon=True).start()
    return msgspec.json.decode(line, type=Orders)


def _end_with(leash: IO[bytes]) -> None:
    leash.read(1)
    os.kill(os.getpid(), SIGINT)
    threading.Event().wait(END_S)
    os._exit(128 + SIGINT)


def _step_back() -> None:
    """Behind the doors, in time and in memory, and with room for many files."""
    os.nice(NICER)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(FIRST_TO_GO)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = MOST_NAMED + 1024
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough if most < 0 else min(most, enough), most))


def _call(channel: Channel) -> Call:
    """All that the operator's program sends. Raises `ChannelError`."""
    begin, streams = channel.receive()
    if not isinstance(begin, Begin) or len(streams) != 3 or not begin.folder.startswith(b"/"):
        raise ChannelError("expected the streams first")
    call = Call(begin, streams)
    while True:
        packet, sent = channel.receive()
        match packet:
            case Words():
                call.arguments += map(os.fsdecode, packet.arguments)
            case Files():
                _take_files(call, packet, sent)
            case Go():
                return call
            case _:
                close_all(sent)
                raise ChannelError("expected words, files or go")


def _take_files(call: Call, packet: Files, sent: Sequence[int]) -> None:
    """Only what the operator could open for reading: a descriptor alone (O_PATH) proves nothing."""
    if len(sent) != len(packet.names) or len(call.files) + len(sent) > MOST_NAMED:
        raise ChannelError("expected a descriptor for each file")
    for name, descriptor in zip(packet.names, sent, strict=True):
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        if flags & os.O_ACCMODE != os.O_RDONLY or flags & O_PATH:
            raise ChannelError(f"{os.fsdecode(name)} is not open for reading")
        call.files[os.fsdecode(name)] = descriptor


def _take_streams(call: Call, channel: Channel) -> None:
    """The operator's in place of the service's. A terminal is one that their program made for this command."""
    for number, descriptor in enumerate(call.streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if call.begin.has_terminal:
        terminal = next(number for number in (0, 1, 2) if os.isatty(number))
        with suppress(OSError):
            fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number, (name, encoding) in enumerate(zip(_STREAMS, call.begin.encodings, strict=True)):
        mode = "r" if name == "stdin" else "w"
        stream = open(number, mode, encoding=encoding, closefd=False)  # noqa: SIM115 - open to the end
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    if os.isatty(0):
        _ask_before_reading(channel)


def _ask_before_reading(channel: Channel) -> None:
    """What is typed ahead stays with the operator's shell until this command asks for it."""
    import getpass

    def asking(prompted: Callable[..., Any]) -> Any:  # noqa: ANN401 - in the place of functions of many kinds
        def ask(*arguments: object, **named: object) -> object:
            _say(channel, waits=True)
            try:
                return prompted(*arguments, **named)
            finally:
                _say(channel, waits=False)

        return ask

    click.termui.visible_prompt_func = asking(click.termui.visible_prompt_func)
    click.termui.hidden_prompt_func = asking(click.termui.hidden_prompt_func)
    getpass.getpass = asking(getpass.getpass)
    sys.stdin.readline = asking(sys.stdin.readline)  # type: ignore[method-assign]
    sys.stdin.read = asking(sys.stdin.read)  # type: ignore[method-assign]


def _say(channel: Channel, *, waits: bool) -> None:
    with suppress(OSError):
        channel.send(Asks(waits))


def _lay_out(scratch: Path, call: Call) -> None:
    """The operator's working folder and files, by the same names, in a folder of this command's own."""
    here = inside(scratch, os.fsdecode(call.begin.folder))
    here.mkdir(parents=True, exist_ok=True)
    for name, descriptor in call.files.items():
        place = inside(scratch, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(f"/proc/self/fd/{descriptor}")
    os.chdir(here)


def inside(scratch: Path, name: str) -> Path:
    """Where an absolute path of the operator is here. Raises `ChannelError`."""
    if not name.startswith("/") or "\0" in name:
        raise ChannelError("expected an absolute path")
    return scratch / os.path.normpath(name).lstrip("/")


def _carried_out(orders: Orders, call: Call, scratch: Path, channel: Channel) -> int:
    from device.cli.main import cli

    settings = [] if orders.settings is None else ["--config", orders.settings]
    words = orders.command.split()
    refused = _refused(words, call.arguments, scratch)
    if refused:
        say(f"Error: {refused}", err=True)
        return 2
    code = run_command(cli, [*settings, "--state-dir", orders.state, *words, *call.arguments])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    _hand_over(words, call, scratch, channel)
    return code


def _refused(words: Sequence[str], arguments: Sequence[str], scratch: Path) -> str:
    """Why not: a path that leads out of the folder; "" if there is none. Makes the folders that files are named in."""
    folders = {os.path.normpath(one) for one in arguments if one.endswith("/")}
    for parameter, value in path_values(*leaf_of(words), arguments):
        place = os.path.normpath(os.path.join(os.getcwd(), value))  # noqa: PTH118, PTH109 - no link is followed
        if place != str(scratch) and not place.startswith(f"{scratch}/"):
            return f"{value} can't be reached from here."
        with suppress(OSError):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            if writes(parameter) and os.path.normpath(value) in folders:
                Path(place).mkdir(exist_ok=True)
    return ""


def _hand_over(words: Sequence[str], call: Call, scratch: Path, channel: Channel) -> None:
    """Sends what the command wrote to the operator's program, which puts it where the operator may write."""
    for parameter, value in path_values(*leaf_of(words), call.arguments):
        if writes(parameter):
            for made in _files(Path(os.path.normpath(Path.cwd() / value))):
                descriptor = os.open(made, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                with suppress(OSError):
                    channel.send(Made(os.fsencode(f"/{made.relative_to(scratch)}")), (descriptor,))
                os.close(descriptor)


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink():
        return
    if place.is_dir():
        for below in sorted(place.iterdir()):
            yield from _files(below)
    elif place.is_file():
        yield place
