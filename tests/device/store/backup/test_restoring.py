"""A backup and its way back: whole or not at all, never over a store without being told, and clear when it can't be."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from device.errors import BackupError, StoreError
from device.records import Event
from device.store.backup.container import Secret, new_identity
from device.store.backup.installing import finish, stage_of
from device.store.backup.restoring import manifest_of
from device.store.backup.saving import Wanted, delete_old, save
from device.store.withdrawn import WithdrawnFile
from tests.device.store.backup.conftest import BADGES, MODEL, NAMES, NOON, PASSPHRASE, VECTORS, Site


def test_everyone_is_there_on_a_new_device(site: Site, spare: Site) -> None:
    before = site.enrolled()
    site.save()
    spare.restore(site.file, line=site.line())
    assert spare.enrolled() == before


def test_faces_can_be_opened_on_a_new_device(site: Site, spare: Site) -> None:
    site.save()
    spare.restore(site.file, line=site.line())
    with spare.store.people() as people:
        opened = people.references(spare.person("Ada"), MODEL)
    expected = VECTORS["Ada"] / np.linalg.norm(VECTORS["Ada"], axis=1, keepdims=True)
    assert np.allclose(opened, expected, atol=1e-6)


def test_key_of_an_erased_person_is_not_restored(site: Site, spare: Site) -> None:
    site.save()
    erased = site.person("Bea").id
    site.erase("Bea")
    spare.restore(site.file, line=site.line())
    assert erased not in spare.store.vault.file.holders()


def test_backup_is_made_while_the_store_is_used(site: Site, spare: Site) -> None:
    with site.store.people() as people:
        people.give_time(site.person("Ada"), extended=True)
        site.save()
    spare.restore(site.file)
    assert spare.enrolled()["Ada"].extended is False


def test_backup_for_a_recipient_is_opened_by_the_identity(site: Site, spare: Site) -> None:
    identity, recipient = new_identity()
    site.save(passphrase="", recipient=recipient)
    spare.restore(site.file, secret=Secret(identity=identity))
    assert set(spare.enrolled()) == set(NAMES)


def test_store_that_is_there_is_never_replaced_unasked(site: Site) -> None:
    site.save()
    with pytest.raises(BackupError, match="There is a store in"):
        site.restore(site.file)
    assert set(site.enrolled()) == set(NAMES)


@pytest.mark.parametrize("secret", [Secret("another passphrase"), Secret()])
def test_wrong_passphrase_changes_nothing(site: Site, spare: Site, secret: Secret) -> None:
    site.save()
    with pytest.raises(BackupError):
        spare.restore(site.file, secret=secret)
    assert [path.name for path in spare.base.rglob("*") if path.is_file()] == []


def test_truncated_backup_changes_nothing(site: Site) -> None:
    site.save()
    site.file.write_bytes(site.file.read_bytes()[:-20])
    with pytest.raises(BackupError, match="changed or cut off"):
        site.restore(site.file, replace=True)
    assert (set(site.enrolled()), stage_of(site.state).exists()) == (set(NAMES), False)


def test_backup_of_a_newer_version_is_refused_and_changes_nothing(site: Site, spare: Site) -> None:
    site.close()
    with closing(sqlite3.connect(site.state / "lintel.db")) as connection, connection:
        row = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('lintel', '9999-new', '')"
        connection.execute(row)
    with pytest.raises(StoreError, match="made by a newer Lintel"):
        site.save()
    assert not (spare.state / "lintel.db").exists()


def test_missing_file_is_named(spare: Site, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=r"Cannot read the backup .*gone"):
        spare.restore(tmp_path / "gone")


def test_manifest_names_each_part(site: Site) -> None:
    site.save()
    names = [part.name for part in manifest_of(site.file, Secret(PASSPHRASE)).parts]
    assert ("lintel.db" in names, "lintel.db-withdrawn" in names) == (True, True)


def test_backup_is_private(site: Site) -> None:
    assert site.save().path.stat().st_mode & 0o777 == 0o600


def test_backup_into_a_folder_is_named_by_its_time(site: Site) -> None:
    saved = save(site.store, site.base, Wanted("lintel 0.1.0", PASSPHRASE), NOON)
    assert saved.path.name == "lintel-20270301T120000Z.backup"


def test_old_backups_are_deleted_and_nothing_else(site: Site) -> None:
    for days in (0, 10, 40, 45):
        save(site.store, site.base, Wanted("lintel 0.1.0", PASSPHRASE), NOON + timedelta(days=days))
    stranger = site.base / "lintel-20200101T000000Z.backup"
    stranger.write_text("not ours")
    deleted = delete_old(site.base, 30, NOON + timedelta(days=45))
    assert ([path.name[7:15] for path in deleted], stranger.exists()) == (["20270301", "20270311"], True)


def test_last_backup_is_never_deleted(site: Site) -> None:
    save(site.store, site.base, Wanted("lintel 0.1.0", PASSPHRASE), NOON)
    assert delete_old(site.base, 30, NOON + timedelta(days=4000)) == ()


def test_full_disk_leaves_no_half_backup(site: Site, tmp_path: Path) -> None:
    site.file = tmp_path / "missing" / "x.backup"
    with pytest.raises(BackupError, match="Cannot write the backup"):
        site.save()


def test_stage_without_its_mark_counts_for_nothing(site: Site) -> None:
    site.close()
    stage_of(site.state).mkdir()
    (stage_of(site.state) / "lintel.db").write_bytes(b"half")
    finish(site.state)
    assert set(site.enrolled()) == set(NAMES)


def test_list_is_beside_the_store_before_a_revocation_is_acknowledged(site: Site) -> None:
    site.revoke("Ada")
    assert [entry.kind for entry in WithdrawnFile(site.state / "lintel.db").read()][-1] == "revoked"


def test_list_that_a_crash_left_behind_is_completed(site: Site) -> None:
    site.revoke("Ada")
    site.close()
    path = site.state / "lintel.db-withdrawn"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + lines[-1][:10])
    site.revoke("Cora")
    kinds = [entry.kind for entry in WithdrawnFile(site.state / "lintel.db").read()]
    assert kinds[-2:] == ["revoked", "revoked"]


def test_chain_of_a_copy_is_whole_and_says_what_it_is(site: Site, spare: Site) -> None:
    site.revoke("Ada")
    site.save()
    spare.restore(site.file, line=site.line())
    with spare.store.audit() as audit:
        verdict, events = audit.verify(), [row.event for row in audit]
    assert (verdict.findings, events[-1], Event.AUDIT_BROKEN in events) == ((), Event.STORE_RESTORED, False)


def test_copy_gives_no_number_of_a_row_again(site: Site) -> None:
    site.save()
    for _ in range(5):
        with site.store.audit() as audit:
            last = audit.note(Event.BADGE_SUSPENDED, NOON)
    site.restore(site.file, replace=True)
    with site.store.audit() as audit:
        verdict, restored = audit.verify(), [row.id for row in audit if row.event is Event.STORE_RESTORED]
    assert (restored, verdict.findings) == ([last + 1], ())
    assert site.store.trouble() == ""


def test_list_that_vouches_for_nothing_gives_nothing_back(site: Site, spare: Site) -> None:
    site.save()
    with site.store.people() as people:
        people.suspend(BADGES["Ada"], NOON)
        people.resume(BADGES["Ada"])
    line = site.line()
    with site.store.session() as session:
        session.execute("DELETE FROM withdrawn WHERE kind = 'suspended'")
    assert not spare.restore(site.file, line=site.line()).is_vouched_for
    assert (spare.state_of("Ada"), line != "") == ("suspended", True)
