"""What a store hands out besides people and the audit: each a view of one transaction, and they nest."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from device.store.alarms import Alarms
from device.store.chain.heads import boot_id
from device.store.clock_marks import ClockMarks
from device.store.confirmations import Confirmations
from device.store.counters import Counters
from device.store.pins import Pins
from device.store.places import Places
from device.store.remote import RemoteClients
from device.store.rules import ParsedRules, RuleBook
from device.store.session import Session
from device.store.vault.vault import Vault


class Rooms:
    """Of one store. Each raises `StoreError`."""

    vault: Vault
    _parsed_rules: ParsedRules

    def _session(self) -> AbstractContextManager[Session]:
        """The transaction of this thread."""
        raise NotImplementedError

    @contextmanager
    def rules(self) -> Iterator[RuleBook]:
        """The owner's rules, as `people`; nests with them."""
        with self._session() as session:
            yield RuleBook(session, self._parsed_rules)

    @contextmanager
    def counters(self) -> Iterator[Counters]:
        """The failed tries with each badge, as `people`; nests with it."""
        with self._session() as session:
            yield Counters(session)

    @contextmanager
    def pins(self) -> Iterator[Pins]:
        """The PINs, as `people`; nests with it."""
        with self._session() as session:
            yield Pins(session, self.vault)

    @contextmanager
    def clock(self) -> Iterator[ClockMarks]:
        """The mark of the newest time, as `people`; nests with it."""
        with self._session() as session:
            yield ClockMarks(session)

    @contextmanager
    def places(self) -> Iterator[Places]:
        """Where people are, as `people`; nests with it."""
        with self._session() as session:
            yield Places(session)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """For the rooms of the store: what they read and write themselves, as `people`."""
        with self._session() as session:
            yield session

    @contextmanager
    def alarms(self) -> Iterator[Alarms]:
        """Open alarms, likewise."""
        with self._session() as session:
            yield Alarms(session)

    @contextmanager
    def remote(self) -> Iterator[RemoteClients]:
        """Clients that may send commands over the network, likewise."""
        with self._session() as session:
            yield RemoteClients(session, self.vault)

    @contextmanager
    def confirmations(self) -> Iterator[Confirmations]:
        """Commands that wait for a second person, as `people`."""
        with self._session() as session:
            yield Confirmations(session, boot_id())
