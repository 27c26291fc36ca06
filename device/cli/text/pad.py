"""What `lintel pad` prints: what was recorded, error rates with their counts and bounds, and a door's own threshold."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device.pad.counting import MOST_SHOWN, AttackRates, Counted, Rates, Share
from device.records import PadMode

if TYPE_CHECKING:
    from device.cli.pad_evaluate import Evaluated
    from device.pad.threshold import Proposal


def recorded_lines(folder: Path, counts: Mapping[str, int]) -> Iterator[str]:
    """What is in a folder."""
    yield f"In {folder}: {', '.join(f'{name} {count}' for name, count in counts.items()) or 'nothing yet'}"


def evaluation_lines(found: "Evaluated", applied: Path | None, *, is_to_apply: bool) -> Iterator[str]:
    """An evaluation for people."""
    pad, tool = found.evaluation.pad, found.tool
    is_unasked = not tool.can_ask and pad.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)
    yield f"Door {found.door}, pad {pad.mode.value}{', which this door has no prompt for' if is_unasked else ''}"
    if tool.network:
        whose = "the door's own" if tool.is_own else "the network's"
        yield f"Network {tool.network}, threshold {pad.live_threshold:.2f} ({whose})"
    else:
        yield "No passive network"
    yield ""
    yield from _rates_lines("The door's policy", found.evaluation.policy, with_whole=True)
    if found.evaluation.unmatched:
        yield f"  Never recognized as the person, so that IAPAR says little: {', '.join(found.evaluation.unmatched)}"
    for cue, rates in found.evaluation.cues.items():
        yield ""
        yield from _rates_lines(f"{cue.capitalize()} alone", rates, with_whole=False)
    yield ""
    yield from _threshold_lines(found.evaluation.proposal, has_network=bool(tool.network))
    if applied is not None:
        yield f"Written to {applied}. The door takes it at its next start: `sudo systemctl restart lintel`"
    elif is_to_apply:
        yield "Nothing was written."


def evaluation_document(found: "Evaluated", applied: Path | None) -> dict[str, Any]:
    """The same for machines; rates are shares, bounds exact at 95 %."""
    evaluation, tool = found.evaluation, found.tool
    return {
        "pad_evaluation_version": 1,
        "folder": str(found.folder),
        "door": found.door,
        "pad": evaluation.pad.mode.value,
        "network": tool.network or None,
        "network_sha256": tool.network_sha256 or None,
        "threshold": evaluation.pad.live_threshold,
        "threshold_is_the_doors_own": tool.is_own,
        "policy": rates_document(evaluation.policy),
        "cues": {cue: rates_document(rates) for cue, rates in evaluation.cues.items()},
        "unmatched": evaluation.unmatched,
        "proposal": asdict(evaluation.proposal),
        "applied_to": None if applied is None else str(applied),
    }


def rates_document(rates: Rates) -> dict[str, Any]:
    """The rates of a policy or a cue."""
    live = rates.live
    return {
        "attacks": [
            {
                "species": one.species,
                "apcer": _counted(one.apcer),
                "apcer_shown_at_most": MOST_SHOWN if one.apcer_shown else None,
                "iapar": _counted(one.iapar),
                "iapar_shown_at_most": MOST_SHOWN if one.iapar_shown else None,
                "hands": one.hands,
                "unanswered": one.unanswered,
            }
            for one in rates.attacks
        ],
        "live": {
            "people": live.people,
            "bpcer": _counted(live.bpcer),
            "refused": _counted(live.refused),
            "unanswered": live.unanswered,
        },
    }


def _rates_lines(title: str, rates: Rates, *, with_whole: bool) -> Iterator[str]:
    yield title
    for attack in rates.attacks:
        yield from _attack_lines(attack, with_whole=with_whole)
    live = rates.live
    yield f"  live, {_counted_words(live.people, 'person', 'people')}{_unanswered(live.unanswered)}"
    yield f"    BPCER  {_rate_words(live.bpcer)}"
    if with_whole:
        yield f"    refused by the whole transaction  {_rate_words(live.refused)}"


def _attack_lines(attack: AttackRates, *, with_whole: bool) -> Iterator[str]:
    hands = _counted_words(attack.hands, "known hand", "known hands")
    yield f"  {attack.species}, {hands}{_unanswered(attack.unanswered)}"
    yield f"    APCER  {_rate_words(attack.apcer)}; {_shown(attack.apcer_shown)}"
    if with_whole:
        yield f"    IAPAR  {_rate_words(attack.iapar)}; {_shown(attack.iapar_shown)}"


def _unanswered(count: int) -> str:
    return f", {count} without an answer" if count else ""


def _shown(is_shown: bool) -> str:
    return f"shown: <= {MOST_SHOWN:.0%}".replace("%", " %") if is_shown else "not shown"


def _counted_words(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _rate_words(counted: Counted) -> str:
    if not counted.starts.trials:
        return "not tried"
    return f"{_share_words(counted.presentations)}; starts {counted.starts.errors} of {counted.starts.trials}"


def _share_words(share: Share) -> str:
    low, high = share.bounds
    return f"{share.errors} of {share.trials} ({100 * low:.1f} to {100 * high:.1f} %)"


def _threshold_lines(proposal: "Proposal", *, has_network: bool) -> Iterator[str]:
    if not has_network:
        yield "No threshold: it is that of a passive network, and the settings name none."
    elif proposal.threshold is None:
        yield "No threshold of the door's own can be set:"
        yield from (f"  {sentence}" for sentence in proposal.lacking)
    else:
        yield (
            f"Threshold {proposal.threshold:.2f}, from {proposal.live} live presentations of {proposal.people} people: "
            f"it refuses {proposal.live_refused} of them, and all {proposal.attacks} attacks."
        )


def _counted(counted: Counted) -> dict[str, Any]:
    return {"presentations": _share(counted.presentations), "starts": _share(counted.starts, with_bounds=False)}


def _share(share: Share, *, with_bounds: bool = True) -> dict[str, Any]:
    """Starts of one clip are not independent, so that they have no bounds."""
    bounds = {"bounds_95": share.bounds} if with_bounds else {}
    return {"errors": share.errors, "trials": share.trials, "rate": share.rate, **bounds}
