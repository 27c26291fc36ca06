"""What was taken from a client of the network stays so in a backup that is restored, with its list."""

from datetime import UTC, datetime

import pytest

from device.records.remote import RemoteKind
from device.store.store import Store
from device.store.withdrawn_again import take_again
from tests.device.remote.world import House

AT = datetime(2026, 12, 2, tzinfo=UTC)


def restored(copy: Store, house: House) -> Store:
    """The copy with what was taken since."""
    take_again(copy, house.store.withdrawn(), AT)
    return copy


@pytest.mark.parametrize("kind", RemoteKind)
def test_revoked_client_is_not_let_in_again(house: House, kind: RemoteKind) -> None:
    house.give_code("gate")
    copy = house.store.copy_in_memory()
    house.office.revoke(kind, "gate")
    with restored(copy, house) as store, store.remote() as clients:
        left = {one for one in RemoteKind if clients.all(one)}
    assert left == set(RemoteKind) - {kind}


def test_locked_code_stays_locked(house: House) -> None:
    code = house.give_code()
    copy = house.store.copy_in_memory()
    for _ in range(5):
        house.type_code(f"{code[:2]}{(int(code[2:]) + 1) % 1_000_000:06}")
    with restored(copy, house) as store, store.remote() as clients:
        (client,) = clients.all(RemoteKind.CODE)
    assert client.failed == 5


def test_code_that_was_reset_counts_again(house: House) -> None:
    code = house.give_code()
    for _ in range(5):
        house.type_code(f"{code[:2]}{(int(code[2:]) + 1) % 1_000_000:06}")
    copy = house.store.copy_in_memory()
    house.office.reset("anna")
    with restored(copy, house) as store, store.remote() as clients:
        (client,) = clients.all(RemoteKind.CODE)
    assert client.failed == 0
