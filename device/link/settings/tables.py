"""The one table of the link's settings: which integrations there are."""

from device.settings.lock import Group


class LinkSettings(Group, frozen=True, kw_only=True):
    """All integrations; one that is left out is not there."""


class LinkFile(Group, frozen=True, kw_only=True):
    """The file: one table, `[link]`."""

    link: LinkSettings = LinkSettings()
