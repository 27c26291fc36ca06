"""Words for what happened at a door: a line per event, for `simulate` and `run`."""

from collections.abc import Callable, Iterator

from device.cli.text.presentations import presentation_words
from device.credentials import format_badge
from device.door.wires.gpio import level_of
from device.enrollment import EnrollmentReport
from device.look_alikes import Resemblance
from device.records import AuditRow, Credential, DoorOutput, Transaction
from device.simulation.playing import Played


def enrolled_lines(report: EnrollmentReport) -> Iterator[str]:
    """Who was enrolled with what."""
    count, badge = len(report.accepted), format_badge(report.credential)
    added = f"{count} reference{'s' * (count != 1)}" if count else "no new reference"
    yield f"{report.person.name} enrolled with badge {badge}, {added}"
    if report.suspended:
        yield f"  Badge {badge} stays suspended: `lintel badges resume {badge}`."
    for rejection in report.rejected:
        yield f"  {rejection.label} left out: {rejection.said}"
    yield from alike_lines(report.resembles)


def alike_lines(found: Resemblance) -> Iterator[str]:
    """Who looks like the person who was enrolled: a warning."""
    for one in found.alike:
        yield f"  Warning: looks like {one.person.name} (similarity {one.similarity:.3f}). One person with two names?"
    if found.alike:
        yield f"  {found.basis} If they are two people, give both a PIN: a badge of one may open with the other's face."


def transaction_line(transaction: Transaction, written: Callable[[Credential], str] = format_badge) -> str:
    """One swipe: badge, outcome, reason, similarity, latency, and what failed if something did."""
    badge = written(transaction.credential) if transaction.credential else "unreadable"
    decision, evidence = transaction.decision, transaction.decision.evidence
    parts = [f"badge {badge}", f"{decision.outcome.value.upper()} ({decision.reason.code})"]
    if evidence:
        sign = ">=" if evidence.matches else "<"
        parts.append(f"similarity {evidence.similarity:.3f} {sign} {evidence.threshold:.3f}")
    seen = decision.presentation
    if words := presentation_words(seen.scene, seen.live, " ".join(seen.turns) or None, seen.turned):
        parts.append(words)
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


def played_lines(played: Played) -> Iterator[str]:
    """One step of a scenario."""
    yield f"{played.began_at:7.1f} s  {played.step.title}"
    if played.transaction:
        yield f"           {transaction_line(played.transaction)}; computed in {played.computed_s * 1000:.0f} ms"
        yield f"           {advice_line(played.transaction)}"
    elif played.step.badge is None:
        yield "           no badge"
    else:
        yield "           the badge was not read"
    yield from (f"           {happened_line(row)}" for row in played.rows)
    yield f"           relay on GPIO {played.door.pin}: {_levels(played)}"
    yield f"           door {played.state.value}{_sounded(played)}"
    for unmet in played.unmet:
        yield f"           NOT AS EXPECTED: {unmet}"


def happened_line(row: AuditRow) -> str:
    """What the audit says of a door or a reader."""
    where = f"reader {row.reader}" if row.reader else f"door {row.door}"
    return f"{where}: {row.event.value}" + (f", {row.fault}" if row.fault else "")


def _levels(played: Played) -> str:
    released = level_of(played.door, released=True)
    return " -> ".join(
        f"{'RELEASED' if level.high == released else 'secure'} at {level.at:.1f} s" for level in played.levels
    )


def _sounded(played: Played) -> str:
    """The outputs that were on, but for those that only say what the relay does."""
    on = [output.value for output in played.outputs if output not in (DoorOutput.LAMP, DoorOutput.LED)]
    return f"; also on: {', '.join(on)}" if on else ""
