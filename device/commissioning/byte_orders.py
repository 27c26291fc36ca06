"""Finds out that a reader sends a card's bytes or bits in reverse: read so, the frame is the badge of a person."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

from device.credentials import format_badge
from device.errors import LintelError
from device.own_store import open_store
from device.readers.cards.byte_order import WORDS
from device.readers.cards.card_formats import BUILT_IN
from device.readers.cards.own_formats import own_card_formats
from device.readers.formats import FormatTable, Refusal, decode, in_other_orders
from device.records import Credential
from device.settings.loading import state_dir
from device.settings.tables import FormatSettings, Settings
from device.store.database import FILE_NAME
from device.store.store import Store

HolderOf = Callable[[Credential], str | None]
"""The name of who holds a badge, None for a badge without a holder."""


@dataclass(frozen=True, slots=True)
class ByteOrders:
    """What an installer is told about the order in which a reader sends."""

    holder_of: HolderOf
    own_formats: tuple[FormatSettings, ...] = ()

    def suggestion(self, bits: str, table: FormatTable) -> str:
        """What to set so that a frame is the badge of a person; empty if it is one already, or never.

        A frame with a holder, or none in any order, needs no word; neither do several people, of whom none is meant.
        """
        read = decode(bits, table)
        if not bits or (not isinstance(read, Refusal) and self.holder_of(read)):
            return ""
        formats = (*BUILT_IN, *own_card_formats(self.own_formats))
        held = [
            (known, credential, name)
            for known, credential in in_other_orders(bits, formats)
            if (name := self.holder_of(credential))
        ]
        if len({credential for _, credential, _ in held}) != 1:
            return ""
        known, credential, name = held[0]
        sent = f"The reader sends {WORDS[known.order]}: read so" if known.order else f"Read as {known.name}"
        return f'{sent}, this is badge {format_badge(credential)} of {name}. Set `formats = ["{known.title}"]`.'


@contextmanager
def byte_orders(settings: Settings) -> Iterator[ByteOrders]:
    """By the badges in the store, if there is one that this user can read; without it nothing is suggested."""
    with ExitStack() as stack:
        store = None
        with suppress(LintelError, OSError):
            if (state_dir(settings) / FILE_NAME).is_file():
                store = stack.enter_context(open_store(settings))
        yield ByteOrders(partial(_holder, store), settings.formats)


def _holder(store: Store | None, credential: Credential) -> str | None:
    if store is not None:
        with suppress(LintelError), store.people() as people:
            badge = people.badge(credential)
            return badge.person.name if badge else None
    return None
