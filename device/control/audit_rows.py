"""The rows of the audit as a subscription says them: `Source` of the service's store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from device.control.feed import Page
from device.control.messages import Row

if TYPE_CHECKING:
    from device.records import AuditRow
    from device.store.store import Store


class AuditRows:
    """`Source` of a store: rows that this process has written, and those of operators' commands in other processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def after(self, row: int, count: int) -> Page:
        """At most `count` rows behind that number, with the names of their people. Raises `StoreError`."""
        with self._store.audit() as audit, self._store.people() as people:
            rows = audit.after(row, count)
            end = rows[-1].id if rows else audit.before_newest(0)
            names = people.names(one.person_id for one in rows if one.person_id is not None)
        return Page(tuple(row_of(one, names) for one in rows), end)

    def before_newest(self, count: int) -> int:
        """The number behind which the newest `count` rows are. Raises `StoreError`."""
        with self._store.audit() as audit:
            return audit.before_newest(count)

    def signature(self) -> object:
        """Sizes and times of the database and its journals. Raises nothing."""
        return self._store.signature()


def row_of(row: AuditRow, names: dict[int, str]) -> Row:
    """A row as it is sent and shown, with its person's name."""
    return Row(
        id=row.id,
        at=row.at.isoformat(),
        event=row.event.value,
        badge=row.badge,
        person_id=row.person_id,
        outcome=row.outcome.value if row.outcome else None,
        reason=row.reason.code if row.reason else None,
        similarity=row.similarity,
        threshold=row.threshold,
        probes=row.probes,
        references=row.references,
        frames=row.frames,
        waited_s=row.waited_s,
        fault=row.fault,
        door=row.door,
        reader=row.reader,
        pad=row.pad.value if row.pad else None,
        scene=row.scene,
        live=row.live,
        turned=row.turned,
        turns=row.turns,
        person=names.get(row.person_id) if row.person_id is not None else None,
        mode=row.mode,
        rule=row.rule,
        schedule=row.schedule,
        by=row.by,
        is_erased=row.is_erased,
        monotonic_s=row.monotonic_s,
        **_stamp_of(row),
    )


def _stamp_of(row: AuditRow) -> dict[str, str | None]:
    stamp = row.stamp
    if stamp is None:
        return {}
    named = ("version", "model", "settings", "rules", "boot")
    return {name: getattr(stamp, name) or None for name in named} | {"clock": stamp.clock}
