"""`lintel badges`: given, revoked, replaced, suspended and listed."""

from pathlib import Path

import pytest

from tests.device.commands import Ended, Lintel


@pytest.mark.usefixtures("both")
def test_list_of_badges(lintel: Lintel) -> None:
    assert lintel("badges", "list").out == "csn:04A2B9C1  Grace Hopper  valid\n17:1001  Eileen Collins  valid\n"


@pytest.mark.usefixtures("enrolled")
def test_list_of_badges_as_json(lintel: Lintel) -> None:
    (badge,) = lintel("badges", "list", "--json").json
    assert (badge["badge"], badge["person"]["name"], badge["revoked_at"]) == ("17:1001", "Eileen Collins", None)


@pytest.mark.usefixtures("enrolled")
def test_revoked_badge_is_worthless(lintel: Lintel, eileen: Path) -> None:
    revoked = lintel("badges", "revoke", "h10301:17:1001")
    verified = lintel("verify", "17:1001", eileen)
    assert (revoked.out, verified.exit_code, "revoked" in verified.err) == (
        "Badge 17:1001 of Eileen Collins is revoked.\n",
        9,
        True,
    )


@pytest.mark.usefixtures("enrolled")
def test_revoked_badge_is_listed_as_such(lintel: Lintel) -> None:
    lintel("badges", "revoke", "17:1001")
    assert "17:1001  Eileen Collins  revoked 20" in lintel("badges", "list").out


@pytest.mark.usefixtures("enrolled")
def test_revoked_badge_cannot_be_enrolled_again(lintel: Lintel, eileen: Path) -> None:
    lintel("badges", "revoke", "17:1001")
    said = lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    assert (said.exit_code, "has been revoked" in said.err) == (10, True)


@pytest.fixture
def left_behind(lintel: Lintel, enrolled: Ended) -> Ended:
    """A revoked badge whose holder was removed."""
    lintel("badges", "revoke", "17:1001")
    lintel("people", "remove", "Eileen Collins", "--yes")
    return enrolled


@pytest.mark.usefixtures("left_behind")
def test_badge_stays_revoked_when_its_holder_is_removed(lintel: Lintel, grace: Path) -> None:
    said = lintel("enroll", "17:1001", grace, "--name", "Grace Hopper")
    assert (said.exit_code, "was revoked" in said.err, "badges restore" in said.err) == (9, True, True)
    assert lintel("people", "list").out == ""


@pytest.mark.usefixtures("left_behind")
def test_badge_that_stays_revoked_is_listed(lintel: Lintel) -> None:
    assert "17:1001  (no holder)  revoked 20" in lintel("badges", "list").out
    (listed,) = lintel("badges", "list", "--json").json
    assert (listed["badge"], listed["person"], listed["issued_at"]) == ("17:1001", None, None)


@pytest.mark.usefixtures("left_behind")
def test_badge_that_was_restored_can_be_enrolled(lintel: Lintel, grace: Path) -> None:
    restored = lintel("badges", "restore", "17:1001")
    assert (restored.exit_code, restored.out) == (0, "Badge 17:1001 can be issued again.\n")
    assert lintel("enroll", "17:1001", grace, "--name", "Grace Hopper").exit_code == 0
    events = [row["event"] for row in lintel("audit", "list", "--json").json]
    assert events[-2:] == ["badge-restored", "enrolled"]


@pytest.mark.usefixtures("enrolled")
def test_badge_is_restored_for_a_holder_who_is_still_there(lintel: Lintel, eileen: Path) -> None:
    lintel("badges", "revoke", "17:1001")
    assert lintel("badges", "restore", "17:1001").out == "Badge 17:1001 of Eileen Collins is valid again.\n"
    assert lintel("verify", "17:1001", eileen).exit_code == 0


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize(("badge", "why"), [("17:1001", "is not revoked"), ("17:9999", "is not revoked")])
def test_only_what_was_revoked_is_restored(lintel: Lintel, badge: str, why: str) -> None:
    said = lintel("badges", "restore", badge)
    assert (said.exit_code, why in said.err) == (9, True)


@pytest.mark.usefixtures("enrolled")
def test_new_badge_needs_no_pictures(lintel: Lintel, eileen: Path) -> None:
    added = lintel("badges", "add", "eileen collins", "17:1002")
    assert (added.exit_code, added.out) == (0, "Badge 17:1002 of Eileen Collins is valid.\n")
    assert lintel("verify", "17:1002", eileen).exit_code == 0


@pytest.mark.usefixtures("enrolled")
def test_replaced_badge_is_worthless_and_its_successor_opens(lintel: Lintel, eileen: Path) -> None:
    replaced = lintel("badges", "replace", "17:1001", "csn:04a2b9c1")
    assert replaced.out == "Eileen Collins: badge 17:1001 is revoked, csn:04A2B9C1 is valid.\n"
    assert [lintel("verify", badge, eileen).exit_code for badge in ("17:1001", "csn:04A2B9C1")] == [9, 0]


@pytest.mark.usefixtures("enrolled")
def test_replacement_as_json(lintel: Lintel) -> None:
    replaced = lintel("badges", "replace", "17:1001", "17:1002", "--json").json
    assert [(key, badge["badge"], badge["state"]) for key, badge in replaced.items()] == [
        ("old", "17:1001", "revoked"),
        ("new", "17:1002", "valid"),
    ]


@pytest.mark.usefixtures("enrolled")
def test_suspended_badge_is_worthless_until_it_is_resumed(lintel: Lintel, eileen: Path) -> None:
    suspended = lintel("badges", "suspend", "17:1001")
    refused, listed = lintel("verify", "17:1001", eileen), lintel("badges", "list").out
    resumed = lintel("badges", "resume", "17:1001")
    assert suspended.out == "Badge 17:1001 of Eileen Collins is suspended.\n"
    assert (refused.exit_code, "lintel badges resume" in refused.err) == (9, True)
    assert "17:1001  Eileen Collins  suspended 20" in listed
    assert resumed.out == "Badge 17:1001 of Eileen Collins is valid again.\n"
    assert lintel("verify", "17:1001", eileen).exit_code == 0


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize(
    ("command", "becomes"),
    [("suspend", "suspended"), ("resume", "valid"), ("revoke", "revoked"), ("restore", "valid")],
)
def test_changed_badge_as_json(lintel: Lintel, command: str, becomes: str) -> None:
    before = {"resume": "suspend", "restore": "revoke"}.get(command)
    if before:
        lintel("badges", before, "17:1001")
    changed = lintel("badges", command, "17:1001", "--json").json
    assert (changed["badge"], changed["person"]["name"], changed["state"]) == ("17:1001", "Eileen Collins", becomes)
    (listed,) = lintel("badges", "list", "--json").json
    assert {**changed, "failures": {"face": 0, "pin": 0, "since_grant": 0}, "duress": False} == listed


@pytest.mark.usefixtures("left_behind")
def test_restored_badge_of_nobody_as_json(lintel: Lintel) -> None:
    restored = lintel("badges", "restore", "17:1001", "--json").json
    assert (restored["badge"], restored["person"], restored["state"]) == ("17:1001", None, "free")
