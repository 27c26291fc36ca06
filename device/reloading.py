"""New settings on request (SIGHUP): checked first, and in force once no door is at work.

All of them come into force at once, by a new beginning of the same process: a door whose pins, camera and rules are of
two different files would be one that no one has ever tried.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from device.door.operation import Door
from device.door.wires.held import holders
from device.errors import ConfigError, LintelError
from device.failures import in_words
from device.journal import Entry, JournalEvent
from device.records import DoorState
from device.settings.pins import SPI_PINS, used_pins
from device.settings.tables import Settings

SETTINGS = "settings"
"""What they are called among the parts."""
_HELD = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class Reload:
    """`request` is for a signal handler, `is_due` for one thread, the rest for any."""

    def __init__(self, load: Callable[[], Settings], settings: Settings, report: Callable[[str], None]) -> None:
        """`load` reads and checks the file, and raises `LintelError`; `settings` are in force; `report` takes lines."""
        self._load = load
        self._settings = settings
        self._report = report
        self._is_requested = False
        self._is_new = False
        self._has_waited = False
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self.chip = ""
        """The path of the GPIO chip that the doors are on, once it is open; "" where pins are simulated."""
        self.said = ""
        """What became of the last request, in words; "" if there was none."""

    def request(self) -> None:
        """Has the settings read again. Takes no lock."""
        self._is_requested = True

    def is_requested(self) -> bool:
        """Whether a request has come that nothing was done about yet."""
        return self._is_requested

    def trouble(self) -> str:
        """Why new settings were refused, a sentence; "" if they were not."""
        return self._trouble

    def is_due(self, at_work: Callable[[], str]) -> bool:
        """Whether the process is to begin again now. `at_work` says what speaks against it, "" if nothing does.

        The file is read in a thread: a disk that hangs starves no watchdog.
        """
        if self._is_requested and not (self._thread and self._thread.is_alive()):
            self._is_requested = False
            self._thread = threading.Thread(target=self._read, name=SETTINGS, daemon=True)
            self._thread.start()
        if not self._is_new or (self._thread and self._thread.is_alive()):
            return False
        why = at_work()
        if why:
            self._has_waited = True
            self._say(f"new settings wait: {why}")
            return False
        if self._has_waited:  # the file may be another by now, and a wrong one would leave the doors without a program
            self._has_waited, self._is_requested = False, True
            return False
        return True

    def _read(self) -> None:
        try:
            found = self._load()
            self._refuse_another_board(found)
            refuse_held_pins(found, self._settings, self.chip)
        except LintelError as error:
            self._refuse(f"{error.message} {error.hint}")
        except Exception as error:  # whatever a file makes a library raise
            self._refuse(f"They can't be read: {in_words(error)}.")
        else:
            self._is_new, self._trouble = found != self._settings, ""
            self._say("new settings are in order" if self._is_new else f"read again {_now()}, nothing has changed")

    def _refuse_another_board(self, found: Settings) -> None:
        """A chip that is not there would leave the doors without a program. Raises `ConfigError`."""
        if found.gpio != self._settings.gpio:
            raise ConfigError(
                "[gpio] can't change while the doors are in operation.",
                hint="Look at the new chip with `gpioinfo`, then `sudo systemctl restart lintel`.",
            )

    def _refuse(self, why: str) -> None:
        self._is_new = False
        self._trouble = f"New settings were refused, those before are in force. {why}"
        self._say(f"new ones refused {_now()}, those before are in force")

    def _say(self, said: str) -> None:
        if said != self.said:
            self.said = said
            self._report(Entry.of(f"Settings: {said}.", JournalEvent.SETTINGS))


def refuse_held_pins(found: Settings, before: Settings, chip: str) -> None:
    """Raises `ConfigError` if another program holds a pin that is new: the service could not begin with it.

    A chip that can't be asked refuses nothing.
    """
    own = {one.pin for one in used_pins(before)}
    new = {one.pin: one.use for one in used_pins(found) if one.pin not in own and one.pin not in SPI_PINS}
    held = dict[int, str]()
    with suppress(OSError):
        held = holders(Path(chip), new) if chip else held
    if held:
        words = (f"GPIO {pin}, {new[pin]}, is held by {holder or 'another program'}" for pin, holder in held.items())
        raise ConfigError(f"{'; '.join(words)}.", hint="`gpioinfo` shows it; end that program, or choose another pin.")


def doors_at_work(doors: Iterable[Door], busy: Iterable[str]) -> str:
    """What speaks against a new beginning: an evacuation, a release that no schedule gives again, or someone who is at
    a reader; `busy` are doors with one. A lockdown holds meanwhile, as does a locked door.
    """
    for door in doors:
        status = door.status()
        if status.state is DoorState.EVACUATION:
            return f"door {door.name} is evacuated"
        if status.outputs.released and not door.is_scheduled:
            return f"door {door.name} is released"
    return next((f"someone is at door {name}" for name in busy), "")


def begin_again(is_asked: Callable[[], bool] = lambda: False, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Takes the place of this process, by the command that it was started with. All is closed before.

    Signals wait for the new life, which listens to them again (`stopped_by_signals`); `is_asked` is whether a SIGHUP
    has come that the old one does nothing about. Returns if the process `is_stopped` by now.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    before = {number: signal.signal(number, _keep) for number in _HELD}
    if is_stopped():
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
        return
    for open_file in tuple(Path("/proc/self/fd").iterdir()):
        if int(open_file.name) > 2 and open_file.exists():
            os.set_inheritable(int(open_file.name), False)  # a driver that hung may have left one
    if is_asked():
        _keep(signal.SIGHUP, None)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very same command


def _keep(number: int, _frame: FrameType | None) -> None:
    """Lets a signal wait in this thread, which blocks it: the kernel gives it to any thread that does not."""
    signal.pthread_kill(threading.get_ident(), number)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
