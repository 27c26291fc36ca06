"""What an operator does with the rules: apply them, have them checked, and ask what they say of a badge."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from device.errors import ConfigError
from device.policy.decision import refusal
from device.policy.rules import Asked, Rules, asked_of, group_keys, ruling
from device.policy.rules_advice import next_other, would_help
from device.policy.rules_check import Finding, Site, SiteDoor, SitePerson, Weight, findings
from device.policy.rules_text import rules_in, said_in
from device.ports import Clock
from device.records import MODES, Credential, Event, Person, Reason, Ruling
from device.settings.tables import DoorSettings, Settings
from device.store.rules import AppliedRules
from device.store.store import Store

_LOOK = "Look at it without applying it: `lintel policy check FILE`; docs/rules.md has examples."
NO_MODEL = ""
"""References don't matter to rules."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the rules say of a badge at a door at a time, and what would change that."""

    person: Person | None
    ruling: Ruling
    next_at: datetime | None = None
    """When it is ruled otherwise, within 14 days."""
    next_ruling: Ruling | None = None
    would_help: tuple[str, ...] = ()


class RuleOffice:
    """The rules of one store. Raises `StoreError`."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def apply(self, text: str) -> tuple[AppliedRules, tuple[Finding, ...]]:
        """Replaces all rules by those of a text, and writes its SHA-256 into the audit; with what there is to say.

        Raises `ConfigError` for a text that is wrong or has a finding that is an error; nothing has changed then.
        """
        found = self.check(text)
        if wrong := [one for one in found if one.weight is Weight.ERROR]:
            sentences = "; ".join(f"{one.about}: {one.what}" for one in wrong)
            raise ConfigError(
                f"The rules were not applied: {sentences}.", hint=f"{wrong[0].hint[:1].upper()}{wrong[0].hint[1:]}."
            )
        now = self._clock.utc()
        with self._store.rules() as book, self._store.audit() as audit:
            try:
                applied = book.apply(text, now)
            except ValueError as error:
                raise _wrong(error) from None
            audit.note(Event.RULES_APPLIED, now, fault=f"version {applied.version}, SHA-256 {applied.sha256}")
        return applied, found

    def applied(self) -> AppliedRules | None:
        """The rules that count, None without any."""
        with self._store.rules() as book:
            return book.applied()

    def check(self, text: str | None = None) -> tuple[Finding, ...]:
        """What there is to say of a text, or of the rules that count. Raises `ConfigError` for a text that is wrong."""
        return findings(self._rules(text), self._site(), self._clock.utc())

    def try_badge(self, badge: Credential, door: str, at: datetime) -> Tried:
        """What the rules say of a badge; no door hears of it. Raises `ConfigError` for a door that doesn't exist."""
        settings = self._door(door)
        with self._store.people() as people:
            claim = people.claim(badge, NO_MODEL)
        reason = Reason.BADGE_UNKNOWN if claim is None else refusal(claim)
        if claim is None or reason not in (None, Reason.NO_REFERENCES):
            assert reason is not None
            return Tried(claim.person if claim else None, Ruling(reason=reason), would_help=(reason.advice,))
        rules = self._rules(None)
        return _tried(rules, replace(asked_of(claim, settings.name, at), mode=door_of(settings).mode))

    def zone(self) -> ZoneInfo:
        """The time zone of the rules, in which people say times; UTC if they have none."""
        applied = self.applied()
        name = said_in(applied.text).zone if applied is not None else None
        return ZoneInfo(name or "UTC")

    def _rules(self, text: str | None) -> Rules | None:
        if text is None:
            with self._store.rules() as book:
                return book.rules()
        try:
            return rules_in(text)
        except ValueError as error:
            raise _wrong(error) from None

    def _site(self) -> Site:
        with self._store.people() as people, self._store.rules() as book:
            everyone, pins = people.everyone(), book.pin_holders()
        return Site(
            tuple(map(door_of, self._settings.doors)),
            tuple(
                SitePerson(one.person, group_keys(one.groups), bool(one.references), one.person.id in pins)
                for one in everyone
            ),
            is_mantrap=self._settings.access.interlock,
        )

    def _door(self, name: str) -> DoorSettings:
        try:
            return self._settings.door_named(name)
        except KeyError:
            names = ", ".join(door.name for door in self._settings.doors)
            raise ConfigError(f"There is no door {name!r}.", hint=f"Name one with --door: {names}.") from None


def door_of(settings: DoorSettings) -> SiteDoor:
    """What rules need to know of a door."""
    entries = [reader for reader in settings.readers if reader.direction == "entry"]
    pads = [reader for reader in entries if reader.keypad != "none"]
    return SiteDoor(
        settings.name,
        MODES[settings.mode],
        has_way_in=bool(entries),
        has_keypad=bool(pads),
        has_clear_keypad=any(reader.kind == "wiegand" for reader in pads),
        takes_pin_for_face=settings.without_face == "badge+pin",
        is_way_out_controlled=settings.egress == "controlled",
        free_exit=settings.free_exit or "",
        accepts_badge_only=settings.i_accept_badge_only,
        lockdown_pass=settings.lockdown_pass,
    )


def when(text: str, zone: ZoneInfo) -> datetime:
    """A time in ISO 8601; without an offset it is the time on the wall. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _tried(rules: Rules | None, asked: Asked) -> Tried:
    now = ruling(rules, asked)
    if rules is None:
        return Tried(asked.person, now)
    at, then = next_other(rules, asked) or (None, None)
    return Tried(asked.person, now, at, then, would_help(rules, asked))


def _wrong(error: ValueError) -> ConfigError:
    return ConfigError(f"The rules are wrong: {error}.", hint=_LOOK)
