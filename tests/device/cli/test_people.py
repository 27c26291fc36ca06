"""From enrollment to erasure, as an operator types it."""

import hashlib
import shutil
from pathlib import Path

import msgspec
import pytest

from device.vision.manifest import read_manifest, write_pair
from device.vision.models import EMBEDDING, load_model, shipped_models_dir
from tests.device.commands import Ended, Lintel

pytestmark = pytest.mark.usefixtures("state")


def test_enrollment_says_who_with_what(enrolled: Ended) -> None:
    assert (enrolled.exit_code, enrolled.out) == (0, "Eileen Collins enrolled with badge 17:1001, 1 reference\n")


def test_enrollment_says_what_was_left_out_and_why(lintel: Lintel, eileen: Path, pictures: dict[str, Path]) -> None:
    said = lintel("enroll", "17:1001", eileen, pictures["nobody"], "--name", "Eileen Collins")
    assert f"{pictures['nobody']} left out: No face was found in the picture." in said.out


def test_enrollment_as_json(lintel: Lintel, eileen: Path, pictures: dict[str, Path]) -> None:
    report = lintel("enroll", "17:1001", eileen, pictures["two"], "--name", "Eileen Collins", "--json").json
    assert report == {
        "person": {"id": 1, "name": "Eileen Collins"},
        "badge": "17:1001",
        "accepted": [str(eileen)],
        "rejected": [{"label": str(pictures["two"]), "reason": "several-faces"}],
        "suspended": False,
        "resembles": {"alike": [], "fmr": 0.01, "people": 0, "is_extrapolated": False},
    }


def test_person_before_others_is_enrolled_if_the_operator_says_so(
    lintel: Lintel, eileen: Path, pictures: dict[str, Path]
) -> None:
    refused = lintel("enroll", "17:1001", pictures["behind"], "--name", "Eileen Collins")
    enrolled = lintel("enroll", "17:1001", pictures["behind"], "--name", "Eileen Collins", "--largest-face")
    assert (refused.exit_code, "--largest-face" in refused.err) == (10, True)
    assert (enrolled.exit_code, lintel("verify", "17:1001", eileen).exit_code) == (0, 0)


@pytest.mark.usefixtures("enrolled")
def test_person_before_others_is_compared_if_the_operator_says_so(
    lintel: Lintel, eileen: Path, pictures: dict[str, Path]
) -> None:
    plain = [lintel("verify", "17:1001", pictures["behind"]), lintel("compare", eileen, pictures["behind"])]
    largest = [
        lintel("verify", "17:1001", pictures["behind"], "--largest-face"),
        lintel("compare", eileen, pictures["behind"], "--largest-face"),
    ]
    assert [said.exit_code for said in (*plain, *largest)] == [5, 5, 0, 0]


def test_two_people_side_by_side_are_two_whatever_the_option(lintel: Lintel, pictures: dict[str, Path]) -> None:
    said = lintel("enroll", "17:1001", pictures["two"], "--name", "Eileen Collins", "--largest-face")
    assert (said.exit_code, "No face is 1.5 times as high as the others" in said.err) == (10, True)


@pytest.mark.usefixtures("enrolled")
def test_enrollment_with_a_suspended_badge_says_that_it_stays_so(lintel: Lintel, eileen: Path) -> None:
    lintel("badges", "suspend", "17:1001")
    said = lintel("enroll", "17:1001", eileen, "--name", "Eileen Collins")
    assert said.out.splitlines()[1] == "  Badge 17:1001 stays suspended: `lintel badges resume 17:1001`."


def test_picture_whose_name_is_no_text_can_be_enrolled(lintel: Lintel, eileen: Path, tmp_path: Path) -> None:
    path = tmp_path / "\udcff.jpg"
    path.write_bytes(eileen.read_bytes())
    report = lintel("enroll", "17:1001", path, "--name", "Eileen Collins", "--json").json
    assert report["accepted"] == [f"{tmp_path}/\ufffd.jpg"]


def test_pictures_come_from_the_camera_of_the_settings(lintel: Lintel, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "lintel.toml").write_text(f'people.basis = "law"\n[[cameras]]\nsource = "{clip}"')
    arguments = ("--config", tmp_path / "lintel.toml", "enroll", "17:1001", "--name", "Eileen Collins")
    said = lintel(*arguments, "--camera", "--pictures", 1)
    assert said.out == "Eileen Collins enrolled with badge 17:1001, 1 reference\n"


@pytest.mark.usefixtures("enrolled")
def test_badge_of_somebody_else_is_refused(lintel: Lintel, grace: Path) -> None:
    said = lintel("enroll", "17:1001", grace, "--name", "Grace Hopper")
    assert (said.exit_code, "belongs to Eileen Collins" in said.err) == (10, True)


@pytest.mark.usefixtures("enrolled")
def test_another_person_s_badge_is_refused_before_the_camera_opens(lintel: Lintel, tmp_path: Path) -> None:
    (tmp_path / "lintel.toml").write_text('[[cameras]]\nsource = "/dev/video99"')
    said = lintel("--config", tmp_path / "lintel.toml", "enroll", "17:1001", "--name", "Grace Hopper", "--camera")
    assert (said.exit_code, "belongs to Eileen Collins" in said.err) == (10, True)


@pytest.mark.usefixtures("enrolled")
def test_face_of_somebody_else_is_refused(lintel: Lintel, grace: Path) -> None:
    said = lintel("enroll", "17:1001", grace, "--name", "Eileen Collins")
    assert (said.exit_code, "differs from the other pictures or from the references" in said.err) == (10, True)


@pytest.mark.usefixtures("enrolled")
def test_second_badge_for_the_same_person(lintel: Lintel, eileen: Path) -> None:
    lintel("enroll", "17:1009", eileen, "--name", "EILEEN COLLINS")
    assert lintel("people", "list").out == "Eileen Collins: badge 17:1001, 17:1009, 1 reference\n"


@pytest.mark.usefixtures("both")
def test_right_face_is_a_match(lintel: Lintel, eileen: Path) -> None:
    said = lintel("verify", "17:1001", eileen)
    assert (said.exit_code, said.out.splitlines()[0]) == (0, "MATCH with Eileen Collins")


@pytest.mark.usefixtures("both")
def test_other_face_is_a_non_match(lintel: Lintel, grace: Path) -> None:
    said = lintel("verify", "17:1001", grace)
    assert (said.exit_code, said.out.splitlines()[0]) == (1, "NON-MATCH with Eileen Collins")


@pytest.mark.usefixtures("both")
def test_verification_as_json(lintel: Lintel, eileen: Path) -> None:
    verdict = lintel("verify", "17:1001", eileen, "--json").json
    rule = load_model(EMBEDDING, shipped_models_dir()).manifest.decision
    assert rule is not None
    assert verdict == {
        "match": True,
        "similarity": pytest.approx(1.0, abs=1e-3),
        "threshold": rule.threshold(1, 1),
        "target_fmr": rule.target_fmr,
        "references": 1,
        "person": "Eileen Collins",
    }


@pytest.mark.parametrize(("other", "expected"), [("eileen-collins", (0, "MATCH")), ("grace-hopper", (1, "NON-MATCH"))])
def test_comparison_of_two_pictures(
    lintel: Lintel, portrait_files: dict[str, Path], other: str, expected: tuple[int, str]
) -> None:
    said = lintel("compare", portrait_files["eileen-collins"], portrait_files[other])
    assert (said.exit_code, said.out.splitlines()[0]) == expected


def test_comparison_as_json(lintel: Lintel, eileen: Path, grace: Path) -> None:
    verdict = lintel("compare", eileen, grace, "--json").json
    assert (verdict["match"], verdict["person"], verdict["similarity"] < verdict["threshold"]) == (False, None, True)


def test_comparison_is_the_same_both_ways(lintel: Lintel, eileen: Path, grace: Path) -> None:
    there, back = lintel("compare", eileen, grace, "--json"), lintel("compare", grace, eileen, "--json")
    assert there.json["similarity"] == pytest.approx(back.json["similarity"])


@pytest.mark.usefixtures("both")
def test_list_of_people(lintel: Lintel) -> None:
    assert lintel("people", "list").out == (
        "Eileen Collins: badge 17:1001, 1 reference\nGrace Hopper: badge csn:04A2B9C1, 1 reference\n"
    )


@pytest.mark.usefixtures("enrolled")
def test_person_whose_references_another_network_made_is_listed(lintel: Lintel, tmp_path: Path) -> None:
    """The door does not go by them any more once its settings name another network."""
    assert lintel("people", "list", "--stale").out == ""
    other = Path(shutil.copytree(shipped_models_dir(), tmp_path / "other"))
    content = (other / f"{EMBEDDING}.tflite").read_bytes() + b"\0"
    manifest = read_manifest(other / f"{EMBEDDING}.json")
    hashed = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    write_pair(msgspec.structs.replace(manifest, **hashed), content, other)
    settings = tmp_path / "lintel.toml"
    settings.write_text(f'[vision]\nmodels_dir = "{other}"\n')
    assert lintel("--config", settings, "people", "list", "--stale").out == (
        "Eileen Collins: badge 17:1001, 1 reference\n"
    )


@pytest.mark.usefixtures("enrolled")
def test_somebody_who_needs_more_time_gets_it_until_told_otherwise(lintel: Lintel) -> None:
    assert (
        lintel("people", "time", "eileen collins", "extended").out == "Eileen Collins has the extended strike time.\n"
    )
    assert "strike time: extended" in lintel("people", "show", "Eileen Collins").out
    usual = lintel("people", "time", "Eileen Collins", "usual", "--json").json
    assert usual == {"person": {"id": 1, "name": "Eileen Collins"}, "extended": False}
    assert "strike time" not in lintel("people", "show", "Eileen Collins").out


@pytest.mark.usefixtures("enrolled")
def test_list_of_people_as_json(lintel: Lintel) -> None:
    (person,) = lintel("people", "list", "--json").json
    assert (set(person), person["person"]["name"], person["badges"][0]["badge"], person["references"][0][1]) == (
        {"person", "enrolled_at", "badges", "references", "extended", "groups", "valid", "uid", "changed"},
        "Eileen Collins",
        "17:1001",
        1,
    )


@pytest.mark.usefixtures("enrolled")
def test_person_is_shown_whatever_the_case(lintel: Lintel) -> None:
    said = lintel("people", "show", "eileen COLLINS").out.splitlines()
    assert (said[0].startswith("Eileen Collins, enrolled 20"), said[1]) == (True, "badges: 17:1001")


@pytest.mark.usefixtures("enrolled")
def test_person_is_shown_with_the_model_of_the_references(lintel: Lintel) -> None:
    assert "1 made by " in (said := lintel("people", "show", "Eileen Collins").out)
    assert said.endswith("(the present model)\n")


@pytest.mark.usefixtures("enrolled")
def test_person_as_json(lintel: Lintel) -> None:
    shown = lintel("people", "show", "Eileen Collins", "--json").json
    listed = lintel("people", "list", "--json").json[0]
    failures = {"face": 0, "pin": 0, "since_grant": 0}
    badges = [{**badge, "failures": failures, "duress": False} for badge in listed["badges"]]
    assert shown == {**listed, "has_pin": False, "pin_demanded": False, "badges": badges}


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("COLL", ["Eileen Collins"]),
        ("e", ["Eileen Collins", "Grace Hopper"]),
        ("17:1001", ["Eileen Collins"]),
        ("1001", ["Eileen Collins"]),
        ("CSN:04A2B9C1", ["Grace Hopper"]),
        ("77773249", ["Grace Hopper"]),
    ],
)
def test_people_are_found_by_part_of_the_name_or_by_badge(lintel: Lintel, text: str, names: list[str]) -> None:
    found = lintel("people", "find", text)
    assert (found.exit_code, [line.split(":")[0] for line in found.out.splitlines()]) == (0, names)
    assert [person["person"]["name"] for person in lintel("people", "find", text, "--json").json] == names


@pytest.mark.usefixtures("both")
def test_badge_that_nobody_holds_any_more_is_found_as_revoked(lintel: Lintel) -> None:
    lintel("badges", "revoke", "17:1001")
    lintel("people", "remove", "Eileen Collins", "--yes")
    found = lintel("people", "find", "17:1001")
    assert (found.exit_code, found.err) == (1, "Badge 17:1001 is revoked; its holder was removed.\n")


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("command", [("people", "show"), ("people", "rename", "Ada"), ("badges", "add", "17:1")])
def test_part_of_a_name_is_answered_with_the_whole(lintel: Lintel, command: tuple[str, ...]) -> None:
    group, verb, *rest = command
    said = lintel(group, verb, "COLLINS", *rest)
    assert (said.exit_code, "Write the whole name: 'Eileen Collins'." in said.err) == (9, True)


@pytest.mark.usefixtures("both")
def test_nobody_found_says_so(lintel: Lintel) -> None:
    found = lintel("people", "find", "Lovelace")
    assert (found.exit_code, found.out, "No name or badge matches 'Lovelace'" in found.err) == (1, "", True)
    assert lintel("people", "find", "17:9999", "--json").json == []


def test_accents_do_not_hide_anybody(lintel: Lintel, eileen: Path) -> None:
    lintel("enroll", "17:1", eileen, "--name", "Zoë Weiß")
    assert [lintel("people", "find", text).exit_code for text in ("zoe", "ZOË", "weiss", "e  w", "zoo")] == [
        0,
        0,
        0,
        0,
        1,
    ]


@pytest.mark.usefixtures("both")
def test_renamed_person_keeps_the_badge(lintel: Lintel, eileen: Path) -> None:
    renamed = lintel("people", "rename", "eileen collins", "Eileen Marie Collins")
    assert (renamed.exit_code, renamed.out) == (0, "Eileen Collins is now Eileen Marie Collins.\n")
    assert lintel("verify", "17:1001", eileen).out.splitlines()[0] == "MATCH with Eileen Marie Collins"
    assert lintel("people", "show", "Eileen Collins").exit_code == 9


@pytest.mark.usefixtures("both")
def test_name_that_is_taken_is_refused(lintel: Lintel) -> None:
    renamed = lintel("people", "rename", "Eileen Collins", "GRACE HOPPER")
    assert (renamed.exit_code, "Grace Hopper is already enrolled" in renamed.err) == (9, True)


@pytest.mark.usefixtures("enrolled")
@pytest.mark.parametrize("typed", ["n\n", ""])
def test_person_stays_unless_the_removal_is_confirmed(lintel: Lintel, typed: str) -> None:
    removed = lintel("people", "remove", "Eileen Collins", typed=typed)
    assert (removed.exit_code, "Eileen Collins" in lintel("people", "list").out) == (130, True)


@pytest.mark.usefixtures("both")
def test_removed_person_is_gone(lintel: Lintel) -> None:
    removed = lintel("people", "remove", "eileen collins", typed="y\n")
    assert (
        removed.exit_code,
        "Eileen Collins has been erased." in removed.out,
        "Eileen" in lintel("people", "list").out,
    ) == (
        0,
        True,
        False,
    )


@pytest.mark.usefixtures("enrolled")
def test_removal_and_renaming_as_json(lintel: Lintel) -> None:
    renamed = lintel("people", "rename", "eileen collins", "Eileen", "--json").json
    removed = lintel("people", "remove", "Eileen", "--yes", "--json").json
    assert renamed == {"person": {"id": 1, "name": "Eileen"}, "before": "Eileen Collins"}
    assert removed.pop("receipt")["references"] == 1
    assert removed == {"person": {"id": 1, "name": "Eileen"}, "erased": True}


@pytest.mark.usefixtures("enrolled")
def test_badge_of_a_removed_person_can_be_given_to_another(lintel: Lintel, grace: Path) -> None:
    lintel("people", "remove", "Eileen Collins", "--yes")
    assert lintel("enroll", "17:1001", grace, "--name", "Grace Hopper").exit_code == 0


@pytest.mark.usefixtures("enrolled")
def test_audit_tells_what_operators_did(lintel: Lintel) -> None:
    for change in (
        ("people", "time", "Eileen Collins", "extended"),
        ("people", "rename", "Eileen Collins", "Eileen"),
        ("badges", "add", "Eileen", "17:1002"),
        ("badges", "suspend", "17:1002"),
        ("badges", "resume", "17:1002"),
        ("badges", "revoke", "17:1002"),
        ("badges", "restore", "17:1002"),
        ("badges", "replace", "17:1002", "17:1003"),
        ("people", "remove", "Eileen", "--yes"),
    ):
        assert lintel(*change).exit_code == 0
    rows = lintel("audit", "list", "--json").json
    assert [row["event"] for row in rows] == [
        "enrolled",
        "person-time-extended",
        "person-renamed",
        "badge-issued",
        "badge-suspended",
        "badge-resumed",
        "badge-revoked",
        "badge-restored",
        "badge-revoked",
        "badge-issued",
        "person-removed",
    ]
    assert [row["person_id"] for row in rows] == [None] * 10 + [1], "those of erased people are erased with them"


@pytest.mark.usefixtures("enrolled")
def test_audit_names_people_as_long_as_they_are_enrolled(lintel: Lintel) -> None:
    before = lintel("audit", "list").out
    lintel("people", "remove", "Eileen Collins", "--yes")
    after = lintel("audit", "list").out
    assert ("Eileen Collins" in before, "Eileen" in after, "person 1 (removed)" in after) == (True, False, True)


@pytest.mark.usefixtures("both")
def test_audit_shows_the_newest_rows(lintel: Lintel) -> None:
    (row,) = lintel("audit", "list", "--limit", 1, "--json").json
    assert (row["badge"], row["person_id"]) == ("csn:04A2B9C1", 2)


@pytest.mark.parametrize(
    ("command", "said"),
    [("people", "No people enrolled yet"), ("badges", "No badges yet"), ("audit", "The audit is empty")],
)
def test_empty_lists_say_so_beside_the_output(lintel: Lintel, command: str, said: str) -> None:
    shown = lintel(command, "list")
    assert (shown.exit_code, shown.out, said in shown.err) == (0, "", True)


@pytest.mark.parametrize("command", ["people", "badges", "audit"])
def test_empty_lists_as_json(lintel: Lintel, command: str) -> None:
    assert lintel(command, "list", "--json").json == []


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    "command", [("people", "list"), ("people", "show", "Eileen Collins"), ("badges", "list"), ("audit", "list")]
)
def test_no_output_holds_an_embedding(lintel: Lintel, command: tuple[str, ...]) -> None:
    assert "embedding" not in lintel(*command, "--json").out


def test_state_folder_of_the_command_line_comes_first(lintel: Lintel, enrolled: Ended, tmp_path: Path) -> None:
    elsewhere = lintel("--state-dir", tmp_path / "elsewhere", "people", "list")
    assert (enrolled.exit_code, elsewhere.out) == (0, "")
