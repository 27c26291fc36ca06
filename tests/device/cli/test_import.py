"""Many people at once, as an operator brings them in and takes them out."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from device.records import ClockState
from tests.device.commands import Ended, Lintel

pytestmark = pytest.mark.usefixtures("state")
EILEEN, GRACE = "Eileen Collins", "Grace Hopper"
HEAD = "name,badges,groups,until,pictures\n"


@pytest.fixture
def pictures(tmp_path: Path, eileen: Path, grace: Path) -> Path:
    """A folder with a picture of each, named as they are, and one that is damaged."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(eileen, folder / "eileen_collins-1.jpg")
    shutil.copy(grace, folder / "Grace Hopper.jpg")
    (folder / "damaged.jpg").write_bytes(eileen.read_bytes()[:5000])
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def bring(lintel: Lintel, tmp_path: Path, pictures: Path) -> Callable[..., Ended]:
    """Imports a list."""

    def run(lines: str, *options: str) -> Ended:
        path = tmp_path / "list.csv"
        path.write_text(HEAD + lines, encoding="utf-8")
        return lintel("people", "import", path, "--pictures", pictures, *options)

    return run


BOTH = f"{EILEEN},17:1;17:2,Staff,,\n{GRACE},17:3,Staff;Night,2026-12-31,\n"


def shown(lintel: Lintel, name: str) -> Any:
    return lintel("people", "show", name, "--json").json


def test_people_come_in_with_all_that_the_list_says(bring: Callable[..., Ended], lintel: Lintel, eileen: Path) -> None:
    said = bring(BOTH)
    assert (said.exit_code, "2 new, 0 changed, 0 unchanged, 0 refused." in said.out) == (0, True)
    assert [badge["badge"] for badge in shown(lintel, EILEEN)["badges"]] == ["17:1", "17:2"]
    assert (shown(lintel, GRACE)["groups"], shown(lintel, GRACE)["valid"]["ends"][:4]) == (["Night", "Staff"], "2027")
    assert lintel("verify", "17:2", eileen).exit_code == 0


def test_report_says_where_the_pictures_still_lie(bring: Callable[..., Ended], pictures: Path) -> None:
    assert f"The pictures still lie in {pictures}" in bring(BOTH).out.replace("\n", " ")


def test_import_that_is_repeated_changes_nothing(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(BOTH)
    before = lintel("people", "list", "--json").json, len(lintel("audit", "list", "--json").json)
    again = bring(BOTH)
    assert "0 new, 0 changed, 2 unchanged, 0 refused." in again.out
    assert (lintel("people", "list", "--json").json, len(lintel("audit", "list", "--json").json)) == before


def test_import_goes_on_where_it_ended(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(BOTH.splitlines(keepends=True)[0])
    assert "1 new, 0 changed, 1 unchanged, 0 refused." in bring(BOTH).out
    assert "0 new, 1 changed, 0 unchanged, 0 refused." in bring(f"{EILEEN},17:9,,,\n").out
    assert len(shown(lintel, EILEEN)["badges"]) == 3


def test_dry_run_stores_nothing_and_says_the_same(bring: Callable[..., Ended], lintel: Lintel) -> None:
    said = bring(BOTH, "--dry-run")
    assert "2 new, 0 changed, 0 unchanged, 0 refused (dry run: nothing was stored)." in said.out.replace("\n", " ")
    assert lintel("people", "list", "--json").json == []
    assert lintel("audit", "list", "--json").json == []
    assert "2 new" in bring(BOTH).out
    assert not [row for row in lintel("audit", "list", "--json").json if row["event"] == "audit-broken"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"{GRACE},17:1,,,", "badge 17:1 is that of Eileen Collins in line 2 already"),
        (f"{GRACE},csn:08A2B9C1,,,", "random number"),
        (f"{GRACE},17:3,,,../secret.jpg", "no picture"),
        (f"{GRACE},17:3,,,notes.txt", "no picture"),
        (f"{GRACE},17:3,,,damaged.jpg", "No picture can become a reference"),
        (f"{GRACE},,,,", "pictures and no badge"),
        (f"{GRACE},17:3,,,eileen_collins-1.jpg;Grace Hopper.jpg", "one and the same person"),
        ("=1+1,17:3,,,", "formula"),
    ],
)
def test_line_that_is_refused_leaves_nothing(bring: Callable[..., Ended], lintel: Lintel, line: str, why: str) -> None:
    said = bring(f"{EILEEN},17:1,,,\n{line}\n")
    assert (said.exit_code, why in said.out.replace("\n  ", " ").replace("\n", " ")) == (1, True), said.out
    assert [one["person"]["name"] for one in lintel("people", "list", "--json").json] == [EILEEN]


def test_badge_of_another_person_is_refused_with_the_name(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(f"{EILEEN},17:1,,,\n")
    said = bring(f"{GRACE},17:3;17:1,,,\n")
    assert (said.exit_code, f"Badge 17:1 belongs to {EILEEN}" in said.out) == (1, True)
    assert len(lintel("people", "list", "--json").json) == 1


def test_revoked_badge_is_refused_with_its_holder(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(f"{EILEEN},17:1,,,\n")
    lintel("badges", "revoke", "17:1")
    said = bring(f"{GRACE},17:3;17:1,,,\n")
    assert (said.exit_code, f"last held by {EILEEN}" in said.out) == (1, True)


def test_row_without_a_legal_basis_is_refused(
    bring: Callable[..., Ended], lintel: Lintel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINTEL_CONFIG")
    refused, stated = bring(BOTH), bring(BOTH, "--basis", "contract")
    assert (refused.exit_code, refused.out.count("There is no legal basis")) == (1, 2)
    assert (stated.exit_code, lintel("people", "basis", GRACE, "--json").json["bases"][0]["grounds"]["kind"]) == (
        0,
        "contract",
    )


def test_people_without_pictures_need_no_basis(
    bring: Callable[..., Ended], lintel: Lintel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LINTEL_CONFIG")
    assert bring("Ada Lovelace,17:7,Staff,,\n").exit_code == 0
    assert shown(lintel, "Ada Lovelace")["groups"] == ["Staff"]


def test_one_face_under_two_names_is_told(bring: Callable[..., Ended], lintel: Lintel) -> None:
    said = bring(f"{EILEEN},17:1,,,\nAda Lovelace,17:2,,,eileen_collins-1.jpg\n")
    assert (said.exit_code, f"looks like {EILEEN}" in said.out.replace("\n  ", " ")) == (0, True)
    found = lintel("people", "check")
    assert (found.exit_code, f"{EILEEN} and Ada Lovelace look alike" in found.out) == (1, True)


def test_check_finds_who_has_no_basis_and_worthless_references(
    bring: Callable[..., Ended], lintel: Lintel, tmp_path: Path
) -> None:
    from device.store.store import Store

    bring(BOTH)
    assert lintel("people", "check").exit_code == 0
    with Store(tmp_path / "state") as store, store.people() as people:
        people._session.execute("DELETE FROM bases WHERE person_id = 1")
        people._session.execute("UPDATE face_references SET quality = ? WHERE person_id = 2", ['{"noise": 7.0}'])
    said = lintel("people", "check", "--json").json
    assert [one["name"] for one in said["groundless"]] == [EILEEN]
    assert [(one["person"]["name"], one["reason"]) for one in said["worthless"]] == [(GRACE, "face-noisy")]
    assert f"{EILEEN}: legal basis unknown (before)" in lintel("people", "check").out


def test_everyone_goes_out_and_comes_in_again(
    bring: Callable[..., Ended], lintel: Lintel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(BOTH)
    exported = lintel("people", "export").out
    (tmp_path / "all.csv").write_text(exported)
    again = lintel("people", "import", tmp_path / "all.csv")
    assert "0 new, 0 changed, 2 unchanged, 0 refused." in again.out
    monkeypatch.setenv("LINTEL_STATE_DIR", str(tmp_path / "other"))
    assert "2 new" in lintel("people", "import", tmp_path / "all.csv").out
    assert lintel("people", "export").out == exported


def test_all_that_is_kept_of_a_person_goes_out(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(BOTH)
    kept = lintel("people", "export", EILEEN).json
    assert set(kept) == {
        "enrolled",
        "bases",
        "references",
        "has_pin",
        "attempts",
        "place",
        "audit",
        "embeddings",
    }
    assert (kept["enrolled"]["person"]["name"], kept["has_pin"], kept["embeddings"]) == (EILEEN, False, {})
    assert [row["event"] for row in kept["audit"]][-1] == "person-exported"
    assert {row["person_id"] for row in kept["audit"]} == {1}


def test_references_go_out_only_where_asked_for(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(BOTH)
    (vectors,) = lintel("people", "export", EILEEN, "--references").json["embeddings"].values()
    assert [len(vector) for vector in vectors] == [684]
    assert lintel("people", "export", "--references").exit_code == 2


def test_lines_as_json(bring: Callable[..., Ended]) -> None:
    lines = msgspec.json.decode(bring(f"{EILEEN},17:1,,,\n,17:2,,,\n", "--json").out)["lines"]
    assert [(one["line"], one["outcome"], one["references"]) for one in lines] == [(2, "new", 1), (3, "refused", 0)]


def test_stale_people_are_listed(bring: Callable[..., Ended], lintel: Lintel, tmp_path: Path) -> None:
    from device.store.store import Store

    bring(BOTH)
    assert lintel("people", "stale").out == ""
    with Store(tmp_path / "state") as store, store.people() as people:
        people._session.execute("UPDATE face_references SET model_sha256 = ? WHERE person_id = 2", ["ab" * 32])
    assert lintel("people", "stale").out == f"{GRACE}\n"


def test_retention_lists_first_and_asks(bring: Callable[..., Ended], lintel: Lintel) -> None:
    bring(BOTH)
    lintel("people", "valid", GRACE, "--until", "2020-01-01")
    listed = lintel("people", "retention", "--ended", "--dry-run")
    declined = lintel("people", "retention", "--ended", typed="n\n")
    assert (listed.out, declined.exit_code) == (f"{GRACE}: ended since 2020-01-02\n", 130)
    erased = lintel("people", "retention", "--ended", "--yes")
    assert erased.out == f"{GRACE}: ended since 2020-01-02, erased\n"
    assert [one["person"]["name"] for one in lintel("people", "list", "--json").json] == [EILEEN]


def test_retention_goes_by_the_settings(bring: Callable[..., Ended], lintel: Lintel, tmp_path: Path) -> None:
    bring(BOTH)
    lintel("people", "valid", GRACE, "--until", "2020-01-01")
    kept = lintel("people", "retention", "--yes")
    (tmp_path / "other.toml").write_text('people.erase_ended = true\nclock.trust = "always"\n')
    erased = lintel("--config", tmp_path / "other.toml", "people", "retention", "--yes")
    assert ("No one is due." in kept.err, erased.out) == (True, f"{GRACE}: ended since 2020-01-02, erased\n")


def test_no_one_is_erased_by_a_clock_that_is_not_trusted(
    bring: Callable[..., Ended], lintel: Lintel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(BOTH)
    lintel("people", "valid", GRACE, "--until", "2020-01-01")
    monkeypatch.setattr("device.clock_watch.ClockWatch.state", lambda _: ClockState.UNTRUSTED)
    refused = lintel("people", "retention", "--ended", "--yes")
    assert (refused.exit_code, "The clock is not trusted" in refused.err) == (9, True)
    assert len(lintel("people", "list", "--json").json) == 2
