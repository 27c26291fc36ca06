"""What the store, the rules and earlier tries say of a badge, as one answer for its showing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from device.doorway import Doorway
from device.errors import KeyMissing, ModelError
from device.failures import in_words
from device.policy.alike import with_demanded_pin
from device.policy.attempts import FEW, MORE, Attempts
from device.policy.clock_state import ClockReading
from device.policy.events import BadgeClaimed, Bars, ClaimFailed
from device.policy.instead import NOTHING, Instead, Lacking, instead_of
from device.policy.modes import Terms
from device.policy.waits import tries_in
from device.records import BADGE, MODES, BadgeRead, Claim, Credential, Factor, Mode, PadMode, Reason, Ruling
from device.settings.tables import DoorSettings
from device.tries import Tries
from device.whereabouts import NOWHERE, Comer, Whereabouts

LOOKED_BACK = 100
"""Decisions on a badge that are looked through for presentation attacks after a start."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer, and the model that its references are of, "" without one."""

    event: BadgeClaimed | ClaimFailed
    model_sha256: str = ""
    lacking: Lacking = NOTHING
    """Why no face could be shown when the badge came."""


class Claiming:
    """Asks about badges at the readers of one door."""

    def __init__(self, doorway: Doorway, door: DoorSettings, terms: Terms, areas: Whereabouts = NOWHERE) -> None:
        self._areas = areas
        self._doorway = doorway
        self._clock = doorway.clock
        self._terms = terms
        self._mode = MODES[door.mode]
        self._instead = Instead(_mode(door.when_missing), _mode(door.without_face))
        self._keypads = frozenset(one.name for one in door.readers if one.keypad != "none")
        self._needs_keypad = door.demanded_pin == "always"
        self._can_renew = terms.pad.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)
        self.tries = Tries(doorway.failures, doorway.clock, MORE if doorway.pad.is_shown else FEW)
        self._exits = frozenset(one.name for one in door.readers if one.direction == "exit")

    def claimed(self, badge: BadgeRead) -> Claimed:
        """Whose badge it is, and what is demanded of its holder. A store that fails is the answer then.

        References count only if the present model made them; without a model no face does.
        """
        try:
            return self._answer(badge)
        except Exception as error:  # whatever a damaged store comes up with, a door that is up denies
            return Claimed(ClaimFailed(self._clock.monotonic(), Reason.STORE_FAULT, in_words(error)))

    def count_pin(self, badge: BadgeRead) -> Reason | None:
        """Counts a complete PIN as wrong before it is compared, so that neither a second reader, a late answer nor a
        power cut gives a guess for free. Why none counts with the badge now, if so; then it is not counted.
        """
        if badge.credential is None or not self.counts(badge.reader):
            return None
        try:
            with self._doorway.store.counters() as counters:
                before, _ = counters.decided(badge.credential, failed=frozenset({Factor.PIN}))
                objection = Attempts(before).objection(Factor.PIN, 0.0)
                if objection is not None:
                    counters.give_back(badge.credential, Factor.PIN)
                return objection
        except Exception:  # whatever a damaged store comes up with, a door that is up denies
            return Reason.STORE_FAULT

    def give_back_pin(self, badge: BadgeRead) -> bool:
        """Takes that back, for a PIN that was not wrong. If it can't be, it counts until the next grant."""
        if badge.credential is None or not self.counts(badge.reader):
            return True
        try:
            with self._doorway.store.counters() as counters:
                counters.give_back(badge.credential, Factor.PIN)
        except Exception:  # as above
            return False
        return True

    def counts(self, reader: str) -> bool:
        """Whether failed tries count at a reader."""
        return reader not in self._exits

    def ruling(self, claim: Claim, badge: BadgeRead, lacking: Lacking) -> Ruling:
        """What the rules say now of a badge at the time when it came, and what is enough where no face can be shown."""
        ruled = instead_of(self._ruled(claim, badge), self._instead, lacking)
        if claim.demands_pin and badge.reader not in self._exits:
            has_keypad = badge.reader in self._keypads
            ruled = with_demanded_pin(ruled, has_keypad=has_keypad, needs_keypad=self._needs_keypad)
        return ruled if ruled.mode is None else self._in_its_area(ruled, claim, badge)

    def _ruled(self, claim: Claim, badge: BadgeRead) -> Ruling:
        if self._doorway.rules is not None:
            return self._doorway.rules(claim, badge.reader, self._came_at(badge))
        return Ruling(mode=BADGE if badge.reader in self._exits else self._mode)

    def _in_its_area(self, ruled: Ruling, claim: Claim, badge: BadgeRead) -> Ruling:
        """The same, unless the holder should be elsewhere, or the area is full."""
        door, is_exit = self._doorway.door.name, badge.reader in self._exits
        if not self._areas.leads(door):
            return ruled
        comer = Comer(door, claim.person, claim.groups, self._doorway.time_of_day().now, is_exit)
        with self._doorway.store.places() as places:
            reason = self._areas.passing(places, comer).reason
        return ruled if reason is None else Ruling(reason=reason)

    def came_at(self, badge: BadgeRead) -> tuple[datetime, ...]:
        """The readings of the time of day when it came, UTC. Where there are rules, they judge a clock in doubt."""
        reading = self._came_at(badge)
        return reading.times if self._doorway.rules is None else (reading.now,)

    def _came_at(self, badge: BadgeRead) -> ClockReading:
        reading = self._doorway.time_of_day()
        ago = timedelta(seconds=max(0.0, self._clock.monotonic() - badge.at))
        other = None if reading.other is None else reading.other - ago
        return replace(reading, now=reading.now - ago, other=other)

    def _model(self, reader: str) -> tuple[str, Bars]:
        """Which model is in use, and what counts at a reader at all."""
        no_pin = Reason.NO_PIN if self._doorway.pins is None else None
        if reader in self._exits:
            return "", Bars(Reason.CAMERA_FAULT, no_pin, "There is no camera at an exit reader.")
        try:
            return self._doorway.analyzer.embedder.model_sha256, Bars(pin=no_pin)
        except ModelError as error:
            return "", Bars(Reason.VISION_FAULT, no_pin, error.message)

    def _answer(self, badge: BadgeRead) -> Claimed:
        sha256, bars = self._model(badge.reader)
        if badge.credential is None:
            return Claimed(BadgeClaimed(self._clock.monotonic(), None))
        try:
            claim, tried = self._looked_up(badge.credential, sha256)
        except KeyMissing as error:  # references can't be opened; all else of the badge can
            sha256, bars = "", replace(bars, face=Reason.KEY_MISSING, fault=error.message)
            claim, tried = self._looked_up(badge.credential, sha256)
        if claim is None:
            return Claimed(BadgeClaimed(self._clock.monotonic(), None))
        if self.counts(badge.reader):
            bars = Bars(bars.face or tried[0], bars.pin or tried[1], bars.fault)
        is_faceless = bool(sha256) and not claim.key_missing and len(claim.references) == 0
        has_no_face = is_faceless or bars.face is Reason.FACE_DISABLED
        lacking = Lacking(self._doorway.missing(badge.reader), has_no_face)
        ruling, came_at = self.ruling(claim, badge, lacking), self.came_at(badge)
        has_to_wait, is_first_use = self._before(badge.credential)
        now = self._clock.monotonic()
        is_invited = self._can_renew and claim.invitation is not None and claim.invitation.holds(came_at)
        event = BadgeClaimed(now, claim, has_to_wait, is_first_use, ruling, came_at, bars, is_invited)
        return Claimed(event, sha256, lacking)

    def _looked_up(
        self, credential: Credential, sha256: str
    ) -> tuple[Claim | None, tuple[Reason | None, Reason | None]]:
        with self._doorway.store.people() as people, self._doorway.store.counters() as counters:
            return people.claim(credential, sha256), self.tries.objections(credential, counters)

    def _before(self, credential: Credential) -> tuple[bool, bool]:
        """Whether it has to wait after presentation attacks, and whether it was never granted here, where that is
        asked.
        """
        mode = self._terms.pad.mode
        if mode is PadMode.OFF:
            return False, True
        waits = self._doorway.waits
        with self._doorway.store.audit() as audit:
            if not waits.knows(credential):
                before = tries_in(audit.decisions_on(credential, LOOKED_BACK), self._clock.utc())
                waits.remember(credential, before, self._clock.monotonic())
            is_in_use = mode is PadMode.TURN_IN_DOUBT and audit.was_granted(credential, self._doorway.door.name)
        return waits.has_to_wait(credential, self._clock.monotonic()), not is_in_use


def _mode(name: str) -> Mode | None:
    """That of a setting; None for "deny"."""
    return MODES.get(name)
