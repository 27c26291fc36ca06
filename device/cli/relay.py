"""Between an operator's terminal and a command that the service runs: a terminal of the command's own in between.

The operator's terminal itself is never handed over: a process of another user that holds it could read what is typed
there later. What is no terminal, a file or a pipe, is handed over as it is.
"""

import fcntl
import os
import select
import sys
import termios
import threading
from contextlib import suppress
from typing import Any

from device.cli.carried import Carried, receive, send
from device.control.channel import Channel, ChannelError, close_all
from device.control.command_messages import Asks, Begin, Go, Made
from device.errors import LintelError

LAST_S = 5.0
"""How long what a command printed may take to arrive after its end."""
_LFLAG, _IFLAG, _OFLAG = 3, 0, 1


class Relay:
    """Serves one command's channel in a thread of its own."""

    def __init__(self, channel: Channel, what: Carried, folder: str) -> None:
        self._channel = channel
        self._what = what
        self._folder = folder
        self._master = -1
        self._wants_input = False
        self._before: list[Any] | None = None
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self.failure: LintelError | OSError | None = None

    def begin(self) -> None:
        """Starts it."""
        if os.isatty(0):
            self._be_quiet()
        self._thread.start()

    def end(self) -> None:
        """Waits for the last words of a command that has ended. Raises what kept a file from being handed over."""
        self._thread.join(LAST_S)
        self._restore()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self._send()
            self._serve()
        except ChannelError:
            pass
        except (LintelError, OSError) as error:
            self.failure = error if not isinstance(error, BrokenPipeError | ConnectionResetError) else None
        finally:
            self._restore()
            self._channel.close()

    def _send(self) -> None:
        streams, terminal = self._streams()
        encodings = [
            str(getattr(stream, "encoding", None) or "utf-8") for stream in (sys.stdin, sys.stdout, sys.stderr)
        ]
        try:
            begin = Begin(
                os.fsencode(self._folder), (encodings[0], encodings[1], encodings[2]), has_terminal=terminal >= 0
            )
            self._channel.send(begin, streams)
        finally:
            close_all([terminal] if terminal >= 0 else [])
        send(self._channel, self._what)
        self._channel.send(Go())

    def _streams(self) -> tuple[list[int], int]:
        """What the command gets, and its end of a terminal if one is needed."""
        if not any(map(os.isatty, (0, 1, 2))):
            return [0, 1, 2], -1
        self._master, terminal = os.openpty()
        real = next(number for number in (1, 2, 0) if os.isatty(number))
        with suppress(OSError, termios.error):
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(real, termios.TIOCGWINSZ, bytes(8)))
            attributes = list(self._before or termios.tcgetattr(real))
            attributes[_OFLAG] &= ~termios.OPOST  # the real one does it
            termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        return [terminal if os.isatty(number) else number for number in (0, 1, 2)], terminal

    def _serve(self) -> None:
        """Until the command has closed both its channel and its terminal."""
        open_ones = {self._channel.connection.fileno()} | ({self._master} if self._master >= 0 else set())
        channel = self._channel.connection.fileno()
        while open_ones:
            ready, _, _ = select.select([*open_ones, *([0] if self._wants_input else [])], [], [])
            if self._master in ready and not self._print():
                open_ones.discard(self._master)
            if channel in ready and not self._hear():
                open_ones.discard(channel)
            if 0 in ready:
                self._type()

    def _print(self) -> bool:
        """Shows what the command printed; whether there may be more."""
        try:
            printed = os.read(self._master, 1 << 16)
        except OSError:
            return False
        real = next((number for number in (1, 2, 0) if os.isatty(number)), 2)
        while printed:
            printed = printed[os.write(real, printed) :]
        return True

    def _hear(self) -> bool:
        """Takes a packet of the command; whether there may be more."""
        try:
            packet, sent = self._channel.receive()
        except OSError:
            return False
        match packet:
            case Made(name=name) if len(sent) == 1:
                receive(os.fsdecode(name), sent[0], self._what)
            case Asks(waits=waits):
                self._wants_input = waits and os.isatty(0)
                self._restore()
                self._be_quiet()
                if self._wants_input:
                    self._listen()
            case _:
                close_all(sent)
        return True

    def _type(self) -> None:
        typed = os.read(0, 4096)
        if not typed:
            self._wants_input = False
        os.write(self._master, typed or b"\x04")

    def _listen(self) -> None:
        """Ctrl-C and Enter go to the command as they are: its own terminal knows what they mean."""
        self._set(lflag=termios.ISIG | termios.IEXTEN, iflag=termios.ICRNL | termios.INLCR | termios.IXON)

    def _be_quiet(self) -> None:
        """The command's terminal shows what is typed, once it is asked for; until then Ctrl-C ends this program."""
        self._set(lflag=termios.ECHO | termios.ICANON)

    def _set(self, *, lflag: int = 0, iflag: int = 0) -> None:
        """Takes flags from the operator's terminal. A program in the background leaves it alone."""
        with suppress(OSError, termios.error):
            if os.tcgetpgrp(0) != os.getpgrp():
                return
            attributes = termios.tcgetattr(0)
            self._before = self._before or list(attributes)
            attributes[_LFLAG] &= ~lflag
            attributes[_IFLAG] &= ~iflag
            termios.tcsetattr(0, termios.TCSADRAIN, attributes)

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, before)
