"""`lintel people demand-pin`: a PIN besides the face, for people who look alike."""

import click

from device.cli.arguments import PersonName
from device.cli.context import json_option, open_store, print_json, settings_of
from device.terminal import say


@click.command("demand-pin", epilog="Exit codes: 0 done, 4 model, 8 database, 9 unknown name.")
@click.argument("names", type=PersonName(), nargs=-1, metavar="[NAME]...")
@click.option("--look-alikes", is_flag=True, help="All people who look alike, as `lintel people check` finds them.")
@click.option("--lift", is_flag=True, help="Demand it no more.")
@json_option
@click.pass_context
def demand_pin(context: click.Context, names: tuple[str, ...], look_alikes: bool, lift: bool, as_json: bool) -> None:
    """Demand a PIN besides the face of each NAME, at every door; of both people who look alike.

    The mode of these people then includes the PIN. A reader without a keypad refuses them, unless `demanded_pin =
    "with-keypad"` under [[doors]] lets the face be enough there.

    lintel people demand-pin "Ada Lovelace" "Grace Hopper"
    """
    from device.clock import SystemClock
    from device.look_alikes import everyone_alike
    from device.people.alike import demand_pin as marked
    from device.people.alike import without_pin
    from device.vision.embedder import decision_rule_of
    from device.vision.models import embedding_manifest

    if bool(names) == look_alikes:
        raise click.UsageError("Name people, or give --look-alikes.")
    settings = settings_of(context)
    with open_store(settings) as store:
        if look_alikes:
            manifest = embedding_manifest(settings.vision.models_dir)
            found = everyone_alike(store, manifest.sha256, decision_rule_of(manifest)).pairs()
            names = tuple(dict.fromkeys(one.name for pair in found.pairs for one in (pair.one, pair.other)))
        people = marked(store, SystemClock(), names, demanded=not lift)
        lacking = () if lift else without_pin(store, people)
    if as_json:
        print_json({"people": people, "demanded": not lift, "without_pin": lacking})
        return
    for person in people:
        say(
            f"{person.name}: {'no PIN is demanded besides the face' if lift else 'a PIN is demanded besides the face'}."
        )
    for person in lacking:
        say(f"{person.name} has no PIN and is refused until then: `lintel people pin`.", err=True)
    if not people:
        say("No one looks alike.", err=True)
