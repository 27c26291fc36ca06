"""When a network camera's picture was captured: its own stamps say how long it waited, compared with the quickest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.cameras.rtsp.timing import StreamTime

RATE_FPS = 15.0
DELAYS = st.floats(0.0, 0.019)
AT = 5000.0


def settled(delay_s: float = 0.0, *, began: float = 1000.0) -> tuple[StreamTime, float]:
    """A connection of 2 s whose pictures all have the same delay, and when its last picture was captured."""
    times = StreamTime()
    for count in range(30):
        captured = began + count / RATE_FPS
        times.captured_at(captured + delay_s, captured - AT)
    return times, began + 29 / RATE_FPS


def test_picture_that_came_at_once_is_as_old_as_its_way() -> None:
    times, last = settled(0.1)
    came = last + 1.0 + 0.1
    assert times.captured_at(came, last + 1.0 - AT) == pytest.approx(came, abs=0.001)


@pytest.mark.parametrize("waited_s", [0.3, 0.6, 2.0, 30.0])
def test_picture_that_waited_is_older_by_that(waited_s: float) -> None:
    times, last = settled(0.1)
    captured = last + 1.0
    stamped = times.captured_at(captured + 0.1 + waited_s, captured - AT)
    assert stamped == pytest.approx(captured + 0.1, abs=0.006)


def test_no_picture_of_the_first_half_second_has_a_time() -> None:
    times = StreamTime()
    given = [times.captured_at(1000.0 + count / 10, count / 10) for count in range(7)]
    assert [one is None for one in given] == [True] * 5 + [False] * 2


@pytest.mark.parametrize("decoding_s", [0.005, 0.03, 0.06])
def test_pictures_that_a_server_kept_are_not_stamped_now(decoding_s: float) -> None:
    """Two seconds of them come as fast as they are decoded. Until it has caught up none has a time."""
    times, now, given = StreamTime(), 1000.0, []
    for count in range(60):
        captured = 998.0 + count / RATE_FPS
        now = max(now + decoding_s, captured)
        stamp = times.captured_at(now, captured - AT)
        given.append((captured, stamp))
    wrong = [(captured, stamp) for captured, stamp in given if stamp is not None and stamp - captured > 0.5]
    assert wrong == []


def test_a_day_of_drift_makes_no_picture_old() -> None:
    """A camera's clock that is slow by 50 ppm is 4.3 s behind after a day."""
    times, _ = settled(0.0)
    ages = []
    for minute in range(1440):
        now = 1002.0 + 60.0 * minute
        stamped = times.captured_at(now, (now - AT) * (1 - 50e-6))
        ages += [] if stamped is None else [now - stamped]
    assert max(ages) < 0.02


def test_network_that_becomes_slower_for_good_makes_pictures_older() -> None:
    """After an hour it is still known that they came sooner once."""
    times, last = settled(0.0)
    stamped = 0.0
    for second in range(3600):
        captured = last + 1.0 + second
        stamped = times.captured_at(captured + 2.0, captured - AT) or 0.0
    age = last + 3600.0 + 2.0 - stamped
    assert age > 1.5


@given(st.lists(DELAYS, min_size=30, max_size=60), st.floats(0.0, 5.0))
def test_no_picture_is_of_the_future_or_younger_than_it_waited(delays: list[float], waited_s: float) -> None:
    times = StreamTime()
    for count, delay in enumerate(delays):
        captured = 1000.0 + count / RATE_FPS
        stamped = times.captured_at(captured + delay, captured - AT)
        assert stamped is None or stamped <= captured + delay + 1e-6
    captured = 1000.0 + len(delays) / RATE_FPS
    stamped = times.captured_at(captured + waited_s, captured - AT)
    assert stamped is None or stamped <= captured + max(delays) + 0.002
