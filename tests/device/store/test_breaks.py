"""A break of the audit that a named operator has acknowledged is no trouble any more, and `verify` still says it."""

from pathlib import Path
from typing import Any

import pytest

from device.cli.acting import ACTING
from device.records import Event
from device.store.chain.findings import Flaw
from device.store.store import Store
from tests.device.commands import Lintel
from tests.device.store.chain_world import NOON, edited, verified, written

Statement = tuple[str, list[Any]]
CHANGE: Statement = ("UPDATE audit SET fault = '32 s' WHERE id = 2", [])
AGAIN: Statement = ("UPDATE audit SET fault = '33 s' WHERE id = 2", [])
MISSING: Statement = ("DELETE FROM audit WHERE id BETWEEN 5 AND 7", [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "state", 12)


def acknowledge(folder: Path) -> list[str]:
    """All that is found; the texts of the rows."""
    with Store(folder) as store, store.audit() as audit:
        found = audit.unacknowledged(audit.verify().findings)
        rows = [audit.acknowledge(one, NOON, "report 7") for one in found]
        return [str(row.fault) for row in audit if row.id in rows]


def troubles(folder: Path) -> list[Flaw]:
    with Store(folder) as store, store.audit() as audit:
        return [one.flaw for one in audit.unacknowledged(audit.verify().findings)]


@pytest.mark.parametrize("statement", [CHANGE, MISSING], ids=["changed", "missing"])
def test_acknowledged_break_is_no_trouble_and_is_still_verified(folder: Path, statement: Statement) -> None:
    edited(folder, statement)
    assert len(acknowledge(folder)) == 1
    assert troubles(folder) == []
    assert not verified(folder).is_sound


def test_row_names_position_hash_and_why(folder: Path) -> None:
    edited(folder, MISSING)
    (said,) = acknowledge(folder)
    begin, digest, why = said.partition(" sha256 ")[0], said.split(" sha256 ")[1][:64], said.rpartition(": ")[2]
    assert (begin, len(bytes.fromhex(digest)), why) == ("missing, rows 5 to 7,", 32, "report 7")


def test_row_that_is_changed_again_is_another_break(folder: Path) -> None:
    edited(folder, CHANGE)
    acknowledge(folder)
    edited(folder, AGAIN)
    assert troubles(folder) == [Flaw.CHANGED]


def test_break_elsewhere_is_another_one(folder: Path) -> None:
    edited(folder, CHANGE)
    acknowledge(folder)
    edited(folder, MISSING)
    assert troubles(folder) == [Flaw.MISSING]


def test_forged_acknowledgement_is_a_break_itself(folder: Path) -> None:
    """Copied by SQL, without the chain's next hash."""
    edited(folder, CHANGE)
    (said,) = acknowledge(folder)
    edited(folder, AGAIN)
    sql = "INSERT INTO audit (at, event, fault) VALUES ('2026-11-30T10:00:00+00:00', 'audit-break-acknowledged', ?)"
    edited(folder, (sql, [said]))
    assert troubles(folder) != []


def test_door_is_in_no_trouble_once_it_is_acknowledged(folder: Path) -> None:
    edited(folder, CHANGE)
    with Store(folder) as store:
        store._checkup.begin_if_due()
        store._checkup.wait()
        assert "row 2 was changed" in store.audit_trouble()
        acknowledge(folder)
        store._checkup._chain_due_at = 0.0
        store._checkup.begin_if_due()
        store._checkup.wait()
        assert store.audit_trouble() == ""


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTING, "_is_named", True)


@pytest.mark.usefixtures("named")
def test_command_acknowledges_by_name(lintel: Lintel, folder: Path) -> None:
    edited(folder, CHANGE)
    state = ("--state-dir", folder)
    done = lintel(*state, "audit", "acknowledge", "--why", "report 7")
    assert (done.exit_code, "row 2 was changed" in done.out) == (0, True), done.err
    assert lintel(*state, "audit", "verify").exit_code == 1
    assert "There is no break" in lintel(*state, "audit", "acknowledge", "--why", "report 7").err
    with Store(folder) as store, store.audit() as audit:
        assert [row.event for row in audit][-1] is Event.AUDIT_BREAK_ACKNOWLEDGED


def test_nameless_operator_acknowledges_nothing(lintel: Lintel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ACTING, "_is_named", False)
    edited(folder, CHANGE)
    assert lintel("--state-dir", folder, "audit", "acknowledge", "--why", "report 7").exit_code == 7
    assert troubles(folder) == [Flaw.CHANGED]
