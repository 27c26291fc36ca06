"""`lintel simulate`: the door's own code with virtual peripherals."""

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from device.cli.context import json_option, note_once, print_json, settings_of
from device.commandline import FilePath
from device.terminal import say

if TYPE_CHECKING:
    from device.enrollment import EnrollmentReport
    from device.simulation.player import Player
    from device.simulation.playing import Played


class ScenarioPath(FilePath):
    """A scenario's file, or the name of one that came with Lintel."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The file of that name, where it names one of ours and no file."""
        from device.simulation.scenario import BUILT_IN, built_in_scenario

        if isinstance(value, str) and value in BUILT_IN and not Path(value).exists():
            return built_in_scenario(value)
        return super().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those names, and files."""
        from device.simulation.scenario import BUILT_IN

        ours = [CompletionItem(name) for name in BUILT_IN if name.startswith(incomplete)]
        return [*ours, *super().shell_complete(ctx, param, incomplete)]


@click.command(
    epilog="""\b
Examples:
  lintel simulate --scenario getting-in
  lintel simulate --web
  lintel simulate --web --no-browser --port 8470

Exit codes: 0 all as expected, 1 an expectation was not met, 11 the scenario is wrong."""
)
@click.option(
    "--scenario",
    metavar="FILE|NAME",
    type=ScenarioPath(),
    help="A scenario in TOML, or one that came with Lintel: front-door (the default), a-working-week, "
    "things-break, getting-in.",
)
@click.option("--webcam", is_flag=False, flag_value="0", metavar="[DEVICE]", help="Use a real camera.")
@click.option("--video", type=click.Path(path_type=Path), help="Use a clip, looped, as the camera's picture.")
@click.option("--seed", type=click.IntRange(0, 1000), default=0, help="How people move and react; alike for the same.")
@click.option("--step", type=click.IntRange(1), metavar="N", help="Show the Nth step alone, and end with it.")
@click.option("--web", is_flag=True, help="Serve it as a page to this computer alone, and open the browser.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --web: on loopback; without it, a free one.")
@click.option("--no-browser", is_flag=True, help="With --web: only print the address.")
@json_option
@click.pass_context
def simulate(context: click.Context, /, as_json: bool, **chosen: Any) -> int:  # noqa: ANN401 - the options
    """Simulate a door, with a virtual badge reader, camera and relay.

    A scenario says who stands in front of the camera, which badge is presented, and what is expected; the format is
    described in docs/scenarios.md. Those that came with Lintel enroll two people from portraits in the public domain:
    front-door is what can happen at a door, a-working-week who may pass when, things-break what fails, getting-in
    who may not come in. Each person is enrolled with one picture and comes with another, which is rendered.

    With --web the same world is a page in the browser of this computer: docs/page.md. Nothing there can reach a
    real door.

    With --webcam or --video the camera is real and the people are those of `lintel enroll`; type a badge and Enter to
    present it. The relay stays virtual, and nothing is written into the audit.
    """
    options = _Options(**chosen)
    if options.web or options.port is not None or options.no_browser:
        return _serve_page(context, options, as_json=as_json)
    cameras = [option for option in (options.scenario, options.webcam, options.video) if option is not None]
    if len(cameras) > 1:
        raise click.UsageError("Choose one of --scenario, --webcam and --video.")
    if options.webcam is not None or options.video is not None:
        from device.cli.desk import play_desk

        source = options.webcam if options.webcam is not None else options.video
        return play_desk(settings_of(context), str(source), as_json=as_json)
    return _play_scenario(context, options, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Options:
    """What was chosen."""

    scenario: Path | None
    webcam: str | None
    video: Path | None
    seed: int
    step: int | None
    web: bool
    port: int | None
    no_browser: bool


def _serve_page(context: click.Context, options: _Options, *, as_json: bool) -> int:
    if not options.web:
        raise click.UsageError("--port and --no-browser go with --web.")
    if as_json or any(option is not None for option in (options.webcam, options.video, options.step)):
        raise click.UsageError("--web goes with --scenario and --seed alone; a page has its browser's camera.")
    from device.cli.simulation_page import serve_simulation

    settings = settings_of(context)
    return serve_simulation(settings, options, port=options.port or 0, opens_browser=not options.no_browser)


def _play_scenario(context: click.Context, options: _Options, *, as_json: bool) -> int:
    from device.signals import interrupted_by_signals
    from device.simulation.player import Player
    from device.simulation.playing import Played

    player = Player(options.scenario, settings_of(context), seed=options.seed, warn=note_once(context))
    steps = len(player.scenario.step)
    if options.step is not None and options.step > steps:
        raise click.UsageError(f"--step {options.step}: the scenario has {steps} steps.")
    with interrupted_by_signals(), closing(_shown(player, options.step)) as shown:
        title = player.scenario.title
        played = [one for one in shown if isinstance(one, Played)] if as_json else _reported(title, shown)
    unmet = sum(len(step.unmet) for step in played)
    if as_json:
        print_json({"title": player.scenario.title, "steps": [step_json(step) for step in played], "unmet": unmet})
    else:
        say(f"\n{len(played)} step{'s' * (len(played) != 1)}, {_met(unmet)}.")
    return 1 if unmet else 0


def _shown(player: "Player", only: int | None) -> "Generator[EnrollmentReport | Played, None, None]":
    """Plays; all that comes, or the step of one number alone, with which it ends."""
    from device.simulation.playing import Played

    number = 0
    with closing(player.play()) as events:
        for event in events:
            number += isinstance(event, Played)
            if only is None or number == only:
                yield event
            if only is not None and number == only:
                return


def _reported(title: str, events: "Iterable[EnrollmentReport | Played]") -> "list[Played]":
    """Prints each event as it comes; the steps among them."""
    from device.cli.text.door_events import enrolled_lines, played_lines
    from device.simulation.playing import Played

    say(f"{title}\n")
    steps: list[Played] = []
    for event in events:
        if isinstance(event, Played):
            say("\n".join(("", *played_lines(event))))
            steps.append(event)
        else:
            say("\n".join(enrolled_lines(event)))
    return steps


def step_json(played: "Played") -> dict[str, object]:
    """One step for machines."""
    transaction = played.transaction
    decision = transaction.decision if transaction else None
    return {
        "title": played.step.title,
        "began_at_s": played.began_at,
        "badge": transaction.credential if transaction else None,
        "person": transaction.person.name if transaction and transaction.person else None,
        "outcome": decision.outcome if decision else None,
        "reason": decision.reason if decision else None,
        "similarity": decision.evidence.similarity if decision and decision.evidence else None,
        "threshold": decision.evidence.threshold if decision and decision.evidence else None,
        "waited_s": transaction.waited_s if transaction else None,
        "frames": transaction.frames if transaction else None,
        "latency_ms": played.computed_s * 1000,
        "relay": {"pin": played.door.pin, "levels": played.levels},
        "door": played.door.name,
        "state": played.state,
        "events": played.rows,
        "outputs": played.outputs,
        "fault": transaction.fault if transaction else None,
        "unmet": played.unmet,
    }


def _met(unmet: int) -> str:
    return f"{unmet} expectation{'s' * (unmet != 1)} not met" if unmet else "all expectations met"
