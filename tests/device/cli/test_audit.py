"""`lintel audit` and `lintel explain`: what is found, what other programs get, and what an operator is told."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from device.cli.main import cli
from device.cli.text.audit_rows import row_line
from device.cli.text.explanation import explanation, explanation_lines
from device.cli.text.row_formats import cef_lines, csv_lines, json_lines
from device.control.messages import Row
from device.records import AuditRow, Credential, Event, Outcome, Person, Reason
from device.store.store import Store
from tests.device.store.chain_world import edited

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT = NOON.isoformat()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Ada was granted once and refused once, Grace refused, and the door was forced a day later."""
    folder = tmp_path / "state"
    with Store(folder) as store, store.people() as people, store.audit() as audit:
        ada, grace = people.add("Ada", NOON), people.add("Grace", NOON)
        audit.add(decision(ada, "17:1", Reason.MATCH, 0.97))
        audit.add(decision(ada, "17:1", Reason.NON_MATCH, 0.91))
        audit.add(decision(grace, "17:2", Reason.NON_MATCH, 0.5))
        audit.add(AuditRow(0, NOON + timedelta(days=1), Event.DOOR_FORCED, door="side", by="root (login ada)"))
    return folder


def decision(person: Person, badge: str, reason: Reason, similarity: float) -> AuditRow:
    outcome = Outcome.GRANTED if reason is Reason.MATCH else Outcome.DENIED
    seen = AuditRow(0, NOON, Event.DECISION, badge, person.id, outcome, reason, similarity, 0.94, 3, 2, 4, 0.7)
    return replace(seen, door="main", mode="badge+face", rule="staff", schedule="office")


@pytest.fixture
def lintel(state: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--state-dir", str(state), *arguments])

    return run


def code_of(told: Result) -> int:
    return int(getattr(told.exception, "exit_code", told.exit_code))


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], [1, 2, 3, 4]),
        (["--person", "Ada"], [1, 2]),
        (["--person", "2"], [3]),
        (["--badge", "17:2"], [3]),
        (["--door", "side"], [4]),
        (["--reason", "non-match"], [2, 3]),
        (["--event", "door-forced"], [4]),
        (["--reason", "non-match", "--person", "Ada"], [2]),
        (["--since", "2026-11-25T00:00:00+00:00"], [4]),
        (["--until", "2026-11-25T00:00:00+00:00"], [1, 2, 3]),
        (["--limit", "1", "--reason", "non-match"], [3]),
    ],
)
def test_rows_that_are_wanted_are_listed(lintel: Callable[..., Result], options: list[str], ids: list[int]) -> None:
    told = lintel("audit", "list", "--json", *options)
    assert [row["id"] for row in json.loads(told.stdout)] == ids


def test_person_who_is_not_enrolled_is_an_error(lintel: Callable[..., Result]) -> None:
    assert code_of(lintel("audit", "list", "--person", "Eve")) == 9


def test_audit_is_exported_as_csv_by_default(lintel: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(lintel("audit", "export", "--reason", "non-match").stdout)))
    assert [(row["id"], row["person"], row["similarity"]) for row in rows] == [
        ("2", "Ada", "0.91"),
        ("3", "Grace", "0.5"),
    ]


def test_audit_is_exported_as_json_lines(lintel: Callable[..., Result]) -> None:
    lines = lintel("audit", "export", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3, 4]


def test_audit_is_exported_for_a_siem(lintel: Callable[..., Result]) -> None:
    line = lintel("audit", "export", "--format", "cef", "--event", "door-forced").stdout.strip()
    assert line.startswith("CEF:0|Lintel|Lintel||door-forced|door-forced|9|rt=1795608000000 externalId=4 ")
    assert line.endswith("suser=root (login ada) cs2Label=door cs2=side")


@given(st.text(st.characters(codec="utf-8")))
def test_no_cell_begins_a_formula(text: str) -> None:
    cells = list(csv.reader(io.StringIO("\r\n".join(csv_lines([Row(1, AT, "fault", fault=text)])), newline="")))
    told = cells[1][cells[0].index("fault")]
    assert told[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}
    assert told.removeprefix("'") == text.removeprefix("'")


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_no_text_adds_a_field_or_a_line_to_an_event(text: str, version: str) -> None:
    (line,) = cef_lines([Row(1, AT, "fault", fault=text, version=version)])
    head, unescaped = line, 0
    for place, letter in enumerate(head):
        escaped = len(head[:place]) - len(head[:place].rstrip("\\"))
        unescaped += letter == "|" and escaped % 2 == 0 and unescaped < 7
    assert unescaped == 7
    assert not {"\n", "\r"} & set(line)


def test_event_is_escaped_as_the_format_says() -> None:
    (line,) = cef_lines([Row(1, AT, "fault", fault="a=b\\c\nd|e", version="1|2\\3")])
    assert line.startswith("CEF:0|Lintel|Lintel|1\\|2\\\\3|fault|fault|3|")
    assert line.endswith("msg=a\\=b\\\\c\\nd|e")


@given(st.text(st.characters(codec="utf-8")))
def test_json_line_is_one_line(text: str) -> None:
    (line,) = json_lines([Row(1, AT, "fault", fault=text)])
    assert json.loads(line)["fault"] == text
    assert "\n" not in line


def test_sound_audit_verifies(lintel: Callable[..., Result]) -> None:
    told = lintel("audit", "verify")
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (0, "Each is as Lintel wrote it, and none is missing.")


def test_changed_row_is_named(lintel: Callable[..., Result], state: Path) -> None:
    edited(state, ("UPDATE audit SET outcome = 'granted' WHERE id = 2", []))
    told = lintel("audit", "verify", "--json")
    found = json.loads(told.stdout)["findings"]
    assert (told.exit_code, [(one["flaw"], one["first"]) for one in found]) == (1, [("changed", 2)])


def test_key_of_another_door_verifies_nothing(lintel: Callable[..., Result]) -> None:
    told = lintel("audit", "verify", "--public-key", "ab" * 32)
    assert (told.exit_code, "not signed with this door's key" in told.stdout) == (1, True)


def test_what_is_no_key_is_wrong_use(lintel: Callable[..., Result]) -> None:
    assert lintel("audit", "verify", "--public-key", "key").exit_code == 2


def test_checkpoint_that_is_not_there_is_an_error(lintel: Callable[..., Result]) -> None:
    assert code_of(lintel("audit", "verify", "--from", "3")) == 8


def test_what_is_due_is_told_and_cut(lintel: Callable[..., Result]) -> None:
    before = ["--before", "2026-11-24T18:00:00+00:00", "--json"]
    told = [json.loads(lintel("audit", "cut", *before, *dry).stdout)["rows"] for dry in (["--dry-run"], [], [])]
    assert (told, lintel("audit", "verify").exit_code) == ([3, 3, 0], 0)


class TestEvidence:
    """A file that an auditor verifies elsewhere, with the public key alone."""

    @pytest.fixture
    def evidence(self, lintel: Callable[..., Result], tmp_path: Path) -> Path:
        path = tmp_path / "evidence.jsonl"
        path.write_text(lintel("audit", "evidence").stdout)
        return path

    @staticmethod
    def verified(evidence: Path, key: str) -> Result:
        nowhere = str(evidence.with_name("nowhere"))
        arguments = ["--state-dir", nowhere, "audit", "verify", "--evidence", str(evidence), "--public-key", key]
        return CliRunner().invoke(cli, arguments)

    def key(self, evidence: Path) -> str:
        return str(evidence.with_name("state-keys") / "audit-signing.pub")

    def test_evidence_verifies_without_the_door(self, evidence: Path) -> None:
        told = self.verified(evidence, self.key(evidence))
        assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "4 rows, 1 to 4; 0 signed checkpoints.")
        assert not evidence.with_name("nowhere").exists()

    @pytest.mark.parametrize("line", [1, 2, 3, 4])
    def test_line_that_is_left_out_is_found(self, evidence: Path, line: int) -> None:
        lines = evidence.read_text().splitlines(keepends=True)
        evidence.write_text("".join(lines[:line] + lines[line + 1 :]))
        assert self.verified(evidence, self.key(evidence)).exit_code == 1

    def test_changed_line_is_found(self, evidence: Path) -> None:
        evidence.write_text(evidence.read_text().replace("granted", "denied"))
        assert "Row 1 was changed." in self.verified(evidence, self.key(evidence)).stdout

    def test_key_of_another_door_is_found(self, evidence: Path) -> None:
        assert self.verified(evidence, "ab" * 32).exit_code == 1

    @pytest.mark.parametrize("content", ["", "{}", "[]", "{", '{"lintel_audit_evidence":2}', "\x00"])
    def test_what_is_no_evidence_is_an_error(self, evidence: Path, content: str) -> None:
        evidence.write_text(content)
        assert code_of(self.verified(evidence, "ab" * 32)) == 8

    def test_evidence_without_a_key_is_wrong_use(self, lintel: Callable[..., Result], evidence: Path) -> None:
        assert lintel("audit", "verify", "--evidence", str(evidence)).exit_code == 2


def test_refusal_is_explained(lintel: Callable[..., Result]) -> None:
    assert lintel("explain", "2").stdout.splitlines() == [
        "Row 2: 2026-11-24 12:00:00 UTC, badge 17:1, Ada, door main",
        "DENIED (non-match): The face does not match the badge's holder.",
        "Rule: 'staff' with schedule 'office' wanted badge+face.",
        "Seen: similarity 0.910 (higher is closer), threshold 0.940: 0.030 below it.",
        "Seen: 4 frames, 3 of them compared with 2 references.",
        "Seen: 0.7 s from the badge to the decision.",
        "Tries: 1 failed face in a row with this badge; from 5 on the next one waits, from 50 on none counts. "
        "The next face counts at once.",
        "To change it: a similarity of 0.940 or more. Use your own badge, and look at the camera.",
    ]


def test_time_of_any_offset_is_shown_in_utc() -> None:
    row = Row(1, "2026-11-30T08:00:00+01:00", "decision", outcome="denied", reason="non-match")
    assert next(explanation_lines(row)) == "Row 1: 2026-11-30 07:00:00 UTC"
    assert row_line(row).startswith("    1  2026-11-30 07:00:00 UTC  decision")


def test_explanation_for_machines_names_the_rule(lintel: Callable[..., Result]) -> None:
    told = json.loads(lintel("explain", "1", "--json").stdout)
    assert (told["reason"], told["rule"]) == ("match", "'staff' with schedule 'office' wanted badge+face.")


@pytest.mark.parametrize("number", ["4", "99"])
def test_row_that_is_no_decision_is_not_explained(lintel: Callable[..., Result], number: str) -> None:
    assert code_of(lintel("explain", number)) == 8


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_explained(reason: Reason) -> None:
    told = explanation(Row(1, AT, "decision", outcome="denied", reason=reason.code))
    assert (told.decided, told.change) == (reason.meaning, reason.advice)


SPAN = ("--since", "2026-11-24T00:00:00+00:00", "--until", "2026-11-26T00:00:00+00:00")


def test_report_counts_what_happened(lintel: Callable[..., Result], state: Path) -> None:
    with Store(state) as store, store.people() as people:
        ada = people.named("Ada")
        assert ada is not None
        people.issue(Credential("h10301", 17, 1), ada, NOON)
        people.issue(Credential("h10301", 17, 9), ada, NOON)
    assert lintel("report", *SPAN).stdout.splitlines() == [
        "From 2026-11-24 00:00 UTC to 2026-11-26 00:00 UTC",
        "Let in:",
        "       1  Ada, first 2026-11-24 12:00 UTC, last 2026-11-24 12:00 UTC",
        "Refused:",
        "       2  non-match",
        "Doors held or forced open:",
        "       1  side: door-forced",
        "Valid badges that let no one in:",
        "  17:9, Ada",
    ]


def test_report_for_machines_has_the_same(lintel: Callable[..., Result]) -> None:
    told = json.loads(lintel("report", "--json", *SPAN).stdout)
    assert (told["names"], told["report"]["refused"]) == ({"1": "Ada"}, [["non-match", 2]])


def test_report_of_a_time_without_rows_says_so(lintel: Callable[..., Result]) -> None:
    told = lintel("report", "--since", "2020-01-01", "--until", "2020-01-02").stdout
    assert "Let in: no one" in told
