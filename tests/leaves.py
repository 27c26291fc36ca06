"""The commands of a command line, by their words."""

import click


def leaves(group: click.Group, above: str = "", *, groups: bool = False) -> dict[str, click.Command]:
    """Those that do something, or with `groups` those that only hold others."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        words = f"{above} {name}".strip()
        if isinstance(command, click.Group):
            found |= {words: command} if groups else {}
            found |= leaves(command, words, groups=groups)
        elif not groups:
            found[words] = command
    return found
