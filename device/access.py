"""The way in of one door: a `Showing` for each reader, driven by what reader, camera, store, door and clock say.

Badge, claim, frames, comparison, verdict; `CarryOut` then commits it and tells the door. Nothing here waits for a
camera or a network (`Beside`), so that a badge at one reader delays none at another.
"""

import math
import queue
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from device.after_grant import AfterGrant
from device.carry_out import Before, CarryOut
from device.claiming import Claimed, Claiming
from device.clock import Stop
from device.door_log import DoorLog
from device.doorway import Doorway, NotChecked
from device.failures import in_words
from device.looking import Beside, InTurn, Looking, Sight
from device.policy.events import (
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
from device.policy.hearing import begun, hear, outcome
from device.policy.instead import NOTHING
from device.policy.modes import way_in
from device.policy.pin_entry import PinEntry
from device.policy.showing import Showing
from device.records import (
    BadgeRead,
    BadgeRemoved,
    Factor,
    KeyPress,
    PinAnswer,
    Probe,
    ReaderNotice,
    Reason,
    Signal,
    Transaction,
)
from device.settings.tables import Settings
from device.tampering import Tampered
from device.two_people import TwoPeople, custody_of
from device.vision.comparison import compare
from device.vision.manifest import DecisionRule
from device.vision.track import follows
from device.vision.turned_faces import identity
from device.whereabouts import Whereabouts

_NO_CURVE = "The network's thresholds have no curve, which an infrared camera needs: `lintel-convert calibrate`."


@dataclass(slots=True)
class _Visit:
    """A person at a reader, from the badge to the verdict."""

    showing: Showing
    sight: Sight
    started_at: datetime
    claimed: Claimed | None = None
    asked_pin: PinEntry | None = None
    """The PIN that is being compared."""
    is_pin_counted: bool = False
    """Whether it is counted as wrong, which it is until the answer says otherwise."""
    rule: DecisionRule | None = None
    """That of the model which made the claim's references."""

    def hear(self, event: ShowingEvent) -> None:
        self.showing = hear(self.showing, event)


class Access:
    """Carries out the transactions at the entry readers of one door, one at a time at each. One thread uses it."""

    def __init__(
        self,
        doorway: Doorway,
        settings: Settings,
        log: DoorLog | None = None,
        wake: Callable[[], None] | None = None,
    ) -> None:
        """`log` takes what can't be written down at once. With `wake`, which ends the wait of the caller of `advance`
        next, cameras are looked through in threads; without it, while `advance` waits.
        """
        log = log or DoorLog(doorway.door, doorway.store, doorway.clock, Whereabouts(settings))
        self._doorway = doorway
        self._clock = doorway.clock
        door = settings.door_named(doorway.door.name)
        self._terms = replace(way_in(settings, doorway.pad), lockdown_pass=door.lockdown_pass)
        self._claiming = Claiming(doorway, door, self._terms, log.whereabouts)
        self._tampered = Tampered(door)
        self._after = AfterGrant(doorway, door, settings.vision, log)
        self._answers: queue.SimpleQueue[tuple[_Visit, PinEntry, PinAnswer | NotChecked]] = queue.SimpleQueue()
        self._wake = wake
        self._carry_out = CarryOut(
            doorway.door,
            doorway.store,
            log,
            doorway.clock,
            TwoPeople(custody_of(door.custody)),
        )
        self._looking: Looking = InTurn() if wake is None else Beside(doorway.clock, wake)
        self._sights: dict[int, Sight] = {}
        self._visits: dict[str, _Visit] = {}

    @property
    def busy(self) -> frozenset[str]:
        """The readers with a showing under way."""
        return frozenset(self._visits)

    @property
    def showings(self) -> tuple[Showing, ...]:
        """What is known so far of those who are there, for who looks on."""
        return tuple(visit.showing for visit in self._visits.values())

    @property
    def prompts(self) -> Mapping[str, Signal]:
        """What each of them is asked for, by the reader."""
        prompts = ((reader, visit.showing.prompt) for reader, visit in self._visits.items())
        return {reader: prompt for reader, prompt in prompts if prompt is not None}

    @property
    def deadline(self) -> float:
        """When the next of them is over, in seconds on the monotonic clock; infinite without one."""
        return min((visit.showing.deadline for visit in self._visits.values()), default=math.inf)

    @property
    def last_beat(self) -> float:
        """When what looks through the cameras last came round, likewise; infinite while it rests."""
        return self._looking.last_beat

    def present(self, badge: BadgeRead, stop: Stop) -> Transaction | None:
        """Takes a badge at a reader that is not busy. What came of it, or None if a face is to be seen first.

        A store or a model that fails is a denial with its reason, and so is a door that lets no one in.
        """
        now, is_tampered = self._clock.monotonic(), badge.reader in self._tampered
        showing = begun(badge, self._terms, door=self._doorway.door.state, now=now, is_tampered=is_tampered)
        visit = _Visit(showing, self._sight_at(badge.reader), self._clock.utc())
        if showing.awaits_claim:
            visit.claimed = self._claiming.claimed(badge)
            visit.hear(visit.claimed.event)
        if visit.showing.awaits_face:
            self._ask_for_rule(visit)
        if visit.showing.verdict is not None:
            return self._over(visit, stop)
        self._visits[badge.reader] = visit
        return None

    def gives_way(self, badge: BadgeRead) -> bool:
        """Whether the showing at a busy reader ends for another badge there, as its own did not match."""
        visit = self._visits[badge.reader]
        is_open = visit.showing.verdict is None
        visit.hear(badge)
        return is_open and visit.showing.verdict is not None

    def hear(self, event: KeyPress | BadgeRemoved) -> None:
        """Passes on what else a reader says to who stands there. A PIN that is complete is compared."""
        if (visit := self._visits.get(event.reader)) is not None:
            visit.hear(event)
            self._ask_for_pin(visit)

    def notice(self, event: ReaderNotice) -> None:
        """Hears what a reader says of itself: badges at one that was tampered with are refused."""
        self._tampered.hear(event)

    def advance(self, stop: Stop, within_s: float) -> tuple[Transaction, ...]:
        """Hears what the cameras saw, a request to stop, and the time; what is over. Waits `within_s` at most."""
        self._ask_whether_to_stop(stop)
        wanted, wait_s = self._wanted(), min(within_s, max(0.0, self.deadline - self._clock.monotonic()))
        if self._wake is None and not wanted and any(one.showing.verdict is None for one in self._visits.values()):
            self._clock.sleep(wait_s)  # only keys are awaited
        for look in self._looking.looks(wanted, wait_s):
            for visit in self._at(look.sight):
                self._looked(visit, look.event, stop)
            look.sight.embeds_turned = any(visit.showing.asks_for_turn for visit in self._at(look.sight))
        self._ask_whether_to_stop(stop)
        self._pins_answered()
        self._all_hear(TimePassed(self._clock.monotonic()))
        over = [reader for reader, visit in self._visits.items() if visit.showing.verdict is not None]
        transactions = tuple(self._over(self._visits.pop(reader), stop) for reader in over)
        if not self._visits:
            self._rest()
        return transactions

    def forget(self) -> None:
        """Gives up all showings, without a verdict: after a failure nothing is known of them."""
        self._visits.clear()
        self._rest()

    def close(self) -> None:
        """Looks no more; harmless when repeated."""
        self._looking.close()

    def _at(self, sight: Sight) -> Iterator[_Visit]:
        return (visit for visit in self._visits.values() if visit.sight is sight)

    def _rest(self) -> None:
        for _ in self._looking.looks({}, 0.0):
            pass  # it was for a person who has gone

    def _sight_at(self, reader: str) -> Sight:
        camera = self._doorway.camera_at(reader)
        scene = self._doorway.scenes.get(reader)
        made = Sight(camera, self._doorway.analyzer, self._clock, max_age_s=self._terms.max_age_s, scene=scene)
        return self._sights.setdefault(id(camera), made)

    def _wanted(self) -> dict[Sight, float]:
        wanted: dict[Sight, float] = {}
        for visit in self._visits.values():
            if visit.showing.awaits_face or visit.showing.watches_face:
                wanted[visit.sight] = min(visit.showing.badge.at, wanted.get(visit.sight, math.inf))
        return wanted

    def _ask_for_rule(self, visit: _Visit) -> None:
        try:
            visit.rule = self._doorway.analyzer.embedder.decision_rule
        except Exception as error:  # as above; a `ModelError` says that the model isn't calibrated
            visit.hear(ComparisonFailed(self._clock.monotonic(), in_words(error)))
            return
        if self._doorway.share_at(visit.showing.badge.reader) < 1.0 and len(visit.rule.single_pairs) < 2:
            visit.hear(ComparisonFailed(self._clock.monotonic(), _NO_CURVE))

    def _looked(self, visit: _Visit, event: FrameSeen | LookFailed, stop: Stop) -> None:
        """Passes on what was seen, and answers what is asked about it, whatever a library comes up with."""
        if visit.rule is None:
            return
        try:
            if isinstance(event, FrameSeen):
                self._before_a_frame(visit, stop)
                event = self._answered(visit.showing, event, visit.rule)
            visit.hear(event)
            self._compared(visit, visit.rule, stop)
            if visit.showing.awaits_turn and not self._is_someone_asked:
                visit.hear(TurnAsked(self._clock.monotonic(), self._doorway.draw()))
        except Exception as error:
            visit.hear(ComparisonFailed(event.at, in_words(error)))

    def _ask_for_pin(self, visit: _Visit) -> None:
        """Has a complete PIN compared, once. The answer comes from another thread."""
        showing, pins = visit.showing, self._doorway.pins
        entry, claim = showing.entry, showing.claim
        if not showing.awaits_pin or visit.asked_pin is entry or claim is None or pins is None:
            return
        visit.asked_pin = entry
        if (refused := self._claiming.count_pin(showing.badge)) is not None:
            visit.hear(PinFailed(self._clock.monotonic(), entry, refused, ""))
            return
        visit.is_pin_counted = self._claiming.counts(showing.badge.reader)

        def answered(answer: PinAnswer | NotChecked) -> None:
            self._answers.put((visit, entry, answer))
            if self._wake is not None:
                self._wake()

        try:
            pins.ask(claim.person, entry.digits, answered)
        except Exception as error:  # as where faces are compared
            self._was_not_wrong(visit)
            visit.hear(PinFailed(self._clock.monotonic(), entry, Reason.STORE_FAULT, in_words(error)))

    def _pins_answered(self) -> None:
        """Hears the answers so far, each after what the door says then."""
        while not self._answers.empty():
            visit, entry, answer = self._answers.get()
            visit.hear(DoorChanged(visit.showing.at, self._doorway.door.state))
            now = self._clock.monotonic()
            if answer is not PinAnswer.WRONG and visit.showing.verdict is None:
                self._was_not_wrong(visit)
            if isinstance(answer, PinAnswer):
                visit.hear(PinChecked(now, entry, answer))
            else:
                visit.hear(PinFailed(now, entry, answer.reason, answer.fault))

    def _was_not_wrong(self, visit: _Visit) -> None:
        """A late answer takes nothing back: its decision was written down with the failure."""
        if visit.is_pin_counted:
            visit.is_pin_counted = not self._claiming.give_back_pin(visit.showing.badge)

    @property
    def _is_someone_asked(self) -> bool:
        """Whether someone turns the head: the door has one pair of lamps, so that of two people one waits."""
        return any(visit.showing.asks_for_turn for visit in self._visits.values())

    def _before_a_frame(self, visit: _Visit, stop: Stop) -> None:
        """Where a frame may be the last that a grant needs, what the door and a request to stop say counts for it."""
        if visit.showing.awaits_identity:
            if stop.is_set():
                visit.hear(StopRequested(visit.showing.at))
            visit.hear(DoorChanged(visit.showing.at, self._doorway.door.state))

    def _answered(self, showing: Showing, event: FrameSeen, rule: DecisionRule) -> FrameSeen:
        """The frame with what is asked of it: whether it continues the track, and once that matched, whose it is."""
        found, cues = event.found, event.cues
        if isinstance(found, Probe):
            event = replace(event, follows=follows(showing.track, found, rule))
        embedding = found.embedding if isinstance(found, Probe) else cues.embedding if cues is not None else None
        if not showing.awaits_identity or showing.claim is None or embedding is None:
            return event
        share = self._doorway.share_at(showing.badge.reader)
        return replace(event, identity=identity(embedding, showing.claim.references, rule, share=share))

    def _compared(self, visit: _Visit, rule: DecisionRule, stop: Stop) -> None:
        """Compares when the showing asks for it. What the door and a request to stop say then counts for a match."""
        showing, claim = visit.showing, visit.showing.claim
        if not showing.awaits_comparison or claim is None:
            return
        probes = [probe.embedding for probe in showing.track]
        share = showing.comparisons.share * self._doorway.share_at(showing.badge.reader)
        evidence = compare(probes, claim.references, rule, share=share)
        if evidence.matches and stop.is_set():
            visit.hear(StopRequested(showing.at))
        visit.hear(DoorChanged(showing.at, self._doorway.door.state))
        visit.hear(Compared(showing.at, showing.track, claim, evidence))

    def _ask_whether_to_stop(self, stop: Stop) -> None:
        if stop.is_set():
            self._all_hear(StopRequested(self._clock.monotonic()))

    def _all_hear(self, event: ShowingEvent) -> None:
        for visit in self._visits.values():
            visit.hear(event)

    def _over(self, visit: _Visit, stop: Stop) -> Transaction:
        showing = visit.showing
        decided = outcome(showing, visit.started_at, self._doorway.door.name)
        claim, badge = showing.claim, showing.badge
        lacking = visit.claimed.lacking if visit.claimed is not None else NOTHING
        before = Before(
            claim,
            visit.claimed.model_sha256 if visit.claimed is not None else "",
            lambda now: self._claiming.ruling(now, badge, lacking),
            self._claiming.came_at(badge),
            self._claiming.tries if self._claiming.counts(badge.reader) else None,
            frozenset({Factor.PIN}) if visit.is_pin_counted else frozenset(),
        )
        done = self._carry_out.carry_out(decided, badge.at, before=before, stop=stop)
        if claim is not None and done.credential is not None:
            self._doorway.waits.decided(done.credential, done.decision, self._clock.monotonic())
            if before.tries is not None:
                before.tries.decided(done)
            self._after.passed(done, showing.track, is_invited=showing.is_invited)
        return done
