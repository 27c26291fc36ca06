"""What a soak's figures say: a leak is found, warming up is none, and the page says which promise was not kept."""

from dataclasses import replace

import pytest

from tests.soak.figures import Sample, figures, slope
from tests.soak.report import Taken, report


def samples(*, leak_kib: float = 0.0, late_s: float = 0.2, more_fds: int = 0) -> tuple[Sample, ...]:
    """Of 20,000 swipes: 20 MiB of caches fill at first."""
    return tuple(
        Sample(
            swipes,
            150_000 + min(swipes, 4000) * 5 + leak_kib * swipes / 1000,
            30 + (more_fds if swipes > 15_000 else 0),
            31,
            0.2 if swipes < 15_000 else late_s,
        )
        for swipes in range(0, 20_001, 500)
    )


@pytest.mark.parametrize("leak_kib", [0.0, 0.5, 3.0, -2.0])
def test_slope_is_the_leak_and_not_the_warming_up(leak_kib: float) -> None:
    assert figures(samples(leak_kib=leak_kib)).slope_kib == pytest.approx(leak_kib)


def test_pages_that_come_and_go_are_no_leak() -> None:
    """A megabyte that is there in each third sample."""
    seen = [
        replace(one, rss_kib=one.rss_kib + 1024 * (number % 3 == 0)) for number, one in enumerate(samples(leak_kib=0.1))
    ]
    found = figures(seen)
    assert found.slope_kib == pytest.approx(0.1)
    assert found.interval_kib[0] <= 0.1 <= found.interval_kib[1]


def test_few_samples_have_no_slope() -> None:
    assert slope([Sample(10, 1.0, 1, 1, 0.1)]) == 0.0


@pytest.mark.parametrize(
    ("given", "row"),
    [
        (samples(leak_kib=1.5), "resident memory grows by"),
        (samples(more_fds=1), "descriptors"),
        (samples(late_s=0.23), "99th percentile"),
    ],
)
def test_promise_that_is_not_kept_is_named(given: tuple[Sample, ...], row: str) -> None:
    taken = Taken(given, 1800.0, 1.0, 0.03, 50.0, 0.3)
    lines = [line for line in report(taken, figures(given)).splitlines() if "NOT KEPT" in line]
    assert [line.startswith(f"| {row}") for line in lines if "largest" not in line] == [True]
    assert not taken.is_kept(figures(given))


@pytest.mark.parametrize(
    ("idle", "woken", "row"), [(0.06, 50.0, "processor with"), (0.03, 150.0, "wake-ups with")], ids=["time", "wake-ups"]
)
def test_service_that_is_busy_with_no_one_there_is_named(idle: float, woken: float, row: str) -> None:
    taken = Taken(samples(), 1800.0, 1.0, idle, woken, 0.3)
    lines = [line for line in report(taken, figures(taken.samples)).splitlines() if "NOT KEPT" in line]
    assert [line.startswith(f"| {row}") for line in lines if "largest" not in line] == [True]
