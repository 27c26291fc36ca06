"""Presentation attacks on the biometric card: what `lintel pad evaluate --json` found at a door, with exact bounds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.errors import ImageError
from device.failures import in_words
from device.pad.counting import LEAST_SHOWN, MOST_SHOWN
from device.pad.exact import interval

_HINT = "Give the output of `lintel pad evaluate FOLDER --json`."
_MOST_BYTES = 1 << 20
Count = Annotated[int, Meta(ge=0)]


class Counts(msgspec.Struct, frozen=True):
    """The number of errors and of presentations. Starts of one presentation are not counted here."""

    errors: Count
    trials: Count

    def __post_init__(self) -> None:
        if self.errors > self.trials:
            raise ValueError(f"expected at most {self.trials} errors, received {self.errors}")

    @property
    def words(self) -> str:
        """With the exact two-sided 95 % bounds."""
        if not self.trials:
            return "not tried"
        low, high = interval(self.errors, self.trials)
        return f"{self.errors} of {self.trials} ({low:.1%} to {high:.1%})"


class Rate(msgspec.Struct, frozen=True):
    """A rate by presentation; what else was counted is left out."""

    presentations: Counts


class Attack(msgspec.Struct, frozen=True):
    """One species of attack."""

    species: Annotated[str, Meta(pattern=r"^[a-z][a-z-]{0,31}$")]
    apcer: Rate
    iapar: Rate
    hands: Count
    apcer_shown_at_most: float | None = None
    iapar_shown_at_most: float | None = None

    def __post_init__(self) -> None:
        for rate, shown in ((self.apcer, self.apcer_shown_at_most), (self.iapar, self.iapar_shown_at_most)):
            counts = rate.presentations
            is_shown = not counts.errors and min(counts.trials, self.hands) >= LEAST_SHOWN
            if shown is not None and not (is_shown and shown == MOST_SHOWN):
                raise ValueError(f"{self.species}: {counts.words} by {self.hands} hands don't show {shown}")


class Live(msgspec.Struct, frozen=True):
    """Live people."""

    people: Count
    bpcer: Rate
    refused: Rate


class Policy(msgspec.Struct, frozen=True):
    """What the door's policy made of all presentations."""

    attacks: tuple[Attack, ...]
    live: Live


class Attacks(msgspec.Struct, frozen=True):
    """An evaluation as the card keeps it."""

    pad_evaluation_version: Literal[1]
    pad: Literal["passive", "turn-in-doubt", "turn"]
    policy: Policy
    network: Annotated[str, Meta(max_length=64)] | None = None
    network_sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")] | None = None
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None


def read_attacks(path: Path) -> Attacks:
    """Raises `ImageError` for what is no evaluation."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Attacks)
    except OSError as error:
        raise ImageError(f"Cannot read {path}: {in_words(error)}.", hint=_HINT) from None
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise ImageError(f"{path} is not an evaluation of presentation attacks: {error}.", hint=_HINT) from None


def attack_lines(attacks: Attacks) -> Iterator[str]:
    """The section of the card."""
    yield from ("## Presentation attacks", "")
    network = "no passive network"
    if attacks.network is not None and attacks.threshold is not None:
        network = f"the passive network {attacks.network} at {attacks.threshold:.2f}"
    yield f'`lintel pad evaluate`, `pad = "{attacks.pad}"`, {network}; by presentation, exact 95 % bounds (two-sided).'
    yield from ("", "| species | APCER | IAPAR | hands | shown: <= 7 % |", "|---|---|---|---|---|")
    for one in attacks.policy.attacks:
        shown = [name for name, at in (("APCER", one.apcer_shown_at_most), ("IAPAR", one.iapar_shown_at_most)) if at]
        rates = f"{one.apcer.presentations.words} | {one.iapar.presentations.words}"
        yield f"| {one.species} | {rates} | {one.hands} | {', '.join(shown) or 'not shown'} |"
    live = attacks.policy.live
    yield ""
    yield (
        f"Live people ({live.people}): BPCER {live.bpcer.presentations.words}; refused by the whole transaction "
        f"{live.refused.presentations.words}."
    )
