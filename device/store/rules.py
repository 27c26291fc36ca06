"""The owner's rules in the store: one text that counts, and those that counted before."""

import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from device.errors import StoreError
from device.names import name_key
from device.policy.rules import Rules
from device.policy.rules_text import people_in, rules_in, sha256_of
from device.records import Person
from device.store.people import People
from device.store.session import Row, Session

_NEWEST = "SELECT version, at, sha256, text, people FROM rule_sets ORDER BY version DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class AppliedRules:
    """A text of rules, since when it counts, and the numbers of the people it names."""

    version: int
    at: datetime
    sha256: str
    text: str
    person_ids: Mapping[str, int]


class ParsedRules:
    """What texts mean, each read once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[tuple[int, str], Rules] | None = None

    def known(self, version: int, sha256: str) -> Rules | None:
        """What the text of a version means, if it was read last."""
        with self._lock:
            return self._known[1] if self._known is not None and self._known[0] == (version, sha256) else None

    def of(self, applied: AppliedRules) -> Rules:
        """Raises `StoreError` for a text that is not what was applied, or that this version can't read."""
        rules = _read(applied)
        with self._lock:
            self._known = ((applied.version, applied.sha256), rules)
        return rules


class RuleBook:
    """The rules of one store, within a transaction of it. Raises plain `sqlite3.Error`, which `Store` translates."""

    def __init__(self, session: Session, parsed: ParsedRules) -> None:
        self._session = session
        self._parsed = parsed

    def applied(self) -> AppliedRules | None:
        """The text that counts; None if none was ever applied, so that the settings of each door count."""
        return next(iter(self.versions(1)), None)

    def rules(self) -> Rules | None:
        """What it means; the text itself is only read where that is not known yet. Raises `StoreError`."""
        with self._session.snapshot():
            newest = self._session.rows("SELECT version, sha256 FROM rule_sets ORDER BY version DESC LIMIT 1")
            if not newest:
                return None
            known = self._parsed.known(newest[0]["version"], newest[0]["sha256"])
            applied = self.applied() if known is None else None
        return known if applied is None else self._parsed.of(applied)

    def versions(self, limit: int) -> tuple[AppliedRules, ...]:
        """At most `limit` texts, the newest first."""
        return tuple(map(_applied, self._session.rows(_NEWEST, [limit])))

    def apply(self, text: str, at: datetime) -> AppliedRules:
        """The rules in `text` count from the end of this transaction on. Raises `ValueError` for a wrong text."""
        names = people_in(rules_in(text))
        _refuse_escapes(text, names)
        self._session.lock()
        person_ids = self._numbers(names)
        sha256 = sha256_of(text)
        cursor = self._session.execute(
            "INSERT INTO rule_sets (at, sha256, text, people) VALUES (?, ?, ?, ?)",
            [at.isoformat(), sha256, text, json.dumps(person_ids)],
        )
        return AppliedRules(int(cursor.lastrowid or 0), at, sha256, text, person_ids)

    def forget(self, person: Person) -> None:
        """Takes a person's name out of every text; what a rule said of them says it of no one from now on."""
        self._session.lock()
        for row in self._session.rows("SELECT version, at, sha256, text, people FROM rule_sets"):
            applied = _applied(row)
            names = {name for name, number in applied.person_ids.items() if number == person.id}
            if names:
                self._replace(applied, dict.fromkeys(names, f"erased-{person.id}"))

    def pin_holders(self) -> frozenset[int]:
        """The numbers of the people who have a PIN."""
        return frozenset(row["person_id"] for row in self._session.rows("SELECT person_id FROM pins"))

    def _replace(self, applied: AppliedRules, new: Mapping[str, str]) -> None:
        text = applied.text
        for name, other in new.items():
            text = _without_name(text, name, other)
        people = {new.get(name, name): number for name, number in applied.person_ids.items()}
        self._session.execute(
            "UPDATE rule_sets SET text = ?, sha256 = ?, people = ? WHERE version = ?",
            [text, sha256_of(text), json.dumps(people), applied.version],
        )

    def _numbers(self, names: frozenset[str]) -> dict[str, int]:
        """The people of these names, however they are typed; a name that no one has is left out.

        Raises `ValueError` for one that several people have.
        """
        wanted = {name_key(name): name for name in names}
        everyone = People(self._session).everyone() if wanted else ()
        found: dict[str, int] = {}
        for one in everyone:
            name = wanted.get(name_key(one.person.name))
            if name is not None and name in found:
                raise ValueError(f"several people are called {name!r}, rename one: `lintel people rename`")
            if name is not None:
                found[name] = one.person.id
        return found


def _without_name(text: str, name: str, other: str) -> str:
    """In quotes, and in comments on lines of their own."""
    text = re.sub(rf"(['\"]){re.escape(name)}\1", f'"{other}"', text)
    return "".join(
        re.sub(re.escape(name), other, line, flags=re.IGNORECASE) if line.lstrip().startswith("#") else line
        for line in text.splitlines(keepends=True)
    )


def _refuse_escapes(text: str, names: Iterable[str]) -> None:
    """A name has to stand in the text as it is, so that it can be erased from it. Raises `ValueError`."""
    for name in names:
        if f'"{name}"' not in text and f"'{name}'" not in text:
            raise ValueError(f"the name {name!r} is written with escapes, write it as it is, in '...' if need be")


def _applied(row: Row) -> AppliedRules:
    at = datetime.fromisoformat(row["at"])
    return AppliedRules(row["version"], at, row["sha256"], row["text"], json.loads(row["people"]))


def _read(applied: AppliedRules) -> Rules:
    if sha256_of(applied.text) != applied.sha256:
        raise _unusable("they are not what was applied")
    try:
        return rules_in(applied.text, applied.person_ids)
    except ValueError as error:
        raise _unusable(str(error)) from None


def _unusable(why: str) -> StoreError:
    return StoreError(
        f"The rules in the database can't be used: {why}.", hint="Apply them again: `lintel policy apply FILE`."
    )
