"""One serial line of OSDP readers: a thread of its own that runs libosdp, and passes on what each reader says."""

import threading
from collections.abc import Sequence
from contextlib import suppress

from device.errors import ReaderError
from device.failures import in_words
from device.ports import Clock
from device.readers.formats import FormatTable
from device.readers.mailbox import Mailbox
from device.readers.osdp.events import Condition, condition_after, event_from, notices
from device.readers.osdp.frames import Answer, Command
from device.readers.osdp.panel import Panel, Peer, PeerEvent
from device.readers.osdp.signals import lacking, orders, status_request
from device.readers.osdp.watch import DEAF_S, LOST_AFTER_S, Watch, refusal
from device.readers.osdp.wire import Heard, Wire
from device.records import BadgeRead, Notice, ReaderNotice, Security, Signal

STEP_S = 0.01
"""How often libosdp is driven; it wants at least every 0.05 s."""
REOPEN_S = 1.0
MAX_REOPEN_S = 8.0
"""A line that is gone is opened again after 1, 2, 4, 8, 8, ... seconds."""
_FORMATTED = "It sends formatted card data, which OSDP has withdrawn: set the reader to raw card data."


class Station:
    """A reader on the line, from the line's side. Its events may be taken, and its signal be set, by any thread."""

    def __init__(self, peer: Peer, formats: FormatTable, clock: Clock, patience_s: float) -> None:
        self.peer = peer
        self._identity = peer.identity
        """Which reader has to be there: the one that was there first with its key."""
        self._met = ""
        """Which one is, if its channel is there."""
        self.mailbox = Mailbox()
        self.signal: tuple[int, Signal] = (0, Signal.READY)
        """Counted, as the same one may be shown again."""
        self._formats = formats
        self._clock = clock
        self._condition = Condition()
        self._shown: tuple[int, Signal] | None = None
        self._told = self.signal
        self._heard: Heard | None = None
        self._refused: set[int] = set()
        self.watch = Watch(clock.monotonic(), patience_s)
        self.is_fresh = False
        """Whether everything that the reader kept for us while we could not be heard has been taken and dropped."""
        self._secure_since: float | None = None
        self._kept = 0

    def tell_notice(self, notice: Notice | None, detail: str = "") -> None:
        """Has a notice read, if there is one."""
        if notice:
            self.mailbox.put(ReaderNotice(notice, self._clock.monotonic(), self.peer.name, detail))

    def hear(self, event: PeerEvent) -> None:
        """Takes what the reader said in its secure channel."""
        now = self._clock.monotonic()
        if said := event_from(event.report, now, self.peer.name, self._formats):
            if self.is_fresh:
                self.mailbox.put(said)
            else:
                self._kept += 1
        before, self._condition = self._condition, condition_after(self._condition, event.report)
        for notice in notices(before, self._condition, now, self.peer.name):
            self.mailbox.put(notice)

    def attend(self, panel: Panel, index: int, heard: Heard | None) -> None:
        """Checks whether the reader is there; starts over if it isn't, and shows its signal if it is."""
        now, secure = self._clock.monotonic(), panel.is_secure(index) and self._is_known(panel.identity(index))
        turned = self.watch.look(now, secure=secure, heard_at=heard.at if heard and heard.sealed else None)
        self._freshen(now, heard, secure=secure)
        self.tell_notice(turned, self._refusal(now, heard) if turned is Notice.LOST else "")
        if turned is Notice.FOUND:
            self._refused.clear()
        panel.resume(index)
        if self.watch.should_restart(now, online=panel.is_online(index)):
            panel.restart(index)
        if heard != self._heard:
            self._heard = heard
            self._note(heard, secure=secure)
        if not secure:
            self._shown = None
        elif panel.is_online(index) and self._shown != self.signal:
            self._show(panel, index)

    def _is_known(self, identity: str) -> bool:
        """Whether this is the reader that was there first; one that was exchanged is refused, though it has the key."""
        self._met = identity
        if not self._identity and identity:
            self._identity = identity
            with suppress(ReaderError):  # a full disk: the next start asks again
                self.peer.remember(identity)
        return identity == self._identity

    def _refusal(self, now: float, heard: Heard | None) -> str:
        if self._met and self._met != self._identity:
            return (
                f"another reader, {self._met}, is in its place, expected {self._identity}; if you exchanged it, "
                "give it a key of its own: `lintel readers osdp-keyset --install`"
            )
        return refusal(now, heard, self.peer)

    def _freshen(self, now: float, heard: Heard | None, *, secure: bool) -> None:
        """A reader keeps badges while its line is down, for an unknown time. What it says in a new channel is
        dropped until it has nothing more to say.
        """
        if not secure:
            self.is_fresh, self._secure_since = False, None
            return
        self._secure_since = now if self._secure_since is None else self._secure_since
        if self.is_fresh or not (heard and heard.sealed and heard.at >= self._secure_since):
            return
        if (heard.command, heard.answer) == (Command.POLL, Answer.ACK):
            self.is_fresh = True
            if self._kept:
                fault = f"{self._kept} presented while the line was down"
                self.mailbox.put(BadgeRead(None, now, self.peer.name, Security.SECURE_CHANNEL, fault=fault))
                self._kept = 0

    def _note(self, heard: Heard | None, *, secure: bool) -> None:
        """A command that the reader refuses is not sent again until it is lost and found, as libosdp takes its channel
        down for it.
        """
        if heard and heard.refuses:
            self._refused.add(heard.command)
        elif heard and heard.answer == Answer.FMT and secure:
            at, name = self._clock.monotonic(), self.peer.name
            self.mailbox.put(BadgeRead(None, at, name, Security.SECURE_CHANNEL, _FORMATTED))

    def _show(self, panel: Panel, index: int) -> None:
        """Shows the signal as far as the reader can. When it comes up, asks for its condition, and does not repeat what
        was for a person who has long left.
        """
        wanted, came_up = self.signal, self._shown is None
        passed = came_up and wanted == self._told and wanted[1] is not Signal.ALARM
        signal = Signal.READY if passed else wanted[1]
        commands = [
            order.words
            for order in orders(signal, self.peer.prompt(signal))
            if order.code not in self._refused and panel.can(index, order.capability)
        ]
        if came_up and Command.LSTAT not in self._refused:
            commands.append(status_request())
        if panel.order(index, *commands):
            self._shown = self._told = wanted
        if came_up:
            self._note_what_it_lacks(panel, index)

    def _note_what_it_lacks(self, panel: Panel, index: int) -> None:
        """A reader that can't ask for a turn of the head as the settings say lets no one in where one is demanded."""
        prompts = (self.peer.turn_left, self.peer.turn_right)
        if lacks := lacking(prompts, lambda capability: panel.can(index, capability)):
            self.tell_notice(Notice.LOST, lacks)


class Line:
    """The readers of one serial line. One thread alone speaks to libosdp; the readers learn what ends it."""

    def __init__(self, wire: Wire, peers: Sequence[tuple[Peer, FormatTable]], clock: Clock) -> None:
        """Takes an open line over. Raises `DependencyMissing`."""
        patience_s = LOST_AFTER_S + DEAF_S * (len(peers) - 1)
        self.stations = tuple(Station(peer, formats, clock, patience_s) for peer, formats in peers)
        self.fault: ReaderError | None = None
        """What ended the thread."""
        self._wire = wire
        self._clock = clock
        self._panel = Panel(wire, [peer for peer, _ in peers])
        self._users = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._reopen_at = 0.0
        self._reopen_s = REOPEN_S
        self._thread = threading.Thread(target=self._run, name=f"osdp {wire.source}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether its thread works and is not about to end."""
        return self._thread.is_alive() and self.fault is None and not self._stop.is_set()

    def join(self) -> None:
        """One reader more. Raises `ReaderError` if the last one has just left."""
        with self._lock:
            if self._stop.is_set():
                raise ReaderError(f"The OSDP line at {self._wire.source} is being closed.", hint="Open it again.")
            self._users += 1

    def leave(self) -> None:
        """One reader less; the line is let go with the last one."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._stop.set()
        if self._stop.is_set():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(STEP_S):
                self._step()
        except BaseException as error:
            self.fault = _stopped(self._wire.source, error)
            for station in self.stations:
                station.mailbox.fail(self.fault)
        finally:
            self._panel.close()
            self._wire.close()

    def _step(self) -> None:
        if not self._wire.is_open and not self._reopen():
            return
        for event in self._panel.refresh():
            self.stations[event.index].hear(event)
        if self._wire.fault:
            self._lose(self._wire.fault)
            return
        for index, station in enumerate(self.stations):
            station.attend(self._panel, index, self._wire.heard.get(station.peer.address))

    def _lose(self, fault: str) -> None:
        self._wire.close()
        self._reopen_s = REOPEN_S
        self._reopen_at = self._clock.monotonic() + self._reopen_s
        for station in self.stations:
            station.tell_notice(station.watch.gone(self._clock.monotonic()), f"its line is gone: {fault}")

    def _reopen(self) -> bool:
        now = self._clock.monotonic()
        if now < self._reopen_at:
            return False
        self._reopen_s = min(self._reopen_s * 2, MAX_REOPEN_S)
        self._reopen_at = now + self._reopen_s
        try:
            self._wire.open()
        except ReaderError:
            return False
        for index in range(len(self.stations)):
            self._panel.restart(index)
        return True


def _stopped(source: str, error: BaseException) -> ReaderError:
    """The error itself if it says what to do, else one that does."""
    if isinstance(error, ReaderError):
        return error
    return ReaderError(
        f"The OSDP line at {source} has stopped: {in_words(error)}.", hint="Restart the service, and report this."
    )
