"""Which of a page's messages are tried again, and when one that is refused is left out."""

import pytest

from device.link.mqtt.broker import Broker
from device.link.mqtt.connection import PublicationRefused
from device.link.mqtt.payloads import Message
from device.link.mqtt.refused import Refusals

TAKEN, DURESS = Message("lintel/home/main/access/granted", b"{}"), Message("lintel/home/main/access/duress", b"{}")
ERROR = PublicationRefused(Broker("broker:1883", 1883, 60, None), "not authorized", (DURESS,))


def times_until_left_out(refusals: Refusals, page: list[Message], *, every_s: float, most: int = 2000) -> int:
    for time in range(1, most):
        rest = refusals.rest_of(page)
        try:
            refusals.refused(rest, ERROR, time * every_s)
        except PublicationRefused:
            continue
        return time
    raise AssertionError("it is never left out")


def test_refused_message_is_left_out_at_the_fifth_try() -> None:
    said: list[str] = []
    assert times_until_left_out(Refusals(said.append), [TAKEN, DURESS], every_s=1.0) == 5
    assert len(said) == 1
    assert "left out on lintel/home/main/access/duress" in said[0]


def test_what_was_taken_is_not_published_again() -> None:
    refusals = Refusals(lambda _: None)
    with pytest.raises(PublicationRefused):
        refusals.refused([TAKEN, DURESS], ERROR, 0.0)
    assert refusals.rest_of([TAKEN, DURESS]) == [DURESS]


def test_second_one_in_a_row_gets_an_hour() -> None:
    """A broker that takes nothing in between may refuse all, by mistake."""
    refusals = Refusals(lambda _: None)
    assert times_until_left_out(refusals, [DURESS], every_s=60.0) == 5
    assert times_until_left_out(refusals, [DURESS], every_s=60.0) == 61


def test_page_that_passes_ends_the_suspicion() -> None:
    refusals = Refusals(lambda _: None)
    times_until_left_out(refusals, [DURESS], every_s=60.0)
    refusals.done()
    assert times_until_left_out(refusals, [DURESS], every_s=60.0) == 5


def test_page_that_is_tried_again_later_is_whole() -> None:
    refusals = Refusals(lambda _: None)
    with pytest.raises(PublicationRefused):
        refusals.refused([TAKEN, DURESS], ERROR, 0.0)
    refusals.done()
    assert refusals.rest_of([TAKEN, DURESS]) == [TAKEN, DURESS]
