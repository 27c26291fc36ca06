"""What a showing makes of the store's answer: whose badge it is, and whether it may go on. Pure."""

from dataclasses import replace
from typing import TYPE_CHECKING

from device.credentials import is_random
from device.policy.attack import Presented
from device.policy.decision import badge_refusal, refusal
from device.policy.events import BadgeClaimed, ClaimFailed
from device.policy.verdicts import denied, timed_out
from device.records import BadgeRead, Decision, Outcome, PadMode, Reason

if TYPE_CHECKING:
    from device.policy.showing import Showing


def answered(showing: "Showing", event: BadgeClaimed | ClaimFailed) -> "Showing":
    """After the store said whose badge it is, or could not."""
    return _claimed(showing, event) if isinstance(event, BadgeClaimed) else _unclaimed(showing, event)


def _claimed(showing: "Showing", event: BadgeClaimed) -> "Showing":
    """A badge without a holder, or that opens nothing, is refused with its own reason, whatever else there is."""
    claim, pad = event.claim, showing.terms.pad
    presented = None if pad.mode is PadMode.OFF else Presented(pad, is_first_use=event.is_first_use)
    known = replace(showing, claim=claim, presented=presented)
    if known.terms.exit_reader:
        refused = (random_number(known.badge) or Reason.BADGE_UNKNOWN) if claim is None else badge_refusal(claim)
        return denied(known, refused) if refused else _let_out(known)
    if refused := refusal(claim):
        return denied(known, refused)
    if known.is_stopped:
        return denied(known, Reason.STOPPING)
    if presented is not None and event.has_to_wait:
        return denied(known, Reason.WAIT_AFTER_ATTACK)
    return timed_out(known) if known.is_over else known


def random_number(badge: BadgeRead) -> Reason | None:
    """The reason to refuse a badge whose number was drawn at random, None for any other."""
    return Reason.BADGE_RANDOM if badge.credential is not None and is_random(badge.credential) else None


def _unclaimed(showing: "Showing", event: ClaimFailed) -> "Showing":
    if showing.terms.exit_reader:
        return replace(_let_out(showing), fault=event.fault)
    return denied(showing, event.reason, event.fault)


def _let_out(showing: "Showing") -> "Showing":
    """A badge alone is enough at the way out, in every state of the door."""
    if showing.is_stopped:
        return denied(showing, Reason.STOPPING)
    mode, reader = showing.terms.mode, showing.terms.exit_reader
    return replace(showing, verdict=Decision(Reason.EXIT, Outcome.GRANTED, exit_reader=reader, mode=mode))
