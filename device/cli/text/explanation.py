"""Why a decision was as it was: in words, out of the one table of reasons and what its row of the audit holds."""

from collections.abc import Iterator
from dataclasses import dataclass

from device.control.messages import Row
from device.dates import utc_second
from device.records import Reason

GRANTED = "granted"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What decided, which rule wanted what, the values that were seen, and what would have to change."""

    row: int
    outcome: str
    reason: str
    decided: str
    rule: str
    saw: tuple[str, ...]
    change: str
    tries: str = ""
    """Of failed tries: which it was in a row, the limits, and when the next one is possible."""


def explanation(row: Row, tries: str = "") -> Explanation:
    """Of a decision's row, with what is known of the tries with its badge. Raises `KeyError` without a reason."""
    reason = Reason.from_code(row.reason or "")
    rule, saw, change = _rule(row, reason), tuple(_saw(row)), _change(row, reason)
    return Explanation(row.id, row.outcome or "", reason.code, reason.meaning, rule, saw, change, tries)


def explanation_lines(row: Row, tries: str = "") -> Iterator[str]:
    """The same for people."""
    told = explanation(row, tries)
    yield f"Row {row.id}: {', '.join(_heading(row))}"
    yield f"{told.outcome.upper()} ({told.reason}): {told.decided}"
    yield f"Rule: {told.rule}"
    yield from (f"Seen: {seen}" for seen in told.saw)
    if told.tries:
        yield f"Tries: {told.tries}"
    yield f"To change it: {told.change}" if told.outcome != GRANTED else "Nothing has to change."


def _heading(row: Row) -> Iterator[str]:
    yield utc_second(row.at)
    if row.badge:
        yield f"badge {row.badge}"
    if row.person_id is not None:
        yield row.person or f"person {row.person_id} (removed)"
    yield from (f"{what} {name}" for what, name in (("door", row.door), ("reader", row.reader)) if name)


def _rule(row: Row, reason: Reason) -> str:
    if reason in _BEFORE_RULES:
        return "none; it was decided before any rule was asked."
    wanted = f"wanted {row.mode}" if row.mode and reason not in _BY_RULES else "decided"
    if row.rule:
        return f"{row.rule!r}" + (f" with schedule {row.schedule!r}" if row.schedule else "") + f" {wanted}."
    return f"none of its own; the door {wanted}." if row.mode else "none."


def _saw(row: Row) -> Iterator[str]:
    if row.is_erased:
        yield "badge, person and text of this row were erased."
    if row.similarity is not None and row.threshold is not None:
        gap = row.similarity - row.threshold
        side = f"{gap:.3f} above it" if gap >= 0 else f"{-gap:.3f} below it"
        yield f"similarity {row.similarity:.3f} (higher is closer), threshold {row.threshold:.3f}: {side}."
    if row.probes is not None or row.frames:
        compared = f", {row.probes} of them compared with {row.references} references" if row.probes is not None else ""
        yield f"{row.frames or 0} frames{compared}."
    if row.pad:
        parts = [f"mode {row.pad} against presentation attacks"]
        parts += [f"{row.scene:.2f} of the scene"] if row.scene is not None else []
        parts += [f"{row.live:.2f} live"] if row.live is not None else []
        parts += [f"turns: {row.turns}"] if row.turns else []
        yield ", ".join(parts) + "."
    if row.waited_s is not None:
        yield f"{row.waited_s:.1f} s from the badge to the decision."
    if row.fault:
        yield f"{row.fault}."
    if row.clock:
        yield f"the clock was {row.clock}."


def _change(row: Row, reason: Reason) -> str:
    """The advice of the table, with how much was missing where that is known."""
    if reason is Reason.NON_MATCH and row.similarity is not None and row.threshold is not None:
        return f"a similarity of {row.threshold:.3f} or more. {reason.advice}"
    return reason.advice


_BEFORE_RULES = frozenset(
    {Reason.BADGE_UNREADABLE, Reason.BADGE_RANDOM, Reason.BADGE_UNKNOWN, Reason.BADGE_REVOKED, Reason.BADGE_SUSPENDED}
)
_BY_RULES = frozenset(
    {Reason.NO_KEYPAD, Reason.NOT_ALLOWED, Reason.OUTSIDE_SCHEDULE, Reason.RULE_DENIES, Reason.CLOCK_UNTRUSTED}
)
