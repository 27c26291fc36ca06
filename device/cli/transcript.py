"""Words for what happened at a door: a line per event, for `simulate` and `run`."""

from collections.abc import Iterator

from device.credentials import format_badge
from device.enrollment import EnrollmentReport
from device.records import Transaction
from device.rehearsal import Played


def enrolled_lines(report: EnrollmentReport) -> Iterator[str]:
    """Who was enrolled with what."""
    count, badge = len(report.accepted), format_badge(report.credential)
    yield f"{report.person.name} enrolled with badge {badge}, {count} reference{'s' * (count != 1)}"
    for rejection in report.rejected:
        yield f"  {rejection.label} left out: {rejection.reason.meaning} {rejection.reason.advice}"


def transaction_line(transaction: Transaction) -> str:
    """One swipe: badge, outcome, reason, similarity, latency, and what failed if something did."""
    badge = format_badge(transaction.credential) if transaction.credential else "unreadable"
    decision, evidence = transaction.decision, transaction.decision.evidence
    parts = [f"badge {badge}", f"{decision.outcome.value.upper()} ({decision.reason.code})"]
    if evidence:
        sign = ">=" if evidence.matches else "<"
        parts.append(f"similarity {evidence.similarity:.3f} {sign} {evidence.threshold:.3f}")
    parts.append(
        f"decided after {transaction.waited_s:.1f} s, {transaction.frames} frame{'s' * (transaction.frames != 1)}"
    )
    if transaction.fault:
        parts.append(f"fault: {transaction.fault}")
    return ", ".join(parts)


def advice_line(transaction: Transaction) -> str:
    """What the person at the door can do."""
    reason = transaction.decision.reason
    return f"{reason.meaning} {reason.advice}"


def played_lines(played: Played, *, active_high: bool) -> Iterator[str]:
    """One step of a scenario."""
    yield f"{played.began_at:7.1f} s  {played.step.title}"
    if played.transaction:
        yield f"           {transaction_line(played.transaction)}; computed in {played.computed_s * 1000:.0f} ms"
        yield f"           {advice_line(played.transaction)}"
    else:
        yield "           no badge"
    levels = " -> ".join(
        f"{'RELEASED' if level.high == active_high else 'secure'} at {level.at:.1f} s" for level in played.levels
    )
    yield f"           relay on GPIO {played.pin}: {levels}"
    for unmet in played.unmet:
        yield f"           NOT AS EXPECTED: {unmet}"
