"""What a showing makes of the store's answer: whose badge it is, and whether it may go on. Pure."""

from dataclasses import replace

from device.credentials import is_random
from device.policy.attack import Presented
from device.policy.decision import door_refusal, face_refusal, refusal, validity_refusal
from device.policy.events import BadgeClaimed, ClaimFailed
from device.policy.showing import Showing
from device.policy.verdicts import barred, denied, is_under_duress, timed_out
from device.records import BadgeRead, Claim, Decision, Factor, Outcome, PadMode, Reason


def answered(showing: Showing, event: BadgeClaimed | ClaimFailed) -> Showing:
    """After the store said whose badge it is, or could not."""
    return _claimed(showing, event) if isinstance(event, BadgeClaimed) else _unclaimed(showing, event)


def _claimed(showing: Showing, event: BadgeClaimed) -> Showing:
    """A badge without a holder, or that opens nothing, is refused with its own reason, whatever else there is."""
    claim = event.claim
    known = replace(showing, claim=claim, ruling=event.ruling)
    if known.terms.exit_reader:
        refused = exit_refusal(known.badge, claim)
        return denied(known, refused) if refused else _let_out(known)
    if refused := _refusal(event):
        return denied(known, refused)
    if known.terms.lockdown_pass and (locked := door_refusal(known.door, passes=known.may_pass_lockdown)):
        return denied(known, locked)
    if known.is_stopped:
        return denied(known, Reason.STOPPING)
    ready = _with_bars(known, event)
    return timed_out(ready) if ready.is_over else barred(ready)


def _refusal(event: BadgeClaimed) -> Reason | None:
    """Why nothing that could be shown helps."""
    claim, ruling = event.claim, event.ruling
    if claim is None or refusal(claim):
        return refusal(claim)
    return validity_refusal(claim, event.came_at) or (ruling.reason if ruling is not None else None)


def _with_bars(showing: Showing, event: BadgeClaimed) -> Showing:
    """With what doesn't count at the moment, and with what a face has to show, where one does."""
    pad, bars, used = showing.terms.pad, event.bars, showing.mode.factors | showing.mode.either
    pin = bars.pin if Factor.PIN in used else None
    if showing.claim is None or Factor.FACE not in used:
        return replace(showing, pin_barred=pin)
    presented = None if pad.mode is PadMode.OFF else Presented(pad, is_first_use=event.is_first_use)
    waits = Reason.WAIT_AFTER_ATTACK if presented is not None and event.has_to_wait else None
    face = bars.face or face_refusal(showing.claim) or waits
    is_invited = event.is_invited and Factor.FACE in showing.mode.factors and bars.pin is None and showing.claim.has_pin
    ready = replace(showing, presented=presented, is_invited=is_invited)
    return replace(ready, face_barred=face, pin_barred=pin, fault=bars.fault)


def exit_refusal(badge: BadgeRead, claim: Claim | None) -> Reason | None:
    """Why a badge lets no one out. A suspended one does: its holder is inside, and it is refused at the way in."""
    if claim is None:
        return random_number(badge) or Reason.BADGE_UNKNOWN
    return Reason.BADGE_REVOKED if claim.revoked else None


def random_number(badge: BadgeRead) -> Reason | None:
    """The reason to refuse a badge whose number was drawn at random, None for any other."""
    return Reason.BADGE_RANDOM if badge.credential is not None and is_random(badge.credential) else None


def _unclaimed(showing: Showing, event: ClaimFailed) -> Showing:
    if showing.terms.exit_reader:
        return replace(_let_out(showing), fault=event.fault)
    return denied(showing, event.reason, event.fault)


def _let_out(showing: Showing) -> Showing:
    """A badge alone is enough at the way out, in every state of the door."""
    if showing.is_stopped:
        return denied(showing, Reason.STOPPING)
    mode, reader, is_forced = showing.terms.mode, showing.terms.exit_reader, is_under_duress(showing)
    granted = Decision(Reason.EXIT, Outcome.GRANTED, exit_reader=reader, mode=mode, duress=is_forced)
    return replace(showing, verdict=granted)
