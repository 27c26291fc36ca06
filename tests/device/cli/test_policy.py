"""`lintel policy`: rules applied, shown, checked and tried, and what is refused."""

from pathlib import Path

import pytest

from tests.device.commands import Lintel

RULES = """
zone = "Europe/Berlin"
[[schedules]]
name = "day"
windows = ["Mon-Fri 08:00-18:00"]
[[rules]]
name = "eileen"
action = "allow"
people = ["Eileen Collins"]
doors = ["main"]
schedule = "day"
"""
WRONG = RULES.replace("08:00-18:00", "08:00-28:00")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


@pytest.mark.usefixtures("state")
def test_without_rules_show_says_what_counts(lintel: Lintel) -> None:
    said = lintel("policy", "show")
    assert (said.exit_code, said.out, "holder's face, at all times" in said.err) == (1, "", True)


@pytest.mark.usefixtures("enrolled")
def test_applied_rules_are_shown_word_for_word(lintel: Lintel, file: Path) -> None:
    applied = lintel("policy", "apply", file)
    assert applied.out.startswith("Rules version 1 count from now on. SHA-256 ")
    assert lintel("policy", "show", "--toml").out == f"{RULES.rstrip()}\n"
    assert lintel("policy", "show").out.startswith("# Version 1, since 20")
    assert lintel("policy", "show", "--json").json["text"] == RULES


@pytest.mark.usefixtures("enrolled")
def test_applying_is_in_the_audit_with_its_hash(lintel: Lintel, file: Path) -> None:
    applied = lintel("policy", "apply", file, "--json").json
    row = lintel("audit", "list", "--json").json[-1]
    assert (row["event"], applied["sha256"] in row["fault"]) == ("rules-applied", True)


@pytest.mark.usefixtures("enrolled")
def test_wrong_rules_are_refused_and_the_old_ones_count(lintel: Lintel, file: Path) -> None:
    lintel("policy", "apply", file)
    file.write_text(WRONG)
    said = lintel("policy", "apply", file)
    assert (said.exit_code, "a time that no clock shows" in said.err, "policy check" in said.err) == (3, True, True)
    assert lintel("policy", "show", "--json").json["version"] == 1


@pytest.mark.usefixtures("enrolled")
def test_rules_about_an_unknown_door_are_refused(lintel: Lintel, file: Path) -> None:
    file.write_text(RULES.replace('"main"', '"mian"'))
    said = lintel("policy", "apply", file)
    assert (said.exit_code, "about the door 'mian', which doesn't exist" in said.err) == (3, True)


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("content", [b"\xff\xfe[", b"zone = \x80", b"[" * 9000])
def test_a_file_that_is_no_text_is_refused(lintel: Lintel, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert [lintel("policy", verb, file).exit_code for verb in ("apply", "check")] == [3, 3]


@pytest.mark.usefixtures("state")
def test_a_file_that_is_not_there_is_named(lintel: Lintel, tmp_path: Path) -> None:
    said = lintel("policy", "check", tmp_path / "none.toml")
    assert (said.exit_code, "Cannot read the rules" in said.err) == (3, True)


@pytest.mark.usefixtures("enrolled")
def test_check_of_good_rules_finds_nothing(lintel: Lintel, file: Path) -> None:
    said = lintel("policy", "check", file)
    assert (said.exit_code, said.out) == (0, "Nothing is wrong with these rules.\n")


@pytest.mark.usefixtures("enrolled")
def test_check_names_each_finding(lintel: Lintel, file: Path) -> None:
    file.write_text(RULES.replace("Eileen Collins", "Aileen Collins"))
    said = lintel("policy", "check", file)
    assert (said.exit_code, said.out.splitlines()[0]) == (
        1,
        "Warning: eileen: no one named 'Aileen Collins' is enrolled. "
        "Fix the name, or enroll the person and apply the rules again.",
    )
    assert lintel("policy", "check", file, "--json").json[0]["about"] == "eileen"


@pytest.mark.usefixtures("enrolled")
def test_try_says_who_is_let_in_with_what_and_why(lintel: Lintel, file: Path) -> None:
    lintel("policy", "apply", file)
    said = lintel("policy", "try", "17:1001", "--door", "main", "--at", "2026-11-30T08:00")
    assert (said.exit_code, said.out) == (
        0,
        "Eileen Collins at main, Mon 2026-11-30 08:00 CET: let in with badge+face (rule eileen, schedule day).\n",
    )


@pytest.mark.usefixtures("enrolled")
def test_try_says_what_would_help(lintel: Lintel, file: Path) -> None:
    lintel("policy", "apply", file)
    said = lintel("policy", "try", "17:1001", "--at", "2026-11-30T18:00")
    assert (said.exit_code, said.out.splitlines()) == (
        1,
        [
            "Eileen Collins at main, Mon 2026-11-30 18:00 CET: refused, outside-schedule (rule eileen, schedule day). "
            "The badge's holder may come in at this door, but at other times.",
            "What would help: another time: from Tue 2026-12-01 08:00 CET, by the rule 'eileen'.",
        ],
    )


@pytest.mark.usefixtures("enrolled")
def test_try_as_json(lintel: Lintel, file: Path) -> None:
    lintel("policy", "apply", file)
    said = lintel("policy", "try", "17:1001", "--at", "2026-11-30T17:00Z", "--json").json
    assert (said["granted"], said["reason"], said["until"]) == (
        False,
        "outside-schedule",
        "2026-12-01T07:00:00+00:00",
    )


@pytest.mark.usefixtures("enrolled")
def test_try_without_rules_is_the_doors_own_mode(lintel: Lintel) -> None:
    assert lintel("policy", "try", "17:1001", "--json").json["mode"] == "badge+face"


@pytest.mark.usefixtures("enrolled")
def test_try_of_an_unknown_or_revoked_badge_says_so(lintel: Lintel) -> None:
    unknown = lintel("policy", "try", "17:1002", "--json").json
    lintel("badges", "revoke", "17:1001")
    revoked = lintel("policy", "try", "17:1001", "--json").json
    assert (unknown["reason"], revoked["reason"]) == ("badge-unknown", "badge-revoked")


@pytest.mark.usefixtures("enrolled")
def test_try_at_no_time_and_at_no_door_is_a_mistake(lintel: Lintel) -> None:
    assert lintel("policy", "try", "17:1001", "--at", "noon").exit_code == 2
    assert lintel("policy", "try", "17:1001", "--door", "moon").exit_code == 3


def test_try_writes_nothing(lintel: Lintel, enrolled: object) -> None:
    assert enrolled
    before = lintel("audit", "list", "--json").json
    lintel("policy", "try", "17:1001")
    assert lintel("audit", "list", "--json").json == before
