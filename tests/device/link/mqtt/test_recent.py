"""What is published again after a broker was lost: what it acknowledged in the two seconds before."""

from device.link.mqtt.recent import Recent
from tests.device.link.mqtt.examples import granted


def test_what_was_acknowledged_shortly_before_comes_again() -> None:
    recent = Recent()
    for second in range(10):
        recent.note([granted(second)], float(second))
    assert [event.id for event in recent.before(9.5)] == [8, 9]


def test_a_broker_that_was_lost_long_after_gets_nothing_again() -> None:
    recent = Recent()
    recent.note([granted(1)], 0.0)
    assert recent.before(60.0) == []


def test_a_broker_that_was_not_lost_gets_nothing_again() -> None:
    recent = Recent()
    recent.note([granted(1)], 0.0)
    assert recent.before(None) == []
