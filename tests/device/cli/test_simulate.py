"""`lintel simulate`: scenarios, and a clip with badges that are typed."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from signal import Signals
from typing import Any

import msgspec
import pytest

from device.cli.text import door_events
from tests.device.commands import Ended, Lintel
from tests.processes import errors_of, started

LINTEL = Path(sys.executable).parent / "lintel"
SCENARIO = """
title = "A short visit"
[images]
eileen = "portrait:eileen-collins"
[[enroll]]
name = "Eileen Collins"
badge = "17:1001"
images = ["eileen"]
[[step]]
title = "Her own badge"
badge = "17:1001"
expect = { outcome = "granted", strike = "released", within_s = 2.0 }
[[step.view]]
image = "eileen"
to = { x = 0.5, y = 0.9, size = 1.5 }
[[step]]
title = "Another badge"
badge = "17:9999"
expect = { outcome = "denied", reason = "badge-unknown", strike = "secure" }
[[step]]
title = "No badge"
expect = { strike = "secure" }
"""
STEP_KEYS = {
    "title", "began_at_s", "badge", "person", "outcome", "reason", "similarity", "threshold", "waited_s", "frames",
    "latency_ms", "relay", "fault", "unmet", "door", "state", "events", "outputs",
}  # fmt: skip
QUICK = "[[doors]]\nstrike_time_s = 0.01\n[vision]\nthreads = 1\n"


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[[str], Path]:
    def written(content: str) -> Path:
        path = tmp_path / "scenario.toml"
        path.write_text(content)
        return path

    return written


@pytest.fixture(scope="session")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """The built-in scenario, played once as JSON in a process of its own."""
    config = tmp_path_factory.mktemp("built-in") / "lintel.toml"
    config.write_text("[vision]\nthreads = 1\n")
    command = [str(LINTEL), "--config", str(config), "simulate", "--json"]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=300)
    return ended.returncode, msgspec.json.decode(ended.stdout)


def test_built_in_scenario_goes_as_expected(built_in: tuple[Any, ...]) -> None:
    exit_code, played = built_in
    assert (exit_code, played["unmet"]) == (0, 0)


@pytest.mark.parametrize(
    "reason",
    [
        "match",
        "non-match",
        "badge-unknown",
        "no-face",
        "several-faces",
        "face-too-small",
        "camera-fault",
        "presentation-attack",
        "turn-not-made",
        "wait-after-attack",
    ],
)
def test_built_in_scenario_shows(built_in: tuple[Any, ...], reason: str) -> None:
    assert reason in [step["reason"] for step in built_in[1]["steps"]]


def test_built_in_scenario_grants_no_picture(built_in: tuple[Any, ...]) -> None:
    pictures = ("A print", "A phone", "A monitor")
    outcomes = [step["outcome"] for step in built_in[1]["steps"] if step["title"].startswith(pictures)]
    assert outcomes == ["denied"] * 4


def test_built_in_scenario_ends_secure(built_in: tuple[Any, ...]) -> None:
    assert built_in[1]["steps"][-1]["relay"]["levels"][-1]["high"] is False


def test_built_in_scenario_s_pulses_last_the_strike_time(built_in: tuple[Any, ...]) -> None:
    levels = [step["relay"]["levels"] for step in built_in[1]["steps"] if step["outcome"] == "granted"]
    lengths = {round(secured["at"] - released["at"], 6) for _, released, secured in levels}
    assert max(lengths) == 3.0  # and shorter where somebody opens the door


@pytest.mark.parametrize(
    "event",
    [
        "door-exit-requested",
        "door-held-open",
        "door-forced",
        "door-lockdown",
        "door-cleared",
        "door-fault",
        "door-mended",
        "reader-lost",
        "reader-found",
    ],
)
def test_built_in_scenario_tells_of(built_in: tuple[Any, ...], event: str) -> None:
    assert event in [row["event"] for step in built_in[1]["steps"] for row in step["events"]]


def test_built_in_scenario_says_why_a_card_was_refused(built_in: tuple[Any, ...]) -> None:
    (fault,) = (step["fault"] for step in built_in[1]["steps"] if "Wiegand wires, one bit" in step["title"])
    assert "parity" in fault


def test_steps_as_json(built_in: tuple[Any, ...]) -> None:
    assert {frozenset(step) for step in built_in[1]["steps"]} == {frozenset(STEP_KEYS)}


def test_transcript_tells_each_step(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    said = lintel("simulate", "--scenario", scenario(SCENARIO))
    told = [line.strip() for line in said.out.splitlines()]
    assert said.exit_code == 0
    assert told[:2] == ["A short visit", ""]
    assert told[2] == "Eileen Collins enrolled with badge 17:1001, 1 reference"
    assert told[-1] == "3 steps, all expectations met."


@pytest.mark.parametrize(
    "part",
    [
        "badge 17:1001, GRANTED (match), similarity ",
        "badge 17:9999, DENIED (badge-unknown), decided after 0.0 s, 0 frames; computed in ",
        "relay on GPIO 17: secure at 0.0 s -> RELEASED at ",
        "This badge is not assigned to anyone. Ask the operator to enroll the badge.",
        "no badge",
    ],
)
def test_transcript_has(lintel: Lintel, scenario: Callable[[str], Path], part: str) -> None:
    assert part in lintel("simulate", "--scenario", scenario(SCENARIO)).out


def test_one_step_is_shown_as_in_the_whole(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    path = scenario(SCENARIO)
    whole = lintel("simulate", "--json", "--scenario", path).json["steps"][1]
    (alone,) = lintel("simulate", "--json", "--scenario", path, "--step", "2").json["steps"]
    assert alone | {"latency_ms": 0} == whole | {"latency_ms": 0}


def test_step_that_is_not_there_is_refused(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    said = lintel("simulate", "--scenario", scenario(SCENARIO), "--step", "4")
    assert said.exit_code == 2
    assert "--step 4: the scenario has 3 steps." in said.err


def test_another_seed_is_another_day_with_the_same_end(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    path = scenario(SCENARIO.replace('image = "eileen"\nto', 'image = "eileen"\nas = "person"\nto'))
    one, other = (lintel("simulate", "--json", "--scenario", path, "--seed", seed).json for seed in ("0", "7"))
    assert (one["unmet"], other["unmet"]) == (0, 0)
    assert one["steps"][0]["similarity"] != other["steps"][0]["similarity"]


def test_scenario_is_alike_each_time(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    runs = [lintel("simulate", "--json", "--scenario", scenario(SCENARIO)).json["steps"] for _ in range(2)]
    for step in (*runs[0], *runs[1]):
        del step["latency_ms"]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        ('outcome = "denied"', "expected outcome denied, received granted"),
        ('reason = "non-match"', "expected reason non-match, received match"),
        ('strike = "secure"', "expected strike secure, received released"),
        ("within_s = 0.0", "expected a decision within 0.0 s, received one after "),
    ],
)
def test_expectation_that_is_not_met_is_the_answer_no(
    lintel: Lintel, scenario: Callable[[str], Path], expected: str, received: str
) -> None:
    content = SCENARIO.replace('outcome = "granted", strike = "released", within_s = 2.0', expected)
    said = lintel("simulate", "--scenario", scenario(content))
    assert (said.exit_code, f"NOT AS EXPECTED: {received}" in said.out) == (1, True)


def test_decision_that_never_came_is_not_within_any_time(lintel: Lintel, scenario: Callable[[str], Path]) -> None:
    content = SCENARIO.replace('expect = { strike = "secure" }', "expect = { within_s = 60.0 }")
    said = lintel("simulate", "--scenario", scenario(content))
    told = "NOT AS EXPECTED: expected a decision within 60.0 s, received none" in said.out
    assert (said.exit_code, told) == (1, True)


def test_relay_may_be_active_low(lintel: Lintel, scenario: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "low.toml").write_text("[[doors]]\nactive_high = false\npin = 4\n")
    played = lintel("--config", tmp_path / "low.toml", "simulate", "--json", "--scenario", scenario(SCENARIO)).json
    relay = played["steps"][0]["relay"]
    assert (relay["pin"], [level["high"] for level in relay["levels"]]) == (4, [True, False, True])


def test_simulation_leaves_the_state_folder_alone(lintel: Lintel, scenario: Callable[[str], Path], state: Path) -> None:
    lintel("simulate", "--scenario", scenario(SCENARIO))
    assert not state.exists()


def test_simulation_leaves_no_temporary_files(
    lintel: Lintel, scenario: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    lintel("simulate", "--scenario", scenario(SCENARIO))
    assert list(folder.iterdir()) == []


@pytest.fixture
def desk(lintel_process: Lintel, enrolled: Ended, clip: Path, tmp_path: Path) -> Callable[..., Ended]:  # noqa: ARG001 - somebody is enrolled
    """A desk where Eileen stands in front of the camera."""
    (tmp_path / "quick.toml").write_text(QUICK)

    def at(*options: str, typed: str) -> Ended:
        return lintel_process("--config", tmp_path / "quick.toml", "simulate", "--video", clip, *options, typed=typed)

    return at


def test_typed_badges_are_presented_at_the_clip(desk: Callable[..., Ended]) -> None:
    told = [line for line in desk(typed="17:1001\n17:9999\nnonsense\n").out.splitlines() if line.startswith("badge")]
    assert [line.split(",")[:2] for line in told] == [
        ["badge 17:1001", " GRANTED (match)"],
        ["badge 17:9999", " DENIED (badge-unknown)"],
        ["badge unreadable", " DENIED (badge-unreadable)"],
    ]


def test_desk_obeys_the_rules_of_the_store(desk: Callable[..., Ended], lintel_process: Lintel, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("")
    lintel_process("policy", "apply", tmp_path / "rules.toml")
    assert "not-allowed" in desk("--json", typed="17:1001\n").out


def test_desk_counts_the_pulses(desk: Callable[..., Ended]) -> None:
    assert "relay on GPIO 17: released 1 time so far\n" in desk(typed="17:1001\n").out
    assert "relay on GPIO 17: released 2 times so far" in desk(typed="17:1001\n17:1001\n").out


def test_typed_badges_as_json_are_a_line_each(desk: Callable[..., Ended]) -> None:
    lines = [msgspec.json.decode(line) for line in desk("--json", typed="17:1001\n17:9999\n").out.splitlines()]
    assert [line["decision"]["reason"] for line in lines] == ["match", "badge-unknown"]


def test_end_of_the_input_is_a_good_end(desk: Callable[..., Ended]) -> None:
    assert desk(typed="").exit_code == 0


@pytest.mark.usefixtures("desk")
def test_desk_is_never_in_the_audit(desk: Callable[..., Ended], lintel: Lintel) -> None:
    desk(typed="17:1001\n")
    assert [row["event"] for row in lintel("audit", "list", "--json").json] == ["enrolled"]


def test_desk_leaves_no_copy_of_the_store(
    desk: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    desk(typed="17:9999\n")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_scenario_that_is_ended_leaves_no_store(
    lintel: Lintel, scenario: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: Signals
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: list[Path] = []

    def ended(_report: object) -> list[str]:
        seen.extend(folder.iterdir())
        signal.raise_signal(number)
        return []

    monkeypatch.setattr(door_events, "enrolled_lines", ended)
    assert lintel("simulate", "--scenario", scenario(SCENARIO)).exit_code == 130
    assert (len(seen), list(folder.iterdir())) == (1, [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_desk_well(clip: Path, state: Path, number: Signals) -> None:
    command = [LINTEL, "--state-dir", state, "simulate", "--video", clip]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with started(command, env=dict(os.environ), **pipes) as child:
        greeting = errors_of(child).readline()
        child.send_signal(number)
        said = child.communicate(timeout=60)[1]
    assert (greeting, said, child.returncode) == ("Type a badge and Enter to present it; Ctrl-D ends.\n", "", 0)
