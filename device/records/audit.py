"""What is written down, a line for each thing that happened."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from device.records.attacks import PadMode
from device.records.decisions import Outcome
from device.records.reasons import Reason
from device.records.rulings import ClockState


class Event(StrEnum):
    """What an audit row speaks of."""

    DECISION = "decision"
    DENIALS_COUNTED = "denials-counted"
    """Denials without rows of their own: one reason at one reader, many in a short time."""
    ENROLLED = "enrolled"
    PERSON_REMOVED = "person-removed"
    PERSON_RENAMED = "person-renamed"
    PERSON_TIME_EXTENDED = "person-time-extended"
    PERSON_TIME_USUAL = "person-time-usual"
    PERSON_GROUPS = "person-groups"
    """In which groups a person is was changed; the row says how."""
    PERSON_VALIDITY = "person-validity"
    """From when until when a person may come in was set; the row says to what."""
    BADGE_VALIDITY = "badge-validity"
    BASIS_GIVEN = "basis-given"
    """The legal basis of a person's references was written down; the row says which."""
    BASIS_WITHDRAWN = "basis-withdrawn"
    """All references of a person were erased; badges, PIN and rights stay."""
    LOOK_ALIKE = "look-alike"
    """A person who was enrolled looks like another one; the row has the other's number."""
    PERSON_EXPORTED = "person-exported"
    RETENTION = "retention"
    """A person is erased because of the time; it says why."""
    PERSON_PIN_DEMANDED = "person-pin-demanded"
    """A person has to type a PIN besides the face from then on, or has not any more; the row says which."""
    PERSON_INVITED = "person-invited"
    """To give new references at a door, once; the row says until when, or that an operator took that back."""
    REFERENCES_RENEWED = "references-renewed"
    """An invited person gave new references at a door; the row says how many."""
    RENEWAL_REFUSED = "renewal-refused"
    """An invited person was let in, and no reference was taken; the row says why."""
    PIN_RESET_BY_FACE = "pin-reset-by-face"
    """A PIN that counted no more does again, after its holder's face matched closely."""
    REFERENCE_REMOVED = "reference-removed"
    """One reference; the row says which."""
    BADGE_ISSUED = "badge-issued"
    """Without an enrollment: to a person who was enrolled before."""
    BADGE_RESET = "badge-reset"
    """Faces and PINs count again with it; the row says how many had failed."""
    PIN_GIVEN = "pin-given"
    PIN_REMOVED = "pin-removed"
    PIN_REFUSED = "pin-refused"
    """A wrong PIN, typed at an operator's to choose a duress PIN."""
    DURESS_PIN_GIVEN = "duress-pin-given"
    DURESS_PIN_REMOVED = "duress-pin-removed"
    BADGE_SUSPENDED = "badge-suspended"
    BADGE_RESUMED = "badge-resumed"
    BADGE_REVOKED = "badge-revoked"
    BADGE_RESTORED = "badge-restored"
    RULES_APPLIED = "rules-applied"
    """Who may pass when, from then on; the row has the SHA-256 of the text."""
    BACKUP_MADE = "backup-made"
    """A copy of the store was written; the row says until when it is kept."""
    STORE_RESTORED = "store-restored"
    """The store is a copy from then on; the row says of when, and whether a list of revocations was at hand."""
    CLOCK_ACCEPTED = "clock-accepted"
    """An operator said that the clock is right, whatever was written down before."""
    TRIES_FAILED = "tries-failed"
    """A badge was granted after tries that failed; the row says how many since its last grant."""
    FACTOR_DISABLED = "factor-disabled"
    """A face, or a PIN, counts no more with a badge until an operator resets it."""
    SERVICE_STARTED = "service-started"
    SERVICE_STOPPED = "service-stopped"
    FAULT = "fault"
    PART_FAILED = "part-failed"
    """The store, a camera or the models don't work; the row says which and why."""
    PART_WORKS = "part-works"
    CAMERA_VIEW_CHANGED = "camera-view-changed"
    """The empty view of a camera has been another for five minutes: it was moved, or the place was. Learnt again."""
    DOOR_FORCED = "door-forced"
    DOOR_HELD_OPEN = "door-held-open"
    DOOR_FOUND_OPEN = "door-found-open"
    """Open when it was first seen after a start; the building's alarm is not shunted until it is closed or cleared."""
    DOOR_SECURED = "door-secured"
    DOOR_SCHEDULED_LOCK = "door-scheduled-lock"
    """A schedule locks the door for everyone but its bypass group; the row says whether that begins or ends."""
    DOOR_EXIT_REQUESTED = "door-exit-requested"
    DOOR_RELEASED = "door-released"
    DOOR_LOCKDOWN = "door-lockdown"
    DOOR_LOCKDOWN_PASSED = "door-lockdown-passed"
    """Someone of a group that may pass in a lockdown was let in during one; it names the row of the grant."""
    DOOR_EVACUATION = "door-evacuation"
    DOOR_CLEARED = "door-cleared"
    DOOR_ALARM_ENDED = "door-alarm-ended"
    """Forced or held open no more, without an operator: it is closed again, or open with cause now."""
    DOOR_FAULT = "door-fault"
    """Something at the door does not work; the row says what, and a later one that it is fixed."""
    DOOR_MENDED = "door-mended"
    """What did not work works again, or the housing that was open is closed."""
    DOOR_TAMPERED = "door-tampered"
    DOOR_POWER_FAILED = "door-power-failed"
    DOOR_POWER_RESTORED = "door-power-restored"
    DOOR_INTERLOCKED = "door-interlocked"
    DOOR_INTERLOCK_YIELDED = "door-interlock-yielded"
    """A mantrap's door was released for a person on the way out while another one was not closed and locked."""
    DOOR_PASSED = "door-passed"
    """The granted person opened the door. Only where a position switch is wired; it names the grant's row."""
    DOOR_NOT_ENTERED = "door-not-entered"
    """The granted person did not open the door in time, likewise."""
    TWO_PEOPLE = "two-people"
    """Two people showed who they are, one after the other, and were let in together; it names the rows of both."""
    ANTIPASSBACK_VIOLATED = "antipassback-violated"
    """A person passed who should have been elsewhere; the way out refuses no one. It names the row of the grant."""
    PLACES_FORGOTTEN = "places-forgotten"
    """An operator had it forgotten where a person, or everyone, is."""
    DOOR_LET_OUT = "door-let-out"
    """Released for a person on the way out; the row says in which state, if it was lockdown or a fault."""
    DOOR_COMMANDED = "door-commanded"
    REMOTE_REFUSED = "remote-refused"
    """Commands from the network were not done; the row says why and how many. A flood is one row a minute."""
    REMOTE_CLIENT_ADDED = "remote-client-added"
    """From then on a client may send commands over the network; the row says which, and what it may."""
    REMOTE_CLIENT_REVOKED = "remote-client-revoked"
    REMOTE_CODE_LOCKED = "remote-code-locked"
    """Too many wrong codes in a row; it counts no more until an admin resets it."""
    REMOTE_CODE_RESET = "remote-code-reset"
    KEY_MADE = "key-made"
    """The device key, where none was before."""
    KEY_ROTATED = "key-rotated"
    """Another device key took the place of the one before; the row has the ids of both."""
    KEY_RESTORED = "key-restored"
    """A device key was put back from its recovery line, or moved into another store; the row says into which."""
    KEY_FORGOTTEN = "key-forgotten"
    """The device key was destroyed because the housing of a door was opened; the row says at which."""
    ALARM_ACKNOWLEDGED = "alarm-acknowledged"
    """A named operator has seen an alarm; the row says which, and why that is enough."""
    CONFIRMATION_ASKED = "confirmation-asked"
    """A command waits for a second person; the row says which."""
    CONFIRMATION_GIVEN = "confirmation-given"
    """The second person has confirmed it; it names the row that asked."""
    CONFIRMATION_EXPIRED = "confirmation-expired"
    """No one has, likewise, and nothing was done."""
    ALARM_OPEN = "alarm-open"
    """An alarm that nobody has acknowledged yet, told again."""
    READER_LOST = "reader-lost"
    READER_FOUND = "reader-found"
    READER_TAMPERED = "reader-tampered"
    READER_POWER_FAILED = "reader-power-failed"
    READER_RESTORED = "reader-restored"
    READER_KEYS_REFUSED = "reader-keys-refused"
    """Keys came from a reader without a keypad by its settings; once for each start."""
    AUDIT_BROKEN = "audit-broken"
    """Something else than Lintel has changed the audit, or put an older copy in its place; the row says what."""
    AUDIT_BREAK_ACKNOWLEDGED = "audit-break-acknowledged"
    """A named operator knows how the audit was changed; the row has position, SHA-256 of what is there, and why."""
    AUDIT_CUT = "audit-cut"
    """Rows were removed after their time; a signed mark says which."""
    AUDIT_ERASED = "audit-erased"
    """Passages were kept for as long as they may be; their rows don't say any more whose they were."""
    UPGRADE_FAILED = "upgrade-failed"
    """A new version was unpacked and is not in use; the row says which and why."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What wrote a row, and what it went by: Lintel's version, SHA-256 of the embedding model, of the settings and of
    the rules, the machine's boot, and how far its clock could be relied upon. "" stands for what does not apply.
    """

    version: str = ""
    model: str = ""
    settings: str = ""
    rules: str = ""
    boot: str = ""
    clock: ClockState | None = None


LEFT_UNDER_DURESS = "at the way out"
"""What the row of a duress there says, which has no reason of its own left to say it."""
TYPED_UNDER_DURESS = "by the PIN"
"""The same of a PIN that was enough beside a face that matched, and had not made its turn yet."""
REFUSED_UNDER_DURESS = "refused: "
"""Begins the row of someone under duress whom one more condition kept out; the code of that reason follows."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit. Names are not in it: `person_id` leads to the person as long as they are enrolled.

    `pad` to `turns` are what a door that looks for presentation attacks saw, values as in `Presentation`: its mode, the
    share of the scene, the mean probability of a live face, how far the last turn went in degrees, how turns ended.
    `mode` is what the person had to show, by its name in `MODES`, `rule` and `schedule` say which rule wanted that, and
    `by` which operator did it. The store adds the last three: `monotonic_s` counts from the boot of the stamp, and an
    erased row has no badge, person and free text any more.
    """

    id: int
    at: datetime
    event: Event
    badge: str | None = None
    person_id: int | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    similarity: float | None = None
    threshold: float | None = None
    probes: int | None = None
    references: int | None = None
    frames: int | None = None
    waited_s: float | None = None
    fault: str | None = None
    door: str | None = None
    reader: str | None = None
    pad: PadMode | None = None
    scene: float | None = None
    live: float | None = None
    turned: float | None = None
    turns: str | None = None
    mode: str | None = None
    rule: str | None = None
    schedule: str | None = None
    by: str | None = None
    stamp: Stamp | None = field(default=None, compare=False)
    monotonic_s: float | None = field(default=None, compare=False)
    is_erased: bool = field(default=False, compare=False)
