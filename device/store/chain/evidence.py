"""A chain as a file: all that a verification needs, in JSON lines; bytes are hexadecimal in an object with one key."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device.errors import StoreError
from device.store.chain.findings import Verdict
from device.store.chain.heads import Chain
from device.store.chain.links import COLUMNS
from device.store.chain.marks import Kind, Mark
from device.store.chain.reading import facts_of, page_of
from device.store.chain.verifying import Facts, Verifier
from device.store.session import Session

FORM = 1
_BYTES = "hex"
_HINT = "Export it again: `lintel audit evidence > evidence.jsonl`."


def evidence_lines(session: Session, chain: Chain, each: Callable[[int], None]) -> Iterator[str]:
    """The facts first, then a row a line; rows that are added meanwhile are left out."""
    with session.snapshot():
        facts = facts_of(session, chain)
    head = {"lintel_audit_evidence": FORM, "chain": facts.chain, "head": asdict(facts.head)}
    marks = [asdict(mark) for mark in facts.marks if mark.row <= facts.head.row]
    yield _line({**head, "marks": marks, "stamps": list(facts.stamps.values())})
    last = -(2**63)
    while page := [row for row in page_of(session, last) if row["id"] <= facts.head.row]:
        yield from (_line([row[name] for name in COLUMNS]) for row in page)
        last = page[-1]["id"]
        each(last)


def verify_evidence(lines: Iterable[bytes], keys: Sequence[Ed25519PublicKey]) -> Verdict:
    """Verifies such a file with keys that are trusted. Raises `StoreError` for anything else."""
    number = 0
    try:
        verifier: Verifier | None = None
        for line in lines:
            number += 1
            value = _plain(msgspec.json.decode(line))
            if verifier is None:
                verifier = Verifier(_facts(value), keys)
            else:
                verifier.take([dict(zip(COLUMNS, value, strict=True))])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"Line {number} of the evidence can't be read: {type(error).__name__}.", hint=_HINT) from None
    if verifier is None:
        raise StoreError("The evidence is empty.", hint=_HINT)
    return verifier.verdict()


def _facts(value: Any) -> Facts:  # noqa: ANN401 - of any JSON
    if value["lintel_audit_evidence"] != FORM:
        raise ValueError(value["lintel_audit_evidence"])
    marks = tuple(_mark(mark) for mark in value["marks"])
    return Facts(value["chain"], _mark(value["head"]), marks, {stamp["id"]: stamp for stamp in value["stamps"]})


def _mark(value: dict[str, Any]) -> Mark:
    return Mark(**{**value, "kind": Kind(value["kind"])})


def _line(value: object) -> str:
    return msgspec.json.encode(_json(value)).decode()


def _json(value: Any) -> Any:  # noqa: ANN401 - of any column
    match value:
        case bytes():
            return {_BYTES: value.hex()}
        case str() if any("\ud800" <= letter <= "\udfff" for letter in value):
            return {"text": value.encode("utf-8", "surrogateescape").hex()}
        case dict():
            return {name: _json(one) for name, one in value.items()}
        case list() | tuple():
            return [_json(one) for one in value]
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any JSON
    match value:
        case {"hex": str() as digits} if len(value) == 1:
            return bytes.fromhex(digits)
        case {"text": str() as digits} if len(value) == 1:
            return bytes.fromhex(digits).decode("utf-8", "surrogateescape")
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list():
            return [_plain(one) for one in value]
    return value
