"""`lintel config`: the settings in force."""

import click

from device.cli.context import json_option, print_json, settings_of


@click.command(epilog="Exit codes: 0 done, 3 the settings are wrong.")
@click.option("--changed", is_flag=True, help="Only what differs from the defaults.")
@click.option("--defaults", is_flag=True, help="The defaults, without a look at any settings file.")
@click.option("--migrate", is_flag=True, help="The settings file in the layout of [[doors]], without its comments.")
@json_option
@click.pass_context
def config(context: click.Context, changed: bool, defaults: bool, migrate: bool, as_json: bool) -> None:
    """Show the settings in force, as TOML with their meaning: a file to start from.

    They come from --config FILE, the variable LINTEL_CONFIG, or /etc/lintel/lintel.toml; what a file leaves out keeps
    its default. Settings without a value are commented out. If the file is wrong, --defaults shows the table of
    settings all the same.

    A file of the layout before [[doors]] means what it meant. Replace it by what --migrate prints: lintel config
    --migrate > new.toml && sudo install -m 644 new.toml /etc/lintel/lintel.toml
    """
    if sum((changed, defaults, migrate)) > 1:
        raise click.UsageError("Choose one of --changed, --defaults and --migrate.")
    import msgspec

    from device.settings.loading import load_file, state_dir
    from device.settings.tables import Settings
    from device.settings.writing import changed_settings, toml_lines

    if migrate:
        settings, groups = Settings(), load_file(context.find_root().obj[0]).said
    else:
        settings = Settings() if defaults else settings_of(context)
        groups = changed_settings(settings) if changed else msgspec.to_builtins(settings)
    if as_json:
        print_json(groups)
        return
    notes = {} if changed or defaults or migrate else {"state_dir": f"in force: {state_dir(settings)}"}
    click.echo("\n".join(toml_lines(groups, notes)))
