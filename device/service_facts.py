"""What the service knows of itself as a whole, for `lintel status`: counted as it happens, and read in a thread.

The answer comes from memory: it waits for no disk, as the operators' socket has one thread for all that is urgent.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from device.at_work import LATE_S, at_work
from device.errors import LintelError
from device.records import Alarm, AlarmKind, Outcome, Stamp, Transaction
from device.records.service import ChainHead, OpenAlarm, Refusals, ServiceStatus
from device.store.store import Store
from device.upgrade_marks import upgrade_marks

LOOK_S = 2.0
"""How often the store's files are looked at."""
END_S = 2.0
Tell = Callable[[Transaction], None]


class ServiceFacts:
    """Counts transactions, and asks the store in a thread of its own. `status` is for any thread."""

    def __init__(self, store: Store, *, root: Path = Path("/")) -> None:
        """Begins at once."""
        self.is_ready: Callable[[], bool] = lambda: False
        self.settings_said: Callable[[], str] = lambda: ""
        self._store = store
        self._root = root
        self._upgrade = ""
        self._began_at = time.monotonic()
        self._lock = threading.Lock()
        self._grants = 0
        self._refused = Counter[str]()
        self._stamp = Stamp()
        self._alarms: tuple[OpenAlarm, ...] = ()
        self._asked_at: float | None = None
        self._signature: object = None
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
        self._thread.start()

    def counting(self, tell: Tell) -> Tell:
        """The same, with each transaction counted first."""

        def counted(transaction: Transaction) -> None:
            decision = transaction.decision
            with self._lock:
                if decision.outcome is Outcome.GRANTED:
                    self._grants += 1
                else:
                    self._refused[decision.reason.code] += 1
            tell(transaction)

        return counted

    def status(self) -> ServiceStatus:
        """All of it. Waits for nothing."""
        with self._lock:
            grants, refused = self._grants, self._refused.most_common()
        stamp, asked_at, signed, now = self._stamp, self._asked_at, self._store.chain.signed, time.monotonic()
        return ServiceStatus(
            version=stamp.version,
            up_s=now - self._began_at,
            is_ready=self.is_ready(),
            grants=grants,
            refusals=tuple(Refusals(reason, count) for reason, count in refused),
            settings=stamp.settings,
            settings_said=self.settings_said(),
            model=stamp.model,
            head=ChainHead(signed[0], signed[1].hex()) if signed else None,
            alarms=self._alarms,
            as_of_s=None if asked_at is None else now - asked_at,
            upgrade=self._upgrade,
            threads=tuple(sorted(thread.name for thread in threading.enumerate())),
        )

    def look(self) -> None:
        """Asks the store what has changed. Raises `LintelError`."""
        self._upgrade = upgrade_marks(self._root).words
        if self._store.chain.stamp is not None and not self._stamp.version:
            self._stamp = self._store.chain.stamp()
        signature = self._store.signature()
        if signature != self._signature:
            with self._store.alarms() as alarms:
                self._alarms = shown(alarms.open_ones())
            self._signature = signature
        self._asked_at = time.monotonic()

    def close(self) -> None:
        """Asks no more; harmless when repeated."""
        self._is_ending.set()
        self._thread.join(END_S)

    def _run(self) -> None:
        while not self._is_ending.is_set():
            try:
                with at_work(LATE_S):
                    self.look()
            except LintelError:  # the store's own trouble says so
                self._signature = None
            except Exception as error:  # the next look may do
                threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, self._thread)))
            self._is_ending.wait(LOOK_S)


def shown(alarms: Iterable[Alarm]) -> tuple[OpenAlarm, ...]:
    """Open alarms by kind, the oldest first. Duress is left out: each role may ask for the status."""
    known = sorted((one for one in alarms if one.kind is not AlarmKind.DURESS), key=lambda one: one.at)
    kinds = dict.fromkeys(one.kind for one in known)
    return tuple(
        OpenAlarm(kind, sum(one.kind is kind for one in known), next(one.at for one in known if one.kind is kind))
        for kind in kinds
    )
