"""Enrolls many people from a list and a folder of pictures: one transaction a person, and running it again goes on."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device.administration import issue
from device.credentials import format_badge
from device.enrollment import Candidate, Enrollment, Good
from device.errors import CredentialError, EnrollmentRefused, ImageError
from device.images import read_photo
from device.look_alikes import NOT_COMPARED, Resemblance
from device.names import name_key
from device.people.lists import Row, Wrong
from device.people.rights import Limits, written
from device.ports import Clock
from device.records import Event, Grounds, Person, Validity
from device.store.people import People
from device.store.store import Store

KINDS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".heic", ".heif"})
"""Endings of files that may be pictures; others in the folder are passed over."""
_COUNTED = re.compile(r"[\s_-]*\d+$")
"""Behind a name in a file's: `ada lovelace-2.jpg`."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a line: `new`, `changed`, `unchanged` or `refused`, and what was left out of it."""

    line: int
    name: str
    outcome: str
    problems: tuple[str, ...] = ()
    references: int = 0
    resembles: Resemblance = field(default=NOT_COMPARED)


class Pictures:
    """The pictures of a folder, by file name. Nothing outside the folder is ever read."""

    def __init__(self, folder: Path | None) -> None:
        """Without a folder there are none. Raises `OSError`."""
        found = sorted(folder.iterdir()) if folder else []
        self._files = {path.name: path for path in found if path.suffix.lower() in KINDS and path.is_file()}
        self._of: dict[str, list[str]] = {}
        for name in self._files:
            self._of.setdefault(name_key(_COUNTED.sub("", Path(name).stem).replace("_", " ")), []).append(name)

    def of(self, row: Row) -> dict[str, Path]:
        """Those that a row names, else those that are named as the person is. Raises `ImageError` for one that is not
        there.
        """
        names = row.pictures or tuple(self._of.get(name_key(row.name), ()))
        for name in names:
            if name not in self._files:
                raise ImageError(
                    f"There is no picture {name!r} in the folder.", hint="Write a file name alone, with its ending."
                )
        return {name: self._files[name] for name in names}


class Import:
    """Brings a list into a store. A person who is there already gets what is missing."""

    def __init__(
        self, store: Store, clock: Clock, pictures: Pictures, enrollment_on: Callable[[Grounds | None], Enrollment]
    ) -> None:
        """`enrollment_on` gives one for a row's legal basis, or, for None, with that of rows that state none."""
        self._store = store
        self._clock = clock
        self._enrollment_on = enrollment_on
        self._pictures = pictures

    def run(self, rows: Sequence[Row | Wrong], done: Callable[[int], None]) -> Iterator[Imported]:
        """What becomes of each line, as it is done; `done` is told how many are. Raises `StoreError` alone."""
        for number, row in enumerate(rows, 1):
            if isinstance(row, Wrong):
                yield Imported(row.line, row.name, "refused", (f"{row.why}. {row.hint}".strip(),))
            else:
                yield self._one(row)
            done(number)

    def _one(self, row: Row) -> Imported:
        try:
            return self._imported(row)
        except (CredentialError, EnrollmentRefused, ImageError) as error:
            return Imported(row.line, row.name, "refused", (f"{error.message} {error.hint}",))

    def _imported(self, row: Row) -> Imported:
        enrollment = self._enrollment_on(row.grounds)
        with self._store.people() as people:
            person = people.named(row.name)
            known = {one.origin.source for one in people.faces.of(person)} if person else set()
        pictures = {name: path for name, path in self._pictures.of(row).items() if name not in known}
        good: list[Good] = []
        problems: tuple[str, ...] = ()
        if pictures:
            if not row.badges:
                raise CredentialError("It has pictures and no badge.", hint="A face opens a door only with a badge.")
            enrollment.holder(row.badges[0], row.name)
            unreadable: list[str] = []
            good, rejected = enrollment.judged(_read(pictures, unreadable))
            problems = (*unreadable, *(f"{one.label}: {one.said}" for one in rejected))
        if pictures and not good and person is None:
            return Imported(row.line, row.name, "refused", (*problems, "No picture can become a reference."))
        return self._written(enrollment, row, good, problems)

    def _written(self, enrollment: Enrollment, row: Row, good: list[Good], problems: tuple[str, ...]) -> Imported:
        """One transaction: the whole row, or nothing of it."""
        count, resembles = 0, NOT_COMPARED
        with self._store.people() as people:
            before = people.named(row.name)
            stood = people.enrolled(before) if before else None
            if good:
                report = enrollment.enroll_good(row.badges[0], row.name, good)
                count, resembles = len(report.accepted), report.resembles
                problems += tuple(f"{one.label}: {one.said}" for one in report.rejected)
            person = people.named(row.name) or self._added(people, row.name)
            self._set(people, person, row)
            stands = people.enrolled(person)
        outcome = "new" if stood is None else "unchanged" if stood == stands else "changed"
        return Imported(row.line, row.name, outcome, problems, count, resembles)

    def _added(self, people: People, name: str) -> Person:
        now = self._clock.utc()
        person = people.add(name, now)
        with self._store.audit() as audit:
            audit.note(Event.ENROLLED, now, person=person)
        return person

    def _set(self, people: People, person: Person, row: Row) -> None:
        """Badges, groups and validity that are not so yet, each with its row in the audit."""
        with self._store.audit() as audit:
            now = self._clock.utc()
            for credential in row.badges:
                held = people.badge(credential)
                if held is None or held.person != person or held.revoked_at:
                    issue(people, credential, person, now)
                    audit.note(Event.BADGE_ISSUED, now, person=person, badge=format_badge(credential))
            missing = {people.groups.known_as(one) for one in row.groups} - people.groups.of(person)
            if missing:
                people.groups.put(person, sorted(missing))
                changes = ", ".join(f"+{one}" for one in sorted(missing))
                audit.note(Event.PERSON_GROUPS, now, person=person, fault=changes)
            valid = _limits(people, person, row)
            if valid is not None:
                people.limit(person, valid)
                audit.note(Event.PERSON_VALIDITY, now, person=person, fault=written(valid))
            if row.grounds and people.bases.give(person, row.grounds, now):
                audit.note(Event.BASIS_GIVEN, now, person=person, fault=row.grounds.words)


def _limits(people: People, person: Person, row: Row) -> Validity | None:
    """The validity that a row sets, None if it stands so already."""
    enrolled = people.enrolled(person)
    before = enrolled.valid if enrolled else Validity()
    limits = Limits(row.begins, row.ends, sets_begin=row.begins is not None, sets_end=row.ends is not None)
    after = limits.on(before)
    return None if after == before else after


def _read(pictures: Mapping[str, Path], unreadable: list[str]) -> Iterator[Candidate]:
    """One at a time: many large ones don't fit into a small memory."""
    for name, path in pictures.items():
        try:
            photo = read_photo(path)
        except ImageError as error:
            unreadable.append(f"{name}: {error.message}")
            continue
        yield Candidate(name, photo, name)


def summary(done: Sequence[Imported]) -> dict[str, int]:
    """How many lines there are of each outcome."""
    return {outcome: sum(one.outcome == outcome for one in done) for outcome in OUTCOMES}


OUTCOMES = ("new", "changed", "unchanged", "refused")
