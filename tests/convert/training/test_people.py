"""Who is trained on and who is held out, and the batches of chips."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convert.training.augment import varied
from convert.training.held_out import pairs_of
from convert.training.people import ChipReader, PersonChips, Sampler, read_people, split_by_name
from device.errors import ImageError
from tests.convert.training.bench import PEOPLE, SIZE_PX

names = st.lists(st.text("abcdefgh", min_size=1, max_size=6), unique=True, max_size=40)


@given(names, st.floats(0.05, 0.9))
def test_nobody_is_in_two_groups_and_everybody_in_one(found: list[str], held_out: float) -> None:
    people = tuple(PersonChips(name, ()) for name in found)
    split = split_by_name(people, held_out)
    assert sorted((*split.training, *split.validation, *split.test), key=people.index) == list(people)


@given(names, names)
def test_who_is_held_out_hangs_on_the_name_alone(found: list[str], others: list[str]) -> None:
    def tested(listed: list[str]) -> set[str]:
        return {person.name for person in split_by_name(tuple(PersonChips(name, ()) for name in listed), 0.4).test}

    assert tested(found) == tested([*found, *(name for name in others if name not in found)]) & set(found)


@given(names, st.floats(0.05, 0.45))
def test_a_larger_share_holds_the_same_people_out_and_more(found: list[str], held_out: float) -> None:
    people = tuple(PersonChips(name, ()) for name in found)
    less, more = split_by_name(people, held_out), split_by_name(people, 2 * held_out)
    assert (set(less.test) <= set(more.test), set(less.validation) <= set(more.validation)) == (True, True)


def test_people_with_a_single_chip_are_left_out(data: Path) -> None:
    assert [person.name for person in read_people(data)] == [f"person{number:02d}" for number in range(PEOPLE)]


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"No person in .* has at least 2 chips"):
        read_people(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Cannot read the folder"):
        read_people(tmp_path / "nowhere")


def test_too_few_people_cannot_be_held_out(data: Path) -> None:
    with pytest.raises(ImageError, match="3 people are held out, expected at least 4"):
        pairs_of(read_people(data)[:3])


def test_chips_of_another_size_are_refused(data: Path) -> None:
    with pytest.raises(ImageError, match="has 8x8 pixels, the network takes 112x112"):
        ChipReader(112).read(data / "person00" / "0.png")


@pytest.mark.parametrize("memory_bytes", [0, 1 << 20])
def test_chips_are_the_same_kept_or_read_again(memory_bytes: int, data: Path) -> None:
    reader = ChipReader(SIZE_PX, memory_bytes=memory_bytes)
    first, second = (reader.read(data / "person00" / "0.png") for _ in range(2))
    assert (np.array_equal(first, second), first is second) == (True, memory_bytes > 0)


@pytest.fixture(scope="module")
def sampler(data: Path) -> Sampler:
    return Sampler(read_people(data), ChipReader(SIZE_PX), people_per_batch=6, chips_per_person=4, seed=3)


def test_a_batch_has_so_many_people_and_so_many_chips_of_each(sampler: Sampler) -> None:
    chips, labels = sampler.draw(1, 0)
    counts = np.unique(labels, return_counts=True)[1].tolist()
    assert (chips.shape, chips.dtype, counts) == ((24, 8, 8, 3), np.dtype(np.float32), [4] * 6)


def test_a_batch_hangs_on_its_number_and_on_nothing_before(sampler: Sampler) -> None:
    expected = sampler.draw(2, 5)
    sampler.draw(1, 0)
    assert [np.array_equal(one, other) for one, other in zip(sampler.draw(2, 5), expected, strict=True)] == [True, True]


@pytest.mark.parametrize("other", [(1, 5), (2, 4)])
def test_batches_differ(other: tuple[int, int], sampler: Sampler) -> None:
    assert not np.array_equal(sampler.draw(2, 5)[0], sampler.draw(*other)[0])


def test_a_varied_chip_is_another_within_the_range() -> None:
    chip = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    found = [varied(chip, np.random.default_rng(seed)) for seed in range(20)]
    assert {(one.shape, one.dtype, bool(one.min() >= 0), bool(one.max() <= 255)) for one in found} == {
        ((32, 32, 3), np.dtype(np.float32), True, True)
    }
    assert len({one.tobytes() for one in found}) == 20


def test_about_half_of_the_varied_chips_are_mirrored() -> None:
    chip = np.zeros((32, 32, 3), np.uint8)
    chip[:, 20:] = 255
    left = [float(varied(chip, np.random.default_rng(seed))[:, :8].mean()) for seed in range(60)]
    assert 20 < sum(value > 100 for value in left) < 40
