"""`lintel enroll`: from pictures to references."""

from pathlib import Path

import click

from device.cli.arguments import BadgeText
from device.cli.context import json_option, largest_face_option, print_json, settings_of
from device.commandline import Printable
from device.terminal import say


@click.command(epilog="Exit codes: 0 enrolled, 4 model, 5 no image, 6 camera, 8 database, 9 badge, 10 refused.")
@click.argument("badge", type=BadgeText())
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--name", type=Printable(), required=True, help="The person's name; it must be unique.")
@click.option("--camera", is_flag=True, help="Take the pictures with the camera of the settings.")
@click.option("--pictures", type=click.IntRange(1, 20), default=5, show_default=True, help="With --camera: how many.")
@largest_face_option
@json_option
@click.pass_context
def enroll(
    context: click.Context,
    badge: str,
    images: tuple[Path, ...],
    name: str,
    camera: bool,
    pictures: int,
    largest_face: bool,
    as_json: bool,
) -> None:
    """Enroll NAME with BADGE and one or more pictures.

    BADGE is FACILITY:NUMBER, a plain NUMBER, or csn:HEX. Each picture must show the person's face alone, large, sharp
    and well lit; other pictures are left out, with the reason. Three to five pictures in different light and pose
    make the door more reliable. Repeat with the same BADGE and NAME to add pictures. For another badge without new
    pictures see `lintel badges add`.

    Pictures are JPEG, PNG, WebP, AVIF or BMP files; HEIC files need the extra `heif`.
    """
    if camera == bool(images):
        raise click.UsageError("Give either pictures or --camera, not both.")
    from device.cli.enrollment import enroll_pictures, pictures_from_camera, pictures_from_files

    settings = settings_of(context)
    source = (
        pictures_from_camera(settings, pictures, largest_face=largest_face) if camera else pictures_from_files(images)
    )
    report = enroll_pictures(settings, badge, name, source, largest_face=largest_face)
    if as_json:
        print_json(report)
        return
    from device.cli.text.door_events import enrolled_lines

    say("\n".join(enrolled_lines(report)))
