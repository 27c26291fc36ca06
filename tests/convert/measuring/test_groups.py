"""Rates by group: counted by loops, and what cannot be said is said."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from convert.measuring import bootstrap, comparisons, groups
from convert.measuring.comparisons import Comparisons
from convert.measuring.door_protocol import Acquired, Design, compare_by, design_of
from convert.measuring.groups import Groups, differentials, fmr_by_groups, read_groups
from device.errors import ImageError
from device.vision.manifest import Fusion

FUSION = Fusion(least_probe_length=0.9, least_reference_length=0.95)
NAMES = ("ada", "bob", "eve", "ida")


@pytest.fixture(autouse=True, scope="module")
def _few_replicates() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (bootstrap, groups):
            patch.setattr(module, "REPLICATES", 40)
        patch.setattr(comparisons, "HALF_BINS", 2**10)
        yield


def read(folder: Path, text: str) -> Groups:
    (folder / "groups.csv").write_text(text)
    return read_groups(folder / "groups.csv", NAMES)


def test_the_groups_of_the_people_are_read(tmp_path: Path) -> None:
    found = read(tmp_path, "person,group\nada,f\nbob,m\neve,f\nzoe,f\n")
    assert (found.names, found.of_person.tolist(), found.unknown) == (("f", "m"), [0, 1, 0, -1], ("zoe",))


TABLE = "person,group\nada,f\nbob,m\neve,f\nzoe,f\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode("utf-8-sig"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\r\n").encode("utf-8-sig"),
        TABLE.replace(",", ";").encode("utf-8-sig"),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace("ada,f", '"ada","f"').encode(),
        TABLE.replace("ada,f", " ada , f ").encode(),
        TABLE.rstrip("\n").encode(),
        b"\r\n".join([*TABLE.encode().splitlines(), b"", b""]),
        TABLE.replace("group", "group,note").replace("f\n", "f,\n").replace("m\n", 'm,"a; b"\n').encode(),
    ],
    ids=["mark", "CRLF", "both", "semicolons", "tabs", "quotes", "spaces", "no end", "empty lines", "one more column"],
)
def test_table_of_a_spreadsheet_is_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "groups.csv").write_bytes(content)
    found = read_groups(tmp_path / "groups.csv", NAMES)
    assert (found.names, found.of_person.tolist(), found.unknown) == (("f", "m"), [0, 1, 0, -1], ("zoe",))


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "is saved as UTF-16, expected UTF-8"),
        ("utf-16-le", "is saved as UTF-16, expected UTF-8"),
        ("utf-32", "is saved as UTF-32, expected UTF-8"),
        ("latin-1", "byte 0xe8 in line 2 is not UTF-8"),
        ("cp1252", "byte 0xe8 in line 2 is not UTF-8"),
    ],
)
def test_table_in_another_encoding_is_named(tmp_path: Path, encoding: str, said: str) -> None:
    (tmp_path / "groups.csv").write_bytes("person,group\nèva,f\n".encode(encoding))
    with pytest.raises(ImageError, match=said):
        read_groups(tmp_path / "groups.csv", NAMES)


def test_accents_of_a_folder_may_be_taken_apart(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("person,group\nÈve,f\nbob,m\n")
    found = read_groups(tmp_path / "groups.csv", ("E\u0300ve", "bob"))
    assert (found.of_person.tolist(), found.unknown) == ([0, 1], ())


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no column person, group"),
        ("person,group\n", "names none"),
        ("person,group\nzoe,f\n", "names none"),
        ("name,group\nada,f\n", "Cannot read"),
        ("person,group\nada\n", "Cannot read"),
        ("person,group\nada,f\nada,m\n", "twice"),
    ],
)
def test_what_names_no_groups_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ImageError, match=what):
        read(tmp_path, text)


def test_groups_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Cannot read the groups"):
        read_groups(tmp_path / "groups.csv", NAMES)


def four_groups(acquired: Acquired, *, without: int = 0) -> Groups:
    of_person = np.arange(len(acquired.names)) % 3
    of_person[:without] = -1
    return Groups(("a", "b", "c"), of_person, ())


def test_all_pairs_of_groups_are_counted_as_by_loops(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([3, 1, 2, 4, 3, 2, 1, 5, 2, 3])
    vectors, people = acquired.templates.vectors, acquired.templates.people
    of = four_groups(acquired, without=1)
    found = fmr_by_groups(compare_by(design_of(1, 1), acquired.templates, 10, FUSION), of, 0.3)
    counted = {pair: [0, 0] for pair in found}
    for i in range(len(people)):
        for j in range(i):
            first, second = sorted((int(of.of_person[people[i]]), int(of.of_person[people[j]])))
            if people[i] != people[j] and first >= 0:
                counted[first, second][0] += bool(vectors[i] @ vectors[j] >= 0.3)
                counted[first, second][1] += 1
    assert {pair: [one.rate.errors, one.rate.trials] for pair, one in found.items()} == counted


def test_groups_together_are_everybody(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([5] * 12)
    compared = compare_by(Design(2, 2, 3), acquired.templates, 12, FUSION)
    found = fmr_by_groups(compared, four_groups(acquired), 0.5)
    assert sum(one.rate.errors for one in found.values()) == compared.fmr(0.5).errors
    assert sum(one.rate.trials for one in found.values()) == compared.non_mated


def test_the_rates_of_a_group_are_those_of_its_people(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([4] * 12)
    compared = compare_by(design_of(1, 1), acquired.templates, 12, FUSION)
    found = differentials(compared, acquired, four_groups(acquired, without=3), 0.9)
    assert [(group.name, group.people, group.images) for group in found.groups] == [
        ("a", 3, 12),
        ("b", 3, 12),
        ("c", 3, 12),
    ]
    assert sum(group.fnmr.rate.trials for group in found.groups) == 9 * 6
    assert found.without_group == 3
    assert [cross.names for cross in found.across] == [("a", "b"), ("a", "c"), ("b", "c")]
    values = [group.fnmr.rate.value for group in found.groups]
    assert found.fnmr_ratio == pytest.approx(max(values) / min(values))


def test_an_interval_holds_the_rate_of_its_group(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([4] * 12)
    compared = compare_by(design_of(1, 1), acquired.templates, 12, FUSION)
    for estimate in fmr_by_groups(compared, four_groups(acquired), 0.4).values():
        assert estimate.interval[0] <= estimate.rate.value <= estimate.interval[1]


def test_a_group_too_small_to_judge_is_named_and_has_no_ratio(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([1] * 10 + [4] * 10)
    of = Groups(("many", "single"), (np.arange(20) < 10).astype(np.int64), ("zoe",))
    compared = compare_by(design_of(1, 1), acquired.templates, 20, FUSION)
    found = differentials(compared, acquired, of, 0.9)
    assert found.fnmr_ratio is None
    assert [what.split(",")[0] for what in found.too_few if "FNMR" in what] == ["FNMR of single: 0 comparisons"]
    assert found.unknown == 1


def test_a_threshold_below_what_is_kept_cannot_be_told_by_group(labelled: Callable[..., Acquired]) -> None:
    acquired = labelled([4] * 12)
    found = compare_by(design_of(1, 1), acquired.templates, 12, FUSION)
    cut = Comparisons(
        found.exposure, found.mated, found.mated_people, found.highest[:9], found.highest_people[:9], found.histogram
    )
    with pytest.raises(ImageError, match="more non-mated comparisons than are kept"):
        fmr_by_groups(cut, four_groups(acquired), -0.5)
