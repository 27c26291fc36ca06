"""Settings as text: TOML with the meaning of each, for `lintel config`."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from device.redaction import redacted
from device.settings.described import Root, list_groups, setting_choices, setting_defaults, setting_meanings
from device.settings.tables import Settings


def changed_settings(settings: Settings) -> dict[str, Any]:
    """What differs from the defaults, by group; of a list of tables, in each of them."""
    return _changed(settings)


def _changed(table: msgspec.Struct) -> dict[str, Any]:
    values = ((field, getattr(table, field.name)) for field in msgspec.structs.fields(table))
    return {field.name: _plain(value) for field, value in values if value != field.default}


def _plain(value: object) -> Any:  # noqa: ANN401 - a setting has any type
    if isinstance(value, msgspec.Struct):
        return _changed(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value)


def without_passwords(value: Any) -> Any:  # noqa: ANN401 - a setting has any type
    """Settings as they may be shown, with `***` for the password or token of a camera's address."""
    match value:
        case str():
            return redacted(value)
        case dict():
            return {name: without_passwords(one) for name, one in value.items()}
        case list() | tuple():
            return [without_passwords(one) for one in value]
    return value


def toml_lines(
    groups: Mapping[str, Any], notes: Mapping[str, str] = MappingProxyType({}), root: Root = Settings
) -> Iterator[str]:
    """The settings as TOML, each with its meaning, and a line before those that `notes` has something to say of: by the
    setting's name, or by `GROUP.TABLE.SETTING` for one table of a list.

    Of a list there is a table for each; of an empty one, a table that is commented out.
    """
    writer = _Writer(notes, root)
    for group, values in groups.items():
        yield from writer.group(group, values)


class _Writer:
    def __init__(self, notes: Mapping[str, str], root: Root) -> None:
        self._notes = notes
        self._lists = list_groups(root)
        self._meanings = setting_meanings(root)
        self._choices = setting_choices(root)
        self._defaults = setting_defaults(root)

    def group(self, group: str, values: Any) -> Iterator[str]:  # noqa: ANN401 - a table, or a list of tables
        if group not in self._lists:
            yield from (f"[{group}]", *self._table(group, values))
        elif values:
            for table in values:
                yield from (f"[[{group}]]", *self._table(group, table))
        else:
            yield f"# [[{group}]]"
            unset = {name: default for (of, name), default in self._defaults.items() if of == group}
            yield from (f"# {line.removeprefix('# ')}" if line else "" for line in self._table(group, unset))

    def _table(self, group: str, table: Mapping[str, Any]) -> Iterator[str]:
        """Its settings, and then the tables below it."""
        for name, value in table.items():
            if (group, name) in self._meanings:
                if note := self._notes.get(f"{group}.{table.get('name')}.{name}", self._notes.get(name)):
                    yield f"# {note}"
                yield from self._setting(group, name, value)
        yield ""
        for name, values in table.items():
            if (group, name) not in self._meanings:
                yield from self.group(f"{group}.{name}", values)

    def _setting(self, group: str, name: str, value: object) -> Iterator[str]:
        """TOML has no word for what has no value: that is commented out."""
        meaning, names = self._meanings[group, name], self._choices[group, name]
        if any(one not in meaning for one in names):
            meaning += f": {', '.join(names)}"
        if value is None:
            yield f"# {name} =  # {meaning}"
        elif value is msgspec.NODEFAULT:
            yield f"# {name} =  # {meaning}; has to be set"
        else:
            yield f"{name} = {msgspec.json.encode(value).decode()}  # {meaning}"
