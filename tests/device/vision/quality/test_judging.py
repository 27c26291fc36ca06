"""What a face's picture must be like, and the reason when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.records import Box, Quality, Reason
from device.settings.tables import VisionSettings
from device.vision.quality.judging import issues, margin, share_inside
from device.vision.quality.limits import Limit, Purpose, limits

SETTINGS = VisionSettings()
GOOD = Quality(face_px=150, brightness=120, blur=0.4, turn=0.0)
FRAME = (480, 640)


def with_changed(**changes: float) -> Quality:
    fields = {name: getattr(GOOD, name) for name in Quality.__slots__}
    return Quality(**{**fields, **changes})


@pytest.mark.parametrize("purpose", Purpose)
def test_a_good_picture_has_no_issues(purpose: Purpose) -> None:
    assert issues(GOOD, SETTINGS, purpose) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"face_px": 60}, Reason.FACE_TOO_SMALL),
        ({"eyes_px": 15}, Reason.FACE_TOO_SMALL),
        ({"in_view": 0.8}, Reason.FACE_CUT_OFF),
        ({"brightness": 20, "surroundings": 30}, Reason.FACE_TOO_DARK),
        ({"brightness": 20, "surroundings": 90}, Reason.FACE_BACKLIT),
        ({"brightness": 240}, Reason.FACE_TOO_BRIGHT),
        ({"white": 0.5}, Reason.FACE_TOO_BRIGHT),
        ({"black": 0.4}, Reason.FACE_HALF_DARK),
        ({"contrast": 15}, Reason.FACE_FOGGY),
        ({"noise": 13}, Reason.FACE_NOISY),
        ({"blocks": 4}, Reason.FACE_COMPRESSED),
        ({"blur": 0.6}, Reason.FACE_BLURRED),
        ({"turn": 0.7}, Reason.FACE_TURNED),
        ({"turn": -0.7}, Reason.FACE_TURNED),
        ({"yaw": -60}, Reason.FACE_TURNED),
        ({"pitch": 50}, Reason.FACE_TURNED),
        ({"roll": 90}, Reason.FACE_TILTED),
        ({"mouth": 0.005}, Reason.FACE_COVERED),
        ({"eyes_bright": 0.2}, Reason.EYES_COVERED),
        ({"presence": 0.6}, Reason.FACE_UNCLEAR),
        ({"score": 0.6}, Reason.FACE_UNCLEAR),
        ({"margin": -0.3}, Reason.FACE_CUT_OFF),
        ({"motion": 4.0}, Reason.FACE_MOVED),
        ({"forehead": 0.2}, Reason.BROWS_COVERED),
    ],
)
def test_each_fault_has_its_reason(changes: dict[str, float], reason: Reason) -> None:
    assert [issue.reason for issue in issues(with_changed(**changes), SETTINGS)] == [reason]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"side_light": 0.8}, Reason.FACE_HALF_DARK),
        ({"contrast": 35}, Reason.FACE_FOGGY),
        ({"noise": 7}, Reason.FACE_NOISY),
        ({"mouth": 0.023}, Reason.FACE_COVERED),
        ({"eyes_bright": 0.36}, Reason.EYES_COVERED),
        ({"presence": 0.95}, Reason.FACE_UNCLEAR),
        ({"score": 0.72}, Reason.FACE_UNCLEAR),
        ({"eyes_open": 0.05}, Reason.EYES_CLOSED),
        ({"forehead": 0.4}, Reason.BROWS_COVERED),
    ],
)
def test_a_reference_must_be_better(changes: dict[str, float], reason: Reason) -> None:
    assert issues(with_changed(**changes), SETTINGS) == ()
    assert [issue.reason for issue in issues(with_changed(**changes), SETTINGS, Purpose.REFERENCE)] == [reason]


@pytest.mark.parametrize("limit", limits(SETTINGS), ids=lambda limit: f"{limit.measure} {limit.reason.code}")
def test_no_reference_is_allowed_that_is_refused_as_a_probe(limit: Limit) -> None:
    assert limit.probe.least <= limit.reference.least < limit.reference.most <= limit.probe.most


def test_every_measure_has_a_limit_and_a_unit() -> None:
    told = {"surroundings"}  # tells backlit from dark
    assert {limit.measure for limit in limits(SETTINGS)} == set(Quality.__slots__) - told
    assert all(limit.unit for limit in limits(SETTINGS))


@pytest.mark.parametrize("measure", [limit.measure for limit in limits(SETTINGS)])
def test_what_is_not_a_number_is_refused(measure: str) -> None:
    assert issues(with_changed(**{measure: float("nan")}), SETTINGS, Purpose.REFERENCE) != ()


def test_the_settings_set_the_limit() -> None:
    assert issues(with_changed(face_px=60), VisionSettings(min_face_px=50)) == ()


@pytest.mark.parametrize(
    "box",
    [
        Box(-50, 100, 150, 150),
        Box(550, 100, 150, 150),
        Box(200, -60, 150, 150),
        Box(200, 400, 150, 150),
        Box(900, 900, 10, 10),
    ],
)
def test_a_face_that_leaves_the_picture_is_cut_off(box: Box) -> None:
    assert issues(with_changed(in_view=share_inside(box, FRAME)), SETTINGS)[0].reason is Reason.FACE_CUT_OFF


@given(st.floats(0, 400), st.floats(0, 300), st.floats(1, 100))
def test_a_face_inside_the_picture_is_whole(left: float, top: float, size: float) -> None:
    assert share_inside(Box(left, top, size, size), FRAME) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("box", "distance"),
    [(Box(50, 100, 100, 100), 0.5), (Box(200, 20, 100, 100), 0.2), (Box(560, 100, 100, 100), -0.2)],
)
def test_the_margin_is_in_widths_of_the_face(box: Box, distance: float) -> None:
    assert margin(box, FRAME) == pytest.approx(distance)
