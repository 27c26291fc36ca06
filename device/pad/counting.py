"""From what was tried to error rates, as ISO/IEC 30107-3 counts them: presentations, never the starts cut out of one.

After `device.pad.trying`, before whatever prints it. Pure. An attack counts as accepted if any start of it was, in
whichever direction the door asked for a turn: an attacker chooses the moment. A live person does not, so that their
presentation counts as refused if half of its valid starts are. Starts are counted beside both.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from device.pad.exact import interval, upper_bound

LIVE = "live"
"""The species that is none: real people."""
MOST_SHOWN = 0.07
"""The acceptance of attacks that a door can show to stay below."""
LEAST_SHOWN = 42
"""How many error-free presentations of a species, each by another hand, show it with 95 % confidence."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One start of a presentation, with a turn asked for in one direction, or none."""

    start: float
    """Seconds from the clip's begin."""
    asked: str
    """"left", "right", or "" if no turn was asked for."""
    accepted: bool | None
    """Whether attack detection alone takes it for a live person; None if it gave no answer, as without a face."""
    opened: bool | None
    """Whether the whole transaction opens the door with the badge of who is shown; None where that was not tried."""
    valid: bool = True
    """Whether a live person did what was asked. Of an attack every start counts."""
    reason: str = ""
    """The code of the reason that attack detection alone ended with."""
    live: float | None = None
    """The mean probability of a live face that it saw, 0..1; None without a network, or without frames enough."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A presentation and what was tried with it. The same `clip` twice is one presentation."""

    clip: str
    species: str
    person: str
    """Whose face it shows."""
    hand: str
    """Who presented it; "" if that is not known."""
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """`errors` in `trials`, with its exact bounds."""

    errors: int
    trials: int

    @property
    def rate(self) -> float | None:
        """The share, 0..1; None without a trial."""
        return self.errors / self.trials if self.trials else None

    @property
    def bounds(self) -> tuple[float, float]:
        """The ends of the exact two-sided 95 % interval."""
        return interval(self.errors, self.trials)


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of error: by presentation, and by start."""

    presentations: Share
    starts: Share


@dataclass(frozen=True, slots=True)
class AttackRates:
    """How a species of attack does: `apcer` against attack detection alone, `iapar` against the whole transaction."""

    species: str
    apcer: Counted
    iapar: Counted
    hands: int
    """How many different known hands presented it."""
    unanswered: int
    """Presentations to which attack detection gave no answer at any start; they count nowhere else."""
    apcer_shown: bool
    """Whether it is shown that at most 7 % are accepted."""
    iapar_shown: bool


@dataclass(frozen=True, slots=True)
class LiveRates:
    """How live people do: `bpcer` of attack detection alone, `refused` of the whole transaction."""

    people: int
    unanswered: int
    """As of attacks."""
    bpcer: Counted
    refused: Counted


@dataclass(frozen=True, slots=True)
class Rates:
    """What one policy is worth on the presentations at hand."""

    attacks: tuple[AttackRates, ...]
    live: LiveRates


def rates_of(shown: Iterable[Shown]) -> Rates:
    """The error rates of a policy, species sorted by name."""
    presentations = _each_once(shown)
    live = [one for one in presentations if one.species == LIVE]
    names = sorted({one.species for one in presentations} - {LIVE})
    return Rates(
        tuple(_attack([one for one in presentations if one.species == name], name) for name in names),
        LiveRates(
            len({one.person for one in live if one.person}),
            _unanswered(live),
            _live_errors(live, lambda tried: tried.accepted),
            _live_errors(live, lambda tried: tried.opened),
        ),
    )


def _each_once(shown: Iterable[Shown]) -> list[Shown]:
    """A clip that is there twice is one presentation, with all that was tried."""
    clips: dict[tuple[str, str], Shown] = {}
    for one in shown:
        first = clips.setdefault((one.species, one.clip), one)
        if first is not one:
            tried = tuple(dict.fromkeys((*first.tried, *one.tried)))
            clips[one.species, one.clip] = Shown(one.clip, one.species, first.person, first.hand, tried)
    return list(clips.values())


def _attack(presentations: Sequence[Shown], species: str) -> AttackRates:
    return AttackRates(
        species,
        _attack_errors(presentations, lambda tried: tried.accepted),
        _attack_errors(presentations, lambda tried: tried.opened),
        len({one.hand for one in presentations if one.hand}),
        _unanswered(presentations),
        is_shown(presentations, lambda tried: tried.accepted),
        is_shown(presentations, lambda tried: tried.opened),
    )


def is_shown(presentations: Sequence[Shown], passes: Callable[[Tried], bool | None]) -> bool:
    """Whether presentations of one species show that at most 7 % pass: none did, and 42 different hands tried.

    Two presentations by one hand are likely to end alike, so that a hand counts once, and an unknown one not at all.
    """
    counted = [one for one in presentations if _known(one, passes)]
    hands = {one.hand for one in counted if one.hand}
    is_free = not any(answer for one in counted for answer in _known(one, passes))
    return is_free and len(hands) >= LEAST_SHOWN and upper_bound(0, len(hands)) <= MOST_SHOWN


def _attack_errors(presentations: Sequence[Shown], passes: Callable[[Tried], bool | None]) -> Counted:
    tried = [answers for one in presentations if (answers := _known(one, passes))]
    starts = [answer for answers in tried for answer in answers]
    return Counted(Share(sum(map(any, tried)), len(tried)), Share(sum(starts), len(starts)))


def _live_errors(presentations: Sequence[Shown], passes: Callable[[Tried], bool | None]) -> Counted:
    tried = [answers for one in presentations if (answers := _known(one, passes, only_valid=True))]
    starts = [answer for answers in tried for answer in answers]
    refused = sum(2 * sum(answers) <= len(answers) for answers in tried)
    return Counted(Share(refused, len(tried)), Share(len(starts) - sum(starts), len(starts)))


def _unanswered(presentations: Sequence[Shown]) -> int:
    return sum(all(tried.accepted is None for tried in one.tried) for one in presentations)


def _known(shown: Shown, passes: Callable[[Tried], bool | None], *, only_valid: bool = False) -> list[bool]:
    """What is known of a presentation's starts, in their order."""
    return list(_answers(sorted(shown.tried, key=lambda tried: tried.start), passes, only_valid))


def _answers(tried: Iterable[Tried], passes: Callable[[Tried], bool | None], only_valid: bool) -> Iterator[bool]:
    for one in tried:
        answer = passes(one)
        if answer is not None and (one.valid or not only_valid):
            yield answer
