"""References that lie unsealed in a database from before the vault: sealed in place, once, all or none."""

from device.store.references import about
from device.store.session import Session
from device.store.vault.key_file import Kind
from device.store.vault.sealing import generation_of

_FIRST = "SELECT id FROM face_references WHERE generation IS NULL LIMIT 1"
_SOME = (
    "SELECT id, person_id, model_sha256, embedding FROM face_references WHERE generation IS NULL AND id > ? "
    "ORDER BY id LIMIT ?"
)
_PAGE = 500


def is_any_plain(session: Session) -> bool:
    """Whether there is an unsealed reference."""
    return bool(session.rows(_FIRST, can_change=False))


def seal_plain(session: Session) -> None:
    """Seals all that are not, in the session's transaction. Damaged ones are sealed as they are."""
    session.lock()
    last = 0
    while page := session.rows(_SOME, [last, _PAGE]):
        session.vault.make_ready((row["person_id"] for row in page), Kind.FACE)
        for row in page:
            model = str(row["model_sha256"])
            sealed = session.vault.seal(
                bytes(row["embedding"]), person_id=row["person_id"], about=about(model), kind=Kind.FACE
            )
            session.execute(
                "UPDATE face_references SET embedding = ?, generation = ? WHERE id = ?",
                [sealed, generation_of(sealed), row["id"]],
            )
        last = page[-1]["id"]
