"""`lintel people invite`: new references at a door, without an operator."""

from typing import TYPE_CHECKING

import click

from device.cli.arguments import PersonName
from device.cli.basis import operator
from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say

if TYPE_CHECKING:
    from device.settings.tables import Settings


@click.command("invite", epilog="Exit codes: 0 done, 4 model, 8 database, 9 unknown name, or refused for this person.")
@click.argument("name", type=PersonName())
@click.option("--cancel", is_flag=True, help="Take the invitation back.")
@json_option
@click.pass_context
def invite(context: click.Context, name: str, cancel: bool, as_json: bool) -> None:
    """Invite NAME to give new references at a door, once, within 14 days.

    There NAME presents the badge, types the PIN at once, looks at the camera and turns the head as shown. The face has
    to match the references that an operator enrolled, at a false match rate of 1e-6. Up to three pictures are then kept
    beside those, in the place of the ones from the invitation before. It opens nothing besides, and who types no PIN
    passes as ever.

    lintel people invite "Ada Lovelace"
    """
    from device.clock import SystemClock
    from device.people.inviting import Inviting
    from device.vision.embedder import decision_rule_of
    from device.vision.models import embedding_manifest

    settings = settings_of(context)
    with open_store(settings) as store:
        office = Inviting(store, SystemClock())
        if cancel:
            person, was_there = office.cancel(name)
            shown: object = {"person": person, "invitation": None}
            said = f"The invitation of {person.name} is taken back." if was_there else f"{person.name} was not invited."
        else:
            manifest = embedding_manifest(settings.vision.models_dir)
            rule = decision_rule_of(manifest)
            person, invitation = office.invite(name, manifest.sha256, rule, by=operator())
            shown = {"person": person, "invitation": invitation}
            ends = f"{invitation.ends_at.astimezone():%Y-%m-%d %H:%M %Z}"
            said = f"{person.name} may give new references once, until {ends}."
    if as_json:
        print_json(shown)
    else:
        say(said)
    if not cancel and not _fit_doors(settings):
        say(
            "No door fits yet: it takes a keypad at a reader of the way in, a camera, and `pad` that asks for a turn "
            "of the head.",
            err=True,
        )


def _fit_doors(settings: "Settings") -> list[str]:
    """The doors at which an invitation can be used, as far as settings say."""
    from device.door_pads import pad_at
    from device.records import PadMode

    return [
        door.name
        for door in settings.doors
        if "face" in door.mode
        and pad_at(settings, door).pad.mode in (PadMode.TURN, PadMode.TURN_IN_DOUBT)
        and any(reader.keypad != "none" and reader.direction == "entry" for reader in door.readers)
    ]
