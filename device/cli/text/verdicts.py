"""Words for what a verification of the audit came to."""

from collections.abc import Iterator
from typing import Any

from device.store.chain.findings import Verdict


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """The findings, a line each, and what was read."""
    for finding in verdict.findings:
        yield f"{finding.words[:1].upper()}{finding.words[1:]}."
    if verdict.more:
        yield f"And {verdict.more} more."
    yield _read(verdict)
    if verdict.is_sound:
        yield "Each is as Lintel wrote it, and none is missing."
    else:
        yield "The audit is not as Lintel wrote it."


def _read(verdict: Verdict) -> str:
    if not verdict.rows:
        return "No row to verify."
    erased = f", {verdict.erased} of them erased" if verdict.erased else ""
    return f"{verdict.rows} rows, {verdict.first} to {verdict.last}{erased}; {verdict.checkpoints} signed checkpoints."


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The same for machines."""
    return {
        "sound": verdict.is_sound,
        "rows": verdict.rows,
        "erased": verdict.erased,
        "first": verdict.first,
        "last": verdict.last,
        "checkpoints": verdict.checkpoints,
        "findings": list(verdict.findings),
        "more": verdict.more,
    }
