"""`lintel enroll`: from pictures to references."""

from pathlib import Path

import click

from device.cli.arguments import BadgeText
from device.cli.basis import basis_options, stated
from device.cli.completion import complete_door
from device.cli.context import json_option, largest_face_option, print_json, settings_of
from device.commandline import NewName
from device.terminal import say


@click.command(epilog="Exit codes: 0 enrolled, 4 model, 5 no image, 6 camera, 8 database, 9 badge, 10 refused.")
@click.argument("badge", type=BadgeText(), required=False)
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--name", type=NewName(), required=True, help="The person's name; it must be unique.")
@click.option("--camera", is_flag=True, help="Guide the person through pictures at this machine's camera.")
@click.option(
    "--at",
    "door",
    metavar="DOOR",
    shell_complete=complete_door,
    help="The same at a door whose service runs, with its camera.",
)
@click.option(
    "--pictures", type=click.IntRange(1, 20), default=5, show_default=True, help="With --camera or --at: how many."
)
@largest_face_option
@basis_options
@json_option
@click.pass_context
def enroll(
    context: click.Context,
    badge: str | None,
    images: tuple[Path, ...],
    name: str,
    camera: bool,
    door: str | None,
    pictures: int,
    largest_face: bool,
    basis: str | None,
    version: str,
    text: str,
    as_json: bool,
) -> None:
    """Enroll NAME with BADGE and one or more pictures.

    BADGE is FACILITY:NUMBER, a plain NUMBER, or csn:HEX. Each picture must show the person's face alone, large, sharp
    and well lit; other pictures are left out, with the reason. Three to five pictures in different light and pose
    make the door more reliable. Repeat with the same BADGE and NAME to add pictures. For another badge without new
    pictures see `lintel badges add`.

    With --camera and --at the person is guided: what to do next, and at once what is in the way. It keeps pictures that
    are good and differ, and ends by itself. --at asks the running service, which has the door's camera; the door goes
    on meanwhile, and a person who presents a badge there goes first.

    References need a legal basis, which is asked for on a terminal: --basis says it, or `basis` under [people] in the
    settings. People in the store who look alike are named: a warning, not a refusal.

    Pictures are JPEG, PNG, WebP, AVIF or BMP files; HEIC files need the extra `heif`.
    """
    if [camera, bool(images), door is not None].count(True) != 1:
        raise click.UsageError("Give pictures, --camera or --at, one of them.")
    if badge is None and door is None:
        raise click.UsageError("Missing argument 'BADGE'.")
    from device.cli.enrollment import HowTo, enroll_at, enroll_before_camera, enroll_pictures

    settings = settings_of(context)
    grounds = stated(settings.people, basis, version, text)
    if door is not None:
        report = enroll_at(badge, name, door, pictures, grounds)
    else:
        how = HowTo(badge or "", name, grounds, largest_face)
        report = enroll_before_camera(settings, how, pictures) if camera else enroll_pictures(settings, how, images)
    if as_json:
        print_json(report)
        return
    from device.cli.text.door_events import enrolled_lines

    say("\n".join(enrolled_lines(report)))
