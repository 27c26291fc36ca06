"""The command `lintel`: its table of commands, and what they share."""

import sys
from pathlib import Path

import click

from device.commandline import FilePath, FolderPath, LazyGroup, run_command
from device.terminal import put

EXIT_CODES = """\b
Exit codes: 0 done, match or granted; 1 the answer is no; 2 wrong use;
3 settings; 4 model; 5 image; 6 camera; 7 door; 8 database; 9 badge;
10 enrollment refused; 11 scenario; 12 package missing; 13 reader;
14 link; 15 doctor: red; 70 a bug in Lintel; 74 the system refused; 130 and 141 interrupted."""


COMMANDS = {
    "simulate": ("device.cli.simulate:simulate", "Play a scenario at a virtual door."),
    "run": ("device.cli.run:run", "Run the door on this Raspberry Pi."),
    "enroll": ("device.cli.enroll:enroll", "Enroll a person with a badge and pictures."),
    "verify": ("device.cli.compare:verify", "Compare a picture with a badge's holder."),
    "compare": ("device.cli.compare:compare", "Compare the faces in two pictures."),
    "identify": ("device.cli.identify:identify", "Identify the person in a picture among all enrolled people."),
    "people": ("device.cli.people:people", "List, find, show, rename and remove people."),
    "badges": ("device.cli.badges:badges", "List, give, replace, suspend and revoke badges."),
    "policy": ("device.cli.policy:policy", "Say who may pass when."),
    "audit": ("device.cli.audit:audit", "See who was let in, who was not, and why."),
    "alarms": ("device.cli.alarms:alarms", "List open alarms, and acknowledge them."),
    "report": ("device.cli.report:report", "Report who came, refusals, open doors, unused badges."),
    "explain": ("device.cli.explain:explain", "Explain a decision."),
    "watch": ("device.cli.watch:watch", "Watch the doors, live."),
    "readers": ("device.cli.readers:readers", "Decode cards; list, test and watch readers."),
    "doors": ("device.cli.doors:doors", "See who is where as far as the doors know."),
    "door": ("device.cli.door:door", "See the doors, and command them by hand."),
    "hardware": ("device.cli.hardware:hardware", "Test every wire of a door."),
    "pad": ("device.cli.pad:pad", "Measure presentation attack detection at a door."),
    "rtsp": ("device.cli.rtsp:rtsp", "Pass a network camera's pictures on to the doors."),
    "operators": ("device.cli.operators:operators", "See and confirm what takes two people."),
    "backup": ("device.cli.backup:backup", "Make encrypted backups, and print the list of revocations."),
    "restore": ("device.cli.restore:restore", "Make the store out of a backup."),
    "clock": ("device.cli.clock:clock", "See whether the clock is trusted, and accept it."),
    "store": ("device.cli.store:store", "See whether what is stored is whole."),
    "keys": ("device.cli.keys:keys", "Make, move, rotate and restore the key to what lies sealed."),
    "link": ("device.cli.link:link", "Carry events out: MQTT, webhooks, metrics, logs."),
    "status": ("device.cli.status:status", "See how the service is: doors, counters, what is missing."),
    "setup": ("device.cli.setup:setup", "Set up the doors of this Pi, step by step."),
    "doctor": ("device.cli.doctor:doctor", "Examine this machine, line by line."),
    "self-test": ("device.cli.self_test:self_test", "Try this version on a copy of the database."),
    "config": ("device.cli.config:config", "Show the settings."),
}


def _show_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from device.cli.version import version_text

    put(version_text(verbose=context.params["verbose"]))
    context.exit()


class ServedGroup(LazyGroup):
    """Commands that the running service carries out where it has a row for them."""

    def invoke(self, ctx: click.Context) -> object:
        """The exit code of the service, or what the command gives here."""
        from device.cli.forwarding import forwarded

        code = forwarded(ctx, [*ctx._protected_args, *ctx.args])  # noqa: SLF001 - click's own words for them
        return super().invoke(ctx) if code is None else code


@click.group(
    cls=ServedGroup,
    commands_at=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--config", "config_path", type=FilePath(), envvar="LINTEL_CONFIG", help="Settings file (TOML).")
@click.option(
    "--state-dir",
    type=FolderPath(),
    envvar="LINTEL_STATE_DIR",
    help="Folder of the database, instead of the one in the settings.",
)
@click.option(
    "-v", "--verbose", is_flag=True, is_eager=True, help="With --version: also show the runtime and the models."
)
@click.option("--version", is_flag=True, expose_value=False, callback=_show_version, help="Show the version.")
@click.pass_context
def cli(context: click.Context, config_path: Path | None, state_dir: str | None, verbose: bool) -> None:  # noqa: ARG001
    """Lintel opens a door to the right face with the right badge.

    Try `lintel simulate` first: it needs no hardware.
    """
    context.obj = (config_path, state_dir)


def main() -> None:
    """The entry point of `lintel`."""
    sys.exit(run_command(cli))
