"""What a showing makes of a PIN pad: keys become a PIN, and the answer to it evidence. Pure."""

from dataclasses import replace
from typing import assert_never

from device.policy.events import PinChecked, PinFailed
from device.policy.pin_entry import NOTHING_TYPED, Typed
from device.policy.showing import Showing
from device.policy.verdicts import concluded
from device.records import KeyPress, PinAnswer, Reason


def pressed(showing: Showing, event: KeyPress) -> Showing:
    """After keys. Those from before the badge do not count, nor those behind the end of a PIN."""
    if event.at < showing.badge.at or not _takes_keys(showing):
        return showing
    entry = showing.entry
    for key in event.keys:
        passed = entry.passed(event.at)
        again = passed.state in (Typed.CANCELLED, Typed.LATE)
        entry = (NOTHING_TYPED if again else passed).press(key, event.at)
    return replace(showing, entry=entry)


def pin_passed(showing: Showing) -> Showing:
    """After a time without a key."""
    return replace(showing, entry=showing.entry.passed(showing.at)) if _takes_keys(showing) else showing


def checked(showing: Showing, event: PinChecked | PinFailed) -> Showing:
    """After the answer to a PIN that was asked for; any other changes nothing."""
    if not showing.awaits_pin or event.entry is not showing.entry:
        return showing
    if isinstance(event, PinFailed):
        return concluded(replace(showing, pin_barred=event.reason, fault=event.fault, pin_at=showing.at))
    barred = _objection(event.answer)
    return concluded(replace(showing, pin=event.answer, pin_barred=barred, pin_at=showing.at))


def _takes_keys(showing: Showing) -> bool:
    """Whether the showing may still need a PIN, and none is complete. Before the claim it may."""
    is_open = showing.verdict is None and showing.pin is None and showing.pin_barred is None
    return is_open and showing.entry.state not in (Typed.COMPLETE, Typed.FAILED)


def _objection(answer: PinAnswer) -> Reason | None:
    match answer:
        case PinAnswer.RIGHT | PinAnswer.DURESS:
            return None
        case PinAnswer.WRONG:
            return Reason.PIN_WRONG
        case PinAnswer.ABSENT:
            return Reason.NO_PIN
    assert_never(answer)
