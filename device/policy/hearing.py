"""What becomes of a showing, one transaction at one reader, when something happens. Pure.

`device.access` and `device.way_out` drive it: they hear readers, cameras, the store, the door and the clock, and pass
on what happened. All that decides a transaction is here; what becomes of a grant is in `device.carry_out`.

**Time.** An event counts at the time at which it happened. From the deadline on nothing but a denial can follow.

**Looking on.** A face that does not match is looked at again, as `looks` says, until the deadline, until the last
comparison, until its person has gone, until another badge is presented, or until a request to stop. Then it is a
non-match.

**A face before a PIN** counts while its person stays: `faces_watched` says for how long. Then it has to be shown again.

**PIN.** Keys are taken from the badge on. Where a face or a PIN is enough, either may be given at any moment, a face
that was refused leaves the time for a PIN, and the other way round.

**Presentation attacks.** Where the terms ask for it, a match is not enough: `attack` says what the same track still has
to show. If the track breaks before it has, the match is forgotten with it: another person may stand there now.

**Reasons.** A request to stop comes before the door's state, and that before a grant. At the deadline a failure that
lasts is the reason, else the non-match unless most frames since then were bad, else what was wrong with the view
(`_worse`), else the camera: it gave no fresh frame.
"""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from device.policy.claimed import answered, random_number
from device.policy.decision import door_refusal
from device.policy.events import (
    BadgeClaimed,
    ClaimFailed,
    Compared,
    ComparisonFailed,
    DoorChanged,
    FrameSeen,
    LookFailed,
    PinChecked,
    PinFailed,
    ShowingEvent,
    StopRequested,
    TimePassed,
    TurnAsked,
)
from device.policy.faces_shown import face_passed, seen
from device.policy.faces_watched import face_kept
from device.policy.modes import Terms
from device.policy.pin_showing import checked, pin_passed, pressed
from device.policy.showing import Showing
from device.policy.verdicts import concluded, denied, given_up, timed_out
from device.records import (
    BadgeRead,
    BadgeRemoved,
    DoorState,
    KeyPress,
    Reason,
    Transaction,
)


def begun(badge: BadgeRead, terms: Terms, *, door: DoorState, now: float, is_tampered: bool = False) -> Showing:
    """The showing of a badge that is heard of `now`, seconds on the monotonic clock, at a door in this state.

    An unreadable badge, one with a number drawn at random, one from a reader that was tampered with, or a door that
    lets no one in, needs no look-up. At the way out a number is looked up, however it looks: a holder from before such
    numbers were refused is let out.
    """
    showing = Showing(badge, terms, door, max(badge.at, now))
    if badge.credential is None:
        return denied(showing, Reason.BADGE_UNREADABLE, badge.fault or None)
    tampered = Reason.READER_TAMPERED if is_tampered else None
    locked = door_refusal(door, passes=terms.lockdown_pass)
    objection = None if terms.exit_reader else random_number(badge) or tampered or locked
    return denied(showing, objection) if objection else showing


def hear(showing: Showing, event: ShowingEvent) -> Showing:
    """The showing after something happened. Total: what means nothing to it changes nothing."""
    if showing.verdict is not None:
        return showing
    then = face_kept(pin_passed(replace(showing, at=max(showing.at, event.at))))
    if then.is_over and not isinstance(event, StopRequested):
        return timed_out(then)
    return _heard(then, event)


def outcome(showing: Showing, started_at: datetime, door: str) -> Transaction:
    """What a showing came to, `started_at` in UTC, as the audit keeps it. Raises `ValueError` without a verdict."""
    if showing.verdict is None:
        raise ValueError("a showing without a verdict is not over")
    badge, claim = showing.badge, showing.claim
    return Transaction(
        started_at,
        badge.credential,
        claim.person if claim else None,
        showing.verdict,
        showing.at - badge.at,
        frames=showing.frames,
        fault=showing.fault,
        door=door,
        reader=badge.reader,
        extended=claim is not None and claim.extended,
        groups=claim.groups if claim is not None else frozenset(),
        ruling=showing.ruling,
    )


def _heard(showing: Showing, event: ShowingEvent) -> Showing:
    match event:
        case BadgeClaimed() | ClaimFailed():
            return answered(showing, event) if showing.awaits_claim else showing
        case FrameSeen() | LookFailed() | Compared() | ComparisonFailed() | TurnAsked():
            return seen(showing, event)
        case KeyPress() | PinChecked() | PinFailed():
            return pressed(showing, event) if isinstance(event, KeyPress) else checked(showing, event)
        case DoorChanged():
            return replace(showing, door=event.state)
        case StopRequested() | BadgeRead():
            return _replaced(showing, event) if isinstance(event, BadgeRead) else _stopped(showing)
        case TimePassed():
            return concluded(face_passed(showing, event))
        case BadgeRemoved():
            return showing
        case _:
            assert_never(event)


def _replaced(showing: Showing, badge: BadgeRead) -> Showing:
    """Another badge ends what did not match: its holder is there now."""
    is_another = badge.credential is not None and badge.credential != showing.badge.credential
    return given_up(showing) if showing.does_not_match and is_another and badge.at >= showing.badge.at else showing


def _stopped(showing: Showing) -> Showing:
    """The badge's own refusal still comes first, so the store's answer is waited for."""
    stopped = replace(showing, is_stopped=True)
    if showing.does_not_match:
        return given_up(stopped)
    return stopped if showing.claim is None else denied(stopped, Reason.STOPPING, showing.fault)
