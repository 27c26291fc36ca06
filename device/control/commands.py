"""Carries out commands of `lintel` for operators, each in a process of its own, with the service's rights.

The role was checked before (`jobs.job_of`). The process gets who it is for over a pipe that only the service can write;
it ends when that pipe does, so neither a client that has gone nor a service that was killed leaves one behind. It comes
after the doors: it is nicer than they are, and the first one that a full memory ends.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from device.control.command_messages import Administer, Admitted, Elsewhere, Ended
from device.control.desk import Caller
from device.control.messages import Alive
from device.records import Operator, Role
from device.store.vault.key_files import DESCRIPTOR

MOST_S = 4 * 3600.0
"""A command that takes longer is ended."""
LOOK_S = 0.1
"""How often it is looked whether the client is still there."""
ALIVE_S = 2.0
END_S = 3.0
"""How long a command has to end once it should."""
CHANNEL_S = 5.0
"""How long a client may take to send its end of the channel."""
KEPT_BACK = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LINTEL_CONFIG", "LINTEL_STATE_DIR", "LINTEL_DEBUG")
"""Of the service's environment: the command has its own settings, and does not speak to the service manager."""
_CODE = """
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
spec = ModuleSpec("device", None, is_package=True)
spec.submodule_search_locations = [sys.argv.pop(1)]
sys.modules["device"] = module_from_spec(spec)
from device.cli.administered import main
main()
"""
"""Another package may be called `device`: ours is the one that the service itself was loaded from."""


class Orders(msgspec.Struct, frozen=True):
    """What the service says to a command's process."""

    by: str
    """The operator, in the audit's words."""
    command: str
    settings: str | None
    state: str
    scratch: str
    """A folder for this command alone."""
    roles: tuple[Role, ...] = ()
    """The operator's."""
    people: tuple[int, ...] = ()
    """The users that may be behind the operator; none if that is no person."""
    is_logged_in: bool = False
    """Whether the kernel knows who logged in."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The handler of `Administer`, for one service with its settings file and the folder of its store."""

    settings: Path | None
    state: Path
    most_s: float = MOST_S
    key: Callable[[], int | None] = field(default=lambda: None)
    """Gives an open file with the device key, if this process alone has it; the command's process inherits it."""

    def progress(self, request: Administer, caller: Caller) -> Iterator[Elsewhere | Admitted | Alive | Ended]:
        """Starts the command of an operator who may ask for it, and says when it ends. Closing ends the command.

        Raises `ProtocolError`.
        """
        if not _is_same(request.folder, self.state):
            yield Elsewhere()
            return
        yield Admitted()
        with ExitStack() as stack:
            running = self._started(request, caller, stack)
            until, said = time.monotonic() + self.most_s, time.monotonic()
            while (code := running.ended(LOOK_S)) is None and caller.is_waiting() and time.monotonic() < until:
                if time.monotonic() - said >= ALIVE_S:
                    said = time.monotonic()
                    yield Alive()
        yield Ended(code if code is not None else running.ended(0.0) or 128 + signal.SIGKILL)

    def _started(self, request: Administer, caller: Caller, stack: ExitStack) -> "_Running":
        channel = caller.descriptor(CHANNEL_S)
        stack.callback(os.close, channel)
        scratch = tempfile.mkdtemp(prefix="lintel-")
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        settings = None if self.settings is None else str(self.settings)
        who = caller.operator
        roles = tuple(sorted(who.roles))
        orders = Orders(
            who.words,
            request.command,
            settings,
            str(self.state),
            scratch,
            roles,
            _people(who),
            who.login_uid is not None,
        )
        return stack.enter_context(closing(_Running(msgspec.json.encode(orders), channel, self.key())))


def _people(who: Operator) -> tuple[int, ...]:
    """Neither root nor this service's own user is a person."""
    return tuple(sorted({who.uid, who.login_uid or 0} - {0, os.getuid()}))


class _Running:
    """A command's process."""

    def __init__(self, orders: bytes, channel: int, key: int | None) -> None:
        heard, self._leash = os.pipe()
        kept = {name: value for name, value in os.environ.items() if name not in KEPT_BACK}
        keys = () if key is None else (key,)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program itself
                [*_launch(), str(heard), str(channel)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(heard, channel, *keys),
                env=kept | ({} if key is None else {DESCRIPTOR: str(key)}),
                start_new_session=True,
            )
            os.write(self._leash, orders + b"\n")
        except BaseException:
            os.close(self._leash)
            raise
        finally:
            for one in (heard, *keys):
                os.close(one)

    def ended(self, within_s: float) -> int | None:
        """The exit code, as a shell has it; None if it still runs after that time."""
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(within_s)
            return code if code >= 0 else 128 - code
        return None

    def close(self) -> None:
        """Has it end, and kills it if it doesn't."""
        os.close(self._leash)
        if self.ended(END_S) is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _launch() -> Sequence[str]:
    return (sys.executable, "-I", "-c", _CODE, str(Path(__file__).parents[1]))


def _is_same(folder: str, state: Path) -> bool:
    with suppress(OSError, ValueError):
        return Path(folder).samefile(state)
    return os.path.normpath(folder) == str(state)
