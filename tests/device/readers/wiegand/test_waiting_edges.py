"""Edges of a Wiegand reader that wait to be read: how many there may be, and what is left of them after a loss."""

from tests.device.readers.wiegand.world import World


def come(world: World, count: int) -> None:
    """Edges on data 0, one a millisecond, which no one reads meanwhile."""
    for number in range(count):
        world.reader._lines._changed(0, number / 1000, 0)


def test_4096_edges_wait(world: World) -> None:
    come(world, 4096)
    lines = world.reader._lines
    lost, waiting = lines.lost(), 0
    while lines.next_edge() is not None:
        waiting += 1
    assert (lost, waiting) == (None, 4096)


def test_edge_4097_is_lost_and_no_older_one_is_kept(world: World) -> None:
    come(world, 4097)
    lines = world.reader._lines
    assert (lines.lost(), lines.next_edge()) == (4.096, None)


def test_loss_is_given_once_with_the_time_of_the_last(world: World) -> None:
    come(world, 4200)
    lines = world.reader._lines
    assert (lines.lost(), lines.lost()) == (4.199, None)


def test_edges_after_a_loss_was_given_wait_again(world: World) -> None:
    come(world, 4200)
    lines = world.reader._lines
    lines.lost()
    come(world, 10)
    assert (lines.lost(), lines.are_waiting()) == (None, True)
