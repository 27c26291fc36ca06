"""What a shell completes where a door or a reader of the settings is named. Imports little, as securing a door does."""

from contextlib import suppress

import click

from device.errors import LintelError


def complete_door(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The doors of the settings; none if the settings are wrong."""
    return _completed(ctx, incomplete, "doors")


def complete_reader(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The readers of all doors of the settings."""
    return _completed(ctx, incomplete, "readers")


def _completed(ctx: click.Context, incomplete: str, what: str) -> list[str]:
    from device.settings.loading import load_settings

    with suppress(LintelError, OSError):
        doors = load_settings(ctx.find_root().params.get("config_path")).doors
        named = doors if what == "doors" else [reader for door in doors for reader in door.readers]
        return [one.name for one in named if one.name.startswith(incomplete)]
    return []
