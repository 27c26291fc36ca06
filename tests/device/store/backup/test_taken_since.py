"""What was revoked, erased or changed after a backup stays so on a new device, with the list and without it."""

from pathlib import Path

import numpy as np
import pytest

from device.errors import BackupError
from tests.device.store.backup.conftest import BADGES, NOON, VECTORS, Site


@pytest.fixture
def line(site: Site) -> str:
    """The list of revocations after: back up; revoke Ada's badge, erase Bea, change Cora's PIN."""
    site.save()
    site.revoke("Ada")
    site.erase("Bea")
    site.give_pin("Cora", b"new pin")
    return site.line()


def holds(base: Path, content: bytes) -> list[str]:
    """The files below a folder with these bytes in them."""
    return [path.name for path in base.rglob("*") if path.is_file() and content in path.read_bytes()]


def test_revoked_badge_is_refused_with_the_list(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    assert spare.state_of("Ada") == "revoked"


def test_erased_person_is_absent_with_the_list(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    assert set(spare.enrolled()) == {"Ada", "Cora"}


def test_no_file_holds_an_erased_person(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    spare.close()
    vector = (VECTORS["Bea"] / np.linalg.norm(VECTORS["Bea"], axis=1, keepdims=True)).astype(np.float32)[0].tobytes()
    number = str(BADGES["Bea"].number).encode()
    assert (holds(spare.base, b"Bea"), holds(spare.base, vector), holds(spare.base, number)) == ([], [], [])


def test_old_pin_is_gone_with_the_list(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    assert (spare.pin("Cora"), spare.state_of("Cora")) == (None, "valid")


def test_every_badge_is_suspended_without_the_list(site: Site, spare: Site, line: str) -> None:  # noqa: ARG001
    done = spare.restore(site.file)
    states = {name: spare.state_of(name) for name in BADGES}
    assert (states, done.suspended) == (dict.fromkeys(BADGES, "suspended"), 3)


def test_audit_says_that_the_store_is_a_copy(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    (said,) = [row for row in spare.rows() if row.startswith("restored")]
    assert said.startswith(f"restored from the backup of {NOON.isoformat()}; ")


def test_audit_says_that_no_list_vouches(site: Site, spare: Site) -> None:
    site.save()
    spare.restore(site.file)
    assert spare.rows()[-1].endswith("without a list of revocations that vouches for it, so 3 badges are suspended")


def test_store_that_never_took_anything_needs_its_list_too(site: Site, spare: Site, tmp_path: Path) -> None:
    fresh = Site(tmp_path / "fresh")
    fresh.enroll("Ada")
    fresh.save()
    fresh.close()
    spare.restore(fresh.file)
    assert (spare.state_of("Ada"), site.state_of("Ada")) == ("suspended", "valid")


def test_list_beside_the_store_wins_where_it_is_replaced(site: Site, line: str) -> None:  # noqa: ARG001
    done = site.restore(site.file, replace=True)
    assert (site.state_of("Ada"), set(site.enrolled()), done.is_vouched_for) == ("revoked", {"Ada", "Cora"}, True)


def test_list_beside_a_store_that_is_lost_wins(site: Site, line: str) -> None:  # noqa: ARG001
    site.close()
    (site.state / "lintel.db").unlink()
    (site.state / "lintel.db-journal").unlink(missing_ok=True)
    assert site.restore(site.file).is_vouched_for
    assert site.state_of("Ada") == "revoked"


def test_list_from_before_the_backup_vouches_for_nothing(site: Site, spare: Site) -> None:
    early = site.line()
    site.revoke("Ada")
    site.save()
    assert not spare.restore(site.file, line=early).is_vouched_for
    assert (spare.state_of("Ada"), spare.state_of("Bea")) == ("revoked", "suspended")


def test_badge_that_was_given_back_is_valid(site: Site, spare: Site) -> None:
    site.save()
    site.revoke("Ada")
    with site.store.people() as people:
        people.restore(BADGES["Ada"])
    spare.restore(site.file, line=site.line())
    badge = spare.badge("Ada")
    assert badge is not None
    assert (badge.state, badge.generation) == ("valid", 2)


def test_badge_that_was_suspended_and_resumed_is_valid(site: Site, spare: Site) -> None:
    site.save()
    with site.store.people() as people:
        people.suspend(BADGES["Ada"], NOON)
        people.resume(BADGES["Ada"])
        people.suspend(BADGES["Cora"], NOON)
    spare.restore(site.file, line=site.line())
    assert (spare.state_of("Ada"), spare.state_of("Cora")) == ("valid", "suspended")


def test_removed_reference_stays_removed(site: Site, spare: Site) -> None:
    site.save()
    with site.store.people() as people:
        (first, *_) = people.faces.of(site.person("Ada"))
        people.faces.remove(first)
    spare.restore(site.file, line=site.line())
    assert [count for _, count in spare.enrolled()["Ada"].references] == [2]


def test_second_restore_knows_what_was_taken_around_the_first(site: Site, spare: Site, line: str) -> None:
    spare.restore(site.file, line=line)
    spare.revoke("Cora")
    spare.restore(site.file, replace=True)
    assert (spare.state_of("Ada"), spare.state_of("Cora"), set(spare.enrolled())) == (
        "revoked",
        "revoked",
        {"Ada", "Cora"},
    )


def test_list_of_another_store_is_refused(site: Site, spare: Site, tmp_path: Path) -> None:
    site.save()
    other = Site(tmp_path / "other")
    foreign = other.line()
    other.close()
    with pytest.raises(BackupError, match="changed on the way, or belongs to another store"):
        spare.restore(site.file, line=foreign)
    assert not (spare.state / "lintel.db").exists()


@pytest.mark.parametrize("damage", ["x", "lintel-revocations-1", "lintel-revocations-1.AAAA.00", "\x1b[2J"])
def test_what_is_no_list_is_refused(site: Site, spare: Site, damage: str) -> None:
    site.save()
    with pytest.raises(BackupError):
        spare.restore(site.file, line=damage)


def test_list_holds_no_name_and_no_badge_number(site: Site, line: str) -> None:
    words = ((site.state / "lintel.db-withdrawn").read_text() + line).split()
    assert not {"Ada", "Bea", "Cora", "1001", "1002", "1003"} & set(words)


def test_failed_tries_are_not_lowered_by_a_restore(site: Site, spare: Site) -> None:
    site.save()
    with site.store.session() as session:
        sql = "INSERT INTO attempts (format, facility, number, face, pin, since_grant) VALUES (?, ?, ?, ?, ?, ?)"
        badge = BADGES["Ada"]
        session.execute(sql, [badge.format, badge.facility, str(badge.number), 7, 10, 17])
    spare.restore(site.file, line=site.line())
    with spare.store.counters() as counters:
        elsewhere = counters.of(BADGES["Ada"])
    site.restore(site.file, replace=True)
    with site.store.counters() as counters:
        here = counters.of(BADGES["Ada"])
    assert [(one.face, one.pin) for one in (elsewhere, here)] == [(7, 10), (7, 10)]
