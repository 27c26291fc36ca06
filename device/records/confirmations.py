"""A command that waits for a second person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pending:
    """One that waits: in which row of the audit it was asked for, by whom, and about which person.

    `people` are the users that may be behind the one who asked: a second one is none of these. `asked_s` counts from
    the machine's boot. `process` is the one that waits: if it is gone, nothing does.
    """

    row: int
    command: str
    person_id: int | None
    people: frozenset[int]
    asked_by: str
    asked_s: float
    process: int
    confirmed_by: str = ""
