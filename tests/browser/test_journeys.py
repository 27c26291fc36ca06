"""What a person does on the page of a simulation, in a real browser at the real process."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Begin
from tests.browser.driven import NEEDS_CHROMIUM, Visit, chromium, served, visited, webcam_flags

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

pytestmark = [
    NEEDS_CHROMIUM,
    pytest.mark.slow(small="tests/browser/test_smoke.py::test_badge_opens_the_door_on_the_page"),
]
EILEEN, GRACE, CARL = "17:1001", "17:1002", "17:1003"


def stand(visit: Visit, who: str = "eileen", *, as_: str = "person") -> None:
    """Has someone stand before the camera, seen by the door."""
    visit.press("tab-world")
    visit.choose("who", who)
    visit.choose("as", as_)
    visit.press("stand", "tab-badges")


def tap(visit: Visit, badge: str) -> None:
    visit.page.click(f'.badge[data-badge="{badge}"]')


def type_pin(visit: Visit, keys: str) -> None:
    for key in keys:
        visit.press("key-hash" if key == "#" else f"key-{key}")


def test_badge_and_face_open_the_door_and_it_locks_again(begin: Begin) -> None:
    with begin() as visit:
        stand(visit)
        tap(visit, EILEEN)
        visit.door(state="released", lock="released")
        visit.picture("granted")
        visit.press("push-door")
        visit.door(state="open", open="true")
        visit.press("push-door")
        visit.door(state="locked", lock="secure", open="false")


def test_grant_stays_marked_and_a_face_that_left_is_gone(begin: Begin) -> None:
    with begin() as visit:
        visit.choose("speed", "4")
        stand(visit)
        tap(visit, EILEEN)
        visit.page.wait_for_selector("#timeline .grant-mark", state="attached")
        visit.page.wait_for_selector(".chip-box.filled", state="attached")
        visit.press("tab-world", "leave")
        visit.page.wait_for_selector(".chip-box:not(.filled)", state="attached")
        visit.page.wait_for_selector("#timeline .grant-mark", state="attached")


def test_denial_explains_itself(begin: Begin) -> None:
    with begin() as visit:
        visit.press("badge-unknown")
        visit.event(outcome="denied")
        visit.page.click('#events li[data-outcome="denied"] button')
        visit.page.wait_for_selector("#explanation[open] #explanation-lines li")
        visit.picture("explained")
        visit.press("explanation-close")
        visit.page.wait_for_selector("#explanation:not([open])", state="attached")


@pytest.mark.parametrize("badge", ["badge-cloned", "badge-parity"])
def test_badge_alone_opens_nothing(begin: Begin, badge: str) -> None:
    with begin() as visit:
        visit.press(badge)
        visit.page.wait_for_selector("#events li[data-kind]:not([data-kind='good'])", state="attached")
        visit.door(lock="secure")


@pytest.mark.parametrize("thing", ["print", "phone"])
def test_picture_of_a_person_opens_nothing(begin: Begin, thing: str) -> None:
    with begin() as visit:
        stand(visit, as_=thing)
        tap(visit, EILEEN)
        visit.event(event="decision", outcome="denied")
        visit.door(lock="secure")
        visit.picture(f"denied-{thing}")


def test_door_that_is_forced_is_an_alarm(begin: Begin) -> None:
    with begin() as visit:
        visit.press("push-door")
        visit.door(state="forced")
        visit.event(event="door-forced")
        visit.picture("forced")


def test_pin_opens_the_door(begin: Begin) -> None:
    with begin("getting-in") as visit:
        tap(visit, CARL)
        type_pin(visit, "615284#")
        visit.event(outcome="granted", reason="pin")
        visit.picture("pin")


def test_ten_wrong_pins_disable_the_right_one(begin: Begin) -> None:
    with begin("getting-in") as visit:
        visit.choose("speed", "10")
        for number in range(10):
            tap(visit, CARL)
            type_pin(visit, f"{number:03d}007#")
            visit.page.wait_for_selector(f'#events li[data-reason="pin-wrong"] >> nth={number}', state="attached")
        tap(visit, CARL)
        type_pin(visit, "615284#")
        visit.event(outcome="denied", reason="pin-disabled")
        visit.picture("locked-out")


def test_lockdown_refuses_who_may_pass(begin: Begin) -> None:
    with begin() as visit:
        visit.press("tab-wires", "command-lockdown")
        visit.door(state="lockdown")
        stand(visit)
        tap(visit, EILEEN)
        visit.event(event="decision", outcome="denied")
        visit.press("tab-wires", "command-clear")
        visit.door(state="locked")


def test_unplugged_camera_lets_no_face_in(begin: Begin) -> None:
    with begin() as visit:
        visit.press("tab-faults")
        visit.choose("camera-state", "dead")
        visit.press("tab-badges")
        tap(visit, EILEEN)
        visit.event(event="decision", outcome="denied")
        visit.door(lock="secure")
        visit.picture("camera-dead")


def test_scenario_plays_step_by_step(begin: Begin) -> None:
    with begin() as visit:
        visit.choose("speed", "10")
        visit.press("step-next")
        visit.event(outcome="granted", reason="match")
        visit.press("nav-scenario")
        visit.page.wait_for_selector('#steps li[data-step="0"] button[aria-current="step"]')
        visit.picture("scenario")


def test_what_is_done_by_hand_is_recorded(begin: Begin, tmp_path: Path) -> None:
    """And replays without a browser, with the same decision."""
    from tests.browser.replayed import decisions_of

    with begin() as visit:
        visit.press("nav-scenario", "record")
        visit.page.wait_for_selector('#record[aria-pressed="true"]')
        visit.press("nav-door", "badge-unknown")
        visit.event(outcome="denied", reason="badge-unknown")
        visit.press("nav-scenario", "record")
        visit.page.wait_for_selector('#record[aria-pressed="false"]')
        with visit.page.expect_download() as download:
            visit.press("download")
        download.value.save_as(tmp_path / "recorded.toml")
    assert decisions_of(tmp_path / "recorded.toml") == ["badge-unknown"]


def test_permalink_leads_to_its_step(begin: Begin) -> None:
    with begin() as visit:
        token = visit.served.address.partition("#")[2]
        visit.page.goto("about:blank")
        visit.page.goto(f"{visit.served.site}/?scenario=front-door&step=2#{token}")
        visit.press("nav-scenario")
        visit.page.wait_for_selector('#steps li[data-step="1"] span:has-text("✓")')
        assert "token" not in visit.page.url


def test_address_without_its_token_says_what_to_do(begin: Begin) -> None:
    with begin() as visit, visit.page.context.browser.new_context() as other:  # type: ignore[union-attr]  # it is open
        page = other.new_page()
        page.goto(visit.served.site)
        page.wait_for_selector("#view-closed:visible")
        assert page.inner_text("#closed-words")


def test_two_tabs_see_the_same_door(begin: Begin) -> None:
    with begin() as visit:
        other = visit.page.context.new_page()
        other.goto(visit.served.address)
        other.wait_for_selector('#door-drawing[data-state="locked"]', state="attached")
        visit.press("push-door")
        other.wait_for_selector('#door-drawing[data-state="forced"]', state="attached")


def test_badge_opens_the_door_by_the_keyboard_alone(begin: Begin) -> None:
    """Tab until the badge has the focus, then Enter."""
    with begin() as visit:
        stand(visit)
        visit.page.focus("body")
        visit.page.keyboard.press("Home")
        for _ in range(60):
            visit.page.keyboard.press("Tab")
            if visit.page.evaluate("() => document.activeElement?.dataset.badge") == EILEEN:
                break
        visit.page.keyboard.press("Enter")
        visit.event(outcome="granted", reason="match")


def test_revoked_badge_opens_nothing(begin: Begin) -> None:
    with begin() as visit:
        visit.press("nav-people")
        row = visit.page.locator(f'#people tbody tr[data-badge="{GRACE}"]')
        row.wait_for()
        visit.picture("people")
        row.locator("button").last.click()
        visit.page.wait_for_selector("#events li[data-event^='badge-']", state="attached")
        visit.press("nav-door")
        stand(visit, "grace")
        tap(visit, GRACE)
        visit.event(event="decision", outcome="denied")


def test_webcam_enrolls_a_person(begin: Begin, player: "Playwright", clip: Path) -> None:
    """The browser's own camera shows a head that turns, comes near and steps back."""
    with begin() as first, chromium(player, *webcam_flags(clip)) as browser, visited(browser, first.served) as visit:
        visit.press("nav-enroll", "enroll-webcam")
        visit.page.fill("#enroll-name", "Ada Example")
        visit.page.fill("#enroll-badge", "17:1009")
        visit.page.check("#enroll-consent")
        visit.press("enroll-start")
        visit.page.wait_for_selector("#enroll-kept:not([value='0'])")
        visit.picture("enrolling")
        visit.page.wait_for_selector("#enroll-stage[data-stage='enrolled']")
        visit.picture("enrolled")
        visit.press("nav-people")
        visit.page.wait_for_selector('#people tbody tr[data-badge="17:1009"]')


def test_server_that_is_killed_is_shown_as_gone(player: "Playwright", tmp_path: Path) -> None:
    with (
        served("simulate", "--web", state=tmp_path) as page,
        chromium(player) as browser,
        visited(browser, page) as visit,
    ):
        page.process.kill()
        visit.page.wait_for_selector('#link-state[data-state="closed"]')
        visit.picture("gone")
        visit.page.close()
        visit.complaints.clear()  # the browser itself says that it can't connect
