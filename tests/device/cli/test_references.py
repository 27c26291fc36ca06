"""`lintel people references`: which there are, and a bad one taken back."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from device.store.store import Store
from tests.device.commands import Lintel
from tests.there import there

ONLY = "Error: Reference 1 is the only one of Eileen Collins that its model has made: without it, the badges of"


@pytest.fixture
def two(lintel: Lintel, eileen: Path, tmp_path: Path, state: Path) -> Path:
    """Eileen with two references; the folder of the store."""
    other = tmp_path / "darker.png"
    Pillow.fromarray((np.asarray(Pillow.open(eileen).convert("RGB")) * 0.8).astype(np.uint8)).save(other)
    lintel("enroll", "17:1001", eileen, other, "--name", "Eileen Collins")
    return state


@pytest.mark.usefixtures("two")
def test_list_names_picture_quality_and_model(lintel: Lintel) -> None:
    first, second = lintel("people", "references", "list", "eileen collins").out.splitlines()
    assert first.startswith("   1  20")
    assert re.search(r"  eileen-collins\.jpg  face px 107, brightness \d+, .*blur 0\.\d+", first)
    assert len(first) < 160
    assert (second.split()[4], second.endswith("  the present model")) == ("darker.png", True)


@pytest.mark.usefixtures("two")
def test_list_as_json(lintel: Lintel) -> None:
    listed = lintel("people", "references", "list", "Eileen Collins", "--json").json
    first = listed["references"][0]
    assert (listed["person"]["name"], len(listed["references"])) == ("Eileen Collins", 2)
    assert set(first) == {"id", "model_sha256", "made_at", "origin", "used"}
    assert (first["id"], first["used"], first["origin"]["source"]) == (1, True, "eileen-collins.jpg")


@pytest.mark.usefixtures("two")
def test_one_is_removed_with_its_row(lintel: Lintel) -> None:
    removed = lintel("people", "references", "remove", "Eileen Collins", 2, "--yes")
    assert removed.out == "Reference 2 of Eileen Collins has been erased; 1 left.\n"
    assert lintel("people", "list").out == "Eileen Collins: badge 17:1001, 1 reference\n"
    row = lintel("audit", "list").out.splitlines()[-1]
    assert "reference-removed  Eileen Collins  " in row
    assert row.endswith("  reference 2")


@pytest.mark.usefixtures("two")
def test_removal_as_json(lintel: Lintel) -> None:
    removed = lintel("people", "references", "remove", "Eileen Collins", 2, "--yes", "--json").json
    assert (removed["removed"]["id"], removed["removed"]["origin"]["source"], removed["left"]) == (2, "darker.png", 1)


@pytest.mark.usefixtures("enrolled")
def test_last_one_stays_unless_that_is_said(lintel: Lintel) -> None:
    refused = lintel("people", "references", "remove", "Eileen Collins", 1, "--yes")
    assert (refused.exit_code, refused.err.startswith(ONLY), "--last" in refused.err) == (9, True, True)
    removed = lintel("people", "references", "remove", "Eileen Collins", 1, "--yes", "--last")
    assert removed.out == "Reference 1 of Eileen Collins has been erased; 0 left.\n"


@pytest.mark.usefixtures("two")
def test_last_one_of_an_older_model_stays_too(lintel: Lintel, two: Path) -> None:
    with Store(two) as store, store.people() as people:
        person = there(people.named("Eileen Collins"))
        people.add_references(person, np.eye(1, 128, dtype=np.float32), "ab" * 32, people.faces.of(person)[0].made_at)
    listed = lintel("people", "references", "list", "Eileen Collins").out.splitlines()[-1]
    assert listed.endswith("  (picture not noted)  an older model, not used")
    assert lintel("people", "references", "remove", "Eileen Collins", 3, "--yes").exit_code == 9


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("number", [3, 99, 2**62])
def test_number_of_no_reference_is_refused(lintel: Lintel, number: int) -> None:
    refused = lintel("people", "references", "remove", "Eileen Collins", number, "--yes")
    assert (refused.exit_code, "Choose one of those that are listed: 1, 2." in refused.err) == (9, True)


@pytest.mark.usefixtures("both")
def test_reference_of_another_person_is_not_removed(lintel: Lintel) -> None:
    assert lintel("people", "references", "remove", "Eileen Collins", 2, "--yes", "--last").exit_code == 9
    assert "2 reference" not in lintel("people", "list").out


@pytest.mark.usefixtures("two")
def test_question_names_the_picture_and_no_keeps_it(lintel: Lintel) -> None:
    declined = lintel("people", "references", "remove", "Eileen Collins", 2, typed="n\n")
    assert (declined.exit_code, "of darker.png? [y/N]" in declined.err) == (130, True)
    assert lintel("people", "list").out.endswith("2 references\n")


def test_unknown_name_is_refused(lintel: Lintel) -> None:
    assert lintel("people", "references", "list", "Eileen").exit_code == 9


def test_bytes_of_a_removed_reference_are_overwritten(lintel: Lintel, two: Path) -> None:
    with Store(two) as store, store.people() as people:
        person = there(people.named("Eileen Collins"))
        kept, bad = people.references(person, people.faces.of(person)[0].model_sha256)
    with closing(sqlite3.connect(two / "lintel.db")) as other:
        (sealed,) = other.execute("SELECT embedding FROM face_references WHERE id = 2").fetchone()
    lintel("people", "references", "remove", "Eileen Collins", 2, "--yes")
    left = b"".join(path.read_bytes() for path in two.iterdir() if path.is_file())
    assert (kept.tobytes() in left, bad.tobytes()[:64] in left, sealed in left) == (False, False, False)
