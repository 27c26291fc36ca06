"""What a passage may change besides the door: references of an invited person, and a PIN that counted no more.

It comes after the door was released, so that it neither opens nor delays anything, and what fails here is a row.
"""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from device.credentials import format_badge
from device.door_log import DoorLog
from device.doorway import Doorway
from device.failures import in_words
from device.policy.attempts import MOST_PINS
from device.records import AuditRow, Event, Evidence, Factor, Origin, Person, Probe, Reason, Transaction
from device.renewal import is_renewing, renewed
from device.settings.tables import DoorSettings, VisionSettings
from device.store.people import People
from device.vision.close_match import close_rule, closely


class AfterGrant:
    """At the way in of one door."""

    def __init__(self, doorway: Doorway, door: DoorSettings, vision: VisionSettings, log: DoorLog) -> None:
        self._doorway = doorway
        self._resets = door.face_resets_pin
        self._vision = vision
        self._log = log

    def passed(self, done: Transaction, track: tuple[Probe, ...], *, is_invited: bool) -> None:
        """After a transaction at a reader was carried out, with the track of its face. Never raises."""
        if done.decision.granted and is_invited and is_renewing(done.decision):
            self._tried(lambda: self._renew(done, track))
        if self._resets and self._may_reset(done):
            self._tried(lambda: self._reset_pin(done, track))

    def _may_reset(self, done: Transaction) -> bool:
        decision = done.decision
        is_face = decision.granted and decision.reason is Reason.MATCH and Factor.FACE in decision.shown
        return is_face and not decision.duress and Factor.PIN not in decision.shown

    def _tried(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:  # whatever a damaged store comes up with, the person is in
            self._log.add(Event.FAULT, f"Nothing was changed after a grant: {in_words(error)}.")

    def _renew(self, done: Transaction, track: tuple[Probe, ...]) -> None:
        embedder, times, person = self._doorway.analyzer.embedder, self._doorway.time_of_day().times, done.person
        if person is None:
            return
        rule, model = close_rule(embedder.decision_rule), embedder.model_sha256
        with self._doorway.store.people() as people, self._doorway.store.audit() as audit:
            invitation = people.invitations.of(person)
            if invitation is None or not invitation.holds(times):
                return
            if people.bases.present(person) is None:
                found: tuple[tuple[Probe, ...], Evidence] | str = "there is no legal basis for face data"
            else:
                originals = people.faces.vectors(person, model, originals=True)
                share = self._doorway.share_at(done.reader)
                found = renewed(track, originals, rule, self._vision, share=share)
            if isinstance(found, str):
                audit.add(_row(done, Event.RENEWAL_REFUSED, found))
                return
            kept, evidence = found
            self._keep(people, person, kept, model)
            many = f"{len(kept)} reference{'s' * (len(kept) != 1)}"
            audit.add(_row(done, Event.REFERENCES_RENEWED, f"{many}, given at the door", evidence))

    def _keep(self, people: People, person: Person, kept: tuple[Probe, ...], model: str) -> None:
        """In the place of those of the last invitation; an operator's stay."""
        for one in people.faces.of(person):
            if one.origin.invited and one.model_sha256 == model:
                people.faces.remove(one)
        door = self._doorway.door.name
        origins = [
            Origin(f"{door}, invited, picture {number}", asdict(one.quality), invited=True)
            for number, one in enumerate(kept, 1)
        ]
        embeddings = np.stack([one.embedding for one in kept])
        people.add_references(person, embeddings, model, self._doorway.clock.utc(), origins)
        people.invitations.take(person)

    def _reset_pin(self, done: Transaction, track: tuple[Probe, ...]) -> None:
        badge, person, embedder = done.credential, done.person, self._doorway.analyzer.embedder
        if badge is None or person is None or not track:
            return
        store = self._doorway.store
        with store.people() as people, store.audit() as audit, store.counters() as counters:
            if counters.of(badge).pin < MOST_PINS or people.demands_pin(person):  # another's face may be as close
                return
            originals = people.faces.vectors(person, embedder.model_sha256, originals=True)
            if not len(originals):
                return
            share, rule = self._doorway.share_at(done.reader), close_rule(embedder.decision_rule)
            evidence = closely([one.embedding for one in track], originals, rule, share=share)
            if evidence.matches:
                counters.reset(badge, Factor.PIN)
                audit.add(_row(done, Event.PIN_RESET_BY_FACE, "the PIN counts again", evidence))


def _row(done: Transaction, event: Event, what: str, evidence: Evidence | None = None) -> AuditRow:
    return AuditRow(
        0,
        done.started_at,
        event,
        badge=format_badge(done.credential) if done.credential else None,
        person_id=done.person.id if done.person else None,
        similarity=evidence.similarity if evidence else None,
        threshold=evidence.threshold if evidence else None,
        fault=what,
        door=done.door or None,
        reader=done.reader or None,
    )
